"""The end of retention: the text of old events goes for good; when they came, of what kind and from where stays counted.

An event is old when both its own time and that of the upload which brought it lie before a moment, so that a log of last year
that is imported today is kept as long as any other.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection, Select, func, select, update

from app.domain import Entry
from app.storage import schema
from app.storage.engine import Database
from app.storage.grouping import recount
from app.storage.log import append
from app.storage.shown import show_what_is_left
from app.storage.words import merge_words

_E, _U = schema.events.c, schema.uploads.c
#: Events in one transaction: a fraction of a second, so that nobody waits.
_AT_ONCE: Final = 2_000
#: What an event loses. Its signature, times, level, service and identity (a hash, so that it is not stored again) stay.
_TEXTS: Final = ("raw", "host", "logger", "source_file", "problem", "time_note")
_TABLES: Final = ("events", "signatures", "signature_text", "issues")


class Retention:
    def __init__(self, database: Database) -> None:
        self._database = database

    def old(self, until: float) -> int:
        """Events that still have a text and are older than `until` (UTC seconds)."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(_old(until).subquery())).scalar_one())

    def end(
        self, until: float, title: Callable[[str], str], report: Callable[[int], None] = lambda _: None
    ) -> tuple[int, set[int]]:
        """Takes the texts out, a part a transaction; how many events lost theirs, and the signatures that they are of."""
        done, touched = 0, set[int]()
        while part := self._end_part(until, title):
            done += len(part)
            touched.update(part.values())
            report(done)
        return done, touched

    def close(self, entry: Entry) -> None:
        """The audit row; and nothing of the texts is left in search, journal or dead rows."""
        with self._database.write() as connection:
            merge_words(connection)
            append(connection, entry)
        self._database.forget(_TABLES)

    def _end_part(self, until: float, title: Callable[[str], str]) -> dict[int, int]:
        with self._database.write() as connection:
            rows = connection.execute(_old(until).order_by(_E.id).limit(_AT_ONCE)).all()
            found = {int(row.id): int(row.signature_id) for row in rows}
            _blank(connection, list(found))
            touched = sorted(set(found.values()))
            for signature_id in touched:
                show_what_is_left(connection, signature_id, title)
            s = schema.signatures.c
            recount(
                connection, list(connection.execute(select(s.issue_id).where(s.id.in_(touched)).distinct()).scalars())
            )
        return found


def _old(until: float) -> Select[tuple[int, int]]:
    return (
        select(_E.id, _E.signature_id)
        .join_from(schema.events, schema.uploads, _E.upload_id == _U.id)
        .where(_E.time < until, _U.at < until, _E.raw != "")
    )


def _blank(connection: Connection, event_ids: Sequence[int]) -> None:
    connection.execute(update(schema.events).where(_E.id.in_(event_ids)).values(dict.fromkeys(_TEXTS, "")))
