"""The simple rivals of ErrorFlowLSTM: one number of the recent past, and how often a failure followed it.

Each statistic is cut into bins of equal size on a training part; a bin's answer is its share of failures within the horizon,
drawn towards the base rate by `PRIOR` cases. The probability is spread evenly over the minutes as a constant hazard.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.forecast import HORIZON

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS: Final = 20
#: Cases of the base rate that every bin is given beforehand: neighbouring minutes are nearly one case.
PRIOR: Final = 30.0
#: Probabilities stay away from certainty by this.
_FLOOR: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Binned:
    """Answers by the bin of a statistic: `edges` (b - 1,) between the bins, `shares` (b,) of failures."""

    edges: Doubles
    shares: Doubles

    @classmethod
    def fit(cls, statistic: Doubles, failed: Flags) -> "Binned":
        """From the statistic (n,) of past moments and whether a failure followed; one bin where the statistic is constant."""
        edges = np.unique(np.quantile(statistic, np.linspace(0, 1, BINS + 1)[1:-1])) if len(statistic) else np.empty(0)
        place = np.searchsorted(edges, statistic, side="left")
        cases = np.bincount(place, minlength=len(edges) + 1)
        found = np.bincount(place, weights=failed.astype(float), minlength=len(edges) + 1)
        base = float(failed.mean()) if len(failed) else 0.0
        return cls(edges, np.clip((found + PRIOR * base) / (cases + PRIOR), _FLOOR, 1 - _FLOOR))

    def hazard(self, statistic: Doubles) -> Doubles:
        """(n, 30) constant hazards that add up to the bin's share."""
        shares = self.shares[np.searchsorted(self.edges, statistic, side="left")]
        return np.repeat((1 - (1 - shares) ** (1 / HORIZON))[:, None], HORIZON, axis=1)


def recent(times: Doubles, at: Doubles, seconds: float) -> Doubles:
    """(n,) how many of the sorted `times` lie in the `seconds` up to each moment."""
    return (np.searchsorted(times, at, side="right") - np.searchsorted(times, at - seconds, side="right")).astype(float)


def since(times: Doubles, at: Doubles) -> Doubles:
    """(n,) seconds since the last of the sorted `times`, a day at most."""
    place = np.searchsorted(times, at, side="right") - 1
    gap = at - times[np.maximum(place, 0)] if len(times) else np.full(len(at), np.inf)
    return np.asarray(np.where(place >= 0, np.minimum(gap, 86_400.0), 86_400.0))
