"""Hazards: probabilities and times by hand, calibration that finds back what was bent, intervals that cover."""

import numpy as np
import pytest

from models.analyse import survival
from models.analyse.survival import Calibration


def outcomes(hazard, seed=0):
    """(n,) minute of failure drawn from (n, H) hazards, H for none."""
    rng = np.random.default_rng(seed)
    fails = rng.random(hazard.shape) < hazard
    return np.where(fails.any(axis=1), fails.argmax(axis=1), hazard.shape[1])


def test_cumulative_and_quantiles_by_hand():
    hazard = np.array([[0.5, 0.5]])
    assert survival.cumulative(hazard).tolist() == [[0.5, 0.75]]
    # given a failure: two thirds in the first minute, one third in the second
    assert survival.quantiles(hazard, (1 / 3, 2 / 3, 5 / 6))[0] == pytest.approx([0.5, 1.0, 1.5])
    assert survival.places(hazard, np.array([1.5])) == pytest.approx([5 / 6])


def test_the_fit_finds_back_slope_and_intercept():
    rng = np.random.default_rng(0)
    logits = rng.normal(-3, 1.5, (4000, 1)) + np.zeros((1, 30))
    true = survival.hazards(logits, Calibration(0.6, -1.5))
    minute = outcomes(true)
    slope, intercept = survival.fit(logits, minute, np.minimum(minute + 1, 30))
    assert slope == pytest.approx(0.6, abs=0.05) and intercept == pytest.approx(-1.5, abs=0.15)


def test_logits_that_say_nothing_get_no_slope_and_the_base_rate():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1, (3000, 30))
    minute = outcomes(np.full((3000, 30), 0.01))
    slope, intercept = survival.fit(logits, minute, np.minimum(minute + 1, 30))
    assert slope < 0.1 and survival.hazards(np.zeros(1), Calibration(slope, intercept))[0] == pytest.approx(
        0.01, abs=0.002
    )


def test_conformal_levels_cover_on_new_outcomes_where_the_plain_ones_do_not():
    rng = np.random.default_rng(2)
    true = np.clip(rng.uniform(0.02, 0.3, (3000, 1)) + np.zeros((1, 30)), 0, 1)
    said = true**2  # far too slow
    minute = outcomes(true)
    failed = minute < 30
    time = minute[failed] + rng.random(failed.sum())
    half = len(time) // 2

    def coverage(levels):
        low, _, high = survival.quantiles(said[failed][half:], levels).T
        return ((low <= time[half:]) & (time[half:] <= high)).mean()

    assert coverage((0.05, 0.5, 0.95)) < 0.85
    assert coverage(survival.levels_of(said[failed][:half], time[:half])) == pytest.approx(0.9, abs=0.03)


def test_skill_is_one_when_right_nothing_at_the_base_rate_and_unproven_without_events():
    happened = np.array([True, False, False, False] * 20)
    unit = np.arange(80) // 4
    assert survival.brier_skill(happened.astype(float), happened) == 1
    assert survival.brier_skill(np.full(80, 0.25), happened) == pytest.approx(0)
    assert survival.skill_bound(happened.astype(float), happened, unit) == pytest.approx(1)
    assert survival.skill_bound(np.full(80, 0.5), happened, unit) < 0
    assert survival.skill_bound(np.zeros(80), np.zeros(80, dtype=bool), unit) == -1
