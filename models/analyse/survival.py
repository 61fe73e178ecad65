"""From hazards to probabilities, times and intervals, and their calibration on forecasts whose outcome is known.

Hazards are calibrated by slope and intercept on their logits (Platt 1999), fitted by likelihood. The interval of the time is
conformal (after Romano et al. 2019, for one distribution instead of two quantiles): its ends are those quantiles of the
forecast distribution that 90 % of the known outcomes lay between.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Share of the outcomes that an interval is to cover.
COVERED: Final = 0.9
#: What a slope may be: 0 says nothing.
_SLOPES: Final = (0.0, 5.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`slope` and `intercept` on hazard logits; `levels` the quantiles of the forecast time that are its low end, median and
    high end; `skill` the lower 95 % bound of the Brier skill over the base rate: 0 or less means that nothing can be told."""

    slope: float = 1.0
    intercept: float = 0.0
    levels: tuple[float, float, float] = (0.05, 0.5, 0.95)
    skill: float = 1.0


def hazards(logits: Doubles, calibration: Calibration) -> Doubles:
    """(..., H) calibrated hazards, in (0, 1), of (..., H) logits."""
    return np.asarray(1 / (1 + np.exp(-(calibration.slope * logits + calibration.intercept))))


def cumulative(hazard: Doubles) -> Doubles:
    """(..., H) the probability of a failure by the end of each minute."""
    return np.asarray(1 - np.cumprod(1 - hazard, axis=-1))


def quantiles(hazard: Doubles, levels: tuple[float, ...]) -> Doubles:
    """(n, levels) minutes at which the forecast distribution, given a failure within the horizon, reaches each level."""
    course = cumulative(np.atleast_2d(hazard))
    given = np.hstack([np.zeros((len(course), 1)), course / np.maximum(course[:, -1:], 1e-12)])
    minutes = np.arange(given.shape[1], dtype=np.float64)
    return np.array([np.interp(levels, row, minutes) for row in given])


def places(hazard: Doubles, time: Doubles) -> Doubles:
    """(n,) in [0, 1]: where the known times (n,) in minutes lie in the forecast distributions (n, H)."""
    course = cumulative(hazard)
    given = np.hstack([np.zeros((len(course), 1)), course / np.maximum(course[:, -1:], 1e-12)])
    minutes = np.arange(given.shape[1])
    return np.array([np.interp(each, minutes, row) for each, row in zip(time, given, strict=True)])


def levels_of(hazard: Doubles, time: Doubles) -> tuple[float, float, float]:
    """The quantile levels between which `COVERED` of the known times lay (with the finite-sample correction), and the median."""
    if len(time) < 20:
        return (0.05, 0.5, 0.95)
    found = np.sort(places(hazard, time))
    n, tail = len(found), (1 - COVERED) / 2
    low = found[max(int(np.floor(tail * (n + 1))) - 1, 0)]
    high = found[min(int(np.ceil((1 - tail) * (n + 1))) - 1, n - 1)]
    return float(low), float(np.median(found)), float(high)


def fit(logits: Doubles, minute: Ints, observed: Ints) -> tuple[float, float]:
    """Slope (0 or more) and intercept of largest survival likelihood.

    `logits` (n, H); `minute` (n,) of the failure, H for none; `observed` (n,) minutes known, a failure's own included.
    """
    from scipy.optimize import minimize

    place = np.arange(logits.shape[1])
    known = (place < observed[:, None]).ravel()
    x, y = logits.ravel()[known], (place == minute[:, None]).ravel()[known].astype(float)
    centre = float(x.mean())

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        z = weights[0] * (x - centre) + weights[1]
        error = 1 / (1 + np.exp(-z)) - y
        value = np.logaddexp(0, z).mean() - (y * z).mean()
        return float(value), np.array([(error * (x - centre)).mean(), error.mean()])

    start = np.array([1.0, centre])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[_SLOPES, (-20.0, 20.0)]).x
    return float(found[0]), float(found[1] - found[0] * centre)


def brier_skill(probability: Doubles, happened: NDArray[np.bool_], base: float | None = None) -> float:
    """1 - Brier score / that of always saying `base` (where it is None the share that happened); 0 = nothing told, 1 = all."""
    base = float(happened.mean()) if base is None else base
    reference = float(((base - happened) ** 2).mean())
    return 1 - float(((probability - happened) ** 2).mean()) / reference if reference else 0.0


def skill_bound(
    probability: Doubles, happened: NDArray[np.bool_], unit: Ints, *, seed: int = 0, draws: int = 200
) -> float:
    """Lower end of the 95 % interval of the Brier skill, drawn over units (streams, days); -1 where nothing ever happened."""
    if not happened.any():
        return -1.0
    rng = np.random.default_rng(seed)
    _, number = np.unique(unit, return_inverse=True)
    size = int(number.max()) + 1
    base = happened.mean()
    ours = np.bincount(number, (probability - happened) ** 2, size)
    theirs = np.bincount(number, (base - happened) ** 2, size)
    drawn = rng.multinomial(size, np.full(size, 1 / size), draws)
    return float(np.percentile(1 - (drawn @ ours) / np.maximum(drawn @ theirs, 1e-12), 2.5))
