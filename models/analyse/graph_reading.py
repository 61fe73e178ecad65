"""What a service-graph reader is given and what it answers: the contract between SystemGraphGNN, its rivals and GraphService."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

#: How an edge is known, surest first; the last two are guesses and drawn dashed.
KNOWN_BY: Final = ("given", "traces", "named in a log", "seen together")


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """n services and m edges; column e of `edges` (2, m) int64 says that edges[0, e] calls (depends on) edges[1, e].

    Errors travel against the calls. `known_by` (m of KNOWN_BY) and `certainty` (m,) in [0, 1] say how an edge is known.
    `kinds` are of simulate.topology.KINDS ("service" where unknown), `protocols` of its PROTOCOLS ("" unknown).
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    edges: NDArray[np.int64]
    protocols: tuple[str, ...]
    known_by: tuple[str, ...]
    certainty: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Signals:
    """What was seen of each service in a window of T minutes that ends now; every array has its services in graph order.

    `counts` (T, n, 4): errors per minute by severity, most severe first (taxonomy.SEVERITIES). `usual` (n,): errors per
    minute of the time before. `first` (n,): minutes from the window's start to its first error, NaN without one.
    `categories` (n, 10): shares of taxonomy.CATEGORIES in the window, rows sum to 1 or 0. `blames` (k, 3), rows
    (service, named service, count): errors of a service that name another one. `metrics` (T, n, 5) as
    simulate.incident.METRICS, NaN where not measured, or None. `deployed` (n,): minutes since its last release at the end
    of the window, NaN without one. `usual_metrics` (2, n, 5): mean and standard deviation of the metrics in normal time, NaN
    where not known; without it the beginning of the window counts as normal.
    """

    counts: NDArray[np.float64]
    usual: NDArray[np.float64]
    first: NDArray[np.float64]
    categories: NDArray[np.float64]
    blames: NDArray[np.int64]
    metrics: NDArray[np.float64] | None
    deployed: NDArray[np.float64]
    usual_metrics: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """A suspect: `service` is its number; `score` in [0, 1] sums to 1 over all; `evidence` in words, strongest first."""

    service: int
    score: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GraphReading:
    """`health` (n, 5): probabilities of taxonomy.HEALTH; `propagation` (m,): that trouble of the callee reaches the caller.

    `delay` (m,): seconds that takes, the median. `system_health` in [0, 1], higher = better. `causes`: best first.
    `embeddings` (n, d) of the services. `model` names the reader and its weights.
    """

    health: NDArray[np.float64]
    propagation: NDArray[np.float64]
    delay: NDArray[np.float64]
    system_health: float
    causes: tuple[Cause, ...]
    embeddings: NDArray[np.float32]
    model: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A service that a supposed failure reaches: with what probability, after how many seconds, over which services."""

    service: int
    probability: float
    seconds: float
    path: tuple[int, ...]


class GraphReader(Protocol):
    """Reads one window of a service graph; `version` names the model and its weights."""

    @property
    def version(self) -> str: ...

    def read(self, graph: ServiceGraph, signals: Signals) -> GraphReading:
        """ValueError where the arrays do not fit the graph."""
        ...
