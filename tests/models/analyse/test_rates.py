"""Rates: tails equal the distributions', even histories are quiet, bursts are forgiven; transitions."""

import numpy as np
import pytest
from scipy import stats

from models.analyse.rates import shift, surprise


def test_tails_are_those_of_poisson_and_negative_binomial():
    even = [3] * 12
    mean = 36.5 / 13
    assert shift(even, 9).p == pytest.approx(stats.poisson.sf(8, mean))
    assert shift(even, 0).p == pytest.approx(stats.poisson.cdf(0, mean))
    bursts = [0, 0, 0, 0, 20, 0, 0, 0, 10, 0, 0, 0]
    mean = 30.5 / 13
    variance = sum((x - mean) ** 2 for x in bursts) / 11
    law = stats.nbinom(mean**2 / (variance - mean), mean / variance)
    assert shift(bursts, 9).p == pytest.approx(law.sf(8))
    assert shift(bursts, 1).p == pytest.approx(law.cdf(1))


def test_a_burst_is_stranger_in_an_even_history_than_in_a_bursting_one():
    assert shift([2] * 20, 12).p < 1e-4
    assert shift([0, 12, 0, 0, 9, 0, 0, 14, 0, 0] * 2, 12).p > 0.01


def test_words_and_direction():
    assert "times the usual rate: 30 in the last hour" in shift([2] * 20, 30).reason
    silent = shift([30] * 20, 0)
    assert not silent.more and silent.reason.startswith("silent") and silent.p < 1e-6


def test_a_short_history_says_nothing():
    assert shift([1] * 5, 100) is None


def test_false_alarms_of_chance_are_as_rare_as_the_p_says():
    rng = np.random.default_rng(0)
    found = [shift(rng.poisson(4, 48).tolist(), int(rng.poisson(4))).p for _ in range(2000)]
    assert np.mean(np.array(found) < 0.01) < 0.03


def test_what_never_varied_surprises_most_when_it_does():
    assert surprise(100, 1) > surprise(100, 30) > surprise(0, 0) == 0
    assert surprise(10**6, 1) < 1
