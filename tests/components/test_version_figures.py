"""Versions as figures: shares with their intervals, oldest first; gains and the A/B test around 0."""

import pytest

from app.storage.versions import Version
from components import version_figures
from models.learn.gate import compare
from models.learn.sequential import Arm, standing


def version(name: str, share: float) -> Version:
    held = {"share": share, "n": 400, "of": "x", "right": ""}
    return Version("classifier", name, "retired", 0.0, 0.0, "c", 0, {"labels": 3}, {"holdout": held}, "s", "r")


def test_history_is_oldest_first_with_intervals_around_each_share() -> None:
    figure = version_figures.history([version("v2", 0.5), version("v1", 0.4)])
    (trace,) = figure.data
    assert list(trace.x) == ["v1", "v2"] and list(trace.y) == [0.4, 0.5]
    assert all(0.03 < half < 0.07 for half in (*trace.error_y.array, *trace.error_y.arrayminus))
    assert len(version_figures.history([]).data[0].x) == 0


def test_gains_and_the_test_are_in_points_with_their_intervals() -> None:
    part = compare("holdout", [True] * 100 + [False] * 100, [True] * 110 + [False] * 90)
    (trace,) = version_figures.gains([part]).data
    assert trace.x[0] == pytest.approx(5.0) and trace.error_x.arrayminus[0] == pytest.approx(100 * (part.gain - part.low))
    stand = standing(Arm(50, 100), Arm(60, 100))
    (trace,) = version_figures.test(stand).data
    assert trace.x[0] == pytest.approx(10.0) and trace.x[0] + trace.error_x.array[0] == pytest.approx(100 * stand.high)
    assert version_figures.test(standing(Arm(0, 0), Arm(0, 0))).data[0].x[0] == 0.0
