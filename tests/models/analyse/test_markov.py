"""Witten-Bell by hand, and what holds for every chain."""

import numpy as np
import pytest

from models.analyse.markov import BackOff


def test_by_hand():
    chain = BackOff(1, 3)
    chain.learn([0, 1, 0, 1, 0])
    order_0 = (np.array([3, 2, 0]) + 2 / 3) / 7
    assert chain.probabilities([]) == pytest.approx(order_0)
    assert chain.probabilities([0]) == pytest.approx((np.array([0, 2, 0]) + order_0) / 3)
    assert chain.probabilities([2]) == pytest.approx(order_0)  # never seen: the shorter context


@pytest.mark.parametrize("order", range(6))
def test_probabilities_sum_to_one_and_every_event_is_possible(order):
    rng = np.random.default_rng(order)
    chain = BackOff(order, 7)
    chain.learn(rng.integers(6, size=200).tolist())
    for length in range(8):
        row = chain.probabilities(rng.integers(7, size=length).tolist())
        assert row.sum() == pytest.approx(1) and (row > 0).all()


def test_a_longer_context_tells_more_of_what_depends_on_it():
    sequence = [0, 1, 2, 3, 1, 4] * 30
    short, long = BackOff(1, 5), BackOff(2, 5)
    short.learn(sequence)
    long.learn(sequence)
    assert long.probabilities([0, 1])[2] > 0.9 > short.probabilities([0, 1])[2]


def test_an_impossible_order_is_refused():
    with pytest.raises(ValueError, match="order"):
        BackOff(-1, 3)
