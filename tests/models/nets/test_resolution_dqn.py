"""ResolutionDQN: shapes, torch and numpy alike, double Q-learning's target by hand, masks, and the same seed the same net."""

import numpy as np
import torch

from models.analyse.resolution_scorer import q_values
from models.learn.replay import Batch
from models.nets.resolution_dqn import GAMMA, DoubleDQN, ResolutionDQN


def batch(n: int = 6, inputs: int = 512, actions: int = 10, *, done: bool = False) -> Batch:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((2, n, inputs)).astype(np.float32)
    barred = np.zeros((n, actions), dtype=bool)
    action = rng.integers(actions, size=n)
    barred[np.arange(n), action] = True
    return Batch(rows[0], action, np.full(n, -1.0, dtype=np.float32), rows[1], barred, np.full(n, done))


def test_shapes_and_the_numpy_twin() -> None:
    net = ResolutionDQN()
    shapes = [tuple(layer.weight.shape) for layer in (net.fc1, net.fc2, net.out)]
    assert shapes == [(256, 512), (128, 256), (10, 128)]
    states = batch().states
    with torch.no_grad():
        assert np.allclose(net(torch.from_numpy(states)).numpy(), q_values(net.weights(), states), atol=1e-5)


def test_the_online_net_chooses_and_the_target_net_values_what_is_not_barred() -> None:
    dqn, rows = DoubleDQN(512, 10, seed=0), batch()
    with torch.no_grad():
        dqn.target.out.bias += torch.arange(10.0)  # the two nets disagree
        online, target = (net(torch.from_numpy(rows.after)).numpy() for net in (dqn.online, dqn.target))
    chosen = np.where(rows.barred, -np.inf, online).argmax(axis=1)
    expected = rows.rewards + GAMMA * target[np.arange(len(chosen)), chosen]
    assert np.allclose(dqn.targets(rows).numpy(), expected, atol=1e-5)
    assert not (chosen == rows.actions).any()


def test_an_accepted_action_ends_the_episode_and_so_does_having_nothing_left() -> None:
    dqn = DoubleDQN(512, 10, seed=0)
    assert np.allclose(dqn.targets(batch(done=True)).numpy(), -1.0)
    rows = batch()
    rows.barred[:] = True
    assert np.allclose(dqn.targets(rows).numpy(), -1.0)


def test_a_step_moves_the_online_net_and_the_target_a_little_without_a_gradient() -> None:
    dqn, rows = DoubleDQN(512, 10, seed=0), batch()
    before = dqn.target.out.weight.clone()
    first = dqn.step(rows)
    assert all(part.grad is None for part in dqn.target.parameters())
    moved, gap = (dqn.target.out.weight - before).abs().sum(), (dqn.online.out.weight - before).abs().sum()
    assert 0 < moved < gap
    assert min(dqn.step(rows) for _ in range(60)) < first


def test_the_same_seed_gives_the_same_net() -> None:
    def trained(seed: int) -> np.ndarray:
        dqn = DoubleDQN(512, 10, seed=seed)
        for _ in range(3):
            dqn.step(batch())
        return dqn.online.weights()["out.weight"]

    assert (trained(4) == trained(4)).all()
    assert (trained(4) != trained(5)).any()
