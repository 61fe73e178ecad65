"""Replay: the clicks that a learner draws from, restored in order from the feedback log.

An episode is one error between being open and being accepted (or coming back). Its answers become `Step`s: a transition
for each accept or reject, an amendment where it turns out later whether the accepted action worked. So a list of steps
in order of the log is all that a learner needs, and the same log gives the same steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.resolution_state import masked, with_rejected

#: Reward of a click, and what is added to it when it turns out that the action worked, did not, or the error came back.
REWARD: Final = {"accept": 1.0, "reject": -1.0}
LATER: Final = {"worked": 0.5, "failed": -1.0, "came_back": -1.0}
CAPACITY: Final = 20_000

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Step:
    """One answer. `entry`: the log's row; `state` (inputs,): what the action was chosen in.

    `amends`: the row of a click whose reward changes by `reward`, None for a click of its own.
    """

    entry: int
    action: int
    reward: float
    state: Floats
    amends: int | None = None

    @property
    def accepted(self) -> bool:
        return self.amends is None and self.reward > 0


@dataclass(frozen=True, slots=True)
class Batch:
    """n transitions. `after` (n, inputs) and `barred` (n, actions), the actions that must not follow, count where not `done`."""

    states: Floats
    actions: NDArray[np.int64]
    rewards: Floats
    after: Floats
    barred: NDArray[np.bool_]
    done: NDArray[np.bool_]


class Replay:
    """The newest `capacity` transitions; the oldest give way."""

    def __init__(self, inputs: int, actions: int, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._states = np.zeros((0, inputs), dtype=np.float32)  # grows by doubling, up to the capacity
        self._actions = np.zeros(0, dtype=np.int64)
        self._rewards = np.zeros(0, dtype=np.float32)
        self._barred = np.zeros((0, actions), dtype=bool)
        self._done = np.zeros(0, dtype=bool)
        self._place: dict[int, int] = {}
        self._entries: list[int] = []
        self._added = 0

    def __len__(self) -> int:
        return min(self._added, self._capacity)

    def add(
        self, entry: int, state: Floats, action: int, reward: float, *, barred: NDArray[np.bool_], done: bool
    ) -> None:
        """`barred` (actions,): what must not follow this one; the state after it is made when it is drawn."""
        place = self._added % self._capacity
        if place == len(self._actions):
            self._grow()
        if self._added >= self._capacity:
            self._place.pop(self._entries[place], None)
            self._entries[place] = entry
        else:
            self._entries.append(entry)
        self._states[place], self._actions[place], self._rewards[place] = state, action, reward
        self._barred[place], self._done[place] = barred, done
        self._place[entry] = place
        self._added += 1

    def amend(self, entry: int, change: float) -> None:
        """Adds to the reward of a click; nothing where it gave way already."""
        if entry in self._place:
            self._rewards[self._place[entry]] += np.float32(change)

    def sample(self, n: int, rng: np.random.Generator, *, newest: int = 0) -> Batch:
        """n transitions drawn with replacement, after the `newest` ones, which are all taken."""
        recent = [(self._added - 1 - back) % self._capacity for back in range(min(newest, len(self)))]
        return self.batch([*recent, *rng.integers(len(self), size=n).tolist()])

    def batch(self, places: Sequence[int]) -> Batch:
        rows = np.array(places, dtype=np.int64)
        states, done = self._states[rows], self._done[rows]
        after = states.copy()
        if not done.all():
            after[~done] = with_rejected(states[~done], self._actions[rows][~done])
        return Batch(states, self._actions[rows], self._rewards[rows], after, self._barred[rows], done)

    def _grow(self) -> None:
        more = min(max(64, len(self._actions)), self._capacity - len(self._actions))
        for name in ("_states", "_actions", "_rewards", "_barred", "_done"):
            held = getattr(self, name)
            setattr(self, name, np.concatenate([held, np.zeros((more, *held.shape[1:]), dtype=held.dtype)]))


def click(replay: Replay, step: Step) -> None:
    """Adds one step of the log: a transition, or a later reward."""
    if step.amends is not None:
        replay.amend(step.amends, step.reward)
        return
    barred = masked(step.state[None])[0]
    barred[step.action] = True
    replay.add(step.entry, step.state, step.action, step.reward, barred=barred, done=step.accepted)
