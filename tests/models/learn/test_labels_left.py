"""Labels left: the interval holds the truth of a known curve, and where nothing can be said it says so."""

import numpy as np

from models.learn.labels_left import LEAST, labels_left

SIZES = np.array([50, 100, 150, 200])


def hits(seed: int, floor: float = 0.05, scale: float = 1.5, n: int = 200) -> np.ndarray:
    """Items with a threshold each: right where the curve is above it, so that the sizes are paired as in life."""
    rng = np.random.default_rng(seed)
    hard = rng.random(n)
    accuracy = 1 - floor - scale * SIZES**-0.5
    return (hard[None] < accuracy[:, None]).astype(float)


def test_the_interval_mostly_holds_the_true_number() -> None:
    target = 0.88
    true = (1.5 / (1 - target - 0.05)) ** 2 - 200
    held = 0
    for seed in range(20):
        found = labels_left(SIZES, hits(seed), target=target, seed=0)
        assert found.left is None or found.left >= 0
        high = np.inf if found.high is None else found.high
        held += found.low is not None and found.low <= true <= high
    assert held >= 15


def test_reached_too_few_and_out_of_reach_are_told_apart() -> None:
    assert labels_left(SIZES, hits(0), target=0.5, seed=0).left == 0
    few = labels_left(SIZES, hits(0)[:, : LEAST - 1], target=0.95, seed=0)
    assert few.left is None and "too few" in few.why
    flat = labels_left(SIZES, np.tile((np.arange(200) < 140).astype(float), (4, 1)), target=0.95, seed=0)
    assert flat.left is None and "labels alone" in flat.why


def test_the_same_seed_gives_the_same_answer() -> None:
    assert labels_left(SIZES, hits(1), target=0.88, seed=4) == labels_left(SIZES, hits(1), target=0.88, seed=4)
