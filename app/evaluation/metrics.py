"""Metrics as functions of row weights, so that a bootstrap of any of them is a few matrix products.

A `Statistic` takes weights (B, n), B draws over n rows, and gives (B,) values. The plain metric is its
value at weights of one; a bootstrap draw weighs a row by how often its unit was drawn (Efron 1979).
Two systems on the same rows share their draws, which pairs them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.evaluation.report import Interval

Doubles = NDArray[np.float64]
Statistic = Callable[[Doubles], Doubles]

DRAWS: Final = 1000
#: Weights held at once: 80 MB.
_CELLS: Final = 10_000_000
_LOW, _HIGH = 2.5, 97.5


def bootstrap(statistic: Statistic, n: int, *, seed: int, units: Sequence[Any] | None = None,
              base: ArrayLike | None = None, draws: int = DRAWS) -> Interval:
    """The statistic over n rows with its 95 % percentile interval.

    `units` (n,): rows of equal unit are drawn together; each row is a unit where it is None. `base` (n,): weights of
    the rows in the data itself, one where it is None. Not a number where the statistic is undefined on the data.
    """
    base_weights = np.ones(n) if base is None else np.asarray(base, dtype=np.float64)
    _, unit = np.unique(np.arange(n) if units is None else np.asarray(units), return_inverse=True)
    rng = np.random.default_rng(seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(base_weights[None])[0]) if n else float("nan")
        if not np.isfinite(value):
            return Interval(value)
        drawn = np.concatenate([statistic(weights * base_weights) for weights in _weights(rng, unit, draws)])
    low, high = np.nanpercentile(drawn, [_LOW, _HIGH])
    return Interval(value, float(low), float(high))


def difference(one: Statistic, other: Statistic) -> Statistic:
    """One minus the other on the same draws."""
    return lambda weights: one(weights) - other(weights)


def mean(values: ArrayLike) -> Statistic:
    """The weighted mean of (n,) values: an accuracy, where they are 0 and 1."""
    array = np.asarray(values, dtype=np.float64)
    return lambda weights: weights @ array / weights.sum(axis=1)


def precision(truth: ArrayLike, predicted: ArrayLike, label: str) -> Statistic:
    """The share of rows called `label` that are."""
    called, right = np.asarray(predicted) == label, np.asarray(truth) == label
    return lambda weights: weights @ (called & right).astype(float) / (weights @ called.astype(float))


def recall(truth: ArrayLike, predicted: ArrayLike, label: str) -> Statistic:
    """The share of rows of `label` that are called so."""
    return precision(predicted, truth, label)


def macro_f1(truth: ArrayLike, predicted: ArrayLike, labels: Sequence[str]) -> Statistic:
    """The mean of F1 = 2 tp / (rows of the label + rows called so) over the labels that a draw has."""
    true = (np.asarray(truth)[:, None] == np.asarray(labels)).astype(float)  # (n, L)
    called = (np.asarray(predicted)[:, None] == np.asarray(labels)).astype(float)

    def statistic(weights: Doubles) -> Doubles:
        size = weights @ true + weights @ called  # (B, L)
        f1 = np.where(size > 0, 2 * (weights @ (true * called)) / size, 0.0)
        macro: Doubles = f1.sum(axis=1) / (size > 0).sum(axis=1)
        return macro

    return statistic


def calibration_error(confidence: ArrayLike, right: ArrayLike, bins: int = 15) -> Statistic:
    """Expected calibration error over bins of equal mass (fixed on the data): sum of |mean confidence - share right|.

    Drawing anew adds noise to every bin, which its absolute value never cancels: the bootstrap interval lies high.
    """
    sure, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    member = np.zeros((len(sure), bins))
    for number, rows in enumerate(np.array_split(np.argsort(sure, kind="stable"), bins)):
        member[rows, number] = 1
    gap = member * (sure - hit)[:, None]
    return lambda weights: np.abs(weights @ gap).sum(axis=1) / weights.sum(axis=1)


def risk_at_coverage(confidence: ArrayLike, right: ArrayLike, coverage: float = 0.8) -> Statistic:
    """The share wrong among the surest rows that make up `coverage` of the weight."""
    order = np.argsort(-np.asarray(confidence, dtype=np.float64), kind="stable")
    wrong = 1 - np.asarray(right, dtype=np.float64)[order]

    def statistic(weights: Doubles) -> Doubles:
        ranked = weights[:, order]
        kept = coverage * ranked.sum(axis=1, keepdims=True)
        taken = np.clip(kept - (ranked.cumsum(axis=1) - ranked), 0, ranked)
        risk: Doubles = taken @ wrong / taken.sum(axis=1)
        return risk

    return statistic


def _weights(rng: np.random.Generator, unit: NDArray[np.intp], draws: int) -> Iterator[Doubles]:
    """Weights (b, n) in blocks, `draws` rows in all: how often each row's unit was drawn."""
    units = int(unit.max()) + 1
    block = max(1, _CELLS // max(len(unit), 1))
    for start in range(0, draws, block):
        drawn = rng.multinomial(units, np.full(units, 1 / units), size=min(block, draws - start))  # (b, units)
        yield drawn.astype(np.float64)[:, unit]
