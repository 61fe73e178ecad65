"""Trains ResolutionDQN: a warm start on the corpus' acceptable actions, then one click of the log after another.

Warm start: each template is an error whose acceptable actions are known, so every action of a state has its reward and
its next state. Actions at random are marked as rejected first, and neighbours of the template get simulated clicks, so
that the net meets masks and evidence before the first person clicks. Scores of the corpus reader must come from fits
that did not see the template's technology; the caller sees to that.

From the log: `Learner` takes steps in order and makes a fixed number of gradient steps after each. What it knows after n
steps depends on these n steps and the seed alone: kept up to date or rebuilt from the log, it is the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse import resolution_state as rs
from models.analyse.resolution_scorer import q_values
from models.learn.replay import REWARD, Batch, Replay, Step, click

Floats = NDArray[np.float32]

#: Gradient steps after each click, and transitions in each beside the newest.
STEPS_PER_CLICK: Final = 2
BATCH: Final = 32
#: Pull back to the warm start (see DoubleDQN).
ANCHOR: Final = 1e-3
CLICK_RATE: Final = 3e-4
#: Of the warm start, chosen on held-out families of technologies.
EPOCHS: Final = 4
DECAY: Final = 1.0
DROPOUT: Final = 0.5
#: The 384 numbers of the embedding together must not drown the 128 columns.
QUIET: Final = 6.0


class Learner:
    """A DQN that learns step by step. `weights`: where it starts."""

    def __init__(
        self, inputs: int, actions: int, *, seed: int, weights: Mapping[str, Floats] | None = None,
        steps: int = STEPS_PER_CLICK, rate: float = CLICK_RATE, anchor: float = ANCHOR,
    ) -> None:  # fmt: skip
        from models.nets.resolution_dqn import DoubleDQN

        self.replay = Replay(inputs, actions)
        self._net = DoubleDQN(
            inputs,
            actions,
            seed=seed,
            weights=weights,
            learning_rate=rate,
            anchor=anchor if weights is not None else 0.0,
        )
        self._rng = np.random.default_rng(seed)
        self._steps = steps

    def learn(self, step: Step) -> None:
        """One step of the log."""
        click(self.replay, step)
        self.descend()

    def descend(self) -> None:
        """The gradient steps that follow a click."""
        for _ in range(self._steps if len(self.replay) else 0):
            self._net.step(self.replay.sample(BATCH, self._rng, newest=1))

    def weights(self) -> dict[str, Floats]:
        return self._net.online.weights()

    def values(self, states: Floats) -> NDArray[np.float64]:
        """(n, actions) Q values."""
        return q_values(self._view(), states)

    def _view(self) -> dict[str, Floats]:
        return {name: value.detach().numpy() for name, value in self._net.online.state_dict().items()}


@dataclass(frozen=True, slots=True)
class Lesson:
    """The corpus as states: `states` (n, inputs) without masks and clicks, `right` (n, 10) whether each action is acceptable.

    `near` (n, k) names rows that are like each row and `cosine` (n, k) how much, 0 where there is none.
    """

    states: Floats
    right: NDArray[np.bool_]
    near: NDArray[np.int64]
    cosine: Floats


@dataclass(frozen=True, slots=True)
class Recipe:
    """Of a warm start; the defaults were chosen on held-out families of technologies."""

    epochs: int = EPOCHS
    rate: float = 1e-3
    batch: int = 64
    decay: float = DECAY
    dropout: float = DROPOUT


def warm_start(
    lesson: Lesson, *, seed: int, recipe: Recipe | None = None, progress: Callable[[int, float], None] | None = None
) -> dict[str, Floats]:
    """Weights after the recipe's epochs over the lesson; `progress` gets the epoch and its mean loss. Same seed, same weights."""
    import torch

    with torch.random.fork_rng(devices=[]):  # dropout draws from torch's own generator
        torch.manual_seed(seed)
        return _warm_start(lesson, seed, recipe or Recipe(), progress)


def _warm_start(
    lesson: Lesson, seed: int, recipe: Recipe, progress: Callable[[int, float], None] | None
) -> dict[str, Floats]:
    from models.nets.resolution_dqn import DoubleDQN

    inputs, actions = lesson.states.shape[1], lesson.right.shape[1]
    net = DoubleDQN(inputs, actions, seed=seed, learning_rate=recipe.rate, decay=recipe.decay, dropout=recipe.dropout)
    rng = np.random.default_rng(seed)
    quiet = np.where(np.arange(inputs) < inputs - rs.WIDTH, QUIET, 1.0).astype(np.float32)
    net.standardise(simulated(lesson, rng.integers(len(lesson.states), size=2_000), rng), quiet)
    steps = max(1, len(lesson.states) // recipe.batch)
    for epoch in range(recipe.epochs):
        order = rng.permutation(len(lesson.states))
        losses = []
        for number in range(steps):
            net.learning_rate(recipe.rate * max(0.05, 1 - (epoch * steps + number) / (recipe.epochs * steps)))
            rows = order[number * recipe.batch : (number + 1) * recipe.batch]
            losses.append(net.step(transitions(lesson, rows, rng)))
        if progress:
            progress(epoch, float(np.mean(losses)))
    return net.online.weights()


def transitions(lesson: Lesson, rows: NDArray[np.int64], rng: np.random.Generator) -> Batch:
    """Every open action of each row, in a state with simulated clicks and rejections; up to len(rows) * actions."""
    states = simulated(lesson, rows, rng)
    barred = rs.masked(states)
    n, actions = barred.shape
    every = np.repeat(states, actions, axis=0)
    action = np.tile(np.arange(actions), n)
    keep = ~barred.ravel()
    every, action = every[keep], action[keep]
    accepted = lesson.right[rows].ravel()[keep]
    closed = np.repeat(barred, actions, axis=0)[keep]
    closed[np.arange(len(action)), action] = True
    after = rs.with_rejected(every, action)
    rewards = np.where(accepted, REWARD["accept"], REWARD["reject"]).astype(np.float32)
    return Batch(every, action, rewards, after, closed, accepted)


def simulated(lesson: Lesson, rows: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """The rows' states (n, inputs) with up to three wrong actions rejected, and clicks on neighbours in half of the cases."""
    states = lesson.states[rows].copy()
    clicked = rng.random(len(rows)) < 0.5
    for place in np.flatnonzero(clicked).tolist():
        _click_neighbours(states[place], lesson, int(rows[place]), rng)
    for _ in range(3):
        wrong = ~lesson.right[rows] & ~rs.masked(states)
        chosen = np.flatnonzero((rng.random(len(rows)) < 0.25) & wrong.any(axis=1))
        action = np.array([rng.choice(np.flatnonzero(wrong[place])) for place in chosen.tolist()], dtype=np.int64)
        if len(chosen):
            states[chosen] = rs.with_rejected(states[chosen], action)
    return states


def _click_neighbours(state: Floats, lesson: Lesson, row: int, rng: np.random.Generator) -> None:
    """Each neighbour was clicked with a probability drawn for this state, at the action that it finds best or at random."""
    columns = state[-rs.WIDTH :]
    share, first = rng.random(), 0.0
    for other, cosine in zip(lesson.near[row].tolist(), lesson.cosine[row].tolist(), strict=True):
        if cosine <= 0 or rng.random() > share:
            continue
        corpus = lesson.states[other, -rs.WIDTH :][rs.CORPUS]
        action = int(corpus.argmax()) if rng.random() < 0.7 else int(rng.integers(len(corpus)))
        block = rs.NEAR_GOOD if lesson.right[other, action] else rs.NEAR_BAD
        columns[block.start + action] += cosine
        first = max(first, cosine)
    columns[rs.PLACE["clicks_near"]] = np.log1p(columns[rs.NEAR_GOOD].sum() + columns[rs.NEAR_BAD].sum())
    columns[rs.PLACE["similarity_nearest"]] = first


def lesson_of(states: Floats, right: NDArray[np.bool_], group: Sequence[str], nearest: int = rs.NEAREST) -> Lesson:
    """Finds each row's neighbours among rows of other groups (a template's renderings are one group)."""
    vectors = states[:, : states.shape[1] - rs.WIDTH]
    codes = np.unique(np.asarray(group), return_inverse=True)[1]
    near, cosines = [], []
    for start in range(0, len(vectors), 512):
        cosine = vectors[start : start + 512] @ vectors.T
        cosine[codes[start : start + 512, None] == codes[None]] = 0
        best = np.argpartition(-cosine, nearest, axis=1)[:, :nearest]
        value = np.take_along_axis(cosine, best, axis=1)
        near.append(best)
        cosines.append(np.where(value >= rs.NEAR_FROM, value, 0).astype(np.float32))
    return Lesson(states, right, np.concatenate(near), np.concatenate(cosines))
