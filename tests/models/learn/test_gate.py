"""The gate: promotes a real gain, keeps out a loss, and is not fooled by noise or few texts."""

import numpy as np
import pytest

from models.learn.gate import LEAST_AUDIT, LEAST_HOLDOUT, compare, decide, mcnemar


def answers(n: int, *, both: int, lost: int, won: int) -> tuple[list[bool], list[bool]]:
    """Of n texts: read right by both, by the current version only, by the candidate only."""
    current = [True] * (both + lost) + [False] * (n - both - lost)
    candidate = [True] * both + [False] * lost + [True] * won + [False] * (n - both - lost - won)
    return current, candidate


def test_mcnemar_is_the_exact_one() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 2**6)


def test_a_gain_beyond_chance_may_take_over_and_its_mirror_may_not() -> None:
    better = compare("holdout", *answers(600, both=300, lost=10, won=40))
    assert (better.only_current, better.only_candidate, better.gain) == (10, 40, pytest.approx(0.05))
    assert better.low < 0.05 < better.high and better.low > 0
    assert decide(better).verdict == "better"
    worse = compare("holdout", *answers(600, both=300, lost=40, won=10))
    decision = decide(worse)
    assert decision.verdict == "worse" and "never promoted" in decision.reasons[-1]


def test_a_loss_within_chance_that_could_be_large_stays_out() -> None:
    assert decide(compare("holdout", *answers(220, both=100, lost=30, won=26))).verdict == "worse"
    assert decide(compare("holdout", *answers(2000, both=1000, lost=20, won=18))).verdict == "no loss"


def test_the_audit_sample_can_decide_but_never_hide_a_loss_on_the_holdout() -> None:
    same = compare("holdout", *answers(600, both=300, lost=0, won=0))
    audit = compare("audit sample", *answers(LEAST_AUDIT + 30, both=40, lost=1, won=20))
    assert decide(same, audit).verdict == "better"
    assert decide(compare("holdout", *answers(600, both=300, lost=40, won=10)), audit).verdict == "worse"
    assert decide(same, compare("audit sample", *answers(LEAST_AUDIT - 1, both=5, lost=0, won=40))).verdict == "no loss"


def test_few_texts_decide_nothing() -> None:
    assert decide(compare("holdout", *answers(LEAST_HOLDOUT - 1, both=50, lost=0, won=90))).verdict == "too few"
    with pytest.raises(ValueError, match="not of the same texts"):
        compare("holdout", [True], [True, False])


def test_two_equal_versions_rarely_pass() -> None:
    rng = np.random.default_rng(0)
    passed = sum(
        decide(compare("holdout", rng.random(400) < 0.5, rng.random(400) < 0.5)).verdict == "better" for _ in range(300)
    )
    assert passed / 300 < 0.05
