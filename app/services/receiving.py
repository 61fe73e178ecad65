"""ReceivingService: errors that programs send one by one, stored together and answered once they are stored.

Many small requests wait for one transaction (group commit): the first wakes a writer, and whatever arrives while it writes goes
into the next one. What a sender was told is stored, is; a sender that was told nothing sends again, and an event that carries
its own time is stored once. One upload a door, sender and day, so that a day of one program can be looked at, and removed.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Final

from app.domain import NotFound, StackLensError, Unavailable
from app.services.ingest import IngestService, Opened, Origin

#: Characters that wait at most; beyond them senders are asked to come back, so that memory stays bounded.
WAITING_CHARACTERS: Final = 32 << 20
#: Seconds that a sender is asked to wait.
RETRY_SECONDS: Final = 5
_DAY: Final = 86_400


class Busy(StackLensError):  # noqa: N818 - reads as what is the case
    """More is waiting than can be held."""

    code = "busy"


@dataclass(frozen=True, slots=True)
class _Waiting:
    origin: Origin
    texts: Sequence[str]
    ids: Sequence[str]
    stored: "Future[None]"

    @property
    def size(self) -> int:
        return sum(map(len, self.texts))


class ReceivingService:
    """Thread-safe. Its writer is a daemon thread that starts with the first text; `close` stores what still waits."""

    def __init__(self, ingest: IngestService, clock: Callable[[], float] = time.time) -> None:
        self._ingest = ingest
        self._clock = clock
        self._changed = Condition()
        self._waiting: list[_Waiting] = []
        self._size = 0
        self._closed = False
        self._writer: Thread | None = None
        self._opened: dict[tuple[Origin, int], Opened] = {}

    def receive(self, texts: Sequence[str], origin: Origin, ids: Sequence[str] = ()) -> None:
        """Returns once the texts are stored. Busy: too much waits. Any failure of the store is raised here."""
        self.hand_in(texts, origin, ids).result()

    def hand_in(self, texts: Sequence[str], origin: Origin, ids: Sequence[str] = ()) -> "Future[None]":
        """The same without waiting: the future is done once they are stored.

        `ids`, one a text, name messages of a stream (see `IngestService.append`); one origin gives them always or never.
        """
        item = _Waiting(origin, texts, ids, Future())
        with self._changed:
            if self._closed:
                raise Unavailable("StackLens is shutting down: send it again")
            if self._waiting and self._size + item.size > WAITING_CHARACTERS:
                raise Busy(f"too much is waiting to be stored: send it again in {RETRY_SECONDS} s")
            self._waiting.append(item)
            self._size += item.size
            if self._writer is None:
                self._writer = Thread(target=self._write, name="receiving", daemon=True)
                self._writer.start()
            self._changed.notify_all()
        return item.stored

    def close(self) -> None:
        """Takes nothing more, and returns once everything that waits is stored."""
        with self._changed:
            self._closed = True
            writer = self._writer
            self._changed.notify_all()
        if writer is not None:
            writer.join()

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                batch, self._waiting, self._size = self._waiting, [], 0
            if not batch:
                return
            for item in batch:
                item.stored.set_running_or_notify_cancel()  # from here on nobody can take it back
            by_origin: dict[Origin, list[_Waiting]] = defaultdict(list)
            for item in batch:
                by_origin[item.origin].append(item)
            for origin, items in by_origin.items():
                self._store(origin, items)

    def _store(self, origin: Origin, items: Sequence[_Waiting]) -> None:
        try:
            self._append(origin, items)
        except Exception as error:
            if len(items) > 1 and not isinstance(error, Unavailable):  # one of them may be at fault: not its neighbours'
                for item in items:
                    self._store(origin, [item])
                return
            for item in items:
                if not item.stored.cancelled():
                    item.stored.set_exception(error)
        else:
            for item in items:
                if not item.stored.cancelled():
                    item.stored.set_result(None)

    def _append(self, origin: Origin, items: Sequence[_Waiting]) -> None:
        texts = [text for item in items for text in item.texts]
        ids = [id for item in items for id in item.ids]
        day = (origin, int(self._clock()) // _DAY)
        for old in [key for key in self._opened if key[0] == origin and key != day]:
            del self._opened[old]
        try:
            self._opened[day] = self._ingest.append(texts, origin, self._opened.get(day), ids)
        except NotFound:  # a person removed the upload of today: what comes now begins another
            self._opened[day] = self._ingest.append(texts, origin, ids=ids)
