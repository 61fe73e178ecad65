"""Drift: alarms where something moved, and as often as promised where nothing did."""

import numpy as np
import pytest

from models.learn.drift import LEVEL, domain_classifier, embedding_shift, ks_components, rate_shift, share_shift


def sample(rng, n, shift=0.0, part=1.0, dims=48):
    rows = rng.normal(size=(n, dims)) * np.linspace(1, 0.1, dims)
    rows[: round(part * n), 3] += shift
    return rows.astype(np.float32)


@pytest.mark.parametrize("test", [lambda a, b: embedding_shift(a, b, np.random.default_rng(5)), domain_classifier, ks_components])
def test_every_test_sees_a_plain_shift_and_nothing_in_equal_samples(test):
    rng = np.random.default_rng(1)
    assert test(sample(rng, 200), sample(rng, 200, 1.5)).p_value <= LEVEL
    assert test(sample(rng, 200), sample(rng, 200)).p_value > LEVEL


def test_a_tenth_that_moved_far_is_seen_and_its_rows_are_named():
    rng = np.random.default_rng(2)
    found = embedding_shift(sample(rng, 300), sample(rng, 300, 6.0, part=0.1), rng)
    assert found.p_value <= LEVEL
    assert set(found.strangest) <= set(range(30))


def test_a_change_of_shape_alone_is_seen():
    rng = np.random.default_rng(3)
    wide = sample(rng, 300)
    wide[:, 0] = rng.choice([-2.0, 2.0], 300)
    assert embedding_shift(sample(rng, 300), wide, rng).p_value <= LEVEL


def test_false_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(4)
    alarms = [embedding_shift(sample(rng, 40, dims=8), sample(rng, 40, dims=8), rng, permutations=99).p_value for _ in range(600)]
    assert 0 < np.mean(np.array(alarms) <= LEVEL) <= 2.5 * LEVEL


def test_the_same_seed_gives_the_same_p_value():
    rows = sample(np.random.default_rng(6), 60), sample(np.random.default_rng(7), 50)
    assert embedding_shift(*rows, np.random.default_rng(8)) == embedding_shift(*rows, np.random.default_rng(8))


def test_equal_rows_and_tiny_samples():
    same = np.ones((5, 4), dtype=np.float32)
    assert embedding_shift(same, same, np.random.default_rng(0)).p_value > LEVEL
    with pytest.raises(ValueError, match="two rows"):
        embedding_shift(same[:1], same, np.random.default_rng(0))


def test_shares_that_moved_are_named_the_largest_change_first():
    found = share_shift([120, 800, 80, 0], [310, 610, 80, 0])
    assert found.p_value <= LEVEL
    assert found.changes[0] == (0, 0.12, 0.31)
    assert {place for place, *_ in found.changes} == {0, 1, 2}
    assert share_shift([120, 800, 80], [13, 79, 8]).p_value > LEVEL
    assert share_shift([5, 40, 1, 0, 1], [4, 41, 0, 1, 2]).p_value > 0.5  # rare classes count as one
    assert share_shift([0, 0], [3, 4]).p_value == 1


def test_a_rate_that_rose_and_one_that_fell():
    assert rate_shift((2, 500), (20, 500)) < LEVEL
    assert rate_shift((20, 500), (2, 500)) > 0.5
    assert rate_shift((0, 0), (0, 0)) == 1
