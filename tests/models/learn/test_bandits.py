"""Bandits: exact least squares, sparse and dense alike, each learns an easy world, and exploration that is safe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.learn.bandits import (
    EpsilonGreedyLogistic,
    FixedLadder,
    FullInformation,
    LinTS,
    LinUCB,
    Ridge,
    safely,
)

D, A = 12, 3
LEARNERS = {
    "ladder": lambda: FixedLadder(A), "ridge": lambda: Ridge(A, D), "ucb": lambda: LinUCB(A, D),
    "ts": lambda: LinTS(A, D, seed=0), "logistic": lambda: EpsilonGreedyLogistic(A, D, seed=0),
}  # fmt: skip
FLAT = np.full(A, 1 / A)


def world(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Contexts whose first three places say which action is right."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, D)).astype(np.float32)
    return x, x[:, :A].argmax(axis=1)


def test_ridge_is_the_closed_form_and_an_amendment_is_as_if_said_at_once() -> None:
    x, truth = world(40)
    ridge, late = Ridge(A, D, 2.0), Ridge(A, D, 2.0)
    for row, right in zip(x, truth, strict=True):
        ridge.learn(row, FLAT, 1, float(right == 1))
        late.learn(row, FLAT, 1, 0.0)
        late.amend(row, 1, float(right == 1))
    closed = np.linalg.solve(x.T @ x + 2 * np.eye(D), x.T @ ((truth == 1) - 1 / A))
    assert np.allclose(ridge.weights[1], closed, atol=1e-4)
    assert np.allclose(ridge.weights, late.weights, atol=1e-4)
    assert (ridge.weights[[0, 2]] == 0).all()


def test_a_sparse_context_gives_what_a_dense_one_gives() -> None:
    x, _ = world(1)
    sparse, dense = LinUCB(A, 200), LinUCB(A, 200)
    wide = np.zeros(200, dtype=np.float32)
    wide[:5] = x[0, :5]
    full = wide + np.float32(1e-12)  # no place is zero, so nothing is skipped
    for _ in range(3):
        sparse.learn(wide, FLAT, 0, 1.0)
        dense.learn(full, FLAT, 0, 1.0)
    assert np.allclose(sparse.scores(wide, FLAT), dense.scores(full, FLAT), atol=1e-5)


def test_full_information_is_the_closed_form_for_all_actions() -> None:
    x, truth = world(60)
    full = FullInformation(A, D)
    for row, right in zip(x, truth, strict=True):
        full.learn_all(row, FLAT, np.eye(A)[right])
    closed = np.linalg.solve(x.T @ x + np.eye(D), x.T @ (np.eye(A)[truth] - 1 / A))
    expected = FLAT + x @ closed
    assert np.allclose([full.expected(row, FLAT) for row in x], expected, atol=1e-4)


@pytest.mark.parametrize("name", LEARNERS)
def test_told_of_one_action_at_a_time_it_gets_better_and_leaves_its_inputs_alone(name: str) -> None:
    x, truth = world(1500)
    learner, before = LEARNERS[name](), x.copy()
    right = []
    for row, best in zip(x, truth, strict=True):
        action = int(np.argmax(learner.scores(row, FLAT)))
        learner.learn(row, FLAT, action, float(action == best))
        right.append(action == best)
    assert (x == before).all()
    assert np.mean(right[-500:]) > (0.25 if name == "ladder" else 0.75)


@given(
    st.lists(st.floats(0, 1), min_size=10, max_size=10), st.lists(st.booleans(), min_size=10, max_size=10),
    st.floats(0, 0.999), st.floats(0, 0.5),
)  # fmt: skip
def test_safe_exploration_shows_only_plausible_open_actions_with_the_probability_it_says(
    scores: list[float], rejected: list[bool], draw: float, share: float
) -> None:
    values, mask = np.array(scores), np.array(rejected)
    choice = safely(values, mask, draw, share=share)
    assert choice.probabilities.sum() == pytest.approx(1)
    assert choice.probabilities[choice.action] > 0
    if not mask.all():
        assert not mask[choice.action]
        best = values[~mask].max()
        shown = np.flatnonzero(choice.probabilities)
        assert len(shown) <= 3 and (values[shown] >= 0.5 * best).all()
        assert choice.probabilities[np.where(mask, -1, values).argmax()] >= 1 - share - 1e-9


def test_the_draws_follow_the_probabilities() -> None:
    values = np.array([0.9, 0.8, 0.7, 0.1, *[0.0] * 6])
    shown = [safely(values, np.zeros(10, dtype=bool), draw, share=0.2).action for draw in np.linspace(0, 0.9999, 2000)]
    expected = safely(values, np.zeros(10, dtype=bool), 0.0, share=0.2).probabilities
    assert np.bincount(shown, minlength=10) / 2000 == pytest.approx(expected, abs=0.002)
