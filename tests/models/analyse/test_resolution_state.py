"""The state of ResolutionDQN: 128 named columns, in range, and a rejection that changes nothing but itself."""

import numpy as np
import pytest

from models.analyse import resolution_state as rs
from models.records import Reading
from models.taxonomy import ACTIONS, CATEGORIES, SEVERITIES

READING = Reading(
    "high", "network", 0.8, (0.1, 0.7, 0.1, 0.1), tuple([0.91] + [0.01] * 9),
    (("raise_limit", 0.4), ("restart_service", 0.2), *((a, 0.05) for a in ACTIONS if a not in ("raise_limit", "restart_service"))),
    "m@1",
)  # fmt: skip


def test_the_columns_are_128_and_each_has_its_own_name() -> None:
    assert len(rs.COLUMNS) == len(set(rs.COLUMNS)) == rs.WIDTH == 128


def test_each_value_stands_under_its_name() -> None:
    evidence = rs.Evidence(near_good=np.arange(10.0), here_bad=np.ones(10), nearest=0.9)
    row = rs.columns(
        READING, strangeness=0.25, level="error", service="orders", has_trace=True, rejected=["fail_over"],
        evidence=evidence, activity=rs.Activity(events=9, hour=3, day=9, age_hours=1.0), regressed=True,
    )  # fmt: skip
    named = dict(zip(rs.COLUMNS, row.tolist(), strict=True))
    assert named[f"severity_{SEVERITIES[1]}"] == pytest.approx(0.7)
    assert named[f"category_{CATEGORIES[0]}"] == pytest.approx(0.91)
    assert (named["corpus_raise_limit"], named["corpus_restart_service"]) == pytest.approx((1.0, 0.5))
    assert [name for name in ACTIONS if named[f"rejected_{name}"]] == ["fail_over"]
    assert named[f"near_good_{ACTIONS[3]}"] == 3 and named[f"here_bad_{ACTIONS[0]}"] == 1
    assert (
        named["strangeness"],
        named["level_error"],
        named["regressed"],
        named["similarity_nearest"],
    ) == pytest.approx((0.25, 1, 1, 0.9))
    assert named["log_events"] == pytest.approx(np.log(10))
    assert sum(value for name, value in named.items() if name.startswith("service_")) == 1
    assert (row != rs.columns(READING)).any()


def test_a_state_is_512_and_a_rejection_touches_three_columns_of_a_copy() -> None:
    state = rs.state(np.full(384, 384**-0.5, dtype=np.float32), rs.columns(READING))
    assert state.shape == (512,) and state.dtype == np.float32
    before = state.copy()
    after = rs.with_rejected(state[None], 2)[0]
    assert (state == before).all()
    changed = {rs.COLUMNS[place - 384] for place in np.flatnonzero(after != state)}
    assert changed == {f"rejected_{ACTIONS[2]}", f"here_bad_{ACTIONS[2]}", "rejected_count"}
    assert rs.masked(after[None])[0].tolist() == [place == 2 for place in range(10)]
    assert (rs.with_rejected(after[None], 2)[0] == after).all()  # twice is once
    assert (rs.without_clicks(after[None])[0][-128:][rs.HERE_BAD] == 0).all()


def test_the_posterior_moves_with_answers_and_stays_in_range() -> None:
    def of(**evidence: float) -> float:
        arrays = {name: np.eye(10)[1] * value for name, value in evidence.items()}
        return float(rs.posterior(rs.columns(READING, evidence=rs.Evidence(**arrays)))[1])

    assert 0 <= of(near_bad=50) < of(near_bad=1) < of() < of(near_good=1) < of(here_good=50) <= 1
