"""What can go wrong in one service, and how it grows: error rate and slowness of its own work over time.

Each fault is a pure function of the seconds since it began. Curves are ours, shaped after post-mortems that
everyone has read: a crash is a step, a full disk or a dry pool a ramp with a knee, a leak slow and then sudden,
a certificate a step at an hour, a release a step with an end, a split network a share that is cut off.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. `strikes` are kinds of services; `categories` of the corpus its own errors come from.

    `errors` is the error rate reached, `slowdown` the factor on latency reached, `ramp` the range of seconds
    until then, `lasts` the range of seconds until the repair, `incident` its class in the taxonomy.
    """

    name: str
    incident: str
    strikes: tuple[str, ...]
    categories: tuple[str, ...]
    errors: float
    slowdown: float
    ramp: tuple[float, float]
    lasts: tuple[float, float]
    warns: bool


_ALL: Final = ("gateway", "service", "worker", "database", "cache", "queue")
KINDS: Final = (
    Kind(
        "crash", "dependency_failure", (*_ALL, "external"), ("infrastructure",), 1.0, 1.0, (0, 10), (300, 1800), False
    ),
    Kind(
        "slow",
        "dependency_failure",
        (*_ALL, "external"),
        ("dependency", "network"),
        0.05,
        60.0,
        (60, 600),
        (600, 2400),
        True,
    ),
    Kind(
        "error_rate",
        "dependency_failure",
        ("service", "worker", "external"),
        ("code",),
        0.5,
        1.2,
        (30, 300),
        (600, 2400),
        True,
    ),
    Kind(
        "disk_full",
        "resource_exhaustion",
        ("database", "queue", "service"),
        ("storage",),
        0.95,
        4.0,
        (600, 1800),
        (600, 2400),
        True,
    ),
    Kind(
        "pool_dry",
        "resource_exhaustion",
        ("service", "database"),
        ("database",),
        0.8,
        25.0,
        (300, 1200),
        (600, 2400),
        True,
    ),
    Kind(
        "memory_leak",
        "resource_exhaustion",
        ("service", "worker", "cache"),
        ("memory",),
        0.9,
        10.0,
        (900, 2400),
        (300, 1200),
        True,
    ),
    Kind(
        "certificate_expired",
        "security",
        ("gateway", "service", "external"),
        ("security",),
        1.0,
        1.0,
        (0, 10),
        (900, 3000),
        True,
    ),
    Kind(
        "bad_release",
        "bad_release",
        ("service", "worker", "gateway"),
        ("code", "configuration"),
        0.45,
        1.5,
        (0, 60),
        (600, 1800),
        False,
    ),
    Kind("network_split", "network", (*_ALL, "external"), ("network",), 0.7, 8.0, (0, 30), (300, 1500), False),
    Kind("bad_data", "data", ("service", "worker"), ("data",), 0.35, 1.0, (0, 300), (600, 2400), False),
)
BY_NAME: Final = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `kind` strikes `service` (a number) from `start` on, full after `ramp`, repaired at `end`; all in seconds."""

    kind: Kind
    service: int
    start: float
    ramp: float
    end: float


def draw(rng: np.random.Generator, kinds: tuple[str, ...], *, start: float, kind: str | None = None) -> Fault:
    """A fault for one of the services, whose kinds are given; `kind` names one of BY_NAME."""
    chosen = BY_NAME[kind] if kind else None
    possible = [each for each in KINDS if (chosen is None or each is chosen) and set(each.strikes) & set(kinds)]
    if not possible:
        raise ValueError(f"{kind} strikes none of these services")
    picked = possible[int(rng.integers(len(possible)))]
    places = [number for number, each in enumerate(kinds) if each in picked.strikes]
    ramp = float(rng.uniform(*picked.ramp))
    return Fault(picked, int(rng.choice(places)), start, ramp, start + ramp + float(rng.uniform(*picked.lasts)))


def strength(fault: Fault, times: Floats) -> Floats:
    """(T,) in [0, 1]: how far the fault has come at each time. Ramps have a knee: slow, then sudden (a cubic)."""
    grown = np.clip((times - fault.start) / max(fault.ramp, 1e-9), 0.0, 1.0)
    grown = grown**3 if fault.kind.warns else grown
    return np.where((times < fault.start) | (times >= fault.end), 0.0, grown)


def own_errors(fault: Fault, times: Floats) -> Floats:
    """(T,) share of the service's requests that fail by the fault itself."""
    return fault.kind.errors * strength(fault, times)


def slowdown(fault: Fault, times: Floats) -> Floats:
    """(T,) factor >= 1 on the service's own latency."""
    return 1.0 + (fault.kind.slowdown - 1.0) * strength(fault, times)
