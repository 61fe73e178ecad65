"""How trouble travels: error rate and latency of every service, step by step, over the calls.

One step updates all edges at once (a few array operations, no loop over services). Errors travel against
the calls with one step's delay: a callee's failures, and its answers later than the time-out, fail the
caller's requests unless a retry or a fallback saves them. Retries add load; load in flight above a
service's capacity fails requests of its own; an open circuit breaker fails fast and takes the load off;
a queue without consumers fills up, and only a full queue fails its publishers.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulate.faults import Fault, own_errors, slowdown
from models.simulate.topology import Topology

Floats = NDArray[np.float64]

#: Seconds of one step.
STEP: Final = 10.0
#: Failure seen on an edge above which a breaker opens, and steps it stays open before it tries again.
BREAKER_OPENS: Final = 0.5
BREAKER_STEPS: Final = 6
#: Seconds of publishing that a queue holds.
QUEUE_SECONDS: Final = 240.0
#: Failures on an edge from which it has carried an error.
CARRIED: Final = 0.05
#: Error rates at which a service is degraded, failing, failed.
LEVELS: Final = (0.02, 0.2, 0.6)
#: A service is slow, and with that degraded, from this many times its usual latency on.
SLOW: Final = 4.0
HEALTHY, DEGRADED, FAILING, FAILED, RECOVERING = range(5)
#: Steps before time 0 in which latencies settle along the calls.
WARM_UP: Final = 30
#: Steps that a service counts as recovering after it was failing or failed.
RECOVERY_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class Course:
    """What happened: T steps, n services, m edges.

    `errors` (T, n) share of failed requests; `own` (T, n) the part of it that is not a callee's fault;
    `latency` (T, n) seconds; `carried` (T, m) share of the caller's requests that the edge failed;
    `health` (T, n) int8, places in taxonomy.HEALTH.
    """

    times: Floats
    errors: Floats
    own: Floats
    latency: Floats
    carried: Floats
    health: NDArray[np.int8]


def run(topology: Topology, faults: list[Fault], steps: int) -> Course:
    """The course of `steps` steps from time 0 on."""
    n, m = len(topology), topology.edges.shape[1]
    times: Floats = np.arange(steps, dtype=np.float64) * STEP
    local, slow = np.zeros((steps, n)), np.ones((steps, n))
    for fault in faults:
        local[:, fault.service] = 1 - (1 - local[:, fault.service]) * (1 - own_errors(fault, times))
        slow[:, fault.service] *= slowdown(fault, times)
    errors, own, latency, carried = (
        np.zeros((steps, n)),
        np.zeros((steps, n)),
        np.zeros((steps, n)),
        np.zeros((steps, m)),
    )
    state = _State(topology)
    for _ in range(WARM_UP):
        usual = state.advance(np.zeros(n), np.ones(n))[2]
    for step in range(steps):
        errors[step], own[step], latency[step], carried[step] = state.advance(local[step], slow[step])
    return Course(times, errors, own, latency, carried, _health(errors, latency, usual))


class _State:
    """What the next step needs of the last one."""

    def __init__(self, topology: Topology) -> None:
        self._t = topology
        self._callers, self._callees = topology.edges
        self._errors = np.zeros(len(topology))
        self._latency = topology.latency.copy()
        self._open = np.zeros(topology.edges.shape[1], dtype=np.int64)
        kinds = np.array(topology.kinds)
        self._publishes = (kinds[self._callees] == "queue") & (kinds[self._callers] != "worker")
        self._consumes = (kinds[self._callees] == "queue") & (kinds[self._callers] == "worker")
        self._is_queue = kinds == "queue"
        self._backlog = np.zeros(len(topology))

    def advance(self, local: Floats, slow: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        t = self._t
        late = 1 / (1 + np.exp(-np.clip((self._latency[self._callees] - t.timeout) / (0.08 * t.timeout), -40, 40)))
        seen = 1 - (1 - self._errors[self._callees]) * (1 - late)
        seen = np.where(
            self._publishes,
            np.clip(self._backlog[self._callees] / QUEUE_SECONDS - 1, 0, 1) + local[self._callees],
            seen,
        )
        seen = np.clip(seen, 0, 1)
        is_open = self._breakers(seen)
        after = np.where(is_open, 1.0, seen ** (1 + t.retries))
        carried = t.share * after * (1 - t.hidden)
        passed = self._sum(np.log1p(-np.minimum(carried, 0.999_999)))
        load = 1 + self._load(np.where(is_open, -0.9, t.retries * seen))
        waits = self._sum(
            t.share * np.where(is_open, 0.0, np.minimum(self._latency[self._callees], t.timeout)) * ~self._publishes
        )
        latency = t.latency * slow + waits
        overload = np.clip(t.traffic * load * latency / t.capacity - 1, 0, 3) / 3
        own = 1 - (1 - local) * (1 - 0.9 * overload)
        errors = 1 - (1 - own) * np.exp(passed)
        self._fill_queues(errors)
        self._errors, self._latency = errors, latency
        return errors, own, latency, carried

    def _sum(self, values: Floats) -> Floats:
        """(n,) the values of each caller's edges added up."""
        return _added(self._callers, values, len(self._errors))

    def _load(self, extra: Floats) -> Floats:
        """(n,) what the callers' retries add to a callee's load, as a share of it."""
        calls = self._t.traffic[self._callers] * self._t.share
        weight = _added(self._callees, calls, len(self._errors))
        added = _added(self._callees, calls * extra, len(self._errors))
        return np.divide(added, weight, out=np.zeros_like(added), where=weight > 0)

    def _breakers(self, seen: Floats) -> NDArray[np.bool_]:
        self._open = np.where(
            self._open > 0, self._open - 1, np.where(self._t.breaker & (seen > BREAKER_OPENS), BREAKER_STEPS, 0)
        )
        return self._open > 0

    def _fill_queues(self, errors: Floats) -> None:
        """Backlogs in seconds of publishing: consumers that fail let them grow, healthy ones drain twice as fast."""
        consumers = _added(self._callees, self._consumes.astype(np.float64), len(errors))
        working = _added(self._callees, self._consumes * (1 - errors[self._callers]), len(errors))
        share = np.divide(working, consumers, out=np.ones_like(working), where=consumers > 0)
        self._backlog = np.where(
            self._is_queue, np.clip(self._backlog + STEP * (1 - 2 * share), 0, 4 * QUEUE_SECONDS), 0
        )


def _added(places: NDArray[np.int64], values: Floats, n: int) -> Floats:
    """(n,) the values added up by place."""
    return np.bincount(places, weights=values, minlength=n).astype(np.float64, copy=False)


def _health(errors: Floats, latency: Floats, usual: Floats) -> NDArray[np.int8]:
    """(T, n) health by error rate and latency; what comes down from failing is recovering for a while."""
    level = np.digitize(errors, LEVELS).astype(np.int8)
    level = np.where((level == HEALTHY) & (latency > SLOW * usual), DEGRADED, level).astype(np.int8)
    since = np.full(errors.shape[1], RECOVERY_STEPS)
    health = level.copy()
    for step in range(len(level)):
        since = np.where(level[step] >= FAILING, 0, since + 1)
        health[step] = np.where((since > 0) & (since < RECOVERY_STEPS), RECOVERING, level[step])
    return health
