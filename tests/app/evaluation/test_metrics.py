"""Metrics against values worked out by hand, and the bootstrap against what is known of it."""

import math

import numpy as np
import pytest

from app.evaluation import metrics as m

TRUTH = np.array(["a", "a", "b", "b", "c"])
CALLED = np.array(["a", "b", "b", "b", "a"])


def plain(statistic: m.Statistic, n: int) -> float:
    return m.bootstrap(statistic, n, seed=0, draws=10).value


def test_accuracy_precision_and_recall() -> None:
    assert plain(m.mean(TRUTH == CALLED), 5) == pytest.approx(3 / 5)
    assert plain(m.precision(TRUTH, CALLED, "b"), 5) == pytest.approx(2 / 3)
    assert plain(m.recall(TRUTH, CALLED, "a"), 5) == pytest.approx(1 / 2)
    assert math.isnan(plain(m.precision(TRUTH, CALLED, "c"), 5)), "nothing was called c"


def test_macro_f1_is_the_mean_over_the_labels_asked_for() -> None:
    # a: 2*1/(2+2) = 1/2, b: 2*2/(2+3) = 4/5, c: 0
    assert plain(m.macro_f1(TRUTH, CALLED, ["a", "b", "c"]), 5) == pytest.approx((1 / 2 + 4 / 5) / 3)
    assert plain(m.macro_f1(TRUTH, CALLED, ["a", "b"]), 5) == pytest.approx((1 / 2 + 4 / 5) / 2)


def test_calibration_error_over_two_bins() -> None:
    # surest two: mean 0.85, one right -> 0.35; other two: mean 0.3, none right -> 0.3
    error = m.calibration_error([0.9, 0.8, 0.4, 0.2], [True, False, False, False], bins=2)
    assert plain(error, 4) == pytest.approx((2 * 0.35 + 2 * 0.3) / 4)


def test_risk_at_coverage_looks_at_the_surest_rows_only() -> None:
    risk = m.risk_at_coverage([0.9, 0.8, 0.7, 0.6, 0.1], [True, True, False, True, False])
    assert plain(risk, 5) == pytest.approx(1 / 4)


def test_the_interval_is_that_of_the_normal_theory_for_a_mean() -> None:
    values = np.random.default_rng(1).normal(size=400)
    interval = m.bootstrap(m.mean(values), 400, seed=0)
    half = 1.96 * values.std() / 20
    assert interval.low == pytest.approx(values.mean() - half, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.02)
    assert m.bootstrap(m.mean(values), 400, seed=0) == interval, "same seed, same interval"


def test_rows_of_a_unit_are_drawn_together() -> None:
    values = np.repeat([0.0, 1.0], 50)
    interval = m.bootstrap(m.mean(values), 100, seed=0, units=values)
    assert (interval.low, interval.high) == (0.0, 1.0), "two units say little, however many rows they have"


def test_a_paired_difference_is_narrower_than_the_parts() -> None:
    rng = np.random.default_rng(2)
    one = rng.random(300) < 0.5
    other = one & (rng.random(300) < 0.85)
    paired, alone = (m.bootstrap(s, 300, seed=0) for s in (m.difference(m.mean(one), m.mean(other)), m.mean(one)))
    assert 0 < paired.low < paired.value < paired.high
    assert paired.high - paired.low < 0.7 * (alone.high - alone.low)


def test_an_empty_set_has_no_value() -> None:
    assert math.isnan(m.bootstrap(m.mean([]), 0, seed=0).value)
