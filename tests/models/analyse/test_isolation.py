"""The Isolation Forest: scores as shares of the reference, scikit-learn's sign, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.analyse.isolation import CONTAMINATION, SEED, TREES, IsolationDetector


def crowd(n=300, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def detector():
    return IsolationDetector().fit(crowd())


def test_the_parameters_are_those_of_the_sheet(detector):
    forest = detector._forest
    assert (forest.contamination, forest.n_estimators, forest.max_samples, forest.random_state) == (
        0.05,
        100,
        "auto",
        42,
    )
    assert (CONTAMINATION, TREES, SEED) == (0.05, 100, 42)


def test_far_away_is_stranger_and_an_anomaly(detector):
    near, far = np.zeros((1, 8), dtype=np.float32), np.full((1, 8), 9, dtype=np.float32)
    assert detector.score(far)[0] == 1.0
    assert detector.score(near)[0] < 0.5
    assert (detector.predict(far)[0], detector.predict(near)[0]) == (-1, 1)


def test_the_reference_spreads_evenly_and_a_twentieth_of_it_is_strange(detector):
    scores = detector.score(crowd())
    assert np.sort(scores) == pytest.approx(np.arange(1, 301) / 300, abs=0.02)
    assert (detector.predict(crowd()) == -1).mean() == pytest.approx(0.05, abs=0.01)


def test_the_same_reference_gives_the_same_detector(detector):
    again = IsolationDetector().fit(crowd())
    assert again.version == detector.version
    assert np.array_equal(again.score(crowd(20, 1)), detector.score(crowd(20, 1)))
    assert IsolationDetector().fit(crowd(seed=5)).version != detector.version


def test_inputs_are_left_as_they_were(detector):
    vectors = crowd(5, 2)
    before = vectors.copy()
    detector.score(vectors)
    assert np.array_equal(vectors, before)
    assert detector.score(np.empty((0, 8), dtype=np.float32)).shape == (0,)


@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=8, max_size=8), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_scores_stay_in_range(detector, rows):
    scores = detector.score(np.array(rows, dtype=np.float32))
    assert ((scores >= 0) & (scores <= 1)).all()


def test_a_reference_of_equal_texts_is_no_trouble():
    detector = IsolationDetector().fit(np.ones((50, 8), dtype=np.float32))
    assert 0 <= detector.score(np.ones((1, 8), dtype=np.float32))[0] <= 1


@pytest.mark.parametrize(("n", "seed"), [(300, 0), (40, 1), (2, 2)])
def test_the_flat_forest_scores_and_predicts_as_scikit_learn_does(n, seed):
    rows = crowd(n, seed)
    rows[: n // 4] = rows[0]  # equal rows share a leaf
    detector, others = IsolationDetector().fit(rows), crowd(700, seed + 10) * 2
    for vectors in (rows, others, others[:1]):
        assert np.allclose(detector._flat.score(vectors), -detector._forest.score_samples(vectors), rtol=1e-12, atol=0)
        assert np.array_equal(detector.predict(vectors), detector._forest.predict(vectors))
    assert detector.predict(np.empty((0, 8), dtype=np.float32)).shape == (0,)
