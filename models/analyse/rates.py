"""Is a known error suddenly frequent, or silent? And did something follow that never followed before?

Counts by hour in, a `Shift` out: the last window against the error's own history, by a Poisson test where the history is
as even as chance, else a negative binomial one with its spread (errors come in bursts; Poisson would cry at each).
Transitions in, a surprise out: the share of what followed that was known (Witten and Bell 1991 estimate the rest).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Hours of history below which nothing is said.
ENOUGH_HOURS: Final = 6
#: Chance of one false alarm in a look at everything.
ALPHA: Final = 0.01
#: Fewer transitions from an error say little about what follows it.
ENOUGH_TRANSITIONS: Final = 10


@dataclass(frozen=True, slots=True)
class Shift:
    """`expected` events a window, `ratio` = seen / expected, `p` in [0, 1]: how likely a window is as extreme by chance."""

    seen: int
    expected: float
    ratio: float
    p: float
    more: bool

    @property
    def reason(self) -> str:
        if self.more:
            return f"{self.ratio:.1f} times the usual rate: {self.seen} in the last hour, {self.expected:.1f} expected"
        return f"silent: {self.seen} in the last hour, {self.expected:.1f} expected"


def shift(history: Sequence[int], seen: int) -> Shift | None:
    """`history`: counts of the hours before, zeros included; None where it is too short to say anything."""
    if len(history) < ENOUGH_HOURS:
        return None
    n = len(history)
    mean = (sum(history) + 0.5) / (n + 1)  # half an event: a history of zeros is no proof of impossibility
    variance = sum((count - mean) ** 2 for count in history) / max(n - 1, 1)
    more = seen > mean
    return Shift(seen, mean, seen / mean, min(1.0, _tail(seen, mean, variance, more=more)), more)


def surprise(times: int, kinds: int) -> float:
    """In [0, 1): how sure one could be that something known would follow, after `times` transitions of `kinds` kinds."""
    return times / (times + kinds) if times else 0.0


def _tail(seen: int, mean: float, variance: float, *, more: bool) -> float:
    """P(X >= seen) where there were more than usual, else P(X <= seen)."""
    from scipy.special import betainc, gammainc, gammaincc

    if variance > mean:
        size = mean * mean / (variance - mean)
        chance = size / (size + mean)
        if more:
            return float(betainc(seen, size, 1 - chance)) if seen else 1.0
        return float(betainc(size, seen + 1, chance))
    if more:
        return float(gammainc(seen, mean)) if seen else 1.0
    return float(gammaincc(seen + 1, mean))
