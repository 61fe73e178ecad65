"""GraphService: who depends on whom, how each service is, where it started, whom it hits.

The graph is a topology that was given, else a guess from the logs; services that log and are in neither are added without calls.
A reading is of one window that ends at a moment; readings are kept until something is stored that could change them.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Final, Protocol, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from app.domain import InvalidInput, NotFound, Unavailable
from app.services.graph_signals import History, nothing, without
from app.settings import ROOT, SAMPLE_DATA
from app.storage.graph import Topology
from app.storage.store import Store
from models.analyse.graph_reading import KNOWN_BY, GraphReader, GraphReading, Hit, ServiceGraph, Signals
from models.analyse.topology_build import Call, TopologyError, calls_of, graph_of, kind_of, named, with_services
from models.analyse.topology_guess import guess
from models.analyse.topology_inputs import read_topology
from models.taxonomy import HEALTH

#: Topologies that ship, by the words that name them on the page.
EXAMPLES: Final = {
    "four services": SAMPLE_DATA / "topologies" / "four_services.json",
    "sample shop": SAMPLE_DATA / "incident" / "topology.json",
}
PRETRAINED: Final = ROOT / "models" / "pretrained" / "graph"
GUESSED: Final = "guessed from the logs"
#: Newest events that a guess looks at, and seconds that it holds although more have come in.
GUESS_LINES: Final = 30_000
GUESS_SECONDS: Final = 300.0
#: Numbers and guesses that are kept, and whole readings, which can be of ten thousand services.
KEPT: Final = 256
KEPT_WHOLE: Final = 8
#: Moments of a trend, and the longest that one spans in seconds.
POINTS: Final = 24
LONGEST: Final = 7 * 86_400.0
#: A service pulls the system down if without it the health would be this much better.
PULLS: Final = 0.01
_MARK: Final = "topology"
_GUESS: Final = "guess"
_MAX_VERSION: Final = 200
T = TypeVar("T")


class WhatIf(Protocol):
    """Whom a supposed failure of services and edges (by number) would hit."""

    def __call__(
        self, graph: ServiceGraph, reading: GraphReading, services: tuple[int, ...] = (), edges: tuple[int, ...] = ()
    ) -> tuple[Hit, ...]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The graph and where it is from: `id` of the stored topology, None for a guess or an example."""

    graph: ServiceGraph
    source: str
    id: int | None = None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Picture:
    """One reading. `at` is the end of its window in UTC seconds, None for a graph that is read without any log."""

    known: Known
    signals: Signals
    reading: GraphReading
    at: float | None

    @property
    def graph(self) -> ServiceGraph:
        return self.known.graph

    def state(self, service: int) -> str:
        """The likeliest state of taxonomy.HEALTH."""
        return HEALTH[int(self.reading.health[service].argmax())]

    def errors(self, service: int) -> int:
        """Errors of the service in the window."""
        return round(float(self.signals.counts[:, service].sum()))


@dataclass(frozen=True, slots=True)
class Pull:
    """The service whose errors cost the system most: without them its health would be `without`, in [0, 1]."""

    service: int
    without: float


@dataclass(frozen=True, slots=True)
class Point:
    """Health of the system in [0, 1], higher = better, at a moment in UTC seconds; `worst` is the service of the first cause."""

    at: float
    health: float
    worst: str


def shipped_reader() -> GraphReader:
    """The reader whose weights ship; imported here, since it brings the libraries of networks with it."""
    from models.analyse.service_graph import load_reader

    try:
        return load_reader(PRETRAINED)
    except FileNotFoundError as error:
        raise Unavailable(f"the service graph's weights are not in {PRETRAINED}: run stacklens train graph") from error


def shipped_what_if(
    graph: ServiceGraph, reading: GraphReading, services: tuple[int, ...] = (), edges: tuple[int, ...] = ()
) -> tuple[Hit, ...]:
    from models.analyse.what_if import what_if

    return what_if(graph, reading, services=services, edges=edges)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What was read from the store in a state `key`, between two times."""

    key: str
    since: float
    until: float
    history: History

    def holds(self, key: str, since: float, until: float) -> bool:
        return self.key == key and self.since <= since and until <= self.until


class GraphService:
    def __init__(
        self,
        store: Store,
        load_reader: Callable[[], GraphReader] = shipped_reader,
        what_if: WhatIf = shipped_what_if,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._load_reader = load_reader
        self._what_if = what_if
        self._clock = clock
        self._lock = RLock()
        self._reader: GraphReader | None = None
        self._small: OrderedDict[Hashable, object] = OrderedDict()
        self._whole: OrderedDict[Hashable, object] = OrderedDict()
        self._pulls: WeakKeyDictionary[Picture, Pull | None] = WeakKeyDictionary()
        self._read_last: _Read | None = None
        self._guessed: tuple[str, float, ServiceGraph] | None = None

    @property
    def version(self) -> str:
        return self._loaded().version

    def known(self) -> Known | None:
        """The graph in use: the chosen topology, else the newest one, else the guess; None where no service is known."""
        topology = self._chosen()
        services = self._store.graph.services()
        if topology is not None:
            return Known(with_services(graph_from(topology), services), topology.name, topology.id)
        return Known(self._guess(), GUESSED) if services else None

    def picture(self, at: float | None = None) -> Picture | None:
        """The reading of the window that ends at `at` (UTC seconds; the newest event by default). None without a service."""
        key = self._store.graph.version()
        known = self._keep((key, "known"), self.known)
        if known is None:
            return None
        moment = self._moment(at)
        if moment is None:
            return self._keep((key, "quiet", known.id), lambda: self.read(known))
        return self._keep((key, "at", moment), lambda: self._read_at(known, moment, self._history(key, known, moment)))

    def read(self, known: Known, at: float | None = None) -> Picture:
        """A graph that need not be stored, with what the store has seen of its services up to `at`, if given."""
        if at is None or self._store.graph.span() is None:
            signals = nothing(known.graph)
            return Picture(known, signals, self._loaded().read(known.graph, signals), None)
        return self._read_at(known, at, self._fresh(known, at, at))

    def read_given(self, known: Known, at: float | None = None) -> Picture:
        """A graph that is not stored, at a moment as in `picture`."""
        return self.read(known, self._moment(at))

    def trend(
        self, since: float | None, points: int = POINTS, progress: Callable[[float], None] | None = None
    ) -> list[Point]:
        """Health at `points` moments from `since` (or the beginning) to the newest event, oldest first."""
        key = self._store.graph.version()
        known, span = self._keep((key, "known"), self.known), self._store.graph.span()
        if known is None or span is None:
            return []
        until = self._moment(None) or span[1]
        start = max(span[0] if since is None else max(since, span[0]), until - LONGEST) // 60 * 60
        moments = dict.fromkeys(self._moment(float(at)) or until for at in np.linspace(start, until, points))
        found = []
        for number, at in enumerate(moments):
            # One look into the store for all moments, and none where all points are kept.
            made = partial(self._point, known, at, partial(self._history, key, known, start, until))
            found.append(self._keep((key, "point", at), made))
            if progress is not None:
                progress((number + 1) / len(moments))
        return found

    def pictures(self, moments: Sequence[float]) -> Iterator[Picture]:
        """The readings of several moments (UTC seconds, whole minutes, rising) with one look into the store; none is kept."""
        known = self._keep((self._store.graph.version(), "known"), self.known)
        if known is not None and moments:
            history = self._fresh(known, moments[0], moments[-1])
            for at in moments:
                yield self._read_at(known, at, history)

    def pull(self, picture: Picture) -> Pull | None:
        """The service whose errors cost the system's health most, among the first causes and the worst; None if none costs any."""
        with self._lock:
            if picture not in self._pulls:
                self._pulls[picture] = self._pull(picture)
            return self._pulls[picture]

    def alike(self, picture: Picture, service: int, top: int = 5) -> list[tuple[int, float]]:
        """The services whose embeddings are nearest: (service, cosine about the mean of all), best first."""
        rows = picture.reading.embeddings - picture.reading.embeddings.mean(axis=0)
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        similar = rows @ rows[service]
        order = [int(place) for place in np.argsort(-similar, kind="stable") if place != service]
        return [(place, float(np.clip(similar[place], -1, 1))) for place in order[:top]]

    def what_if(self, picture: Picture, services: Sequence[int] = (), edges: Sequence[int] = ()) -> tuple[Hit, ...]:
        """Whom it would hit if these services failed and these edges broke (numbers of the picture's graph), likeliest first."""
        n, m = len(picture.graph), picture.graph.edges.shape[1]
        if not all(0 <= service < n for service in services) or not all(0 <= edge < m for edge in edges):
            raise InvalidInput("break services and edges that the graph has")
        hits = self._what_if(picture.graph, picture.reading, services=tuple(services), edges=tuple(edges))
        return tuple(sorted(hits, key=lambda hit: (-hit.probability, hit.seconds, hit.service)))

    def topologies(self) -> list[Topology]:
        """Those that were given, newest first."""
        return self._store.graph.topologies()

    def in_use(self) -> int | None:
        """The id of the topology in use, None for the guess."""
        chosen = self._chosen()
        return None if chosen is None else chosen.id

    def give(self, data: bytes, *, name: str, actor: str) -> int:
        """Stores a topology and uses it from now on; InvalidInput says what is wrong with it."""
        graph = parsed(data)
        place = {service: number for number, service in enumerate(graph.names)}
        calls = tuple(
            (place[call.caller], place[call.callee], call.protocol, KNOWN_BY.index(call.known_by), call.certainty)
            for call in calls_of(graph)
        )
        services = tuple(zip(graph.names, graph.kinds, strict=True))
        number = self._store.graph.add_topology(
            Topology(0, name.strip()[:200] or "topology", _actor(actor), self._clock(), services, calls)
        )
        self._store.notes.mark(_MARK, str(number))
        return number

    def use(self, topology_id: int | None) -> None:
        """Uses a stored topology, or with None the guess from the logs."""
        if topology_id is not None:
            self._store.graph.topology(topology_id)
        self._store.notes.mark(_MARK, _GUESS if topology_id is None else str(topology_id))

    def remove(self, topology_id: int) -> None:
        """Takes a topology out for good."""
        self._store.graph.remove_topology(topology_id)

    def deploy(self, service: str, version: str, *, at: float | None = None, actor: str) -> int:
        """Stores that a version of a service went live at a time (UTC seconds, now by default); the same twice is one marker."""
        when = self._clock() if at is None else at
        if not 0 <= when <= self._clock() + 86_400:
            raise InvalidInput("the time of a release lies between 1970 and tomorrow")
        if len(version) > _MAX_VERSION:
            raise InvalidInput(f"a version has at most {_MAX_VERSION} characters")
        try:
            name = named(service)
        except TopologyError as error:
            raise InvalidInput(str(error)) from error
        return self._store.graph.add_deploy(name, " ".join(version.split()), when, _actor(actor))

    def remove_deploy(self, deploy_id: int) -> None:
        """Takes the marker of a release out: it is no evidence any more. NotFound if there is none."""
        self._store.graph.remove_deploy(deploy_id)

    def _chosen(self) -> Topology | None:
        mark = self._store.notes.marked(_MARK)
        if mark == _GUESS:
            return None
        if mark:
            try:
                return self._store.graph.topology(int(mark))
            except NotFound:
                pass  # it was removed
        newest = self._store.graph.topologies()
        return self._store.graph.topology(newest[0].id) if newest else None

    def _guess(self) -> ServiceGraph:
        version, now = self._store.graph.version(), self._clock()
        with self._lock:
            if self._guessed is None or (self._guessed[0] != version and now - self._guessed[1] > GUESS_SECONDS):
                graph = guess(self._store.graph.lines(GUESS_LINES))
                self._guessed = (version, now, graph)
            return with_services(self._guessed[2], self._store.graph.services())

    def _moment(self, at: float | None) -> float | None:
        """The next whole minute, not beyond the end of the newest event's; None in an empty store."""
        span = self._store.graph.span()
        if span is None:
            return None
        newest = (span[1] // 60 + 1) * 60
        return newest if at is None else min(-(-at // 60) * 60, newest)

    def _history(self, key: str, known: Known, since: float, until: float | None = None) -> History:
        """The counts between two times (of one moment by default): the last that were read, if they hold these."""
        until = since if until is None else until
        with self._lock:
            if self._read_last is None or not self._read_last.holds(key, since, until):
                self._read_last = _Read(key, since, until, self._fresh(known, since, until))
            return self._read_last.history

    def _fresh(self, known: Known, since: float, until: float) -> History:
        span = self._store.graph.span()
        return History(self._store, known.graph, since, until, span[0] if span else 0.0)

    def _point(self, known: Known, at: float, history: Callable[[], History]) -> Point:
        picture = self._read_at(known, at, history())
        return Point(at, picture.reading.system_health, _first_cause(picture))

    def _read_at(self, known: Known, at: float, history: History) -> Picture:
        signals = history.signals(at)
        return Picture(known, signals, self._loaded().read(known.graph, signals), at)

    def _pull(self, picture: Picture) -> Pull | None:
        reading = picture.reading
        badness = 1 - reading.health[:, 0]
        candidates = [cause.service for cause in reading.causes[:3]] + np.argsort(-badness, kind="stable")[:3].tolist()
        best: Pull | None = None
        for service in dict.fromkeys(candidates):
            if picture.errors(service):
                better = self._loaded().read(picture.graph, without(picture.signals, service)).system_health
                if better - reading.system_health > PULLS and (best is None or better > best.without):
                    best = Pull(service, better)
        return best

    def _loaded(self) -> GraphReader:
        with self._lock:
            if self._reader is None:
                self._reader = self._load_reader()
            return self._reader

    def _keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made under this key before, else made now; the least used goes when enough are kept."""
        with self._lock:
            found = self._small.get(key, self._whole.get(key))
            if found is None:
                found = make()
            kept, most = (self._whole, KEPT_WHOLE) if isinstance(found, Picture) else (self._small, KEPT)
            kept[key] = found
            kept.move_to_end(key)
            while len(kept) > most:
                kept.popitem(last=False)
            return found  # type: ignore[return-value]


def parsed(data: bytes) -> ServiceGraph:
    """The topology in a file; InvalidInput with the reason."""
    try:
        return read_topology(data)
    except TopologyError as error:
        raise InvalidInput(str(error)) from error


def example(name: str) -> Known:
    """A topology that ships, by its name in EXAMPLES."""
    file: Path = EXAMPLES[name]
    return Known(parsed(file.read_bytes()), name)


def graph_from(topology: Topology) -> ServiceGraph:
    """The graph of a stored topology; names that a purge made equal are one service."""
    names = [name for name, _ in topology.services]
    calls = [
        Call(names[caller], names[callee], protocol, KNOWN_BY[known_by], certainty)
        for caller, callee, protocol, known_by, certainty in topology.calls
    ]
    return graph_of(calls, {name: kind_of(name, kind) for name, kind in topology.services})


def _first_cause(picture: Picture) -> str:
    causes = picture.reading.causes
    return picture.graph.names[causes[0].service] if causes else ""


def _actor(actor: str) -> str:
    if not actor.strip():
        raise InvalidInput("a name is needed: who says so?")
    return actor.strip()
