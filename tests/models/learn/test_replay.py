"""Replay: newest kept, later rewards found, and the next state made as it is drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.analyse import resolution_state as rs
from models.learn.replay import Replay, Step, click

STATE = np.zeros(512, dtype=np.float32)


def test_a_reject_goes_on_in_a_marked_state_and_an_accept_ends_the_episode() -> None:
    replay = Replay(512, 10)
    click(replay, Step(1, 3, -1.0, STATE))
    click(replay, Step(2, 4, 1.0, rs.with_rejected(STATE[None], 3)[0]))
    batch = replay.batch([0, 1])
    assert batch.done.tolist() == [False, True]
    assert (batch.after[0] == batch.states[1]).all()
    assert np.flatnonzero(batch.barred[1]).tolist() == [3, 4]


def test_an_outcome_changes_the_reward_of_its_click() -> None:
    replay = Replay(512, 10, capacity=2)
    for entry in (1, 2):
        click(replay, Step(entry, 0, 1.0, STATE))
    click(replay, Step(9, 0, 0.5, STATE, amends=2))
    assert replay.batch([0, 1]).rewards.tolist() == [1.0, 1.5]
    click(replay, Step(3, 0, -1.0, STATE))  # the first gives way
    click(replay, Step(10, 0, 0.5, STATE, amends=1))
    assert replay.batch([0, 1]).rewards.tolist() == [-1.0, 1.5]


@given(st.integers(1, 40), st.integers(1, 9))
def test_never_above_capacity_and_the_newest_are_in_every_sample(clicks: int, capacity: int) -> None:
    replay = Replay(4, 3, capacity)
    for entry in range(clicks):
        row = np.full(4, entry, dtype=np.float32)
        replay.add(entry, row, entry % 3, 1.0, barred=np.zeros(3, dtype=bool), done=True)
    assert len(replay) == min(clicks, capacity)
    drawn = replay.sample(5, np.random.default_rng(0), newest=2).states[:, 0]
    assert drawn[0] == clicks - 1
    assert drawn.min() >= clicks - capacity


def test_the_same_generator_draws_the_same() -> None:
    replay = Replay(512, 10)
    for entry in range(20):
        click(replay, Step(entry, entry % 10, 1.0, STATE + entry))
    one, other = (replay.sample(8, np.random.default_rng(3)).states for _ in range(2))
    assert one == pytest.approx(other)
