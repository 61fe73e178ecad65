"""The append-only feedback log, and the fold that keeps each issue's row equal to it."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from app.domain import GROUPING, Entry, IssueState, NotFound, fold, validate
from app.storage import schema
from app.storage.engine import Database
from app.storage.grouping import checked, lives_on, need, regroup, stored_issues
from app.storage.portable import sql
from app.storage.signatures import most_urgent

_FOLDED = (
    "status",
    "assignee",
    "muted_until",
    "mute_per_hour",
    "accepted_action",
    "rejected_actions",
    "resolved_at",
    "resolved_by",
    "resolution_note",
    "worked",
    "regressed_at",
    "recurred_within_24h",
)


class Log:
    """What people said, in order. Rows are added, never changed: a trigger refuses it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: Entry) -> int:
        """Stores the entry, brings its issue up to date, and only then returns the row's id.

        An entry whose key is stored already changes nothing and gives the id of the first.
        """
        with self._database.write() as connection:
            return append(connection, entry)

    def append_many(self, entries: list[Entry]) -> list[int]:
        """All entries or none, in one transaction (bulk actions)."""
        with self._database.write() as connection:
            return [append(connection, entry) for entry in entries]

    def join(self, entries: Sequence[Entry]) -> int:
        """Stores merges that are known to be possible and groups once for all of them; returns how many are new.

        A merge whose issues are not both stored any more is left out.
        """
        with self._database.write() as connection:
            known = stored_keys(connection, [entry.key for entry in entries])
            sides = [{entry.issue_id or 0, int(entry.answer["into"])} for entry in entries]
            living = stored_issues(connection, set().union(*sides))
            rows = [
                _values(entry)
                for entry, both in zip(entries, sides, strict=True)
                if entry.key not in known and both <= living
            ]
            if rows:
                connection.execute(insert(schema.feedback), rows)
                for issue_id in regroup(connection):
                    refold(connection, issue_id)
        return len(rows)

    def by_key(self, key: str) -> Entry | None:
        """The entry that is stored under a key."""
        with self._database.read() as connection:
            row = connection.execute(select(schema.feedback).where(schema.feedback.c.key == key)).mappings().first()
        return None if row is None else _entry(row)

    def get(self, entry_id: int) -> Entry:
        with self._database.read() as connection:
            row = connection.execute(select(schema.feedback).where(schema.feedback.c.id == entry_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no entry {entry_id}")
        return _entry(row)

    def of_issue(self, issue_id: int) -> list[Entry]:
        with self._database.read() as connection:
            return _of_issue(connection, issue_id)

    def entries(self, *, since: float = 0.0, kinds: tuple[str, ...] = (), limit: int = 10_000) -> list[Entry]:
        """The newest `limit` entries at or after `since`, oldest first; of all kinds unless some are named."""
        query = select(schema.feedback).where(schema.feedback.c.at >= since)
        if kinds:
            query = query.where(schema.feedback.c.kind.in_(kinds))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(schema.feedback.c.id.desc()).limit(limit)).mappings().all()
        return [_entry(row) for row in reversed(rows)]

    def rebuild(self) -> int:
        """Groups and folds every issue anew from the log; returns how many rows had to change (0 when all is well)."""
        with self._database.write() as connection:
            before = _rows(connection)
            regroup(connection, every=True)
            for issue_id in connection.execute(select(schema.issues.c.id)).scalars().all():
                refold(connection, issue_id)
            after = _rows(connection)
        return sum(before.get(issue_id) != after.get(issue_id) for issue_id in before.keys() | after.keys())


def append(connection: Connection, entry: Entry) -> int:
    validate(entry)
    known = stored_under(connection, entry.key)
    if known is not None:
        return known
    if entry.issue_id is not None and not (entry.kind == "undo" and lives_on(connection, entry.issue_id)):
        need(connection, entry.issue_id)
    if entry.kind in GROUPING:
        entry = checked(connection, entry)
    if entry.kind == "undo" and not _is_of(connection, entry.answer["entry"], entry.issue_id):
        raise NotFound(f"issue {entry.issue_id} has no entry {entry.answer['entry']} to take back")
    row_id = connection.execute(
        insert(schema.feedback).values(_values(entry)).returning(schema.feedback.c.id)
    ).scalar_one()
    touched = regroup(connection) if _groups(connection, entry) else []
    if entry.issue_id is not None and _exists(connection, entry.issue_id):
        touched.append(entry.issue_id)
    for issue_id in sorted(set(touched)):
        refold(connection, issue_id)
    return int(row_id)


def stored_under(connection: Connection, key: str) -> int | None:
    """The id of the entry that has this key."""
    return connection.execute(select(schema.feedback.c.id).where(schema.feedback.c.key == key)).scalar()


def stored_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    query = sql("SELECT key FROM feedback WHERE key IN WORDS(:keys)")
    return set(connection.execute(query, {"keys": json.dumps(list(keys))}).scalars())


def refold(connection: Connection, issue_id: int) -> IssueState:
    """Writes the fold of the issue's entries into its row; corrected labels win over the models'."""
    state = fold(_of_issue(connection, issue_id))
    values: dict[str, Any] = {name: getattr(state, name) for name in _FOLDED}
    values["rejected_actions"] = list(state.rejected_actions)
    read = most_urgent(connection, issue_id)
    values |= {
        "severity": state.severity or read.severity,
        "category": state.category or read.category,
        "confidence": read.confidence,
        "routine": read.routine and not state.severity,
    }
    connection.execute(update(schema.issues).where(schema.issues.c.id == issue_id).values(values))
    return state


def _values(entry: Entry) -> dict[str, Any]:
    row = asdict(entry) | {"at": entry.at or time.time()}
    row.pop("id")
    return row


def _groups(connection: Connection, entry: Entry) -> bool:
    """Whether the entry, or the one it takes back, moves signatures; an undo can be taken back too."""
    c, kind, answer = schema.feedback.c, entry.kind, entry.answer
    while kind == "undo":
        row = connection.execute(select(c.kind, c.answer).where(c.id == answer["entry"])).first()
        if row is None:
            return False
        kind, answer = row
    return kind in ("merge", "split")


def _rows(connection: Connection) -> dict[int, Any]:
    return {row.id: tuple(row) for row in connection.execute(select(schema.issues))}


def _exists(connection: Connection, issue_id: int) -> bool:
    return connection.execute(select(schema.issues.c.id).where(schema.issues.c.id == issue_id)).first() is not None


def _is_of(connection: Connection, entry_id: int, issue_id: int | None) -> bool:
    c = schema.feedback.c
    return connection.execute(select(c.id).where(c.id == entry_id, c.issue_id == issue_id)).first() is not None


def _of_issue(connection: Connection, issue_id: int) -> list[Entry]:
    query = select(schema.feedback).where(schema.feedback.c.issue_id == issue_id).order_by(schema.feedback.c.id)
    return [_entry(row) for row in connection.execute(query).mappings()]


def _entry(row: RowMapping) -> Entry:
    return Entry(**row)
