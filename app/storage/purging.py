"""A secret that was stored, taken out for good: of every text, of the log, and of the bytes of the file.

`find` says which events and signatures hold it; the caller reads their cleaned text anew and hands the result to
`purge`, which changes everything in one transaction and then leaves no old page: neither in the journal nor in the file.

The log is append-only. A purge appends its own row first, and only then may blank a text in an older row (a trigger
sees to it): who answered what about which issue, and when, stays as it was said.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from sqlalchemy import (
    Column,
    Connection,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    and_,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from app.domain import STATEMENTS, Entry
from app.storage import schema
from app.storage.engine import Database
from app.storage.ingestion import NewSignature, _signature_row, name_entities
from app.storage.log import append, refold
from app.storage.portable import holds, names, run, sql, stored_text
from app.storage.shown import show_what_is_left
from app.storage.signatures import ids_of, restamp
from app.storage.uploads import _delete_empty_signatures, _issues_of, _recount
from app.storage.words import merge_words
from models.text.decode import clean
from models.text.redact import MARKED

#: Texts as people or programs wrote them, by table. What the models and the taxonomy write is not among them: a purge of
#: "accept" must not change what was answered. A test holds that every column of the schema is in one of the two lists.
FREE: Final[dict[str, tuple[str, ...]]] = {
    "uploads": ("name", "actor", "problems"),
    "issues": ("title", "service", "assignee", "resolved_by", "resolution_note"),
    "signatures": ("title", "text", "parts", "raw", "exception_type"),
    "signature_entities": ("value",),
    "events": ("time_note", "service", "host", "logger", "raw", "source_file", "problem"),
    "feedback": ("key", "actor", "answer", "shown"),
    "label_leases": ("actor",),
    "runbooks": ("service", "url"),
    "visits": ("actor",),
    "topologies": ("name", "actor", "services", "calls"),
    "deploys": ("service", "version", "actor"),
    "forecasts": ("service", "failed_service", "reason"),
    "versions": ("reason",),
    "jobs": ("actor", "said"),
    "alert_destinations": ("name", "target"),
    "alert_policy": ("ticket",),
    "alert_outbox": ("subject", "service", "title", "text", "said"),
    "tokens": ("name", "created_by", "revoked_by"),
}
CODED: Final[dict[str, tuple[str, ...]]] = {
    "uploads": ("source", "state", "redacted"),
    "issues": ("severity", "category", "status", "accepted_action", "rejected_actions", "worked"),
    "signatures": ("key", "normaliser", "level", "encoder", "reading", "reader", "detector"),
    "signature_entities": ("label",),
    "signature_anomaly": ("detector", "version"),
    "events": ("level", "format"),
    "feedback": ("kind", "model"),
    "runbooks": ("action",),
    "forecasts": ("model", "outcome", "next_errors"),
    "versions": ("name", "version", "state", "code", "data", "metrics", "sha256", "replaced"),
    "shadow_readings": ("severity", "category"),
    "jobs": ("kind", "state"),
    "alert_destinations": ("kind",),
    "alert_policy": ("rules", "zone"),
    "alert_outbox": ("rule", "fact", "severity", "path", "state"),
    "meta": ("key", "value"),
    "tokens": ("scopes", "sha256"),
}
#: Names in the JSON of the log whose values are words of the taxonomy.
_CODED_NAMES: Final = frozenset({"action", "worked", "severity", "category", "kind", "status"})
_PURGING: Final = "purging"


@dataclass(frozen=True, slots=True)
class Held:
    """How many rows hold a secret: events, the signatures they are of or that show it, log entries, names of uploads."""

    events: int
    signatures: int
    entries: int
    uploads: int


class HeldEvent(NamedTuple):
    """An event whose text must be read anew."""

    id: int
    signature_id: int
    issue_id: int
    raw: str
    level: str
    source_file: str
    timed: bool


class Cleaned(NamedTuple):
    """An event after it: the key of its signature, its text, and its identity (None for one without a time)."""

    id: int
    signature_id: int
    key: str
    raw: str
    identity: int | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a purge did. `issues` lives on under the ids on the right: an issue that became equal to another was merged."""

    held: Held
    added: int
    merged: dict[int, int]


class Purging:
    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, secrets: Sequence[str]) -> Held:
        """How much holds one of the secrets."""
        with self._database.read() as connection:
            return _held(connection, secrets)

    def events(self, secrets: Sequence[str]) -> Iterator[HeldEvent]:
        """Every event whose text, or whose signature's, holds one of them; by id."""
        with self._database.read() as connection:
            for row in connection.execute(_events_holding(connection, secrets)):
                yield HeldEvent(*row)

    def purge(
        self,
        secrets: Sequence[str],
        events: Sequence[Cleaned],
        new: dict[str, tuple[NewSignature, int]],
        entry: Entry,
        title: Callable[[str], str],
    ) -> Changed | None:
        """One transaction; None if events came in meanwhile that are not in `events`: read them and call again.

        `new` holds signatures by key that the cleaned texts have, each with the issue it belongs to.
        """
        with self._database.write() as connection:
            found = {row.id for row in connection.execute(_events_holding(connection, secrets))}
            if found != {event.id for event in events}:
                return None
            held = _held(connection, secrets)
            moves, added = _move(connection, events, new)
            touched = sorted({*moves, *moves.values()})
            _blank(connection, secrets)
            merged = _merge(connection, moves)
            issue_ids = _issues_of(connection, touched)
            left = sorted(set(touched).difference(_delete_empty_signatures(connection, touched)))
            for signature_id in left:
                show_what_is_left(connection, signature_id, title)
            _recount(connection, issue_ids)
            _record(connection, secrets, replace(entry, answer=entry.answer | _counts(held, merged)))
            merge_words(connection)
            restamp(connection)
        return Changed(held, added, merged)

    def scrub(self) -> bool:
        """Leaves no old page, neither in a journal nor in a file; False if others hold on to them."""
        return self._database.scrub()


def without(text: str, secrets: Sequence[str]) -> str:
    """The text without the secrets, in every way they are written (`spellings`); the longest goes first."""
    for word in _all_spellings(secrets):
        text = text.replace(word, MARKED)
    plain = clean(text)
    if plain != text and any(secret in plain for secret in secrets):  # taken apart by colours or invisible characters
        return without(plain, secrets)
    return text


def spellings(secret: str) -> tuple[str, ...]:
    """A secret as it stands in a text, in JSON, in a URL, and in Python's repr."""
    return tuple(
        dict.fromkeys(
            (
                secret,
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
                quote(secret, safe=""),
                quote(secret),
                repr(secret)[1:-1],
            )
        )
    )


def _all_spellings(secrets: Sequence[str]) -> list[str]:
    return sorted({word for secret in secrets for word in spellings(secret)}, key=lambda word: (-len(word), word))


def _holds(columns: Sequence[Any], secrets: Sequence[str]) -> Any:
    """Whether one of the columns holds a spelling; bytes by bytes, so upper and lower case differ."""
    # JSON columns hold the spellings of a JSON text once more escaped.
    words = {word for spelling in _all_spellings(secrets) for word in (spelling, json.dumps(spelling)[1:-1])}
    return or_(*(holds(column, word) for column in columns for word in sorted(words)))


def _free(table: Table) -> list[Column[Any]]:
    return [table.c[name] for name in FREE[table.name]]


def _signatures_holding(connection: Connection, secrets: Sequence[str]) -> list[int]:
    """Ids of signatures that show a secret, or one of whose events holds it."""
    s, e = schema.signatures, schema.events
    own = select(s.c.id).where(_holds([stored_text(column) for column in _free(s)], secrets))
    theirs = select(e.c.signature_id).where(_holds([stored_text(column) for column in _free(e)], secrets))
    return sorted({*connection.execute(own).scalars(), *connection.execute(theirs.distinct()).scalars()})


def _events_holding(connection: Connection, secrets: Sequence[str]) -> Any:
    """Events that hold a secret, and all events of a signature whose own text does."""
    s, e = schema.signatures, schema.events
    own = select(s.c.id).where(_holds([stored_text(column) for column in (s.c.text, s.c.parts, s.c.raw)], secrets))
    return (
        select(e.c.id, e.c.signature_id, s.c.issue_id, e.c.raw, e.c.level, e.c.source_file, e.c.identity.is_not(None))
        .join_from(e, s, e.c.signature_id == s.c.id)
        .where(or_(_holds([stored_text(column) for column in _free(e)], secrets), e.c.signature_id.in_(own)))
        .order_by(e.c.id)
    )


def _held(connection: Connection, secrets: Sequence[str]) -> Held:
    def number(table: Table) -> int:
        holding = _holds([stored_text(column) for column in _free(table)], secrets)
        return int(connection.execute(select(func.count()).select_from(table).where(holding)).scalar_one())

    signatures = len(_signatures_holding(connection, secrets))
    return Held(number(schema.events), signatures, number(schema.feedback), number(schema.uploads))


def _move(
    connection: Connection, events: Sequence[Cleaned], new: dict[str, tuple[NewSignature, int]]
) -> tuple[dict[int, int], int]:
    """Gives every event its cleaned text and the signature that it has now; {signature before: now}, and how many are new."""
    ids = ids_of(connection, {event.key for event in events})
    missing = [(item, issue_id) for key, (item, issue_id) in new.items() if key not in ids]
    before = {event.key: event.signature_id for event in events}
    for item, issue_id in missing:
        values = _signature_row(item, issue_id) | _grouped_as(connection, before.get(item.signature.key))
        row = insert(schema.signatures).values(values).returning(schema.signatures.c.id)
        signature_id = ids[item.signature.key] = int(connection.execute(row).scalar_one())
        named = [(signature_id, *entity) for entity in item.entities]
        name_entities(connection, named)
    if events:
        run(
            connection,
            "UPDATE events SET raw = ?, signature_id = ?, identity = NULL WHERE id = ?",
            [(event.raw, ids[event.key], event.id) for event in events],
        )
    timed = [(event.identity, event.id, event.identity) for event in events if event.identity is not None]
    if timed:
        unless = "NOT EXISTS (SELECT 1 FROM events other WHERE other.identity = ?)"
        run(connection, f"UPDATE events SET identity = ? WHERE id = ? AND {unless}", timed)
    return {event.signature_id: ids[event.key] for event in events}, len(missing)


def _grouped_as(connection: Connection, signature_id: int | None) -> dict[str, Any]:
    """A signature that comes after another is in its issue, and what people said of the grouping holds for it too."""
    s = schema.signatures.c
    origin = func.coalesce(s.origin_id, s.id).label("origin_id")
    query = select(s.issue_id, s.home_id, origin, s.grouped_from).where(s.id == signature_id)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else {}


def _blank(connection: Connection, secrets: Sequence[str]) -> None:
    """Every free text of every table but the log's, which waits for the row that records it."""
    for table in schema.metadata.sorted_tables:
        if table.name in FREE and table is not schema.feedback:
            _blank_table(connection, table, secrets)


def _blank_table(connection: Connection, table: Table, secrets: Sequence[str]) -> None:
    columns = _free(table)
    identity = list(table.primary_key.columns)
    rows = connection.execute(select(table).where(_holds([stored_text(c) for c in columns], secrets))).mappings()
    for row in rows.all():
        values = {c.name: _clean_value(row[c.name], secrets) for c in columns}
        if table is schema.feedback and values["key"] != row["key"]:
            values["key"] = f"{values['key']}#{row['id']}"  # keys are unique
        here = and_(*(column == row[column.name] for column in identity))
        if table is not schema.feedback:
            _make_room(connection, table, here, dict(row) | values)
        connection.execute(update(table).where(here).values(values))


def _make_room(connection: Connection, table: Table, here: Any, values: dict[str, Any]) -> None:
    """Deletes the rows that the cleaned one would be equal to where no two may be equal."""
    for constraint in table.constraints:
        columns = list(constraint.columns) if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint) else []
        if any(column.name in FREE[table.name] for column in columns):
            equal = [column == values[column.name] for column in columns]
            connection.execute(delete(table).where(*equal, not_(here)))


def _clean_value(value: Any, secrets: Sequence[str], name: str = "") -> Any:
    """A text, or whatever texts JSON holds, without the secrets; numbers and words of the taxonomy as they are."""
    if name in _CODED_NAMES:
        return value
    if isinstance(value, str):
        return without(value, secrets)
    if isinstance(value, dict):
        return {without(key, secrets): _clean_value(item, secrets, key) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean_value(item, secrets) for item in value]
    return value


def _merge(connection: Connection, moves: dict[int, int]) -> dict[int, int]:
    """Issues that lost every event to another: what people said of one must not go with it.

    The other one takes its place, unless only the emptied one was ever answered: then that one takes over the other's
    signatures and lives on. Returns {id that ends: id that lives on}.
    """
    s = schema.signatures.c
    of_all = sql("SELECT id, issue_id FROM signatures WHERE id IN NUMBERS(:ids)")
    rows = connection.execute(of_all, {"ids": json.dumps([*moves, *moves.values()])})
    issue_of = {row.id: row.issue_id for row in rows}
    merged: dict[int, int] = {}
    for before, now in sorted(moves.items()):
        empty, heir = issue_of[before], issue_of[now]
        empty, heir = merged.get(empty, empty), merged.get(heir, heir)
        if empty == heir or _has_events(connection, empty):
            continue
        if _is_answered(connection, empty) and not _is_answered(connection, heir):
            empty, heir = heir, empty
            newest = select(func.coalesce(func.max(schema.feedback.c.id), 0)).scalar_subquery()
            moved = {"issue_id": heir, "home_id": heir, "grouped_from": newest}  # earlier merges were of others
            connection.execute(update(schema.signatures).where(s.issue_id == empty).values(moved))
        merged[empty] = heir
    return merged


def _has_events(connection: Connection, issue_id: int) -> bool:
    s, e = schema.signatures.c, schema.events.c
    query = (
        select(e.id).join_from(schema.events, schema.signatures, e.signature_id == s.id).where(s.issue_id == issue_id)
    )
    return connection.execute(query.limit(1)).first() is not None


def _is_answered(connection: Connection, issue_id: int) -> bool:
    """Whether a person said anything of it, or merged another into it."""
    c = schema.feedback.c
    merged = and_(c.kind == "merge", names(c.answer, "into") == str(issue_id))
    query = select(c.id).where(or_(and_(c.issue_id == issue_id, c.kind.in_(STATEMENTS)), merged)).limit(1)
    return connection.execute(query).first() is not None


def _counts(held: Held, merged: dict[int, int]) -> dict[str, Any]:
    return {
        "events": held.events,
        "signatures": held.signatures,
        "entries": held.entries,
        "uploads": held.uploads,
        "merged": ", ".join(f"{gone} into {kept}" for gone, kept in merged.items()),
    }


def _record(connection: Connection, secrets: Sequence[str], entry: Entry) -> None:
    """The audit row, then the log's own texts, then the issues that are folded from them."""
    row = append(connection, entry)
    connection.execute(insert(schema.meta).values(key=_PURGING, value=str(row)))
    holding = _holds([stored_text(column) for column in _free(schema.feedback)], secrets)
    said_of = connection.execute(select(schema.feedback.c.issue_id).where(holding).distinct()).scalars().all()
    _blank_table(connection, schema.feedback, secrets)
    connection.execute(delete(schema.meta).where(schema.meta.c.key == _PURGING))
    stored = select(schema.issues.c.id).where(schema.issues.c.id.in_([issue for issue in said_of if issue is not None]))
    for issue_id in connection.execute(stored).scalars().all():
        refold(connection, issue_id)
