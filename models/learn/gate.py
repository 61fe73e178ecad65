"""The gate: may a candidate take over from the version that answers now?

Both read the same texts, so the test is paired. With b texts that only the current version reads right and c that only the
candidate does, the exact test of McNemar (1947) asks whether b and c differ by more than chance; the interval of the gain
(c - b) / n is the percentile bootstrap over texts (Efron 1979). A candidate passes where it gains beyond chance on one part and
loses beyond chance on none. A loss that the data cannot rule out counts as one as soon as it could exceed MARGIN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

#: Texts below which a part decides nothing: the frozen holdout, and the audit sample of one store.
LEAST_HOLDOUT: Final = 200
LEAST_AUDIT: Final = 50
#: Level of the tests, and the loss (a share) that the interval has to rule out.
LEVEL: Final = 0.05
MARGIN: Final = 0.03
#: Resamples of the bootstrap.
RESAMPLES: Final = 4_000

#: better: gains beyond chance, may take over. no loss: nothing beyond chance, only an A/B test can tell. worse: stays out.
Verdict = Literal["better", "no loss", "worse", "too few"]


@dataclass(frozen=True, slots=True)
class Compared:
    """`n` texts read by both. Shares right in [0, 1]; `gain` = candidate - current with its 95 % interval; `p` in (0, 1]."""

    part: str
    n: int
    current: float
    candidate: float
    gain: float
    low: float
    high: float
    only_current: int
    only_candidate: int
    p: float

    @property
    def gains(self) -> bool:
        """Beyond chance."""
        return self.p < LEVEL and self.gain > 0

    @property
    def loses(self) -> bool:
        """Beyond chance, or possibly by more than MARGIN."""
        return self.gain < 0 and (self.p < LEVEL or self.low < -MARGIN)


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict with its reasons, one sentence each."""

    verdict: Verdict
    reasons: tuple[str, ...]
    compared: tuple[Compared, ...]


def compare(part: str, current: Sequence[bool], candidate: Sequence[bool], seed: int = 0) -> Compared:
    """Both (n,): whether each text was read right. ValueError: of different texts."""
    one, other = np.asarray(current, dtype=bool), np.asarray(candidate, dtype=bool)
    if one.shape != other.shape:
        raise ValueError(f"{len(one)} and {len(other)} answers are not of the same texts")
    n = len(one)
    lost, won = int((one & ~other).sum()), int((other & ~one).sum())
    low, high = _interval(n, lost, won, seed)
    shares = (float(one.mean()), float(other.mean())) if n else (0.0, 0.0)
    return Compared(part, n, *shares, (won - lost) / n if n else 0.0, low, high, lost, won, mcnemar(lost, won))


def mcnemar(only_one: int, only_other: int) -> float:
    """Exact two-sided p of as unequal a split of the texts that only one of two reads right."""
    from scipy.stats import binomtest

    total = only_one + only_other
    return float(binomtest(only_one, total, 0.5).pvalue) if total else 1.0


def decide(holdout: Compared, audit: Compared | None = None) -> Decision:
    """The verdict on a candidate; `audit` is None where no text of the audit sample was labelled."""
    if holdout.n < LEAST_HOLDOUT:
        reason = f"the holdout has {holdout.n} texts; under {LEAST_HOLDOUT} it decides nothing, so the current version stays"
        return Decision("too few", (reason,), (holdout,))
    reasons, used = [_said(holdout)], [holdout]
    if audit is None or audit.n < LEAST_AUDIT:
        count = audit.n if audit else 0
        reasons.append(f"the audit sample has {count} labelled texts; it has a say from {LEAST_AUDIT} on")
    else:
        reasons.append(_said(audit))
        used.append(audit)
    if any(part.loses for part in used):
        return Decision("worse", (*reasons, "a possible loss is never promoted"), tuple(used))
    if any(part.gains for part in used):
        return Decision("better", (*reasons, "a gain beyond chance and no loss: it may take over"), tuple(used))
    return Decision("no loss", (*reasons, "no gain beyond chance: only an A/B test can say more"), tuple(used))


def _interval(n: int, lost: int, won: int, seed: int) -> tuple[float, float]:
    """Of (won - lost) / n. A resample of the texts is a draw of the three counts."""
    if not n:
        return 0.0, 0.0
    draws: NDArray[np.int64] = np.random.default_rng(seed).multinomial(n, [lost / n, won / n, (n - lost - won) / n], RESAMPLES)
    low, high = np.percentile((draws[:, 1] - draws[:, 0]) / n, [2.5, 97.5])
    return float(low), float(high)


def _said(part: Compared) -> str:
    move = "gains" if part.gain >= 0 else "loses"
    chance = "beyond chance" if part.p < LEVEL else "within chance"
    if part.loses and part.p >= LEVEL:
        chance += f", but it could be more than {100 * MARGIN:.0f} points"
    return (
        f"on the {part.part} ({part.n} texts) the candidate {move} {abs(100 * part.gain):.1f} points "
        f"[{100 * part.low:+.1f}, {100 * part.high:+.1f}]: {100 * part.current:.1f} % right became "
        f"{100 * part.candidate:.1f} %, {chance} (p = {part.p:.3g})"
    )
