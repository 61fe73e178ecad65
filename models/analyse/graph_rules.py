"""The one-line rules for a root cause that SystemGraphGNN is measured beside, each a score (n,) of the services, higher = likelier.

Published comparisons find such rules hard to beat; the product mixes them with the net where that ranks better.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse import graph_sums as sums
from models.analyse.graph_reading import ServiceGraph, Signals
from models.analyse.graph_symptoms import Symptoms

Floats = NDArray[np.float64]

#: A metric counts as one alert a minute from so many standard deviations on.
ALERT: Final = 3.0


def strongest(_: ServiceGraph, found: Symptoms) -> Floats:
    """max_z: the largest deviation of any metric; of the error count where nothing is measured."""
    return found.peak if found.z.shape[0] else np.maximum(found.excess, 0.0)


def traversal(graph: ServiceGraph, found: Symptoms) -> Floats:
    """The deepest abnormal service that is reached from an entry over abnormal services only, the deeper the better.

    Abnormal services that are reached and have abnormal callees come next, others last; ties go by the deviation.
    """
    n, (callers, callees) = len(graph), graph.edges
    off = found.abnormal
    reached = off & (np.bincount(callees, minlength=n) == 0)
    for _ in range(sums.HOPS):
        passes = reached[callers] & off[callees]
        if reached[callees[passes]].all():
            break
        reached = reached.copy()
        reached[callees[passes]] = True
    deepest = off & (sums.largest(callers, off[callees].astype(float), n) == 0)
    depth = sums.depth(graph.edges, n)
    score: Floats = off * (1.0 + reached) + (reached & deepest) * (1.0 + depth) + 0.01 * sums.rank(_deviation(found))
    return score


def alert_count(_: ServiceGraph, found: Symptoms) -> Floats:
    """Minutes in which each metric is off, and errors above the usual."""
    score: Floats = (np.abs(np.nan_to_num(found.z)) > ALERT).sum(axis=(0, 2)) + np.maximum(found.excess, 0)
    return score


def earliest(_: ServiceGraph, found: Symptoms) -> Floats:
    """The service whose first sign comes first; ties go by the deviation."""
    return sums.rank(-found.since) + 0.01 * sums.rank(_deviation(found))


def most_named(_: ServiceGraph, found: Symptoms) -> Floats:
    """The service that the others' errors name most, less what its own errors say of others."""
    return found.named - found.names + 0.01 * sums.rank(_deviation(found))


def walked(graph: ServiceGraph, found: Symptoms) -> Floats:
    """Where a walk along the calls towards trouble ends up (as in MicroRCA)."""
    return sums.walk(graph.edges, np.arcsinh(_deviation(found)) + np.log1p(found.named))


def _deviation(found: Symptoms) -> Floats:
    return np.maximum(found.peak, np.maximum(found.excess, 0.0))


#: What a window holds, which decides how net and rules are mixed.
VIEWS: Final = ("alerts", "logs", "metrics", "both")


def view(signals: Signals) -> str:
    """One of VIEWS: "alerts" where nothing has a time, else by whether errors and metrics are there."""
    if len(signals.counts) <= 1:
        return "alerts"
    if signals.metrics is None or np.isnan(signals.metrics).all():
        return "logs"
    return "both" if signals.counts.any() else "metrics"


Rule = Callable[[ServiceGraph, Symptoms], Floats]
RULES: Final[dict[str, Rule]] = {
    "max_z": strongest, "traversal": traversal, "alert_count": alert_count, "earliest": earliest, "most_named": most_named,
    "walk": walked,
}  # fmt: skip


#: One vote each for the net and for the three rules, by rank (Borda): nothing is fitted. A step of a rank weighs 4 nats.
VOTE: Final = {"net": 0.0, "gnn": 4.0, "max_z": 4.0, "traversal": 4.0, "alert_count": 4.0}


def blended(root: Floats, rules: dict[str, Floats], weights: dict[str, float]) -> Floats:
    """(n,) sums to 1: the net's probabilities times exp(weight * rank) of each rule that is weighed, "gnn" the net's own rank."""
    ranks = {name: sums.rank(rule) for name, rule in (rules | {"gnn": root}).items() if name in weights}
    mixed = weighed(np.log(np.maximum(root, 1e-12)), ranks, weights)
    grown = np.exp(mixed - mixed.max(initial=-np.inf))
    return np.asarray(grown / grown.sum())


def weighed(net: Floats, ranks: dict[str, Floats], weights: dict[str, float]) -> Floats:
    """(n,) the net's log probabilities and the rules' ranks in the system, each times its weight (the net's is 1 by default)."""
    mixed: Floats = weights.get("net", 1.0) * net
    for name, weight in weights.items():
        if name != "net":
            mixed = mixed + weight * ranks[name]
    return mixed


def place(scores: Floats, root: int) -> float:
    """The place of the cause, from 1; services of its score share the places that they take."""
    return 1.0 + float((scores > scores[root]).sum()) + (float((scores == scores[root]).sum()) - 1) / 2
