"""What another policy would have earned, estimated from the clicks of the one that ran, with 95 % intervals.

Rows are n clicks: the action that was shown, the probability with which it was (its propensity), and the answer, 1 or 0.

- IPS (Horvitz and Thompson 1952): mean of w r, where w = probability under the other policy / propensity. Unbiased where
  every action that the other policy may show could have been shown.
- SNIPS (Swaminathan and Joachims 2015): sum of w r / sum of w. A little bias for much less variance.
- DR, doubly robust (Dudik, Langford, Li 2011): a model q(x, a) of the reward, mended by IPS on its errors. Unbiased if
  either the propensities or the model are right; q must not have seen the click that it judges.

Intervals are Student's, on the rows' influence values, widened by a pseudo-row of the heaviest weight that a click could
have had, a whole reward off. With few clicks of large weight the plain interval misses the truth far more often
than it says, as the sample holds none of the rare heavy rows; the pseudo-row stands for them, and the more clicks there
are the less it weighs. tests/models/learn/test_off_policy.py holds the coverage.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
FEWEST: Final = 10


@dataclass(frozen=True, slots=True)
class Logged:
    """n clicks. `actions` (n,), `rewards` (n,) in [0, 1], `propensities` (n,) in (0, 1] of those actions.

    `smallest`: the smallest propensity that an action could have had; of those that were shown where it is None.
    """

    actions: NDArray[np.int64]
    rewards: Doubles
    propensities: Doubles
    smallest: float | None = None

    def __post_init__(self) -> None:
        if not len(self.actions) == len(self.rewards) == len(self.propensities):
            raise ValueError("actions, rewards and propensities are of different length")
        if len(self.actions) and not ((self.propensities > 0) & (self.propensities <= 1)).all():
            raise ValueError("a propensity lies in (0, 1]")


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean reward in [0, 1] with its 95 % interval; `effective`: how many clicks of weight 1 the rows are worth."""

    value: float
    low: float
    high: float
    effective: float

    @property
    def width(self) -> float:
        return self.high - self.low


def ips(logged: Logged, policy: Doubles) -> Estimate:
    """`policy` (n, A): the probabilities of the policy in question in the contexts of the clicks; rows sum to 1."""
    weight = weights(logged, policy)
    return _estimate(weight * logged.rewards, weight, _heaviest(logged, policy))


def snips(logged: Logged, policy: Doubles) -> Estimate:
    weight = weights(logged, policy)
    total = float(weight.sum())
    if total == 0:
        return Estimate(float("nan"), 0.0, 1.0, 0.0)
    value = float(weight @ logged.rewards) / total
    influence = value + weight / weight.mean() * (logged.rewards - value)  # of the ratio, by the delta method
    return _estimate(influence, weight, _heaviest(logged, policy) / float(weight.mean()))


def doubly_robust(logged: Logged, policy: Doubles, model: Doubles) -> Estimate:
    """`model` (n, A): the expected reward of every action, in [0, 1], by something that did not see the row's click."""
    weight = weights(logged, policy)
    rows = np.arange(len(weight))
    values = (policy * model).sum(axis=1) + weight * (logged.rewards - model[rows, logged.actions])
    return _estimate(values, weight, _heaviest(logged, policy))


def gain(logged: Logged, policy: Doubles, model: Doubles) -> Estimate:
    """Doubly robust, of the policy's mean reward less that of the policy that ran; paired, in [-1, 1]."""
    weight = weights(logged, policy)
    rows = np.arange(len(weight))
    values = (policy * model).sum(axis=1) + weight * (logged.rewards - model[rows, logged.actions]) - logged.rewards
    return _estimate(values, weight, _heaviest(logged, policy), (-1.0, 1.0))


def weights(logged: Logged, policy: Doubles) -> Doubles:
    """(n,) importance weights of the actions that were shown."""
    chosen: Doubles = policy[np.arange(len(policy)), logged.actions] / logged.propensities
    return chosen


def _heaviest(logged: Logged, policy: Doubles) -> float:
    """The largest weight that one of these clicks can have had."""
    seen = float(weights(logged, policy).max(initial=0))
    return seen if logged.smallest is None else max(seen, float(policy.max(initial=0)) / logged.smallest)


def support(policy: Doubles, shown: Doubles) -> float:
    """Share of the policy's choices that could have been shown at all; below 1 IPS leaves something out. Both (n, A)."""
    return float((policy * (shown > 0)).sum(axis=1).mean()) if len(policy) else 0.0


def _estimate(values: Doubles, weight: Doubles, heaviest: float, bounds: tuple[float, float] = (0.0, 1.0)) -> Estimate:
    """The mean of influence values (n,), and its interval, cut to the `bounds` of a mean reward."""
    from scipy.stats import t as student

    n = len(values)
    if n < FEWEST:
        return Estimate(float(values.mean()) if n else float("nan"), *bounds, 0.0)
    squares = float(((values - values.mean()) ** 2).sum()) + heaviest**2
    half = float(student.ppf(0.975, n - 1)) * float(np.sqrt(squares / (n - 1) / n))
    total = float((weight**2).sum())
    effective = float(weight.sum() ** 2 / total) if total else 0.0
    mean = float(values.mean())
    return Estimate(mean, max(bounds[0], mean - half), min(bounds[1], mean + half), effective)
