"""The simple rivals: shares of bins, drawn towards the base rate, as constant hazards."""

import numpy as np
import pytest

from models.analyse import survival
from models.analyse.cascade_rivals import Binned, recent, since


def test_a_statistic_that_tells_is_used_and_one_that_does_not_is_the_base_rate():
    rng = np.random.default_rng(0)
    count = rng.integers(0, 4, 4000).astype(float)
    failed = rng.random(4000) < np.array([0.01, 0.05, 0.2, 0.6])[count.astype(int)]
    said = survival.cumulative(Binned.fit(count, failed).hazard(np.arange(4.0)))[:, -1]
    assert said == pytest.approx([0.01, 0.05, 0.2, 0.6], abs=0.04)
    base = survival.cumulative(Binned.fit(np.zeros(4000), failed).hazard(np.zeros(2)))[:, -1]
    assert base == pytest.approx([failed.mean()] * 2, abs=1e-6)


def test_without_a_case_the_answer_stays_possible():
    assert 0 < survival.cumulative(Binned.fit(np.empty(0), np.empty(0, dtype=bool)).hazard(np.zeros(1)))[0, -1] < 1e-3


def test_counts_and_gaps_know_nothing_after_the_moment():
    times, at = np.array([10.0, 20.0, 20.0, 700.0]), np.array([5.0, 20.0, 619.0, 700.0])
    assert recent(times, at, 600.0).tolist() == [0, 3, 2, 1]  # 10 has just left
    assert since(times, at).tolist() == [86_400.0, 0.0, 599.0, 0.0]
