"""Uploads: begun, filled batch by batch, finished, and removed for good."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, delete, insert, select, update

from app.domain import Entry, NotFound
from app.storage import schema
from app.storage.engine import Database
from app.storage.grouping import recount
from app.storage.ingestion import Batch, NewSignature, Occurrence, write_batch
from app.storage.log import append, refold
from app.storage.portable import sql
from app.storage.shown import show_what_is_left
from app.storage.signatures import restamp
from app.storage.words import merge_words


@dataclass(frozen=True, slots=True)
class Upload:
    """One input and its counts.

    `problems` maps the reason why lines could not be read to how many, `redacted` the kind of a secret likewise.
    """

    id: int
    name: str
    source: str
    actor: str
    at: float
    state: str
    lines: int = 0
    events: int = 0
    duplicates: int = 0
    signatures: int = 0
    new_signatures: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    redacted: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    simulated: bool = False


class Uploads:
    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, *, name: str, source: str, actor: str, at: float, simulated: bool = False) -> int:
        row = {"name": name, "source": source, "actor": actor, "at": at, "state": "running", "simulated": simulated}
        with self._database.write() as connection:
            begun = connection.execute(insert(schema.uploads).values(row).returning(schema.uploads.c.id))
            return int(begun.scalar_one())

    def add(self, upload_id: int, new: Sequence[NewSignature], found: Sequence[Occurrence]) -> Batch:
        """Stores a batch of events in one transaction; NotFound if the upload was removed meanwhile."""
        with self._database.write() as connection:
            if connection.execute(select(schema.uploads.c.id).where(schema.uploads.c.id == upload_id)).first() is None:
                raise NotFound(f"upload {upload_id} was removed while it was being read")
            return write_batch(connection, upload_id, new, found)

    def finish(self, upload: Upload) -> None:
        """Writes the counts and the state that ended it: done, cancelled or failed."""
        values = {
            "state": upload.state,
            "lines": upload.lines,
            "events": upload.events,
            "duplicates": upload.duplicates,
            "signatures": upload.signatures,
            "new_signatures": upload.new_signatures,
            "problems": upload.problems,
            "redacted": upload.redacted,
            "seconds": upload.seconds,
        }
        with self._database.write() as connection:
            connection.execute(update(schema.uploads).where(schema.uploads.c.id == upload.id).values(values))

    def get(self, upload_id: int) -> Upload:
        query = select(schema.uploads).where(schema.uploads.c.id == upload_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no upload {upload_id}")
        return Upload(**row)

    def newest(self, limit: int = 100) -> list[Upload]:
        """The newest first."""
        query = select(schema.uploads).order_by(schema.uploads.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [Upload(**row) for row in connection.execute(query).mappings()]

    def of_source(self, source: str) -> list[Upload]:
        """All of one source, the oldest first."""
        query = select(schema.uploads).where(schema.uploads.c.source == source).order_by(schema.uploads.c.id)
        with self._database.read() as connection:
            return [Upload(**row) for row in connection.execute(query).mappings()]

    def remove(self, upload_id: int, entry: Entry, title: Callable[[str], str]) -> list[int]:
        """Deletes the upload, its events, and every signature and issue that nothing else speaks of.

        One transaction, with `entry` as its audit row. What lives on is shown by another of its events:
        `title` makes an issue's title from raw text. Returns the ids of the signatures that went.
        """
        with self._database.write() as connection:
            touched = _delete_events(connection, upload_id)
            issue_ids = _issues_of(connection, touched)
            gone = _delete_empty_signatures(connection, touched)
            for signature_id in sorted(set(touched).difference(gone)):
                show_what_is_left(connection, signature_id, title, anew=False)
            _recount(connection, issue_ids)
            connection.execute(delete(schema.uploads).where(schema.uploads.c.id == upload_id))
            merge_words(connection)
            restamp(connection)
            append(connection, replace(entry, answer=entry.answer | {"signatures": len(gone)}))
        self._database.forget(("events", "signatures", "signature_text", "issues"))
        return gone


def _delete_events(connection: Connection, upload_id: int) -> list[int]:
    e = schema.events.c
    touched = list(connection.execute(select(e.signature_id).where(e.upload_id == upload_id).distinct()).scalars())
    connection.execute(delete(schema.events).where(e.upload_id == upload_id))
    return touched


def _delete_empty_signatures(connection: Connection, candidates: Sequence[int]) -> list[int]:
    """Deletes those without an event, and the issues that have no signature left."""
    gone = list(
        connection.execute(
            sql(
                "SELECT id FROM signatures WHERE id IN NUMBERS(:ids) "
                "AND NOT EXISTS (SELECT 1 FROM events WHERE signature_id = signatures.id)"
            ),
            {"ids": json.dumps(list(candidates))},
        ).scalars()
    )
    ids = {"ids": json.dumps(gone)}
    connection.execute(sql("DELETE FROM signature_text WHERE rowid IN NUMBERS(:ids)"), ids)
    connection.execute(sql("DELETE FROM signatures WHERE id IN NUMBERS(:ids)"), ids)
    connection.execute(sql("DELETE FROM issues WHERE NOT EXISTS (SELECT 1 FROM signatures WHERE issue_id = issues.id)"))
    return gone


def _issues_of(connection: Connection, signature_ids: Sequence[int]) -> list[int]:
    query = sql("SELECT DISTINCT issue_id FROM signatures WHERE id IN NUMBERS(:ids)")
    return list(connection.execute(query, {"ids": json.dumps(list(signature_ids))}).scalars())


def _recount(connection: Connection, issue_ids: Sequence[int]) -> None:
    """Title, counts, times, service and judgement of the issues that lost events but live on."""
    for issue_id in recount(connection, issue_ids):
        refold(connection, issue_id)
