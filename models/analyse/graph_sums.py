"""Sums over the neighbours of a service graph, all services at once: the largest, smallest and mean value of callers or callees."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Edges = NDArray[np.int64]

#: Calls that depth and walk follow at most: call chains of real systems are shorter.
HOPS: Final = 12
#: Of a walk, the share that goes on along a call (the damping of PageRank: Page et al. 1999).
GOES_ON: Final = 0.85


def total(places: NDArray[np.int64], values: Floats, n: int) -> Floats:
    """(n,) the values (m,) added up by place."""
    return np.bincount(places, weights=values, minlength=n).astype(np.float64, copy=False)


def mean(places: NDArray[np.int64], values: Floats, n: int) -> Floats:
    """(n,) the mean by place, 0 where there is none."""
    number = np.bincount(places, minlength=n)
    return total(places, values, n) / np.maximum(number, 1)


def largest(places: NDArray[np.int64], values: Floats, n: int, nothing: float = 0.0) -> Floats:
    """(n,) the largest by place, `nothing` where there is none."""
    found = np.full(n, -np.inf)
    np.maximum.at(found, places, values)
    return np.where(np.isfinite(found), found, nothing)


def earliest(places: NDArray[np.int64], values: Floats, n: int) -> Floats:
    """(n,) the smallest by place, NaN where there is none or none is known."""
    return -largest(places, np.nan_to_num(-values, nan=-np.inf), n, np.nan)


def rank(values: Floats) -> Floats:
    """(n,) in [0, 1]: 1 for the largest, 0 for the smallest, ties their mean; 0 for NaN, and for all where nothing differs."""
    known = ~np.isnan(values)
    ranks = np.zeros(len(values))
    if known.sum() > 1:
        _, place, number = np.unique(values[known], return_inverse=True, return_counts=True)
        if len(number) > 1:
            upto = np.cumsum(number)
            ranks[known] = (upto - (number + 1) / 2)[place] / (known.sum() - 1)
    elif known.any():
        ranks[known] = 1.0
    return ranks


def depth(edges: Edges, n: int) -> Floats:
    """(n,) calls from an entry (a service that nobody calls) by the shortest way, HOPS where no entry leads there."""
    callers, callees = edges
    called = np.bincount(callees, minlength=n) > 0
    found = np.where(called, float(HOPS), 0.0)
    for _ in range(HOPS):
        before = found.copy()
        np.minimum.at(found, callees, before[callers] + 1)
        if np.array_equal(before, found):
            break
    return found


def walk(edges: Edges, weight: Floats) -> Floats:
    """(n,) sums to 1: where a walk ends up that starts at any service and follows calls towards callees in trouble.

    `weight` (n,) >= 0 says how much each is in trouble. A walk stays where no callee is in more trouble than the service
    itself (as in MicroRCA: Wu et al. 2020).
    """
    callers, callees = edges
    n = len(weight)
    start = weight / weight.sum() if weight.sum() > 0 else np.full(n, 1 / max(n, 1))
    out = total(callers, weight[callees], n) + weight + 1e-9
    place = start
    for _ in range(HOPS):
        share = GOES_ON * place / out
        place = (1 - GOES_ON) * start + share * (weight + 1e-9) + total(callees, share[callers] * weight[callees], n)
    return place
