"""ActiveLearningService: the reader of this store is the shipped reader and the labels that people gave here.

A label, a correction or its undoing is a row of the log. The labels are read from it whenever it has grown, so every process,
now and after a restart, reads alike, and the same log gives the same reader (models/analyse/learned.py). What was stored
before is read anew in the background, from the shipped reading that stands beside it: no model runs, only what lies near a
label that came or went is written, and what the labels no longer reach reads as shipped again.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.domain import Entry
from app.services.labels import Agreed, agreed, given, is_audit
from app.services.reading import ReadingService, rendered_texts
from app.storage.labels import Turned
from app.storage.store import Store
from models.analyse.learned import MARK, NONE, Labelled, LearnedReader, taught, untaught
from models.learn.label_noise import cross_validated, suspects
from models.learn.labels_left import Left, labels_left
from models.records import Reading
from models.taxonomy import CATEGORIES, SEVERITIES

_LOG = logging.getLogger(__name__)
_MARK: Final = "learned"
#: Signatures that are compared, and that are written, at a time.
COMPARED, WRITTEN = 5_000, 1_000
#: Drawings of the labels for a point of the learning curve, and its points as shares of the labels.
REPEATS: Final = 5
SHARES: Final = (0.25, 0.5, 0.75, 1.0)
#: Labels that the curve and the search for label errors look at, newest first: their cost grows with the square.
LOOKED_AT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Learned:
    """What the newest labels did. `changed`: issues that read otherwise, beside those that were labelled themselves.

    `before` and `after`: the share of the labels that the shipped reader reads right, and this store's reader without the label
    in question; None where there is no label. `lost`: templates of the error corpus, `frozen` in all, that the shipped reader
    reads right and this one does not. `entry`: the log's row that it was up to; `at` in UTC seconds.
    """

    version: str
    labels: int
    changed: int
    before: float | None
    after: float | None
    lost: int
    frozen: int
    entry: int
    at: float


@dataclass(frozen=True, slots=True)
class SuspectLabel:
    """A label that the other labels and the shipped reader speak against; `margin` in (0, 1], higher = more suspicious."""

    signature_id: int
    part: str
    label: str
    better: str
    margin: float


class ActiveLearningService:
    def __init__(
        self, store: Store, reading: ReadingService, encoder_version: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._reading = reading
        self._encoder_version = encoder_version
        self._clock = clock
        self._lock = Lock()
        self._refreshing = Lock()
        self._stamp: tuple[int, str] | None = None
        self._reader: LearnedReader | None = None
        self._worker: ThreadPoolExecutor | None = None
        self._waiting: Future[None] | None = None
        #: What the shipped kernel says of the corpus, by template, as far as a label came near it: labels must not undo it.
        self._frozen: dict[int, Reading] = {}

    def reader(self) -> LearnedReader | None:
        """What the labels make of the shipped reader; None while there is no label. As new as the log."""
        stamp = self._store.labels.stamp()
        with self._lock:
            if stamp != self._stamp:
                labels = self._labelled()
                same = labels and self._reader and LearnedReader(labels).version == self._reader.version
                if not same:
                    self._reader = LearnedReader(labels) if labels else None
                self._stamp = stamp
            return self._reader

    def agreed(self) -> dict[int, Agreed]:
        """What people say of each signature that anyone answered."""
        return {signature: agreed(answers) for signature, answers in given(*self._said()).items()}

    def refresh(self) -> Learned | None:
        """Reads anew what the labels reach, or reached before; None where nothing of it changed. Seconds for 100,000 signatures."""
        with self._refreshing:
            newest, learned = self._store.labels.stamp()[0], self.reader()
            turned, stale = self._read_anew(learned)
            if not stale:
                return None
            change = self._summed(learned, turned, newest)
            self._store.notes.mark(_MARK, json.dumps(asdict(change)))
            return change

    def soon(self) -> None:
        """Refreshes in the background; several calls before it begins are one."""
        with self._lock:
            if self._waiting is not None and not self._waiting.running() and not self._waiting.done():
                return
            self._worker = self._worker or ThreadPoolExecutor(1, "learn")
            self._waiting = self._worker.submit(self._refresh_safely)

    def catch_up(self) -> None:
        """Refreshes in the background where an answer was stored and its process ended before the reader had learned it."""
        last = self.last_change()
        if self._store.labels.newest() > (last.entry if last else 0):
            self.soon()

    @property
    def pending(self) -> bool:
        """Whether this process is still reading anew."""
        waiting = self._waiting
        return waiting is not None and not waiting.done()

    def wait(self) -> None:
        """Until what was asked for with `soon` is done."""
        waiting = self._waiting
        if waiting is not None:
            waiting.result()

    def close(self) -> None:
        """Finishes what is under way; the last thing before the store closes."""
        if self._worker is not None:
            self._worker.shutdown(wait=True)

    def last_change(self) -> Learned | None:
        """What the newest labels did, by whichever process; None while nothing was learned."""
        stored = self._store.notes.marked(_MARK)
        return Learned(**json.loads(stored)) if stored else None

    def suspects(self) -> list[SuspectLabel]:
        """Labels that may be wrong, most suspicious first: confident learning, each read without its fold of the labels."""
        found = []
        for part, words in (("severity", SEVERITIES), ("category", CATEGORIES)):
            ids, truth, weights, prior = self._taught_part(part)
            if len(ids) < 2:
                continue

            def read(
                teach: NDArray[np.int64], rest: NDArray[np.int64], part_of: Any = (truth, weights, prior)
            ) -> NDArray[np.float64]:
                known, matrix, shipped = part_of
                return taught(matrix[np.ix_(rest, teach)], shipped[rest], known[teach])[0]

            _, probabilities = cross_validated(len(ids), read, seed=0)
            found += [SuspectLabel(ids[one.item], part, words[truth[one.item]], words[one.better], one.margin)
                      for one in suspects(truth, probabilities)]  # fmt: skip
        return sorted(found, key=lambda suspect: (-suspect.margin, suspect.signature_id))

    def labels_left(self, part: str, target: float) -> Left:
        """How many labels are left until `part` ("severity" or "category") is read right on a share `target` of such items.

        Labels of the queue are harder than errors in general: the true number is smaller where they were chosen by it.
        """
        ids, truth, weights, prior = self._taught_part(part)
        n = len(ids)
        sizes = (
            np.unique(np.maximum(np.round(np.array(SHARES) * n), 1).astype(np.int64))
            if n
            else np.empty(0, dtype=np.int64)
        )
        rng = np.random.default_rng(0)
        hits = np.zeros((len(sizes), n))
        for place, size in enumerate(sizes.tolist()):
            for _ in range(1 if size == n else REPEATS):
                teach = np.sort(rng.choice(n, size, replace=False))
                hits[place] += taught(weights[:, teach], prior, truth[teach])[0].argmax(axis=1) == truth
            hits[place] /= 1 if size == n else REPEATS
        return labels_left(sizes, hits, target=target, seed=0)

    def _refresh_safely(self) -> None:
        try:
            self.refresh()
        except Exception:
            _LOG.exception("reading anew after a label failed; the next label tries again")

    def _said(self) -> tuple[list[Entry], dict[int, list[int]]]:
        """Answers that hold, and the signatures of the issues that they speak of."""
        entries = self._store.labels.said()
        issues = {entry.issue_id for entry in entries if entry.issue_id is not None and not entry.signature_id}
        return entries, self._store.labels.members(issues)

    def _labelled(self) -> Labelled | None:
        """The labels that teach: agreed, of a signature that is stored and not in the audit sample."""
        said = self.agreed()
        ids, keys, vectors = self._store.labels.vectors(self._encoder_version, said)
        teaching = [row for row, key in enumerate(keys) if not is_audit(key) and any(_places(said[ids[row]]))]
        if not teaching:
            return None
        places = np.array([_places(said[ids[row]]) for row in teaching], dtype=np.int64) - 1
        return Labelled(tuple(keys[row] for row in teaching), vectors[teaching], places[:, 0], places[:, 1])

    def _read_anew(self, learned: LearnedReader | None) -> tuple[list[Turned], int]:
        turned: list[Turned] = []
        after = stale = 0
        while True:
            ids, readers, vectors = self._store.labels.readers(self._encoder_version, after, COMPARED)
            if not len(ids):
                return turned, stale
            after = int(ids[-1])
            wanted = learned.suffixes(vectors) if learned else [""] * len(ids)
            rows = [row for row, reader in enumerate(readers) if _suffix(reader) != wanted[row]]
            stale += len(rows)
            for start in range(0, len(rows), WRITTEN):
                turned += self._write([int(ids[row]) for row in rows[start : start + WRITTEN]], learned)

    def _write(self, signature_ids: Sequence[int], learned: LearnedReader | None) -> list[Turned]:
        rows = list(self._store.signatures.by_id(signature_ids).values())
        shipped = [untaught(row.reading) for row in rows]
        taught = learned.read(np.stack([row.vector for row in rows]), shipped) if learned and rows else shipped
        return self._store.labels.set_readings(
            {row.id: (row.reading.model, new) for row, new in zip(rows, taught, strict=True)}
        )

    def _summed(self, learned: LearnedReader | None, turned: Sequence[Turned], newest: int) -> Learned:
        entries, members = self._said()
        answered = {entry.issue_id for entry in entries} | {
            entry.issue_id for entry in self._store.log.entries(limit=1)
        }
        labelled = {item.issue_id for item in self._store.labels.items(given(entries, members)).values()}
        others = {item.issue_id for item in turned} - answered - labelled
        before, after = self._worth(learned)
        lost, frozen = self._lost(learned)
        version = self._reading.shipped_version + (learned.version if learned else "")
        count = len(learned.labels.keys) if learned else 0
        return Learned(version, count, len(others), before, after, lost, frozen, newest, self._clock())

    def _worth(self, learned: LearnedReader | None) -> tuple[float | None, float | None]:
        """The share of what the labels say that the shipped reader reads right, and this one without the label itself."""
        if learned is None:
            return None, None
        shipped, kept = self._shipped(learned)
        taught = learned.left_out(shipped)
        shares = []
        for readings in (shipped, taught):
            right = [_right(reading, learned, row) for row, reading in enumerate(readings) if row in kept]
            said = [one for pair in right for one in pair if one is not None]
            shares.append(round(sum(said) / len(said), 4) if said else None)
        return shares[0], shares[1]

    def _shipped(self, learned: LearnedReader) -> tuple[list[Reading], set[int]]:
        """The shipped reading of each label's text, and the rows whose signature is still there (a purge may have come between)."""
        ids = self._store.signatures.ids_of(learned.labels.keys)
        rows = self._store.signatures.by_id(list(ids.values()))
        found = [rows.get(ids.get(key, 0)) for key in learned.labels.keys]
        blank = next(untaught(row.reading) for row in found if row) if any(found) else None
        readings = [untaught(row.reading) if row else blank for row in found]
        return [one for one in readings if one], {place for place, row in enumerate(found) if row}

    def _lost(self, learned: LearnedReader | None) -> tuple[int, int]:
        """Templates of the corpus that the labels read wrong and the shipped kernel right, and how many there are."""
        templates, vectors = self._reading.templates, self._reading.reference()
        near = [row for row, suffix in enumerate(learned.suffixes(vectors)) if suffix] if learned else []
        unread = [row for row in near if row not in self._frozen]
        read = (
            self._reading.kernel(vectors[unread], rendered_texts([templates[row] for row in unread], 1))
            if unread
            else []
        )
        self._frozen.update(zip(unread, read, strict=True))
        shipped = [self._frozen[row] for row in near]
        taught = learned.read(vectors[near], shipped) if learned and near else []
        lost = 0
        for row, before, now in zip(near, shipped, taught, strict=True):
            truth = (templates[row].severity, templates[row].category)
            pairs = zip(truth, (before.severity, before.category), (now.severity, now.category), strict=True)
            lost += any(right == was != still for right, was, still in pairs)
        return lost, len(templates)

    def _taught_part(self, part: str) -> tuple[list[int], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Of the labels that say a part: ids, classes (n,), what each counts for each other (n, n), as shipped (n, classes)."""
        learned = self.reader()
        if learned is None:
            return [], np.empty(0, dtype=np.int64), np.empty((0, 0)), np.empty((0, 0))
        ids = self._store.signatures.ids_of(learned.labels.keys)
        stored = self._store.signatures.by_id(list(ids.values()))
        truth = learned.labels.severity if part == "severity" else learned.labels.category
        rows = [row for row, key in enumerate(learned.labels.keys) if truth[row] != NONE and ids.get(key) in stored][
            -LOOKED_AT:
        ]
        shipped = [untaught(stored[ids[learned.labels.keys[row]]].reading) for row in rows]
        prior = [one.severity_probabilities if part == "severity" else one.category_probabilities for one in shipped]
        weights = learned.between()[np.ix_(rows, rows)]
        return [ids[learned.labels.keys[row]] for row in rows], truth[rows], weights, np.array(prior, dtype=np.float64)


def _right(reading: Reading, learned: LearnedReader, row: int) -> tuple[bool | None, bool | None]:
    """Whether severity and category are as the label says; None where it does not say."""
    severity, category = int(learned.labels.severity[row]), int(learned.labels.category[row])
    return (
        None if severity == NONE else reading.severity == SEVERITIES[severity],
        None if category == NONE else reading.category == CATEGORIES[category],
    )


def _places(said: Agreed) -> tuple[int, int]:
    """Severity and category by place from 1 on, 0 where people did not say."""
    return (
        SEVERITIES.index(said.severity) + 1 if said.severity else 0,
        CATEGORIES.index(said.category) + 1 if said.category else 0,
    )


def _suffix(reader: str) -> str:
    """What labels added to the version of a reading."""
    _, mark, rest = reader.partition(MARK)
    return mark + rest
