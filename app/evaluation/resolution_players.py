"""The learners that are compared, made anew for every pass: the product's candidates and their rivals."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.learn.bandits import (
    Bandit,
    EpsilonGreedyLogistic,
    FixedLadder,
    FullInformation,
    LinTS,
    LinUCB,
    Ridge,
    safely,
)
from models.learn.resolution import Learner
from models.learn.resolution_policies import LINEAR_RIDGE

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: What plays; full information is told of all actions instead of one.
Player = Bandit | FullInformation
#: Makes a learner for so many actions and inputs from a seed.
Make = Callable[[int, int, int], Player]

RIVALS: Final[Mapping[str, Make]] = {
    "fixed_ladder": lambda actions, inputs, seed: FixedLadder(actions),
    "epsilon_greedy_logreg": EpsilonGreedyLogistic,
    "lin_ucb": lambda actions, inputs, _: LinUCB(actions, inputs),
    "lin_ts": LinTS,
    "full_information": lambda actions, inputs, seed: FullInformation(actions, inputs),
}


class Belief:
    """Shows what the prior finds best, and learns nothing but what the prior says."""

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        return prior

    expected = scores

    def learn(self, x: Floats, prior: Doubles, action: int, reward: float) -> None:
        pass


class Safe:
    """A learner that shows another plausible action now and then, as the product does."""

    def __init__(self, learner: Bandit, seed: int, share: float) -> None:
        self._learner, self._share, self._rng = learner, share, np.random.default_rng(seed)

    def expected(self, x: Floats, prior: Doubles) -> Doubles:
        return self._learner.expected(x, prior)

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        scores = self.expected(x, prior)
        shown = safely(scores, np.zeros(len(scores), dtype=bool), self._rng.random(), share=self._share).action
        chosen: Doubles = np.eye(len(scores))[shown]
        return chosen

    def learn(self, x: Floats, prior: Doubles, action: int, reward: float) -> None:
        self._learner.learn(x, prior, action, reward)


class Deep:
    """ResolutionDQN, told of one click at a time: reward +1 or -1. Its values are given as chances, (Q + 1) / 2."""

    def __init__(self, learner: Learner, actions: int, *, ends: bool, every: int = 1) -> None:
        """`ends`: a rejected action ends the episode too, as where nothing of it is part of the state.

        Gradient steps follow one click in `every`, to bound the time of a long stream.
        """
        self._learner, self._ends, self._every, self._clicks = learner, ends, every, 0
        self._barred = np.zeros(actions, dtype=bool)

    def scores(self, x: Floats, prior: Doubles) -> Doubles:
        chances: Doubles = (self._learner.values(x[None])[0] + 1) / 2
        return chances

    expected = scores

    def learn(self, x: Floats, prior: Doubles, action: int, reward: float) -> None:
        barred = self._barred.copy()
        barred[action] = True
        done = self._ends or reward > 0
        self._learner.replay.add(self._clicks, x, action, 2 * reward - 1, barred=barred, done=done)
        self._clicks += 1
        if self._clicks % self._every == 0:
            self._learner.descend()


def linear(actions: int, inputs: int, seed: int, share: float) -> Bandit:
    """The product's linear learner with its safe exploration."""
    return Safe(Ridge(actions, inputs, LINEAR_RIDGE), seed, share)
