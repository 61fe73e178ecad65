"""Query strategies: each names every place once, the same for the same seed, and asks what it says it asks."""

import numpy as np
import pytest

from models.learn.active import STRATEGIES, choose, normalised, uncertainty


def pool(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(n, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), rng.dirichlet(np.ones(5), n)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_places_are_distinct_in_range_and_repeatable_and_inputs_stay(strategy: str) -> None:
    vectors, probabilities = pool()
    before = vectors.copy(), probabilities.copy()
    places = [choose(strategy, vectors, probabilities, n=7, seed=1, labelled=vectors[:3]) for _ in range(2)]
    assert places[0].tolist() == places[1].tolist()
    assert len(set(places[0].tolist())) == 7 and places[0].min() >= 0 and places[0].max() < 60
    assert np.array_equal(vectors, before[0]) and np.array_equal(probabilities, before[1])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_few_or_equal_candidates_are_all_named(strategy: str) -> None:
    vectors = np.tile(np.eye(1, 16, dtype=np.float32), (4, 1))
    assert sorted(choose(strategy, vectors, np.full((4, 3), 1 / 3), n=9, seed=0).tolist()) == [0, 1, 2, 3]
    assert choose(strategy, vectors[:0], np.empty((0, 3)), n=9, seed=0).tolist() == []


def test_uncertainty_is_highest_where_two_classes_are_closest() -> None:
    probabilities = np.array([[0.5, 0.5, 0.0], [0.9, 0.05, 0.05], [0.34, 0.33, 0.33]])
    assert uncertainty(probabilities, "margin").argsort().tolist()[0] == 1
    assert uncertainty(probabilities, "entropy").argmax() == 2
    assert choose("margin", np.zeros((3, 2), dtype=np.float32), probabilities, n=1, seed=0).tolist() == [0]


def test_rounded_probabilities_are_taken_and_an_unknown_name_is_refused() -> None:
    assert normalised(np.array([[0.3333, 0.3333, 0.3333]])).sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="unknown strategy"):
        choose("best", np.zeros((1, 2), dtype=np.float32), np.ones((1, 1)), n=1, seed=0)
