"""The policies that can order the suggestions, each learnt from the same steps of the log.

- `corpus`: the corpus' scores and the clicks on this error and its like; learns nothing beyond them.
- `linear`: the corpus' scores as the prior, and a linear model of what they leave over; every click moves it at once. It
  reads the state without the clicks' columns: it has learnt those clicks, and would count them twice.
- `dqn`: ResolutionDQN from its warm start; loads torch at the first click, reads with numpy.

`expected` gives (10,) estimates of the chance that an action is accepted, higher = better; the linear one's may leave
[0, 1] by a little. Same steps, same policy.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from models.analyse import resolution_state as rs
from models.analyse.resolution_scorer import q_values
from models.learn.bandits import Ridge
from models.learn.replay import Step
from models.taxonomy import ACTIONS

if TYPE_CHECKING:
    from models.learn.resolution import Learner

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

CORPUS, LINEAR, DQN = "corpus", "linear", "dqn"
POLICIES: Final = (CORPUS, LINEAR, DQN)
#: Of the linear policy, flat from 1 to 5 on the corpus' prior.
LINEAR_RIDGE: Final = 3.0


class Policy(Protocol):
    def expected(self, state: Floats) -> Doubles: ...

    def learn(self, step: Step) -> None: ...

    def weights(self) -> Mapping[str, Floats]: ...


class CorpusPolicy:
    def expected(self, state: Floats) -> Doubles:
        return rs.posterior(state)

    def learn(self, step: Step) -> None:
        """Its clicks are in the state already."""

    def weights(self) -> Mapping[str, Floats]:
        return {}


class LinearPolicy:
    def __init__(self, inputs: int) -> None:
        self._ridge = Ridge(len(ACTIONS), inputs, LINEAR_RIDGE)

    def expected(self, state: Floats) -> Doubles:
        return self._ridge.expected(_still(state), _prior(state))

    def learn(self, step: Step) -> None:
        if step.amends is None:
            self._ridge.learn(_still(step.state), _prior(step.state), step.action, (step.reward + 1) / 2)
        else:
            self._ridge.amend(_still(step.state), step.action, step.reward / 2)

    def weights(self) -> Mapping[str, Floats]:
        return {"weights": self._ridge.weights}


class DeepPolicy:
    """`start`: the warm start's weights."""

    def __init__(self, start: Mapping[str, Floats], seed: int = 0) -> None:
        self._weights, self._seed = start, seed
        self._learner: Learner | None = None

    def expected(self, state: Floats) -> Doubles:
        chance: Doubles = np.clip((self.values(state) + 1) / 2, 0.0, 1.0)
        return chance

    def values(self, state: Floats) -> Doubles:
        """(10,) Q values: the expected sum of rewards, 1 = accepted at once for certain."""
        values: Doubles = q_values(self._weights, state[None])[0]
        return values

    def learn(self, step: Step) -> None:
        from models.learn.resolution import Learner

        if self._learner is None:
            inputs = len(step.state)
            self._learner = Learner(inputs, len(ACTIONS), seed=self._seed, weights=self._weights)
        self._learner.learn(step)
        self._weights = self._learner.weights()

    def weights(self) -> Mapping[str, Floats]:
        return self._weights


def _prior(state: Floats) -> Doubles:
    return state[-rs.WIDTH :][rs.CORPUS].astype(np.float64)


def _still(state: Floats) -> Floats:
    still: Floats = rs.without_clicks(state[None])[0]
    return still
