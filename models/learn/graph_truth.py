"""Windows of simulated incidents: what was logged and measured in so many minutes, as the product would see it, and the truth."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.graph_reading import ServiceGraph, Signals
from models.simulate.incident import Incident
from models.simulate.propagation import CARRIED, HEALTHY, LEVELS, STEP
from models.simulate.topology import Topology
from models.taxonomy import CATEGORIES, SEVERITIES

Floats = NDArray[np.float64]

MINUTE: Final = 60.0
STEPS: Final = round(MINUTE / STEP)
#: What a service in each state of taxonomy.HEALTH is worth to the system.
WORTH: Final = np.array([1.0, 0.7, 0.3, 0.0, 0.7])
#: Minutes after its fault's end for which an incident still has a cause to find.
AFTER: Final = 3


@dataclass(frozen=True, slots=True)
class Truth:
    """`health` (n,) int64, places in taxonomy.HEALTH at the end of the window. `carried` (m,) 0 or 1: carried errors within it.

    `reaches` (m,): whether over the whole stretch the call ever failed so much that the caller was failing by it alone, NaN
    where the callee never failed; `delay` (m,) seconds from the callee's trouble to the
    caller's, NaN where nothing was carried. `root` the cause, -1 without. `system` in [0, 1].
    """

    health: NDArray[np.int64]
    carried: Floats
    reaches: Floats
    delay: Floats
    root: int
    system: float


@dataclass(frozen=True, slots=True)
class Example:
    graph: ServiceGraph
    signals: Signals
    truth: Truth


def graph_of(topology: Topology) -> ServiceGraph:
    m = topology.edges.shape[1]
    return ServiceGraph(topology.names, topology.kinds, topology.edges, topology.protocols, ("given",) * m, np.ones(m))


def signals_of(incident: Incident, categories: dict[str, str], end: int, length: int) -> Signals:
    """What was logged and measured in the `length` minutes before minute `end`; all time before that is the usual.

    `categories`: template id to its category. An error names a callee where the simulator says whose fault it was.
    """
    n, start = len(incident.topology), end - length
    counts, shares, first = np.zeros((length, n, len(SEVERITIES))), np.zeros((n, len(CATEGORIES))), np.full(n, np.nan)
    usual, named = np.zeros(n), dict[tuple[int, int], int]()
    for event in incident.events:
        minute = event.time / MINUTE
        if minute >= end:
            break
        if minute < start:
            usual[event.service] += 1
            continue
        counts[int(minute) - start, event.service, SEVERITIES.index(event.severity)] += 1
        shares[event.service, CATEGORIES.index(categories[event.template])] += 1
        first[event.service] = np.fmin(first[event.service], minute - start)
        if event.callee >= 0:
            named[event.service, event.callee] = named.get((event.service, event.callee), 0) + 1
    total = shares.sum(axis=1, keepdims=True)
    metrics = per_minute(incident.metrics[: end * STEPS])
    before = metrics[:start] if start >= 3 else metrics[:3]
    return Signals(
        counts=counts, usual=usual / max(start, 1), first=first,
        categories=np.divide(shares, total, out=np.zeros_like(shares), where=total > 0),
        blames=np.array([(*pair, number) for pair, number in named.items()], dtype=np.int64).reshape(-1, 3),
        metrics=metrics[start:], deployed=_deployed(incident, end), usual_metrics=spread(before),
    )  # fmt: skip


def _deployed(incident: Incident, end: int) -> Floats:
    """(n,) minutes since the newest release before minute `end`, NaN without one."""
    newest = np.full(len(incident.topology), -np.inf)
    for time, service in incident.deploys:
        if time <= end * MINUTE:
            newest[service] = max(newest[service], time / MINUTE)
    return np.where(np.isfinite(newest), end - newest, np.nan)


def per_minute(metrics: Floats) -> Floats:
    """(T, n, k) means of each minute of (STEPS * T, n, k), of what is known."""
    grouped = metrics.reshape(-1, STEPS, *metrics.shape[1:])
    number = (~np.isnan(grouped)).sum(axis=1)
    return np.where(number > 0, np.nansum(grouped, axis=1) / np.maximum(number, 1), np.nan)


def spread(rows: Floats) -> Floats:
    """(2, n, k): mean and standard deviation over the rows that are known, NaN without."""
    number = (~np.isnan(rows)).sum(axis=0)
    mean = np.where(number > 0, np.nansum(rows, axis=0) / np.maximum(number, 1), np.nan)
    return np.stack([mean, np.sqrt(np.nansum((rows - mean) ** 2, axis=0) / np.maximum(number, 1))])


def truth_of(incident: Incident, end: int, length: int) -> Truth:
    course, callees = incident.course, incident.topology.edges[1]
    last = end * STEPS - 1
    window = slice(max(last + 1 - length * STEPS, 0), last + 1)
    fault = incident.faults[0] if incident.faults else None
    begun = fault is not None and fault.start < (end - 0.5) * MINUTE and fault.end > (end - AFTER) * MINUTE
    trouble = (course.health[window] != HEALTHY).any()
    failing, onset = incident.failure_time, incident.edge_onset
    unwell = course.health != HEALTHY
    since = np.where(unwell.any(axis=0), course.times[unwell.argmax(axis=0)], np.nan)
    health = course.health[last].astype(np.int64)
    entry = np.bincount(callees, minlength=len(health)) == 0
    served = (
        1 - np.average(course.errors[last][entry], weights=incident.topology.traffic[entry]) if entry.any() else 1.0
    )
    return Truth(
        health=health, carried=(course.carried[window] > CARRIED).any(axis=0).astype(float),
        reaches=np.where(np.isnan(failing[callees]), np.nan, course.carried.max(axis=0) > LEVELS[1]),
        delay=np.maximum(onset - since[callees], STEP), root=incident.root if begun and trouble else -1,
        system=float(np.clip((served + WORTH[health].mean()) / 2, 0, 1)),
    )  # fmt: skip
