"""ResolutionDQN learns: what the corpus accepts, what clicks say against it, and the same again from the same clicks."""

import numpy as np
import pytest

from models.analyse import resolution_state as rs
from models.learn.replay import Step
from models.learn.resolution import Learner, Recipe, lesson_of, simulated, transitions, warm_start
from models.learn.resolution_policies import DeepPolicy, LinearPolicy


@pytest.fixture(scope="module")
def lesson():
    """Four kinds of error around four directions, each with one right action of its own."""
    rng = np.random.default_rng(0)
    kind = np.arange(160) % 4
    vectors = np.zeros((160, 384), dtype=np.float32)
    vectors[np.arange(160), kind] = 1
    vectors += 0.03 * rng.standard_normal(vectors.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    states = np.concatenate([vectors, np.zeros((160, 128), dtype=np.float32)], axis=1)
    right = np.eye(10, dtype=bool)[2 * kind]
    return lesson_of(states, right, [str(row) for row in range(160)])


@pytest.fixture(scope="module")
def weights(lesson):
    return warm_start(lesson, seed=0, recipe=Recipe(epochs=25, decay=0.0, dropout=0.1))


def test_neighbours_are_alike_and_never_of_the_same_group(lesson) -> None:
    assert not (lesson.near == np.arange(160)[:, None]).any()
    used = lesson.cosine > 0
    assert used.all()
    assert (lesson.right[lesson.near[:, 0]] == lesson.right).all()


def test_transitions_leave_masked_actions_out_and_never_lead_back_to_them(lesson) -> None:
    batch = transitions(lesson, np.arange(40), np.random.default_rng(0))
    masked = rs.masked(batch.states)
    rows = np.arange(len(batch.actions))
    assert not masked[rows, batch.actions].any() and masked.any()
    assert (batch.barred >= masked).all() and batch.barred[rows, batch.actions].all()
    assert (batch.rewards == np.where(batch.done, 1.0, -1.0)).all()
    assert not (rs.masked(simulated(lesson, np.arange(40), np.random.default_rng(0))) & lesson.right[:40]).any()


def test_a_warm_start_suggests_what_is_acceptable_and_is_reproducible(lesson, weights) -> None:
    policy = DeepPolicy(weights)
    first = [int(policy.expected(state).argmax()) for state in lesson.states]
    assert np.mean(lesson.right[np.arange(160), first]) > 0.95
    again, more = (warm_start(lesson, seed=seed, recipe=Recipe(epochs=2)) for seed in (3, 3))
    assert all((again[name] == more[name]).all() for name in again)


def steps(lesson, n: int = 40) -> list[Step]:
    """People reject what the corpus finds right for the first kind, and accept action 9."""
    rows = [row for row in range(160) if row % 4 == 0][:n]
    said = []
    for number, row in enumerate(rows):
        said.append(Step(2 * number + 1, 0, -1.0, lesson.states[row]))
        said.append(Step(2 * number + 2, 9, 1.0, rs.with_rejected(lesson.states[row][None], 0)[0]))
    return said


def test_clicks_overrule_the_corpus_for_their_kind_more_than_for_others(lesson, weights) -> None:
    policy = DeepPolicy(weights)
    for step in steps(lesson):
        policy.learn(step)
    its_kind, another = (policy.expected(lesson.states[row]) for row in (156, 157))
    assert its_kind.argmax() == 9
    assert its_kind[0] < 0.5 < its_kind[9] and another[9] < its_kind[9] and another[2] > its_kind[2]


@pytest.mark.parametrize("name", ["dqn", "linear"])
def test_learnt_in_pieces_or_at_once_it_is_the_same(lesson, weights, name: str) -> None:
    def learnt(pieces: int) -> dict[str, np.ndarray]:
        policy = DeepPolicy(weights) if name == "dqn" else LinearPolicy(512)
        for piece in np.array_split(np.arange(10), pieces):
            for number in piece.tolist():
                policy.learn(steps(lesson)[number])
        return dict(policy.weights())

    one, other = learnt(1), learnt(7)
    assert all((one[key] == other[key]).all() for key in one)


def test_a_learner_without_clicks_makes_no_step() -> None:
    learner = Learner(512, 10, seed=0)
    before = learner.weights()["out.weight"]
    learner.descend()
    assert (learner.weights()["out.weight"] == before).all()
