"""Two accepted shares compared while the answers come in: looking at any time, as often as one likes, is allowed.

Under two versions A and B people accept with shares a and b. For every difference d = b - a

    E(d) = mixture likelihood of both (Beta(1/2, 1/2) on each share) / max over a of the likelihood of (a, a + d)

is at most a martingale that starts at 1 where d is the truth: the mixture over any fixed (a, a + d) is one (Robbins 1970), and
the maximum only makes it smaller (Wasserman, Ramdas, Balakrishnan 2020, "Universal inference", section 7). By Ville's
inequality E(d) ever reaches 1 / LEVEL with a probability of at most LEVEL. The d that have not been reached are a confidence
sequence: an interval that holds the truth at all times together with 95 %. Nothing is asymptotic.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

LEVEL: Final = 0.05
#: Answers of each version below which nothing is stopped, and of both together after which it is stopped anyway.
LEAST: Final = 20
MOST: Final = 4_000
#: A share that a new version may be worse by and still count as as good.
MARGIN: Final = 0.05
#: Differences that are tried: the interval's ends are exact to half a point.
_GRID: Final = np.round(np.arange(-0.995, 1.0, 0.005), 3)
_STEPS: Final = 50

Verdict = Literal["better", "worse", "as good", "open", "undecided"]


@dataclass(frozen=True, slots=True)
class Arm:
    """Answers to one version's readings: `accepted` of `n`."""

    accepted: int
    n: int

    @property
    def share(self) -> float:
        return self.accepted / self.n if self.n else float("nan")


@dataclass(frozen=True, slots=True)
class Standing:
    """The interval (shares, in [-1, 1]) of b - a, valid at any time, and what follows; `reason` is one sentence."""

    a: Arm
    b: Arm
    low: float
    high: float
    verdict: Verdict
    reason: str


def standing(a: Arm, b: Arm) -> Standing:
    """Where the comparison stands. "open": go on; every other verdict stops it ("undecided": it took too long)."""
    low, high = interval(a, b)
    verdict: Verdict
    if min(a.n, b.n) < LEAST:
        verdict, reason = "open", f"under {LEAST} answers to a version nothing is stopped"
    elif low > 0:
        verdict, reason = "better", "the new version is accepted more often"
    elif high < 0:
        verdict, reason = "worse", "the new version is accepted less often: stop it"
    elif low > -MARGIN:
        verdict, reason = "as good", f"the new version is not worse by {100 * MARGIN:.0f} points or more"
    elif a.n + b.n >= MOST:
        verdict, reason = "undecided", f"{MOST} answers did not tell the two apart: the current version stays"
    else:
        verdict, reason = "open", "the interval still holds 0: go on"
    return Standing(a, b, low, high, verdict, reason)


def interval(a: Arm, b: Arm) -> tuple[float, float]:
    """(low, high) of b - a in [-1, 1]. ValueError: more accepted than answered."""
    for arm in (a, b):
        if not 0 <= arm.accepted <= arm.n:
            raise ValueError(f"{arm.accepted} accepted of {arm.n} answers")
    inside = _GRID[_log_mixture(a) + _log_mixture(b) - _log_best(a, b, _GRID) < np.log(1 / LEVEL)]
    if not len(inside):  # cannot happen with the truth on the grid; then the point is all that is left
        return b.share - a.share, b.share - a.share
    half = float(_GRID[1] - _GRID[0])
    return max(float(inside[0]) - half, -1.0), min(float(inside[-1]) + half, 1.0)


def evidence(a: Arm, b: Arm) -> float:
    """E(0), against "both are accepted alike": at or above 1 / LEVEL they differ."""
    log = _log_mixture(a) + _log_mixture(b) - float(_log_best(a, b, np.zeros(1))[0])
    return float(np.exp(min(log, 700.0)))


def _log_mixture(arm: Arm) -> float:
    from scipy.special import betaln

    return float(betaln(arm.accepted + 0.5, arm.n - arm.accepted + 0.5) - betaln(0.5, 0.5))


def _log_best(a: Arm, b: Arm, differences: Doubles) -> Doubles:
    """(k,) the largest log-likelihood with b's share above a's by each difference: concave in a, so its slope is halved in."""
    low, high = np.maximum(0.0, -differences), np.minimum(1.0, 1.0 - differences)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        rising = _slope(a, middle) + _slope(b, middle + differences) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    share = (low + high) / 2
    return _log_likelihood(a, share) + _log_likelihood(b, share + differences)


def _slope(arm: Arm, share: Doubles) -> Doubles:
    inside = np.clip(share, 1e-12, 1 - 1e-12)
    slope: Doubles = arm.accepted / inside - (arm.n - arm.accepted) / (1 - inside)
    return slope


def _log_likelihood(arm: Arm, share: Doubles) -> Doubles:
    inside = np.clip(share, 1e-12, 1 - 1e-12)
    return np.asarray(arm.accepted * np.log(inside) + (arm.n - arm.accepted) * np.log1p(-inside), dtype=np.float64)
