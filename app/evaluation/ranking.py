"""Metrics of scores under row weights: AUROC and average precision with ties, F1 of a fixed call.

Each takes (n,) scores or calls once and gives a `Statistic`: weights (B, n) in, (B,) values out.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.evaluation.metrics import Doubles, Statistic


def f1(truth: ArrayLike, called: ArrayLike) -> Statistic:
    """2 tp / (positives + calls); 0 where nothing is called, not a number where there is neither."""
    true, call = np.asarray(truth, dtype=bool), np.asarray(called, dtype=bool)
    return lambda weights: 2 * (weights @ (true & call)) / (weights @ true + weights @ call)


def auroc(truth: ArrayLike, scores: ArrayLike) -> Statistic:
    """The chance that a positive scores above a negative, ties half."""
    order, ends, true = _ranked(truth, scores)

    def statistic(weights: Doubles) -> Doubles:
        hits, misses = _steps(weights[:, order], true, ends)
        above = hits.cumsum(axis=1) - 0.5 * hits
        area: Doubles = (above * misses).sum(axis=1) / (hits.sum(axis=1) * misses.sum(axis=1))
        return area

    return statistic


def auprc(truth: ArrayLike, scores: ArrayLike) -> Statistic:
    """Average precision: the mean, over positives, of the precision at their score; equal scores are one step."""
    order, ends, true = _ranked(truth, scores)

    def statistic(weights: Doubles) -> Doubles:
        hits, misses = _steps(weights[:, order], true, ends)
        found = hits.cumsum(axis=1)
        precision = found / np.maximum(found + misses.cumsum(axis=1), 1e-12)
        average: Doubles = (precision * hits).sum(axis=1) / hits.sum(axis=1)
        return average

    return statistic


def _ranked(truth: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Order by falling score, the first place of each distinct score in it, truth in it."""
    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) != 0])
    return order, starts, np.asarray(truth, dtype=bool)[order]


def _steps(ranked: Doubles, true: NDArray[np.bool_], starts: NDArray[np.intp]) -> tuple[Doubles, Doubles]:
    """(B, distinct scores): weight of positives and of negatives at each."""
    return np.add.reduceat(ranked * true, starts, axis=1), np.add.reduceat(ranked * ~true, starts, axis=1)
