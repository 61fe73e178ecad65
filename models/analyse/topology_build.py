"""From calls between named services to a ServiceGraph: names cleaned, doubles joined, kinds filled in, sizes bounded."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from models.analyse.graph_reading import KNOWN_BY, ServiceGraph
from models.simulate.topology import KINDS
from models.text.decode import clean

#: Largest graph that is read; the reader of such a graph takes a second.
MAX_SERVICES: Final = 10_000
MAX_CALLS: Final = 100_000
#: Longest name of a service, in characters.
MAX_NAME: Final = 200

#: Words for kinds, as files and tracing systems write them.
_KIND_WORDS: Final = {
    "web": "gateway", "frontend": "gateway", "ingress": "gateway", "edge": "gateway", "loadbalancer": "gateway",
    "db": "database", "sql": "database", "store": "database", "postgresql": "database", "postgres": "database",
    "mysql": "database", "mongodb": "database", "mariadb": "database", "cassandra": "database", "elasticsearch": "database",
    "redis": "cache", "memcached": "cache", "broker": "queue", "messaging": "queue", "kafka": "queue", "rabbitmq": "queue",
    "consumer": "worker", "job": "worker", "thirdparty": "external", "third party": "external", "partner": "external",
}  # fmt: skip
_KIND_OF_NAME: Final = (
    ("database", re.compile(
        r"(?:^|[-_.\d])(?:db|database|postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|cassandra|oracle|sqlserver)\d*$")),
    ("cache", re.compile(r"(?:^|[-_.\d])(?:cache|redis|memcached?|valkey)\d*$")),
    ("queue", re.compile(r"(?:^|[-_.\d])(?:queue|mq|kafka|rabbitmq|nats|broker|bus)\d*$")),
    ("worker", re.compile(r"(?:^|[-_.\d])(?:workers?|consumer|jobs|cron|scheduler)\d*$")),
    ("gateway", re.compile(r"(?:^|[-_.\d])(?:gateway|ingress|edge|frontend|nginx|proxy|loadbalancer)\d*$")),
    ("external", re.compile(r"(?:^|[-_.\d])(?:provider|partner)\d*$")),
)  # fmt: skip
_PROTOCOL_TO: Final = {"database": "sql", "cache": "redis", "queue": "amqp"}


class TopologyError(ValueError):
    """What was given is no topology; the message says what is wrong and what to give."""


class Call(NamedTuple):
    """`caller` depends on `callee`, both by name; `certainty` in [0, 1] of what `known_by` (one of KNOWN_BY) says."""

    caller: str
    callee: str
    protocol: str = ""
    known_by: str = "given"
    certainty: float = 1.0


def graph_of(calls: Iterable[Call], kinds: Mapping[str, str] | None = None) -> ServiceGraph:
    """The graph of the calls and of further services that `kinds` names (name to kind, "" = told from the name).

    Services come in the order in which they are first met, those of `kinds` first. Of a call that is named twice the surest
    stays; a call to oneself is left out. TopologyError beyond MAX_SERVICES or MAX_CALLS, or for a name that is empty.
    """
    number: dict[str, int] = {}
    said: dict[str, str] = {}
    for raw, kind in (kinds or {}).items():
        name = named(raw)
        number.setdefault(name, len(number))
        said[name] = kind
        _check(number, {})
    found: dict[tuple[int, int], Call] = {}
    for call in calls:
        pair = tuple(number.setdefault(named(name), len(number)) for name in (call.caller, call.callee))
        if pair[0] != pair[1]:
            key = (pair[0], pair[1])
            found[key] = _surer(found.get(key, call), call)
        _check(number, found)
    names = tuple(number)
    of_name = [kind_of(name, said.get(name, "")) for name in names]
    pairs = sorted(found)
    return ServiceGraph(
        names=names,
        kinds=tuple(of_name),
        edges=np.array(pairs, dtype=np.int64).reshape(-1, 2).T,
        protocols=tuple(
            _one_line(found[pair].protocol, 40) or _PROTOCOL_TO.get(of_name[pair[1]], "") for pair in pairs
        ),
        known_by=tuple(found[pair].known_by for pair in pairs),
        certainty=np.array([min(max(found[pair].certainty, 0.0), 1.0) for pair in pairs], dtype=np.float64),
    )


def calls_of(graph: ServiceGraph) -> list[Call]:
    """The edges of a graph by name, in their order."""
    return [
        Call(graph.names[caller], graph.names[callee], protocol, known_by, float(certainty))
        for (caller, callee), protocol, known_by, certainty in zip(
            graph.edges.T.tolist(), graph.protocols, graph.known_by, graph.certainty.tolist(), strict=True
        )
    ]


def with_services(graph: ServiceGraph, names: Iterable[str]) -> ServiceGraph:
    """The graph and, without calls, those of the names that it does not hold."""
    kinds = dict(zip(graph.names, graph.kinds, strict=True))
    more = {name: "" for name in names if named(name) not in kinds}
    return graph_of(calls_of(graph), kinds | more) if more else graph


def kind_of(name: str, said: str = "") -> str:
    """One of simulate.topology.KINDS: what is said, else what the name's last word says, else "service"."""
    word = said.strip().lower().replace("_", " ")
    if word in KINDS or word in _KIND_WORDS:
        return _KIND_WORDS.get(word, word)
    lower = name.lower()
    return next((kind for kind, pattern in _KIND_OF_NAME if pattern.search(lower)), "service")


def named(name: str) -> str:
    """A service's name on one line without control characters. TopologyError if nothing is left, or if it is too long."""
    line = _one_line(name, MAX_NAME + 1)
    if not line:
        raise TopologyError("a service has no name")
    if len(line) > MAX_NAME:
        raise TopologyError(f"a service's name has more than {MAX_NAME} characters")
    return line


def _one_line(text: str, limit: int) -> str:
    return " ".join(clean(text[: 4 * limit]).split())[:limit]


def _surer(one: Call, other: Call) -> Call:
    return min(one, other, key=lambda call: (KNOWN_BY.index(call.known_by), -call.certainty))


def _check(number: Mapping[str, int], found: Mapping[tuple[int, int], Call]) -> None:
    if len(number) > MAX_SERVICES:
        raise TopologyError(f"more than {MAX_SERVICES:,} services: leave out what is not of interest")
    if len(found) > MAX_CALLS:
        raise TopologyError(f"more than {MAX_CALLS:,} calls between services: leave out what is not of interest")
