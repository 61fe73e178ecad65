"""A topology guessed from the logs alone, each edge with how it is known and how sure that is.

Surest first:

- *traces*: lines of several services that carry the same trace id. Who comes first in most shared traces calls the other; what a
  service between them explains is left out.
- *named in a log*: a service writes an address or a name of another one ("calling service X").
- *seen together*: errors of two services follow each other within seconds more often than by chance. Chance is measured with
  surrogates whose events are moved at random within ten minutes (interval jitter: Amarasingham, Harrison, Hatsopoulos, Geman,
  Conditional modeling and the jitter method, J. Neurophysiology 2012), which keep every slower common rhythm: the day's
  traffic, and an outage that makes everything fail for an hour. Of a triangle the weakest side goes (the data processing
  inequality, as in ARACNE: Margolin et al., 2006). Errors travel against the calls: who fails first is called.

What a guess cannot know: services that never log, and calls that never fail nor carry a trace.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.analyse.graph_reading import ServiceGraph
from models.analyse.service_names import PHRASE, ServiceNames
from models.analyse.topology_build import Call, graph_of, kind_of, named

#: Seconds within which an error follows from another one, and within which surrogates move it.
LAG: Final = 30.0
JITTER: Final = 600.0
SURROGATES: Final = 200
#: A pair must follow each other so often, with this chance of a false edge anywhere (Bonferroni over all pairs).
FEWEST: Final = 8
ALPHA: Final = 0.01
#: Traces that must agree on who comes first, and the share of them.
FEWEST_TRACES: Final = 2
AGREE: Final = 0.8
#: Services beyond this number are not compared pair by pair; those with the most errors are.
MOST_COMPARED: Final = 300
#: "Seen together" is never surer than this: what follows need not follow from.
CAP: Final = 0.6

_BIN: Final = 5.0
_TRACE: Final = re.compile(
    r"(?:\b(?:trace|correlation|request)[_\-.]?id|\btraceid|\btrace|x-request-id|x-b3-traceid)[\"']{0,2}\s{0,2}[:=]\s{0,2}[\"']?"
    r"([0-9a-f]{16,32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\b|\b00-([0-9a-f]{32})-[0-9a-f]{16}-0[01]\b",
    re.IGNORECASE,
)
_NEVER_CALL: Final = ("database", "cache", "external")


class Said(Protocol):
    """A line of a log; `time` in UTC seconds, `wrong` where it is an error and not routine."""

    @property
    def time(self) -> float: ...
    @property
    def service(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def wrong(self) -> bool: ...


def guess(lines: Sequence[Said], seed: int = 0) -> ServiceGraph:
    """The services that wrote the lines (in the order of their names) and the calls between them that the lines give away."""
    lines = sorted(lines, key=lambda line: (line.time, line.service, line.text))
    names = sorted({named(line.service) for line in lines})
    found = [*_by_traces(lines), *_by_names(lines, names)]
    known = {frozenset((call.caller, call.callee)) for call in found}
    found += [call for call in _by_time(lines, seed) if frozenset((call.caller, call.callee)) not in known]
    return graph_of(found, dict.fromkeys(names, ""))


def _by_traces(lines: Sequence[Said]) -> list[Call]:
    first: dict[str, dict[str, tuple[bool, float]]] = defaultdict(dict)
    for line in lines:
        if found := _TRACE.search(line.text):
            seen = first[(found[1] or found[2]).lower()]
            seen[line.service] = min(seen.get(line.service, (True, math.inf)), (line.wrong, line.time))
    together: Counter[tuple[str, str]] = Counter()
    before: Counter[tuple[str, str]] = Counter()
    for seen in first.values():
        for one, at in seen.items():
            for other, then in seen.items():
                if one < other:
                    together[one, other] += 1
                    before[(one, other) if _calls(at, then) else (other, one)] += 1
    edges = {
        pair: before[pair] / together[min(pair), max(pair)]
        for pair in before
        if before[pair] >= FEWEST_TRACES and before[pair] / together[min(pair), max(pair)] >= AGREE
    }
    direct = [
        (caller, callee)
        for caller, callee in edges
        if not any(_between(edges, before, (caller, middle, callee)) for _, middle in edges)
    ]
    return [
        Call(*pair, "", "traces", round(_lower(before[pair], together[min(pair), max(pair)]), 3)) for pair in direct
    ]


def _calls(one: tuple[bool, float], other: tuple[bool, float]) -> bool:
    """A caller's line about the work comes first, its line about an error last: the callee has failed before it."""
    if one[0] and other[0]:
        return one[1] > other[1]
    return one[1] <= other[1]


def _between(edges: dict[tuple[str, str], float], before: Counter[tuple[str, str]], way: tuple[str, str, str]) -> bool:
    """Whether caller -> middle -> callee explains caller -> callee: as often as those two meet, the one between is there."""
    caller, middle, callee = way
    if middle in (caller, callee) or (caller, middle) not in edges or (middle, callee) not in edges:
        return False
    direct = before[caller, callee]
    return min(before[caller, middle], before[middle, callee]) >= AGREE * direct


def _lower(good: int, n: int, z: float = 1.64) -> float:
    """Lower end of Wilson's 90 % interval of a share."""
    share = good / n
    return (share + z * z / (2 * n) - z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)


def _by_names(lines: Iterable[Said], names: Sequence[str]) -> list[Call]:
    finder = ServiceNames(names)
    kinds = {name: kind_of(name) for name in names}
    votes: dict[tuple[str, str], list[float]] = defaultdict(list)
    seen: dict[tuple[str, str], list[tuple[str, bool, float]]] = {}
    for line in lines:
        key = (line.service, re.sub(r"\d+", "0", line.text[:400]))  # one look at lines that differ in numbers alone
        if key not in seen:
            seen[key] = [
                (names[item.service], item.calls, item.certainty) for item in finder.named(line.text, line.service)
            ]
        clients = kinds.get(line.service) in _NEVER_CALL  # a database names its clients
        for other, calls, certainty in seen[key]:
            votes[(line.service, other) if calls and not clients else (other, line.service)].append(certainty)
    strongest = {
        pair: max(said) * len(said) / (len(said) + 0.25)
        for pair, said in votes.items()
        if max(said) >= PHRASE or len(said) > len(votes.get((pair[1], pair[0]), ()))
    }
    return [Call(caller, callee, "", "named in a log", round(sure, 3)) for (caller, callee), sure in strongest.items()]


class _Bins(NamedTuple):
    """Errors by place in time: `services` by number, `times` in seconds."""

    services: NDArray[np.int64]
    times: NDArray[np.float64]


def _by_time(lines: Iterable[Said], seed: int) -> list[Call]:
    wrong = [line for line in lines if line.wrong]
    most = [name for name, n in Counter(line.service for line in wrong).most_common(MOST_COMPARED) if n >= FEWEST]
    place = {name: number for number, name in enumerate(sorted(most))}
    kept = [(place[line.service], line.time) for line in wrong if line.service in place]
    if len(place) < 2:
        return []
    services, times = (np.array(column) for column in zip(*kept, strict=True))
    events = _Bins(services.astype(np.int64), times - times.min())
    counts = _follows(events, len(place))
    rng = np.random.default_rng(seed)
    total, squares = np.zeros_like(counts), np.zeros_like(counts)
    for _ in range(SURROGATES):
        window = np.floor(events.times / JITTER)
        moved = _follows(_Bins(events.services, (window + rng.random(len(events.times))) * JITTER), len(place))
        total += moved
        squares += moved**2
    mean = total / SURROGATES
    spread = np.sqrt(np.maximum(squares / SURROGATES - mean**2, mean) + 0.25)  # never below a Poisson's
    return _significant(counts, mean, (counts - mean) / spread, sorted(place))


def _follows(events: _Bins, n: int) -> NDArray[np.float64]:
    """(n, n) how many bins hold an error of the column's service, and one of the row's in it or in those of LAG before it."""
    from scipy import sparse

    bins = np.floor(events.times / _BIN).astype(np.int64)
    _, rows = np.unique(np.concatenate([bins + step for step in range(int(LAG / _BIN) + 1)]), return_inverse=True)
    size = int(rows.max()) + 1
    now = rows[: len(bins)]
    after = rows
    at = sparse.csr_matrix((np.ones(len(bins)), (now, events.services)), shape=(size, n))
    steps = len(after) // len(bins)
    held = sparse.csr_matrix((np.ones(len(after)), (after, np.tile(events.services, steps))), shape=(size, n))
    at.data[:] = 1
    at.sum_duplicates()
    held.sum_duplicates()
    at.data[:], held.data[:] = 1, 1
    return np.asarray((held.T @ at).todense(), dtype=np.float64)


def _significant(
    counts: NDArray[np.float64], mean: NDArray[np.float64], z: NDArray[np.float64], names: list[str]
) -> list[Call]:
    from scipy import special  # here, for the first page needs none of it

    n = len(names)
    level = ALPHA / (n * (n - 1))
    sure = (special.ndtr(-z) < level) & (counts >= FEWEST) & ~np.eye(n, dtype=bool)
    lift = np.where(
        sure, (counts - mean) / np.maximum(counts, 1), 0.0
    )  # share of the following that chance does not give
    strength = np.maximum(lift, lift.T)
    found = []
    for one in range(n):
        for other in range(one + 1, n):
            weight = strength[one, other]
            weaker = np.minimum(strength[one], strength[other]) > weight
            if weight and not weaker.any():
                first, then = (one, other) if z[one, other] >= z[other, one] else (other, one)
                if kind_of(names[then]) in _NEVER_CALL and kind_of(names[first]) not in _NEVER_CALL:
                    first, then = then, first
                found.append(Call(names[then], names[first], "", "seen together", round(CAP * float(weight), 3)))
    return found
