"""Learners that choose one of A actions and are told of that action alone whether it was right (contextual bandits).

All take a context x (d,) float32 and a prior (A,): the chance in [0, 1] that each action is right, as believed before any
click; one in A where nothing is known.
`scores` ranks the actions, higher = better; `learn` takes the reward of the action that was shown. FullInformation is
the yardstick: it is told of every action. The same seed and clicks give the same learner.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Of the ridge: the variance of a 0/1 answer over that of a weight.
RIDGE: Final = 1.0
#: Below so many non-zero places of d, only those are read and written (one-hot contexts).
_SPARSE: Final = 0.1


class Bandit(Protocol):
    """A learner. `scores` explores, by a bonus or a draw; `expected` is what it would choose by if it only used what it knows."""

    def scores(self, x: Floats, prior: Doubles) -> Doubles: ...

    def expected(self, x: Floats, prior: Doubles) -> Doubles: ...

    def learn(self, x: Floats, prior: Doubles, action: int, reward: float) -> None: ...


class FixedLadder:
    """The actions in order of their share of right answers so far, whatever the error: (right + 1) / (shown + 2)."""

    def __init__(self, actions: int) -> None:
        self._right, self._shown = np.ones(actions), np.full(actions, 2.0)

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        rate: Doubles = self._right / self._shown
        return rate

    expected = scores

    def learn(self, x: Floats, prior: Doubles, action: int, reward: float) -> None:
        self._right[action] += reward
        self._shown[action] += 1


class Ridge:
    """Least squares per action on what the prior leaves over: score_a = prior_a + x w_a, w_a ~ N(0, I / RIDGE).

    Exact after every click by Sherman and Morrison. `actions` matrices of (d, d) float32: 10 MB for 10 and 512.
    """

    def __init__(self, actions: int, dims: int, ridge: float = RIDGE) -> None:
        self.inverse = np.tile(np.eye(dims, dtype=np.float32) / ridge, (actions, 1, 1))  # (A, d, d)
        self.moment = np.zeros((actions, dims), dtype=np.float32)
        self.weights = np.zeros((actions, dims), dtype=np.float32)

    def expected(self, x: Floats, prior: Doubles) -> Doubles:
        """(A,): the expected reward."""
        used = _used(x)
        mean: Doubles = prior + (self.weights @ x if used is None else self.weights[:, used] @ x[used])
        return mean

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        return self.expected(x, prior)

    def spread(self, x: Floats) -> Doubles:
        """(A,) standard deviations of the scores, for answers of unit variance."""
        used = _used(x)
        if used is None:
            squared = (self.inverse @ x) @ x
        else:
            squared = np.einsum("aij,i,j->a", self.inverse[:, used[:, None], used], x[used], x[used])
        spread: Doubles = np.sqrt(np.maximum(squared, 0)).astype(np.float64)
        return spread

    def learn(self, x: Floats, prior: Doubles, action: int, reward: float) -> None:
        used = _used(x)
        inverse = self.inverse[action]
        gain = inverse @ x if used is None else inverse[:, used] @ x[used]
        inverse -= np.outer(gain, gain / (1 + float(x @ gain)))
        self.amend(x, action, reward - float(prior[action]))

    def amend(self, x: Floats, action: int, change: float) -> None:
        """The reward of a click that was learnt is known to be `change` higher by now."""
        self.moment[action] += np.float32(change) * x
        self.weights[action] = self.inverse[action] @ self.moment[action]


class LinUCB(Ridge):
    """Li et al. 2010, disjoint linear models: the expected reward plus `alpha` standard deviations."""

    def __init__(self, actions: int, dims: int, alpha: float = 0.1, ridge: float = RIDGE) -> None:
        super().__init__(actions, dims, ridge)
        self._alpha = alpha

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        bound: Doubles = self.expected(x, prior) + self._alpha * self.spread(x)
        return bound


class LinTS(Ridge):
    """Agrawal and Goyal 2013: scores drawn from their posterior, `width` standard deviations wide.

    Actions have weights of their own, so to draw the score of each is to draw the weights.
    """

    def __init__(self, actions: int, dims: int, seed: int, width: float = 0.1, ridge: float = RIDGE) -> None:
        super().__init__(actions, dims, ridge)
        self._width, self._rng = width, np.random.default_rng(seed)

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        noise = self._rng.standard_normal(len(self.weights))
        drawn: Doubles = self.expected(x, prior) + self._width * self.spread(x) * noise
        return drawn


class EpsilonGreedyLogistic:
    """A logistic regression per action, by Adagrad (Duchi et al. 2011) on each click and on `again` earlier ones of it.

    The prior enters as its log-odds. With probability `epsilon` the scores are noise: an action at random.
    """

    def __init__(
        self, actions: int, dims: int, seed: int, *, epsilon: float = 0.1, rate: float = 0.3, again: int = 8
    ) -> None:
        self._weights = np.zeros((actions, dims), dtype=np.float32)
        self._squares = np.full((actions, dims), 1e-6, dtype=np.float32)
        self._epsilon, self._rate, self._again = epsilon, rate, again
        self._rng = np.random.default_rng(seed)
        self._clicks: list[list[tuple[Floats, float, float]]] = [[] for _ in range(actions)]

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        if self._rng.random() < self._epsilon:
            return self._rng.random(len(self._weights))
        return self.expected(x, prior)

    def expected(self, x: Floats, prior: Doubles) -> Doubles:
        likely: Doubles = _sigmoid(log_odds(prior) + self._weights @ x)
        return likely

    def learn(self, x: Floats, prior: Doubles, action: int, reward: float) -> None:
        clicks = self._clicks[action]
        clicks.append((x, float(log_odds(prior)[action]), reward))
        earlier = self._rng.integers(len(clicks), size=min(self._again, len(clicks) - 1)).tolist()
        for place in (-1, *earlier):
            row, offset, answer = clicks[place]
            gradient = np.float32(_sigmoid(offset + float(self._weights[action] @ row)) - answer) * row
            self._squares[action] += gradient**2
            self._weights[action] -= self._rate * gradient / np.sqrt(self._squares[action])


class FullInformation:
    """Least squares as in Ridge, told of every click what all actions would have got: what a labelled set would give."""

    def __init__(self, actions: int, dims: int, ridge: float = RIDGE) -> None:
        self._inverse = np.eye(dims, dtype=np.float32) / np.float32(ridge)
        self._weights = np.zeros((actions, dims), dtype=np.float32)

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        used = _used(x)
        mean: Doubles = prior + (self._weights @ x if used is None else self._weights[:, used] @ x[used])
        return mean

    expected = scores

    def learn_all(self, x: Floats, prior: Doubles, rewards: Doubles) -> None:
        """`rewards` (A,): of every action."""
        used = _used(x)
        gain = self._inverse @ x if used is None else self._inverse[:, used] @ x[used]
        scale = np.float32(1 + float(x @ gain))
        error = (rewards - self.scores(x, prior)).astype(np.float32)
        self._inverse -= np.outer(gain, gain / scale)
        self._weights += np.outer(error, gain / scale)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is shown first, and the probability (A,) with which each action would have been."""

    action: int
    probabilities: Doubles


def safely(
    scores: Doubles,
    rejected: NDArray[np.bool_],
    draw: float,
    *,
    share: float = 0.1,
    plausible: int = 3,
    floor: float = 0.5,
) -> Choice:
    """Mostly the best action; with probability `share` another one that a person would find sensible.

    Those are the next of the best `plausible` that were not rejected and score at least `floor` of the best; the share is
    dealt out among them by a softmax of their scores. Where there is none, the best is shown for certain. `draw` in
    [0, 1) decides. When everything was rejected, the best of all is shown.
    """
    open_scores = np.where(rejected, -np.inf, scores) if not rejected.all() else scores
    order = np.argsort(-open_scores, kind="stable")
    best = int(order[0])
    others = [
        int(a) for a in order[1:plausible] if np.isfinite(open_scores[a]) and scores[a] >= floor * scores[best] > 0
    ]
    probabilities = np.zeros(len(scores))
    probabilities[best] = 1.0
    if others and share > 0:
        weight = np.exp((scores[others] - scores[best]) / 0.2)
        probabilities[others] = share * weight / weight.sum()
        probabilities[best] = 1 - probabilities[others].sum()
    bounds = np.cumsum(probabilities[[best, *others]])
    place = min(int(np.searchsorted(bounds, draw, side="right")), len(others))
    return Choice([best, *others][place], probabilities)


def log_odds(share: Doubles) -> Doubles:
    """Of probabilities, kept within [0.02, 0.98]."""
    clipped = np.clip(share, 0.02, 0.98)
    odds: Doubles = np.log(clipped / (1 - clipped))
    return odds


def _used(x: Floats) -> NDArray[np.intp] | None:
    """The non-zero places of a sparse context, None for a dense one."""
    used = np.flatnonzero(x)
    return used if len(used) < _SPARSE * len(x) else None


def _sigmoid(value: Doubles | float) -> Doubles:
    result: Doubles = 1 / (1 + np.exp(-value))
    return result
