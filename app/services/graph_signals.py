"""What was seen of each service, cut into windows: one look into the store, then the signals of any moment in the range."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.storage.graph import MINUTE, Deploy
from app.storage.store import Store
from models.analyse.graph_reading import ServiceGraph, Signals
from models.analyse.service_names import ServiceNames
from models.taxonomy import CATEGORIES, SEVERITIES

#: Minutes of a window, and of the time before it that says what is usual.
WINDOW: Final = 30
USUAL: Final = 24 * 60


class History:
    """Counts by minute of everything between two times (UTC seconds), and of what is usual before the first."""

    def __init__(self, store: Store, graph: ServiceGraph, since: float, until: float, first_event: float) -> None:
        """Reads the store; `first_event` is when the store begins: before that nothing is usual."""
        self._graph = graph
        self._start = since - (WINDOW + USUAL) * MINUTE
        self._first_event = first_event
        place = {name.lower(): number for number, name in enumerate(graph.names)}
        counts = [row for row in store.graph.counts(self._start, until) if row.service.lower() in place]
        self._minute = np.array([row.minute for row in counts], dtype=np.int64)
        self._service = np.array([place[row.service.lower()] for row in counts], dtype=np.int64)
        self._severity = np.array([SEVERITIES.index(row.severity) for row in counts], dtype=np.int64)
        self._category = np.array([CATEGORIES.index(row.category) for row in counts], dtype=np.int64)
        self._n = np.array([row.n for row in counts], dtype=np.float64)
        self._first = np.array([row.first for row in counts], dtype=np.float64)
        self._blames = _blames(store, graph, place, (since - WINDOW * MINUTE, until), self._start)
        self._deploys = store.graph.deploys(until=until, limit=10_000)

    def signals(self, at: float) -> Signals:
        """The window of WINDOW minutes that ends at `at`, which must not lie beyond the range."""
        n, end = len(self._graph), round((at - self._start) / MINUTE)
        begin = end - WINDOW
        inside = (self._minute >= begin) & (self._minute < end)
        minute, service, number = self._minute[inside] - begin, self._service[inside], self._n[inside]
        counts = np.zeros((WINDOW, n, len(SEVERITIES)))
        np.add.at(counts, (minute, service, self._severity[inside]), number)
        categories = np.zeros((n, len(CATEGORIES)))
        np.add.at(categories, (service, self._category[inside]), number)
        first = np.full(n, np.inf)
        opened = self._start + begin * MINUTE
        np.minimum.at(first, service, np.maximum(self._first[inside] - opened, 0) / MINUTE)
        total = categories.sum(axis=1, keepdims=True)
        return Signals(
            counts=counts,
            usual=self._usual(begin, n),
            first=np.where(np.isfinite(first), first, np.nan),
            categories=np.divide(categories, total, out=np.zeros_like(categories), where=total > 0),
            blames=self._blames_of(begin, end),
            metrics=None,
            deployed=_deployed(self._deploys, self._graph, at),
        )

    def _usual(self, begin: int, n: int) -> NDArray[np.float64]:
        earliest = max(begin - USUAL, int((self._first_event - self._start) // MINUTE))
        before = (self._minute >= earliest) & (self._minute < begin)
        total = np.bincount(self._service[before], weights=self._n[before], minlength=n)
        return np.asarray(total / max(begin - earliest, 1), dtype=np.float64)

    def _blames_of(self, begin: int, end: int) -> NDArray[np.int64]:
        rows = self._blames[(self._blames[:, 0] >= begin) & (self._blames[:, 0] < end)]
        pairs, which = np.unique(rows[:, 1:3], axis=0, return_inverse=True)
        total = np.bincount(which.ravel(), weights=rows[:, 3], minlength=len(pairs)).astype(np.int64)
        return np.column_stack([pairs, total]).reshape(-1, 3)


def nothing(graph: ServiceGraph) -> Signals:
    """The signals of a quiet system."""
    n = len(graph)
    return Signals(
        counts=np.zeros((WINDOW, n, len(SEVERITIES))),
        usual=np.zeros(n),
        first=np.full(n, np.nan),
        categories=np.zeros((n, len(CATEGORIES))),
        blames=np.empty((0, 3), dtype=np.int64),
        metrics=None,
        deployed=np.full(n, np.nan),
    )


def without(signals: Signals, service: int) -> Signals:
    """The same window as if one service had logged no error, and nobody had named it."""
    counts, first, categories = signals.counts.copy(), signals.first.copy(), signals.categories.copy()
    counts[:, service], first[service], categories[service] = 0, np.nan, 0
    blames = signals.blames[(signals.blames[:, 0] != service) & (signals.blames[:, 1] != service)]
    return Signals(counts, signals.usual, first, categories, blames, signals.metrics, signals.deployed)


def _blames(
    store: Store, graph: ServiceGraph, place: dict[str, int], span: tuple[float, float], start: float
) -> NDArray[np.int64]:
    """(k, 4) rows (minute since `start`, service, named service, count), of errors that name one which the writer calls."""
    mentions, texts = store.graph.mentions(*span)
    finder = ServiceNames(graph.names)
    shift = round((span[0] - start) / MINUTE)
    named: dict[tuple[int, str], list[int]] = {}
    rows = []
    for row in mentions:
        writer = row.service.lower()
        if writer not in place:
            continue
        key = (row.signature_id, writer)
        if key not in named:
            named[key] = [item.service for item in finder.named(texts.get(row.signature_id, ""), writer) if item.calls]
        rows += [(row.minute + shift, place[writer], other, row.n) for other in named[key]]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _deployed(deploys: list[Deploy], graph: ServiceGraph, at: float) -> NDArray[np.float64]:
    """(n,) minutes since the newest release at or before `at`; NaN without one."""
    newest: dict[str, float] = {}
    for deploy in deploys:
        if deploy.at <= at:
            newest[deploy.service.lower()] = max(deploy.at, newest.get(deploy.service.lower(), -np.inf))
    return np.array([(at - newest.get(name.lower(), np.nan)) / MINUTE for name in graph.names], dtype=np.float64)
