"""RetentionService: the text of events is kept for so many days, and then gone for good; what was counted stays."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.domain import Entry, InvalidInput
from app.services.analysis import title_of
from app.services.reading import principal
from app.storage.store import Store

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How many events lost their text, and of how many signatures."""

    events: int
    signatures: int


class RetentionService:
    """`days` that a text is kept; 0 for ever."""

    def __init__(self, store: Store, days: int, clock: Callable[[], float] = time.time) -> None:
        self._store, self.days, self._clock = store, days, clock

    def old(self, days: int) -> int:
        """Events with a text that are older than so many days."""
        return self._store.retention.old(self._clock() - _days(days) * _DAY)

    def end(self, days: int, *, actor: str, key: str, report: Callable[[int], None] = lambda _: None) -> Ended:
        """Takes the texts of older events out for good. InvalidInput: less than a day.

        A second request with the same key does nothing more.
        """
        now = self._clock()
        before = self._store.log.by_key(key)
        if before is not None:
            return Ended(before.answer["events"], before.answer["signatures"])
        until = now - _days(days) * _DAY
        events, touched = self._store.retention.end(until, lambda raw: title_of(principal(raw)), report)
        if events:
            answer = {"days": days, "events": events, "signatures": len(touched)}
            self._store.retention.close(Entry(key=key, at=now, actor=actor, kind="expire", answer=answer))
        return Ended(events, len(touched))


def _days(days: int) -> int:
    if days < 1:
        raise InvalidInput("texts are kept for a day at least; 0 in STACKLENS_RETENTION_DAYS keeps them for ever")
    return days
