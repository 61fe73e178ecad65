"""Seeded topologies of services: who calls whom, over what, how much, and how well a failure is hidden.

Five shapes, mixed by the generator: chains, trees, meshes (layered, every service calls a few of the next
layer), stars around a shared store, and shops (a gateway, a layer of services, their stores, a queue with
workers, third parties). Sizes run from 5 to 10,000 services; everything follows from the seed.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

KINDS: Final = ("gateway", "service", "worker", "database", "cache", "queue", "external")
PROTOCOLS: Final = ("http", "grpc", "sql", "redis", "amqp", "consume", "https")
SHAPES: Final = ("chain", "tree", "mesh", "star", "shop")

_WORDS: Final = (
    "account", "address", "admin", "ads", "alert", "archive", "asset", "audit", "basket", "batch", "billing", "booking",
    "calendar", "campaign", "card", "claim", "comment", "contact", "content", "coupon", "currency", "customer", "delivery",
    "device", "digest", "discount", "document", "email", "event", "export", "feed", "file", "fleet", "form", "forum", "fraud",
    "geo", "gift", "graph", "identity", "image", "import", "invoice", "issue", "item", "job", "ledger", "license", "list",
    "location", "login", "loyalty", "mail", "map", "market", "media", "menu", "message", "meter", "news", "note", "offer",
    "order", "parcel", "partner", "pass", "payout", "plan", "player", "point", "policy", "price", "product", "profile", "promo",
    "quote", "rate", "rating", "receipt", "refund", "region", "rental", "report", "review", "reward", "risk", "route", "rule",
    "sale", "schedule", "score", "seat", "session", "ship", "shop", "signup", "sms", "stock", "store", "story", "survey", "tag",
    "task", "tax", "tenant", "ticket", "token", "track", "trade", "trip", "upload", "usage", "user", "vendor", "video", "vote",
    "wallet", "warehouse", "webhook", "wish",
)  # fmt: skip
_ENDINGS: Final = {
    "gateway": ("gateway", "edge", "frontend"),
    "service": ("api", "service", "svc", "core"),
    "worker": ("worker", "consumer", "jobs"),
    "database": ("db", "postgres", "mysql", "mongo"),
    "cache": ("cache", "redis"),
    "queue": ("queue", "kafka", "mq"),
    "external": ("provider", "partner"),
}
_PROTOCOL_TO: Final = {"database": "sql", "cache": "redis", "queue": "amqp", "external": "https"}


@dataclass(frozen=True, slots=True)
class Topology:
    """n services and m edges; row e of `edges` says that service edges[0, e] depends on service edges[1, e].

    `share` (m,) of the caller's requests use the edge, `hidden` (m,) of the callee's failures are hidden by a
    fallback, both in [0, 1]. `retries` (m,) per failed call. `timeout` (m,) in seconds. `breaker` (m,) says
    whether a circuit breaker stands before the call. `traffic` (n,) requests a second, `latency` (n,) seconds
    of own work, `capacity` (n,) requests in flight that the service can hold.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    edges: NDArray[np.int64]
    protocols: tuple[str, ...]
    share: NDArray[np.float64]
    hidden: NDArray[np.float64]
    retries: NDArray[np.int64]
    timeout: NDArray[np.float64]
    breaker: NDArray[np.bool_]
    traffic: NDArray[np.float64]
    latency: NDArray[np.float64]
    capacity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)


def generate(seed: int, size: int | None = None, shape: str | None = None) -> Topology:
    """A topology of `size` services (5 to 10,000; drawn from 5 to 60 where it is None) and of `shape` (one of SHAPES)."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(5, 61)) if size is None else size
    if not 5 <= size <= 10_000:
        raise ValueError(f"a topology has 5 to 10,000 services, not {size}")
    shape = shape or str(rng.choice(SHAPES))
    if shape not in SHAPES:
        raise ValueError(f"unknown shape {shape!r}: choose one of {', '.join(SHAPES)}")
    kinds = _kinds(size, shape, rng)
    return build(_names(kinds, rng), kinds, _edges(kinds, shape, rng), rng)


def build(names: list[str], kinds: list[str], edges: list[tuple[int, int]], rng: np.random.Generator) -> Topology:
    """The services and edges given, with the numbers of their calls drawn."""
    unique = sorted({(caller, callee) for caller, callee in edges if caller != callee})
    pairs = np.array(unique, dtype=np.int64).reshape(-1, 2).T
    to = [kinds[callee] for callee in pairs[1]]
    m, n = pairs.shape[1], len(names)
    soft = np.array([kind in ("cache", "external", "queue") for kind in to])
    traffic = _traffic(pairs, kinds, rng)
    latency = rng.uniform(0.005, 0.08, n)
    share = rng.uniform(0.35, 1.0, m)
    usual = _usual_latency(pairs, share, latency)
    return Topology(
        names=tuple(names),
        kinds=tuple(kinds),
        edges=pairs,
        protocols=tuple(_PROTOCOL_TO.get(kind, "consume" if kinds[caller] == "queue" else str(rng.choice(("http", "grpc"))))
                        for kind, caller in zip(to, pairs[0], strict=True)),
        share=share,
        hidden=np.where(soft, rng.choice((0.0, 0.5, 0.9), m), rng.choice((0.0, 0.0, 0.3), m)),
        retries=rng.choice((0, 1, 2), m, p=(0.5, 0.3, 0.2)),
        timeout=np.maximum(rng.choice((0.5, 1.0, 2.0, 5.0), m), 4 * usual[pairs[1]]),
        breaker=rng.random(m) < 0.4,
        traffic=traffic,
        latency=latency,
        capacity=traffic * usual * rng.uniform(4.0, 30.0, n) + 4.0,
    )  # fmt: skip


def _kinds(size: int, shape: str, rng: np.random.Generator) -> list[str]:
    """The entry first, then services, then what they lean on."""
    leaning = max(1, round(size * (0.2 if shape in ("chain", "tree") else 0.35)))
    tail = [
        "database",
        *rng.choice(("database", "cache", "queue", "external", "worker"), leaning - 1, p=(0.35, 0.25, 0.15, 0.1, 0.15)),
    ]
    return ["gateway", *["service"] * (size - 1 - len(tail)), *map(str, tail)]


def _names(kinds: list[str], rng: np.random.Generator) -> list[str]:
    words, names = rng.permutation(_WORDS), []
    for number, kind in enumerate(kinds):
        again = number // len(words)
        ending = rng.choice(_ENDINGS[kind])
        names.append(f"{words[number % len(words)]}-{ending}{f'-{again}' if again else ''}")
    return names


def _edges(kinds: list[str], shape: str, rng: np.random.Generator) -> list[tuple[int, int]]:
    services = [number for number, kind in enumerate(kinds) if kind in ("gateway", "service")]
    edges = _CALLS[shape](services, rng)
    for number, kind in enumerate(kinds):
        if kind == "worker":
            queues = [place for place, other in enumerate(kinds) if other == "queue"] or services[1:2] or services[:1]
            edges.append((number, int(rng.choice(queues))))
            edges.extend(
                (number, place)
                for place, other in enumerate(kinds)
                if other == "database" and rng.random() < 1 / len(kinds) ** 0.5
            )
        elif kind not in ("gateway", "service"):
            users = services[1:] or services
            number_of_users = (
                len(users) if shape == "star" and kind == "database" else int(rng.integers(1, min(4, len(users)) + 1))
            )
            edges.extend((int(user), number) for user in rng.choice(users, number_of_users, replace=False))
    return edges


def _chain(services: list[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    return list(pairwise(services))


def _tree(services: list[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    branches = int(rng.integers(2, 4))
    return [(services[(place - 1) // branches], services[place]) for place in range(1, len(services))]


def _mesh(services: list[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Layers as wide as the root of the size; every service calls one to three of the next layer."""
    width = max(2, round(len(services) ** 0.5))
    layers = [services[:1], *(services[place : place + width] for place in range(1, len(services), width))]
    edges: list[tuple[int, int]] = []
    for upper, lower in pairwise(layers):
        edges.extend((int(rng.choice(upper)), callee) for callee in lower)
        edges.extend(
            (caller, int(callee)) for caller in upper for callee in rng.choice(lower, min(len(lower), 2), replace=False)
        )
    return edges


def _star(services: list[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    return [(services[0], callee) for callee in services[1:]]


def _shop(services: list[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    """The entry calls the first half; those call each other in one direction and the second half."""
    half = max(2, len(services) // 2)
    front, back = services[1:half], services[half:]
    edges = [(services[0], callee) for callee in front]
    for place, caller in enumerate(front):
        later = front[place + 1 :] + back
        edges.extend(
            (caller, int(callee))
            for callee in rng.choice(later, min(len(later), int(rng.integers(1, 4))), replace=False)
        )
    edges.extend((int(rng.choice(front or services[:1])), callee) for callee in back)
    return edges


_CALLS: Final = {"chain": _chain, "tree": _tree, "mesh": _mesh, "star": _star, "shop": _shop}


def _usual_latency(
    pairs: NDArray[np.int64], share: NDArray[np.float64], own: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) seconds with nothing wrong: the own work and what the callees take, followed for fifty calls at most."""
    total = own.copy()
    for _ in range(50):
        after = own + np.bincount(pairs[0], weights=share * total[pairs[1]], minlength=len(own))
        after = np.minimum(after, 30.0)
        if np.allclose(after, total):
            break
        total = after
    return total


def _traffic(pairs: NDArray[np.int64], kinds: list[str], rng: np.random.Generator) -> NDArray[np.float64]:
    """Requests a second: what enters, divided among callees for a few hops; nobody gets less than one in five seconds."""
    n = len(kinds)
    flow = np.where([kind == "gateway" for kind in kinds], rng.uniform(20, 200), 0.0)
    total = flow.copy()
    if pairs.shape[1]:
        weight = rng.uniform(0.2, 0.8, pairs.shape[1])
        for _ in range(12):
            flow = np.bincount(pairs[1], weights=flow[pairs[0]] * weight, minlength=n)
            total += flow
    return np.maximum(total, 0.2)
