"""Off-policy estimators: unbiased where they should be, and intervals that hold the truth as often as they say."""

import numpy as np
import pytest

from models.learn import off_policy
from models.learn.off_policy import Logged

A = 10


def world(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Contexts' kinds (n,), chance of reward (n, A) and a log policy: mostly the kind's usual action, 0.2 uniform."""
    kind = rng.integers(5, size=n)
    chance = np.full((n, A), 0.2)
    chance[np.arange(n), kind] = 0.7
    chance[np.arange(n), kind + 5] = 0.6
    shown = np.full((n, A), 0.02)
    shown[np.arange(n), kind] += 0.8
    return kind, chance, shown


def log(n: int, rng: np.random.Generator) -> tuple[Logged, np.ndarray, np.ndarray]:
    kind, chance, shown = world(n, rng)
    action = (shown.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    reward = (rng.random(n) < chance[np.arange(n), action]).astype(float)
    other = np.where(kind < 3, kind, kind + 5)  # another action in two kinds of five
    return Logged(action, reward, shown[np.arange(n), action], 0.02), np.eye(A)[other], chance


TRUTH = 0.6 * 0.7 + 0.4 * 0.6


@pytest.mark.parametrize("n", [100, 400])
def test_the_intervals_hold_the_truth_in_at_least_93_of_100_replays(n: int) -> None:
    rng = np.random.default_rng(0)
    held = {"ips": 0, "snips": 0, "doubly_robust": 0}
    for _ in range(200):
        logged, policy, chance = log(n, rng)
        wrong = np.full_like(chance, 0.4)  # a model that knows nothing
        for name, estimate in (
            ("ips", off_policy.ips(logged, policy)), ("snips", off_policy.snips(logged, policy)),
            ("doubly_robust", off_policy.doubly_robust(logged, policy, wrong)),
        ):  # fmt: skip
            assert 0 <= estimate.low <= estimate.high <= 1
            held[name] += estimate.low <= TRUTH <= estimate.high
    assert min(held.values()) >= 0.93 * 200, held


def test_the_mean_over_replays_is_the_truth_and_a_right_model_narrows_it() -> None:
    rng = np.random.default_rng(1)
    values, widths = [], []
    for _ in range(200):
        logged, policy, chance = log(300, rng)
        estimates = off_policy.ips(logged, policy), off_policy.doubly_robust(logged, policy, chance)
        values.append([one.value for one in estimates])
        widths.append(np.std([one.value for one in estimates]))
    assert np.mean(values, axis=0) == pytest.approx([TRUTH, TRUTH], abs=0.02)
    assert np.std(values, axis=0)[1] < np.std(values, axis=0)[0]


def test_the_policy_that_ran_earns_what_it_earned_and_gains_nothing() -> None:
    rng = np.random.default_rng(2)
    logged, _, chance = log(500, rng)
    shown = world(500, np.random.default_rng(2))[2]
    own = off_policy.gain(logged, shown, chance)
    assert own.low < 0 < own.high
    certain = Logged(logged.actions, logged.rewards, np.ones(500))
    same = np.eye(A)[logged.actions]
    for estimate in (
        off_policy.ips(certain, same),
        off_policy.snips(certain, same),
        off_policy.doubly_robust(certain, same, chance),
    ):
        assert estimate.value == pytest.approx(logged.rewards.mean())
        assert estimate.effective == pytest.approx(500)


def test_few_clicks_say_nothing_and_what_could_not_be_shown_is_counted() -> None:
    logged, policy, _ = log(5, np.random.default_rng(0))
    assert (off_policy.ips(logged, policy).low, off_policy.ips(logged, policy).high) == (0.0, 1.0)
    assert off_policy.support(np.eye(3), np.array([[1, 0, 0], [1, 0, 0], [0, 0.5, 0.5]])) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="propensity"):
        Logged(np.array([1]), np.array([1.0]), np.array([0.0]))
