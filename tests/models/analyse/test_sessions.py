"""Session detectors by hand: leave-one-out scores, thresholds, the combination and its reason."""

import numpy as np
import pytest

from models.analyse import sessions as s

USUAL = ["a b c", "a b b c", "a c b", "a b c c", "b a c", "a b c a"]
EMBEDDINGS = {name: np.eye(4, dtype=np.float32)[place] for place, name in enumerate("abcd")}


def data(*more):
    return s.sessions([text.split() for text in (*USUAL, *more)], EMBEDDINGS)


TRAIN = np.arange(len(USUAL))


def test_inputs_are_the_mean_embedding_beside_hashed_log_counts():
    built = data("a a b")
    assert built.inputs.shape == (7, 4 + s.HASHED)
    assert built.inputs[6, :4] == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert np.expm1(built.inputs[6, 4:]).sum() == pytest.approx(3)
    assert np.expm1(built.counts[6]).sum() == pytest.approx(3)


def test_an_event_that_only_one_training_session_has_counts_against_it_when_left_out():
    scores = s.new_event(data("a d"), np.array([0, 1, 6]), 0)
    assert scores.left_out.tolist() == [0, 0, 1]
    assert s.new_event(data("a d"), TRAIN, 0).all[6] == 1


def test_length_is_in_standard_deviations_of_the_others():
    built = data("a")
    scores = s.length(built, TRAIN, 0)
    known = built.lengths[TRAIN]
    assert scores.all[6] == pytest.approx(abs(0 - known.mean()) / known.std())
    assert scores.left_out[0] == pytest.approx(abs(known[0] - known[1:].mean()) / known[1:].std())


def test_the_nearest_neighbour_of_a_training_session_is_another_one():
    scores = s.knn(data("d d"), TRAIN, 0)
    assert scores.left_out[0] == 0, "a c b has the same counts"
    assert scores.left_out[1] > 0
    assert scores.all[:6].tolist() == [0] * 6


def test_a_twin_in_the_training_makes_the_distance_zero():
    assert s.knn(data(), np.array([1, 1, 3]), 0).left_out[0] == 0


def test_the_product_flags_what_any_part_flags_and_one_new_event_is_a_unit():
    scores = s.any_of_three(data("a b c d d d", "a b c d", "a b c"), TRAIN, 0)
    assert scores.all[6] > scores.threshold, "three times a new event is far from every normal session"
    assert scores.all[8] <= scores.threshold


@pytest.mark.parametrize("name", s.RIVALS)
def test_every_detector_scores_all_and_leaves_each_out_once(name, monkeypatch):
    monkeypatch.setattr(s, "EPOCHS", 4)
    built, before = data("d d d d"), data("d d d d")
    scores = s.RIVALS[name](built, TRAIN, 0)
    assert (scores.all.shape, scores.left_out.shape) == ((7,), (6,))
    assert np.isfinite(scores.all).all() and np.isfinite(scores.left_out).all()
    assert np.array_equal(built.inputs, before.inputs) and np.array_equal(built.counts, before.counts)
    again = s.RIVALS[name](built, TRAIN, 0)
    assert np.array_equal(scores.all, again.all) and np.array_equal(scores.left_out, again.left_out)
