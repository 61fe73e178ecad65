"""ErrorMapService: every signature as a point, near where alike, with the families they form.

The map is fitted in the background and kept beside the store: ids, points and numbers, no text. It is fitted anew
only when the store has grown by half or lost half; until then what is new is placed beside its neighbours, so that
the map a person knows stays as it was. Before there is a map, and for a handful of points, PCA stands in.
"""

import io
import logging
import subprocess
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread

import numpy as np
from numpy.typing import NDArray

from app.domain import StackLensError
from app.services.files import atomic_write
from app.services.map_fit import Fit, fit_in_a_process
from app.storage.map import MapRow
from app.storage.store import Store
from models.vectors.families import NONE, families, names
from models.vectors.projection import FEWEST, flat, place, trustworthiness

_LOG = logging.getLogger(__name__)
GROWTH = 1.5
#: Points among which families are looked for while a page waits.
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Family:
    """A dense place of the map. `first_seen` in UTC seconds: when its first signature came."""

    label: int
    name: str
    size: int
    first_seen: float


@dataclass(frozen=True, slots=True, eq=False)
class ErrorMap:
    """`rows` (n) by id with their `points` (n, 2) and `labels` (n,), the family or -1.

    `method` is "UMAP" or "PCA"; `trust` in [0, 1], nan where it cannot be measured; `placed` of the points came after
    the fit. `fitting_since` in UTC seconds, None where no fit is under way; `problem` says why the last one failed.
    """

    rows: tuple[MapRow, ...]
    points: NDArray[np.float32]
    labels: NDArray[np.int32]
    families: tuple[Family, ...]
    method: str
    trust: float
    placed: int = 0
    fitting_since: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """A fitted map of those of its ids that are still stored; `size` of them were there when it was fitted."""

    ids: NDArray[np.int64]
    points: NDArray[np.float32]
    labels: NDArray[np.int32]
    trust: float
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """Where everything lies now: `ids` (n,) with `points` (n, 2) and `labels` (n,); of one state of the store."""

    of: tuple[object, ...]
    ids: NDArray[np.int64]
    points: NDArray[np.float32]
    labels: NDArray[np.int32]
    method: str
    trust: float
    placed: int


@dataclass(slots=True)
class _Work:
    """The fit under way, if any, and how the last one failed."""

    thread: Thread | None = None
    since: float | None = None
    process: subprocess.Popen[bytes] | None = None
    problem: str = ""
    failed_at: int = 0
    closed: bool = field(default=False)


class ErrorMapService:
    """Safe to share between threads; the same map for every page."""

    def __init__(
        self,
        store: Store,
        encoder_version: str,
        file: Path,
        fit: Fit = fit_in_a_process,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._encoder_version = encoder_version
        self._file = file
        self._fit = fit
        self._clock = clock
        self._lock = Lock()
        self._layout: _Layout | None = None
        self._generation = 0  # of the layout: goes up whenever it changes
        self._read = False
        self._work = _Work()
        self._drawing: _Drawing | None = None
        self._map: ErrorMap | None = None
        self._map_of: tuple[object, ...] = ()

    def current(self) -> ErrorMap:
        """The map as the store is now; starts a fit in the background where one is due, and never waits for it."""
        with self._lock:
            drawing = self._fresh_drawing()
            state = (self._store.map.version(), drawing.of, self._work.since, self._work.problem)
            if self._map is None or state != self._map_of:
                self._map, self._map_of = self._described(drawing), state
            return self._map

    def wait(self, seconds: float | None = None) -> bool:
        """Waits for the fit that is under way; True if none is any more."""
        thread = self._work.thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def close(self) -> None:
        """Ends the fit that is under way, unfinished."""
        with self._lock:
            self._work.closed = True
            if self._work.process is not None:
                self._work.process.terminate()
        self.wait()

    def _fresh_drawing(self) -> _Drawing:
        stamp = self._store.signatures.stamp()
        if self._drawing is None or self._drawing.of != (stamp, self._generation):
            self._drawing = self._draw(stamp)
        return self._drawing

    def _draw(self, stamp: str) -> _Drawing:
        ids, vectors = self._store.signatures.vectors(self._encoder_version)
        layout = self._kept(ids)
        self._begin_if_due(ids, vectors, layout)
        of = (stamp, self._generation)
        if layout is not None:
            points, labels = _with_new(ids, vectors, layout)
            return _Drawing(of, ids, points, labels, "UMAP", layout.trust, len(ids) - len(layout.ids))
        points = flat(vectors)
        labels = families(points) if len(ids) <= _AT_ONCE else _none(len(ids))
        return _Drawing(of, ids, points, labels, "PCA", trustworthiness(vectors, points), 0)

    def _described(self, drawing: _Drawing) -> ErrorMap:
        """The drawing with what the rows say; a row that came or went between two reads is left out."""
        place_of = {signature_id: place for place, signature_id in enumerate(drawing.ids.tolist())}
        rows = tuple(row for row in self._store.map.rows(self._encoder_version) if row.id in place_of)
        places = np.array([place_of[row.id] for row in rows], dtype=np.int64)
        labels = drawing.labels[places]
        return ErrorMap(
            rows,
            drawing.points[places],
            labels,
            _families(rows, labels),
            drawing.method,
            drawing.trust,
            drawing.placed,
            self._work.since,
            self._work.problem,
        )

    def _kept(self, ids: NDArray[np.int64]) -> _Layout | None:
        """The layout without what was removed, which goes from the file too; None where there is none to go by."""
        if not self._read:
            self._layout, self._read = _load(self._file, self._encoder_version), True
        layout = self._layout
        if layout is None:
            return None
        still = np.isin(layout.ids, ids)
        if not still.all():
            layout = _Layout(layout.ids[still], layout.points[still], layout.labels[still], layout.trust, layout.size)
            self._take(layout)
        return layout if len(layout.ids) >= FEWEST else None

    def _begin_if_due(self, ids: NDArray[np.int64], vectors: NDArray[np.float32], layout: _Layout | None) -> None:
        fits = layout is not None and len(layout.ids) * 2 >= layout.size and len(ids) < GROWTH * layout.size
        work = self._work
        # after a failure the same store would fail again: it is tried once more when the store has grown
        if fits or len(ids) < max(FEWEST, GROWTH * work.failed_at) or work.since is not None or work.closed:
            return
        work.since = self._clock()
        work.thread = Thread(target=self._run, args=(ids, vectors), name="error map", daemon=True)
        work.thread.start()

    def _run(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        try:
            fitted = self._fit(vectors, self._started)
            still = np.isin(ids, self._store.signatures.ids(self._encoder_version))  # removed meanwhile: not kept
            layout = _Layout(ids[still], fitted.points[still], fitted.families[still], fitted.trust, len(ids))
        except (StackLensError, OSError, ValueError, MemoryError) as error:
            with self._lock:
                self._work.since, self._work.process, self._work.failed_at = None, None, len(ids)
                if not self._work.closed:
                    self._work.problem = str(error)
                    _LOG.warning("%s", error)
            return
        with self._lock:
            self._work.since, self._work.process, self._work.problem = None, None, ""
            self._work.failed_at = 0
            self._take(layout)

    def _take(self, layout: _Layout) -> None:
        self._layout = layout
        self._generation += 1
        self._save(layout)

    def _started(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._work.process = process
            if self._work.closed:
                process.terminate()

    def _save(self, layout: _Layout) -> None:
        """A full disk costs only the shortcut."""
        stream = io.BytesIO()
        np.savez(
            stream,
            allow_pickle=False,
            encoder=np.array(self._encoder_version),
            ids=layout.ids,
            points=layout.points,
            labels=layout.labels,
            trust=np.float64(layout.trust),
            size=np.int64(layout.size),
        )
        try:
            atomic_write(self._file, lambda file: file.write(stream.getvalue()))
        except OSError as error:
            _LOG.warning("the map could not be saved, the next start fits it anew: %s", error)


def _with_new(
    ids: NDArray[np.int64], vectors: NDArray[np.float32], layout: _Layout
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Points and families of all ids: those of the layout, and the new ones beside their neighbours."""
    points, labels = np.empty((len(ids), 2), dtype=np.float32), _none(len(ids))
    where = np.searchsorted(ids, layout.ids)
    points[where], labels[where] = layout.points, layout.labels
    fresh = np.ones(len(ids), dtype=bool)
    fresh[where] = False
    if fresh.any():
        points[fresh], nearest = place(vectors[fresh], vectors[where], layout.points)
        labels[fresh] = layout.labels[nearest]
    return points, labels


def _families(rows: tuple[MapRow, ...], labels: NDArray[np.int32]) -> tuple[Family, ...]:
    named = names([row.text for row in rows], labels)
    first: dict[int, float] = {}
    size: dict[int, int] = {}
    for row, label in zip(rows, labels.tolist(), strict=True):
        if label != NONE:
            first[label] = min(row.first_seen, first.get(label, row.first_seen))
            size[label] = size.get(label, 0) + 1
    return tuple(Family(label, named[label], size[label], first[label]) for label in sorted(size))


def _load(file: Path, encoder: str) -> _Layout | None:
    """None where the file is missing, damaged or of another encoder: the map is fitted anew."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as found:
            if str(found["encoder"]) != encoder:
                return None
            layout = _Layout(
                found["ids"].astype(np.int64),
                found["points"].astype(np.float32),
                found["labels"].astype(np.int32),
                float(found["trust"]),
                int(found["size"]),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    n = len(layout.ids)
    whole = layout.points.shape == (n, 2) and layout.labels.shape == (n,) and np.isfinite(layout.points).all()
    return layout if whole and (np.diff(layout.ids) > 0).all() else None


def _none(n: int) -> NDArray[np.int32]:
    return np.full(n, NONE, dtype=np.int32)
