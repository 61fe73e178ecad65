"""The sequential test: looking after every answer keeps its error rate, and a real difference is found."""

import numpy as np
import pytest

from models.learn.sequential import LEAST, LEVEL, MOST, Arm, evidence, interval, standing


def run(seed: int, a: float, b: float, answers: int, every: int = 10) -> tuple[bool, bool]:
    """Looks every few answers: whether it ever said that the two differ, and whether the truth was ever outside."""
    rng = np.random.default_rng(seed)
    arm = rng.random(answers) < 0.5
    accepted = rng.random(answers) < np.where(arm, b, a)
    differed = outside = False
    for seen in range(every, answers + 1, every):
        one = Arm(int(accepted[:seen][~arm[:seen]].sum()), int((~arm[:seen]).sum()))
        other = Arm(int(accepted[:seen][arm[:seen]].sum()), int(arm[:seen].sum()))
        differed = differed or evidence(one, other) >= 1 / LEVEL
        if seen % 200 == 0:
            low, high = interval(one, other)
            outside = outside or not low <= b - a <= high
    return differed, outside


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_peeking_keeps_the_rate_of_false_alarms(share: float) -> None:
    runs = [run(seed, share, share, 400) for seed in range(80)]
    assert sum(differed for differed, _ in runs) / 80 <= LEVEL
    assert sum(outside for _, outside in runs) / 80 <= LEVEL


def test_a_fixed_test_that_is_peeked_at_would_not() -> None:
    """The same peeking with the textbook z test: what the sequence protects from."""
    alarms = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        one, other = (rng.random(200) < 0.5).cumsum(), (rng.random(200) < 0.5).cumsum()
        n = np.arange(1, 201)
        spread = np.sqrt((one + other) / (2 * n) * (1 - (one + other) / (2 * n)) * 2 / n)
        alarms += bool((np.abs(one - other)[19::5] / n[19::5] > 1.96 * spread[19::5]).any())
    assert alarms / 150 > 2 * LEVEL


def test_a_real_difference_is_found_and_ends_it() -> None:
    assert sum(run(seed, 0.5, 0.8, 400)[0] for seed in range(30)) >= 27
    assert standing(Arm(100, 200), Arm(160, 200)).verdict == "better"
    assert standing(Arm(160, 200), Arm(100, 200)).verdict == "worse"


def test_stop_rules() -> None:
    assert standing(Arm(0, LEAST - 1), Arm(LEAST, LEAST)).verdict == "open"
    assert standing(Arm(1800, 2000), Arm(1800, 2000)).verdict == "as good"
    assert standing(Arm(MOST // 4, MOST // 2), Arm(MOST // 4, MOST // 2)).verdict == "undecided"
    assert interval(Arm(0, 0), Arm(0, 0)) == (-1.0, 1.0)
    with pytest.raises(ValueError, match="accepted of"):
        interval(Arm(2, 1), Arm(0, 0))
