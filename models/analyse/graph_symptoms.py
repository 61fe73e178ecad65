"""What stands out at each service of a window: errors above the usual, metrics off their normal, who names whom, and since when.

Everything is in units that need no knowledge of the system: standard deviations, minutes, counts. Rules, network and the
words of the evidence read the same numbers.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.graph_reading import ServiceGraph, Signals

Floats = NDArray[np.float64]

#: Errors that stand out: so many standard deviations of a Poisson count above the usual.
EXCESS: Final = 3.0
#: A metric is off from so many standard deviations of its normal time on.
OFF: Final = 4.0
#: Smallest spread of each metric (simulate.incident.METRICS), as a share of its mean and absolutely: noise of the monitor.
FLOORS: Final = ((0.1, 0.02), (0.0, 0.005), (0.1, 0.001), (0.02, 0.01), (0.02, 0.01))
#: Share of the window that counts as normal where no normal time is given.
BEGINNING: Final = 1 / 3


@dataclass(frozen=True, slots=True)
class Symptoms:
    """(n,) float64 each. `errors` in the window; `excess` in standard deviations above the usual; `burst` the largest of a minute.

    `onset` and `metric_onset`: minutes from the window's start to the first minute in which errors (metrics) stand out, NaN
    without. `z` (T, n, 5): metrics in standard deviations from normal, NaN where not measured; `peak` the largest |z|, 0
    without. `named`, `namers`: errors of others that name the service, and how many others; `names`: own errors that name
    others. `abnormal` (n,) bool: errors or metrics stand out, or others name it.
    """

    errors: Floats
    excess: Floats
    burst: Floats
    onset: Floats
    z: Floats
    peak: Floats
    metric_onset: Floats
    named: Floats
    namers: Floats
    names: Floats
    abnormal: NDArray[np.bool_]

    @property
    def since(self) -> Floats:
        """(n,) minutes from the window's start to the first sign of any kind, NaN without."""
        return np.fmin(self.onset, self.metric_onset)


def symptoms(graph: ServiceGraph, signals: Signals) -> Symptoms:
    """ValueError where the arrays do not fit the graph."""
    check(graph, signals)
    n, minutes = len(graph), len(signals.counts)
    per_minute = signals.counts.sum(axis=2)  # (T, n)
    errors = per_minute.sum(axis=0)
    usual = np.nan_to_num(signals.usual)
    excess = above(errors, usual * minutes)
    each = above(per_minute, usual)
    z = standardised(signals)
    strength = np.abs(np.nan_to_num(z)).max(axis=2, initial=0.0)  # (T, n)
    peak = strength.max(axis=0, initial=0.0)
    source, target, count = signals.blames.T if len(signals.blames) else np.zeros((3, 0), dtype=np.int64)
    named = np.bincount(target, weights=count, minlength=n).astype(np.float64)
    onset = _first_true((each > EXCESS) | ((excess > EXCESS) & (per_minute > usual + 0.5)))
    return Symptoms(
        errors=errors,
        excess=excess,
        burst=each.max(axis=0, initial=0.0),
        onset=np.where(excess > EXCESS, onset, np.nan),
        z=z,
        peak=peak,
        metric_onset=_first_true(strength > OFF),
        named=named,
        namers=np.bincount(target, minlength=n).astype(np.float64),
        names=np.bincount(source, weights=count, minlength=n).astype(np.float64),
        abnormal=(excess > EXCESS) | (peak > OFF) | (named > 0),
    )


def check(graph: ServiceGraph, signals: Signals) -> None:
    """ValueError where the arrays do not fit the graph."""
    n = len(graph)
    fits = (
        signals.counts.ndim == 3 and signals.counts.shape[1:] == (n, 4) and signals.usual.shape == (n,)
        and signals.first.shape == (n,) and signals.categories.shape == (n, 10) and signals.deployed.shape == (n,)
        and (signals.metrics is None or (signals.metrics.ndim == 3 and signals.metrics.shape[1:] == (n, 5)))
        and (signals.usual_metrics is None or signals.usual_metrics.shape == (2, n, 5))
        and signals.blames.ndim == 2 and signals.blames.shape[1] == 3
        and graph.edges.ndim == 2 and graph.edges.shape[0] == 2
    )  # fmt: skip
    if not fits:
        raise ValueError(f"the signals do not fit a graph of {n} services")
    for places in (graph.edges, signals.blames[:, :2]):
        if places.size and not (places.min() >= 0 and places.max() < n):
            raise ValueError(f"a service number lies outside of a graph of {n} services")


def above(counts: Floats, expected: Floats) -> Floats:
    """Standard deviations of Poisson counts from what is expected; the 1/4 keeps a single error of a quiet service below 3."""
    return np.asarray((counts - expected) / np.sqrt(expected + 0.25))


def standardised(signals: Signals) -> Floats:
    """(T, n, 5) metrics in standard deviations from normal, within +-1000; NaN where not measured; (0, n, 5) without metrics."""
    n = len(signals.usual)
    if signals.metrics is None:
        return np.zeros((0, n, 5))
    mean, spread = normal(signals)
    return np.asarray(np.clip((signals.metrics - mean) / spread, -1e3, 1e3))


def normal(signals: Signals) -> tuple[Floats, Floats]:
    """(n, 5) each: mean and spread of the metrics in normal time, the spread not below FLOORS."""
    n = len(signals.usual)
    if signals.metrics is None:
        return np.full((n, 5), np.nan), np.ones((n, 5))
    if signals.usual_metrics is not None:
        mean, spread = signals.usual_metrics
    else:
        beginning = signals.metrics[: max(1, int(len(signals.metrics) * BEGINNING))]
        known = ~np.isnan(beginning)
        number = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known.any(axis=0), np.nansum(beginning, axis=0) / number, np.nan)
        spread = np.sqrt(np.nansum((beginning - mean) ** 2, axis=0) / number)
    share, least = np.array(FLOORS).T
    return mean, np.maximum(np.nan_to_num(spread), share * np.abs(np.nan_to_num(mean)) + least)


def _first_true(happens: NDArray[np.bool_]) -> Floats:
    """(n,) the first row of (T, n) that is True, NaN without one."""
    if not len(happens):
        return np.full(happens.shape[1], np.nan)
    return np.where(happens.any(axis=0), happens.argmax(axis=0).astype(np.float64), np.nan)
