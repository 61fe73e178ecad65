"""Text detectors: percentiles of the reference, nearest neighbours, reasons; clicks move the threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.analyse.anomaly import COMBINED, ISOLATION, NEAREST, VAE, TextDetectors, reason, threshold
from models.analyse.isolation import IsolationDetector
from models.nets.anomaly_vae import train


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def reference():
    return unit(np.random.default_rng(0).normal(size=(120, 16)) + np.eye(16)[0] * 4)


@pytest.fixture(scope="module")
def detectors(reference):
    weights = train(reference, seed=0, epochs=5).model.weights()
    return TextDetectors(IsolationDetector().fit(reference), reference, np.arange(120), weights)


def test_the_reference_spreads_evenly_over_every_detector(detectors, reference):
    found = detectors.judge(reference, np.arange(120))
    for name in (ISOLATION, VAE, NEAREST, COMBINED):
        assert np.sort([item.scores[name] for item in found]) == pytest.approx(np.arange(1, 121) / 120, abs=0.04)


def test_the_far_side_is_stranger_for_all_and_says_why(detectors):
    (far,) = detectors.judge(unit(-np.eye(16)[:1] * 4))
    assert far.combined == 1.0
    assert far.scores[NEAREST] == 1.0
    assert far.reason


def test_a_row_is_no_neighbour_of_itself(detectors, reference):
    assert detectors.judge(reference[:1])[0].similarity == pytest.approx(1.0, abs=1e-5)
    assert detectors.judge(reference[:1], np.array([0]))[0].similarity < 0.999


def test_one_text_scores_as_it_does_among_others(detectors, reference):
    together = detectors.judge(reference[:9])
    assert [detectors.judge(reference[i : i + 1])[0].scores for i in range(9)] == [item.scores for item in together]
    assert detectors.judge(np.empty((0, 16), dtype=np.float32)) == []


def test_weights_of_another_size_are_left_out(reference):
    weights = train(np.ones((5, 7), dtype=np.float32), seed=0, epochs=1).model.weights()
    found = TextDetectors(IsolationDetector().fit(reference), reference, np.arange(120), weights).judge(reference[:1])
    assert set(found[0].scores) == {ISOLATION, NEAREST, COMBINED}


def test_reasons_name_the_strangest_detector():
    assert "only 0.38 alike" in reason({NEAREST: 0.98, VAE: 0.2, COMBINED: 0.9}, 0.38)
    assert "mixture" in reason({NEAREST: 0.1, VAE: 0.97, COMBINED: 0.9}, 0.8)
    assert "over 99 %" in reason({ISOLATION: 1.0, COMBINED: 1.0}, 0.8)


def test_a_dismissal_raises_the_threshold_a_confirmation_lowers_it():
    assert threshold(0.95, []) == 0.95
    assert threshold(0.95, [(False, 0.97)]) == pytest.approx(0.965)
    assert threshold(0.95, [(True, 0.91)]) == pytest.approx(0.925)
    assert threshold(0.95, [(False, 0.5), (True, 0.99)]) == 0.95, "both agree with the threshold"


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=60))
def test_the_threshold_stays_in_range(clicks):
    assert 0.5 <= threshold(0.95, clicks) <= 0.999
