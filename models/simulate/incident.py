"""A simulated stretch of time: the errors that services log while trouble travels, what is measured, and the truth.

Errors are phrased by the corpus: what a service does wrong by itself comes from the categories of its fault,
what a callee does to it from the categories that fit the callee. Every service has its own few phrasings, as a
real one has. What is not modelled: people who change things during the incident, autoscaling, caches that warm
up again, more than one region, and logs that are themselves lost by the fault (a share is lost at random).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.corpus import Template, render
from models.simulate import faults as fault_kinds
from models.simulate.faults import Fault
from models.simulate.propagation import CARRIED, FAILED, FAILING, HEALTHY, STEP, Course, run
from models.simulate.topology import Topology, generate

#: Names of the columns of `Incident.metrics`.
METRICS: Final = ("requests_per_second", "error_rate", "latency_seconds", "cpu_share", "memory_share")
#: Errors of one cause that a service logs in one step at most: logs are rate-limited.
MOST: Final = 5
#: Phrasings that a service has for one cause, and renderings of each.
PHRASINGS: Final = 3
RENDERINGS: Final = 8
_OF_CALLEE: Final = {
    "database": ("database",),
    "cache": ("dependency", "network"),
    "queue": ("dependency",),
    "external": ("dependency", "network"),
}
_LEVEL: Final = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}


@dataclass(frozen=True, slots=True)
class Emitted:
    """One logged error; `time` in seconds from the beginning, `service` a number, `callee` the one it speaks of or -1."""

    time: float
    service: int
    template: str
    text: str
    severity: str
    level: str
    callee: int


@dataclass(frozen=True, slots=True)
class Incident:
    """The events of a stretch of time in their order, and the truth about it.

    `kind` is one of taxonomy.INCIDENTS; `root` the service of the first fault, -1 without one. `edge_onset` (m,)
    and `failure_time` (n,) are seconds, NaN where an edge carried nothing or a service did not fail.
    `metrics` (T, n, 5), columns METRICS, NaN where nothing was measured. `deploys` are (seconds, service).
    """

    topology: Topology
    faults: tuple[Fault, ...]
    course: Course
    events: tuple[Emitted, ...]
    kind: str
    root: int
    edge_onset: NDArray[np.float64]
    failure_time: NDArray[np.float64]
    metrics: NDArray[np.float64]
    deploys: tuple[tuple[float, int], ...]

    @property
    def seconds(self) -> float:
        return len(self.course.times) * STEP


def simulate(
    seed: int,
    corpus: Sequence[Template],
    *,
    topology: Topology | None = None,
    seconds: float = 5400.0,
    count: int = 1,
    fault: str | None = None,
    loss: float = 0.05,
) -> Incident:
    """`count` faults (of kind `fault`, or drawn) at random times over `seconds`; `loss` is the share of errors never logged."""
    rng = np.random.default_rng((seed, 0x5EED))
    topology = topology or generate(seed)
    steps = round(seconds / STEP)
    starts = np.sort(rng.uniform(0.15, 0.6 if count == 1 else 0.9, count)) * seconds
    drawn = tuple(fault_kinds.draw(rng, topology.kinds, start=float(start), kind=fault) for start in starts)
    course = run(topology, list(drawn), steps)
    deploys = _deploys(drawn, len(topology), seconds, rng)
    return Incident(
        topology=topology,
        faults=drawn,
        course=course,
        events=_events(topology, drawn, course, _Phrases(corpus, rng), kept=1 - loss, rng=rng),
        kind=drawn[0].kind.incident if drawn else "no_incident",
        root=drawn[0].service if drawn else -1,
        edge_onset=_first(course.carried > CARRIED, course.times),
        failure_time=_first((course.health == FAILING) | (course.health == FAILED), course.times),
        metrics=_metrics(topology, drawn, course, rng),
        deploys=deploys,
    )


class _Cause(NamedTuple):
    """Why a service logs: `kind` is own, call, warning or noise; `callee` and its `name` where a call failed."""

    kind: str
    categories: tuple[str, ...]
    callee: int = -1
    name: str = ""


def _first(happens: NDArray[np.bool_], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) the time of the first True of each column of (T, k), NaN without one."""
    return np.where(happens.any(axis=0), times[happens.argmax(axis=0)], np.nan)


def _deploys(
    drawn: tuple[Fault, ...], n: int, seconds: float, rng: np.random.Generator
) -> tuple[tuple[float, int], ...]:
    """Every bad release has its marker; innocent ones come about twice a stretch of 90 minutes."""
    marks = [
        (each.start - float(rng.uniform(0, 120)), each.service) for each in drawn if each.kind.name == "bad_release"
    ]
    marks += [(float(rng.uniform(0, seconds)), int(rng.integers(n))) for _ in range(rng.poisson(seconds / 2700))]
    return tuple(sorted(marks))


def _events(
    topology: Topology,
    drawn: tuple[Fault, ...],
    course: Course,
    phrases: "_Phrases",
    *,
    kept: float,
    rng: np.random.Generator,
) -> tuple[Emitted, ...]:
    talks = np.exp(rng.uniform(np.log(0.05), np.log(1.0), len(topology)))  # how readily a service logs what fails
    own = np.minimum(rng.poisson(kept * talks * course.own * np.minimum(topology.traffic, 10) * STEP / 4), MOST)
    callers, callees = topology.edges
    passed = np.minimum(
        rng.poisson(kept * talks[callers] * course.carried * np.minimum(topology.traffic[callers], 10) * STEP / 6), MOST
    )
    noise = rng.poisson(np.exp(rng.uniform(np.log(2e-4), np.log(2e-2), len(topology))), course.own.shape)
    warnings = _warnings(drawn, course, rng)
    found: list[Emitted] = []

    def emit(step: int, service: int, cause: _Cause, number: int) -> None:
        for _ in range(number):
            found.append(phrases.error(float(course.times[step] + rng.uniform(0, STEP)), service, cause))

    silent = np.array([kind == "external" for kind in topology.kinds])
    for counts, cause in ((own, "own"), (noise, "noise"), (warnings, "warning")):
        for step, service in zip(*np.nonzero(counts), strict=True):
            if silent[service]:
                continue
            now = float(course.times[step])
            categories = () if cause == "noise" else _own_categories(drawn, int(service), now)
            emit(step, int(service), _Cause(cause, categories), counts[step, service])
    for step, edge in zip(*np.nonzero(passed), strict=True):
        callee = int(callees[edge])
        categories = _OF_CALLEE.get(topology.kinds[callee], ("dependency", "network"))
        emit(step, int(callers[edge]), _Cause("call", categories, callee, topology.names[callee]), passed[step, edge])
    return tuple(sorted(found, key=lambda event: event.time))


def _own_categories(drawn: tuple[Fault, ...], service: int, now: float) -> tuple[str, ...]:
    """Of the fault that struck the service last; a service that fails under load alone runs out of something."""
    mine = [each for each in drawn if each.service == service and each.start <= now]
    return mine[-1].kind.categories if mine else ("memory", "network", "infrastructure")


def _warnings(drawn: tuple[Fault, ...], course: Course, rng: np.random.Generator) -> NDArray[np.int64]:
    """(T, n) what is logged while a fault grows and fails nothing yet: the disk at 90 %, the pool nearly dry."""
    counts = np.zeros(course.own.shape, dtype=np.int64)
    for each in drawn:
        if each.kind.warns:
            growing = (course.times >= each.start) & (course.times < each.start + each.ramp)
            grown = np.clip((course.times - each.start) / max(each.ramp, 1e-9), 0, 1)
            counts[:, each.service] += growing * rng.poisson(0.35 * grown)
    return counts


class _Phrases:
    """How each service words each cause: drawn once, then repeated."""

    def __init__(self, corpus: Sequence[Template], rng: np.random.Generator) -> None:
        self._rng = rng
        self._pools: dict[tuple[str, bool], list[Template]] = {}
        for template in corpus:
            loud = template.severity in ("critical", "high")
            self._pools.setdefault((template.category, loud), []).append(template)
        self._quiet = [template for template in corpus if template.severity == "low"] or list(corpus)
        self._chosen: dict[tuple[int, _Cause], list[Template]] = {}
        self._texts: dict[tuple[str, int, int], str] = {}

    def error(self, time: float, service: int, cause: "_Cause") -> Emitted:
        templates = self._choose(service, cause)
        template = templates[int(self._rng.integers(len(templates)))]
        number = int(self._rng.integers(RENDERINGS))
        key = (template.id, cause.callee, number)
        if key not in self._texts:
            text = render(template.text, number)
            speaks = cause.callee >= 0 and (service + cause.callee) % 2
            self._texts[key] = f"call to {cause.name} failed: {text}" if speaks else text
        level = "warning" if cause.kind == "warning" else _LEVEL[template.severity]
        return Emitted(time, service, template.id, self._texts[key], template.severity, level, cause.callee)

    def _choose(self, service: int, cause: "_Cause") -> list[Template]:
        key = (service, cause)
        if key not in self._chosen:
            loud = cause.kind in ("own", "call")
            pools = [self._pools.get((category, loud), []) for category in cause.categories]
            pool = [template for pool in pools for template in pool] or self._quiet
            picked = self._rng.choice(len(pool), min(PHRASINGS, len(pool)), replace=False)
            self._chosen[key] = [pool[int(place)] for place in picked]
        return self._chosen[key]


def _metrics(
    topology: Topology, drawn: tuple[Fault, ...], course: Course, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(T, n, 5) what a monitor saw: noisy, with gaps, blind to third parties."""
    steps, n = course.errors.shape
    traffic = topology.traffic * np.exp(0.1 * rng.standard_normal((steps, n)))
    requests = np.maximum(traffic * STEP, 1)
    seen = rng.binomial(requests.astype(np.int64) + 1, np.clip(course.errors + 0.001, 0, 1)) / (
        requests.astype(np.int64) + 1
    )
    latency = course.latency * np.exp(0.15 * rng.standard_normal((steps, n)))
    busy = np.clip(traffic * course.latency / topology.capacity, 0, 2)
    cpu = np.clip(rng.uniform(0.1, 0.4, n) + 0.3 * busy + 0.03 * rng.standard_normal((steps, n)), 0, 1)
    memory = np.clip(rng.uniform(0.2, 0.6, n) + 0.02 * rng.standard_normal((steps, n)), 0, 1)
    for each in drawn:
        if each.kind.name in ("memory_leak", "disk_full"):
            grown = fault_kinds.strength(each, course.times) ** (1 / 3)
            memory[:, each.service] = np.clip(memory[:, each.service] + 0.5 * grown, 0, 1)
    metrics = np.stack([traffic, seen, latency, cpu, memory], axis=2)
    metrics[rng.random((steps, n)) < 0.02] = np.nan
    metrics[:, [kind == "external" for kind in topology.kinds]] = np.nan
    return metrics


def affected(incident: Incident) -> NDArray[np.bool_]:
    """(n,) services that were ever not healthy."""
    return np.asarray((incident.course.health != HEALTHY).any(axis=0))
