"""Writing a batch of events: one transaction for new signatures, their issues, events and counts."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert

from app.domain import Entry
from app.storage import schema
from app.storage.log import append, refold
from app.storage.portable import run, sql
from app.storage.signatures import ids_of, restamp, row_from
from app.storage.words import put_words
from models.analyse.judgement import judge, louder
from models.records import Event, Reading, Signature

_Row = TypeVar("_Row")

SYSTEM = "stacklens"
HOUR = 3600.0
#: Rows a statement, as few statements as can be: between two steps of one, another thread may hold the interpreter
#: for milliseconds. A thousand rows of 14 values are fewer values than SQLite binds at once (32,766).
ROWS = (1_000, 100, 10, 1)
_INSERT_EVENTS = (
    "INSERT INTO events(signature_id, upload_id, identity, time, time_note, level, service, host, logger, format, raw, "
    "source_file, source_line, problem) "
)
_ADD_TO_ISSUES = (
    "UPDATE issues SET count = count + n, first_seen = LESSER(first_seen, first), last_seen = GREATER(last_seen, last), "
    "service = CASE WHEN who != '' AND (last >= last_seen OR service = '') THEN who ELSE service END "
    "FROM more WHERE issues.id = more.id"
)


@dataclass(frozen=True, slots=True)
class NewSignature:
    """Everything the models said of a signature that the store did not know."""

    signature: Signature
    raw: str
    title: str
    exception_type: str
    level: str
    encoder: str
    vector: NDArray[np.float32]
    reading: Reading
    strangeness: float
    detector: str
    entities: Sequence[tuple[str, str]] = ()


class Occurrence(NamedTuple):
    """One event of a signature. `time` is the event's own, else that of its arrival; `service` likewise.

    `identity` is a 64-bit hash of an event that carries its own time: a second one is the same event.
    """

    key: str
    event: Event
    time: float
    service: str
    identity: int | None


class Outdated(Exception):  # noqa: N818 - reads as what is the case
    """A signature that was stored a moment ago was removed by another process: examine the batch again."""


@dataclass(slots=True)
class Batch:
    """What became of a batch. `added` holds the ids and keys of signatures that are new in the store."""

    stored: int = 0
    duplicates: int = 0
    added: dict[str, int] = field(default_factory=dict)
    regressed: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Change:
    """What a batch adds to one signature or issue. `service` is that of its last event."""

    count: int
    first: float
    last: float
    service: str
    levels: set[str]
    times: list[float]


def write_batch(
    connection: Connection, upload_id: int, new: Sequence[NewSignature], found: Sequence[Occurrence]
) -> Batch:
    """Stores the batch; a signature that another process stored meanwhile is simply counted."""
    batch = Batch()
    ids = ids_of(connection, {item.signature.key for item in new} | {item.key for item in found})
    batch.added = _insert_signatures(connection, [item for item in new if item.signature.key not in ids], found)
    ids |= batch.added
    if any(item.key not in ids for item in found):
        raise Outdated
    fresh = _without_known(connection, found)
    batch.stored, batch.duplicates = len(fresh), len(found) - len(fresh)
    if fresh:
        _insert_events(connection, upload_id, ids, fresh)
        _count(connection, fresh, ids, batch)
    return batch


def _insert_signatures(
    connection: Connection, new: Sequence[NewSignature], found: Sequence[Occurrence]
) -> dict[str, int]:
    """Stores signatures, each with an issue of its own and its text for searching; their ids by key."""
    if not new:
        return {}
    first: dict[str, Occurrence] = {}
    for occurrence in found:
        first.setdefault(occurrence.key, occurrence)
    issue = insert(schema.issues).returning(schema.issues.c.id, sort_by_parameter_order=True)
    issue_ids = connection.execute(issue, [_issue_row(item, first[item.signature.key]) for item in new]).scalars().all()
    kind = insert(schema.signatures).returning(schema.signatures.c.id, sort_by_parameter_order=True)
    rows = [_signature_row(item, issue_id) for item, issue_id in zip(new, issue_ids, strict=True)]
    ids = connection.execute(kind, rows).scalars().all()
    put_words(
        connection,
        [
            (signature_id, item.signature.text, item.raw, first[item.signature.key].service)
            for signature_id, item in zip(ids, new, strict=True)
        ],
    )
    named = [(signature_id, *entity) for signature_id, item in zip(ids, new, strict=True) for entity in item.entities]
    name_entities(connection, named)
    restamp(connection)
    return {item.signature.key: signature_id for item, signature_id in zip(new, ids, strict=True)}


def name_entities(connection: Connection, named: list[tuple[int, str, str]]) -> None:
    """Stores (signature, label, value); what is stored already stays."""
    if named:
        run(connection, "INSERT INTO signature_entities VALUES (?, ?, ?) ON CONFLICT DO NOTHING", named)


def _issue_row(item: NewSignature, first: Occurrence) -> dict[str, Any]:
    verdict = judge(item.reading.severity, item.reading.confidence, item.level, has_trace=bool(item.exception_type))
    return {
        "title": item.title,
        "severity": verdict.severity,
        "category": item.reading.category,
        "confidence": item.reading.confidence,
        "strangeness": item.strangeness,
        "routine": verdict.routine,
        "first_seen": first.time,
        "last_seen": first.time,
        "service": first.service,
    }


def _signature_row(item: NewSignature, issue_id: int) -> dict[str, Any]:
    return {
        "issue_id": issue_id,
        "home_id": issue_id,
        "title": item.title,
        "key": item.signature.key,
        "text": item.signature.text,
        "parts": item.signature.parts,
        "normaliser": item.signature.version,
        "raw": item.raw,
        "exception_type": item.exception_type,
        "level": item.level,
        "encoder": item.encoder,
        "vector": item.vector.astype(np.float32).tobytes(),
        "reading": row_from(item.reading),
        "reader": item.reading.model,
        "strangeness": item.strangeness,
        "detector": item.detector,
    }


def _without_known(connection: Connection, found: Sequence[Occurrence]) -> list[Occurrence]:
    """The events that are not stored yet; the same event twice in one batch counts once."""
    identities = [item.identity for item in found if item.identity is not None]
    query = sql("SELECT GATHERED(identity) FROM events WHERE identity IN NUMBERS(:identities)")
    stored = json.loads(connection.execute(query, {"identities": json.dumps(identities)}).scalar_one())
    known = {identity for (identity,) in stored}
    fresh = []
    for item in found:
        if item.identity is None:
            fresh.append(item)
        elif item.identity not in known:
            known.add(item.identity)
            fresh.append(item)
    return fresh


def _insert_events(connection: Connection, upload_id: int, ids: dict[str, int], fresh: Sequence[Occurrence]) -> None:
    """This is where a large upload spends the store's time: plain values, no object for a row."""
    for part in _parts(fresh):
        values: list[Any] = []
        for key, event, time, service, identity in part:
            values += (
                ids[key],
                upload_id,
                identity,
                time,
                event.time_note,
                event.level,
                service,
                event.host,
                event.logger,
                event.format,
                event.raw,
                event.source_file,
                event.source_line,
                event.problem,
            )
        run(connection, _INSERT_EVENTS + _rows(len(part), 14), tuple(values))


def _parts(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    """The rows in parts of the lengths in ROWS."""
    at = 0
    for length in ROWS:
        while len(rows) - at >= length:
            yield rows[at : at + length]
            at += length


@cache
def _rows(count: int, values: int) -> str:
    """ "VALUES (?, ?), (?, ?)" for two rows of two values."""
    return "VALUES " + ", ".join([f"({', '.join('?' * values)})"] * count)


def _count(connection: Connection, fresh: Sequence[Occurrence], ids: dict[str, int], batch: Batch) -> None:
    """Brings counts, times, loudest level and state of the touched issues up to date."""
    changes = {ids[key]: change for key, change in _changes(fresh).items()}
    touched = json.loads(
        connection.execute(
            sql("SELECT GATHERED(id, issue_id, level) FROM signatures WHERE id IN NUMBERS(:ids)"),
            {"ids": json.dumps(list(changes))},
        ).scalar_one()
    )
    by_issue: dict[int, list[_Change]] = defaultdict(list)
    levels: list[tuple[str, int]] = []
    louder_issues: set[int] = set()
    for signature_id, issue_id, level in touched:
        change = changes[signature_id]
        by_issue[issue_id].append(change)
        loudest = reduce(louder, change.levels, level)
        if loudest != level:
            levels.append((loudest, signature_id))
            louder_issues.add(issue_id)
    _add_to_issues(connection, by_issue)
    if levels:
        run(connection, "UPDATE signatures SET level = ? WHERE id = ?", levels)
    for issue_id in sorted(louder_issues):
        refold(connection, issue_id)
    _wake(connection, by_issue, batch)


def _changes(fresh: Sequence[Occurrence]) -> dict[str, _Change]:
    """The events of a batch summed up by signature key."""
    changes: dict[str, _Change] = {}
    for key, event, time, service, _ in fresh:
        change = changes.get(key)
        if change is None:
            changes[key] = _Change(1, time, time, service, {event.level}, [time])
            continue
        change.count += 1
        change.times.append(time)
        change.levels.add(event.level)
        change.first = min(change.first, time)
        if time >= change.last:
            change.last, change.service = time, service or change.service
    return changes


def _add_to_issues(connection: Connection, by_issue: dict[int, list[_Change]]) -> None:
    for part in _parts(list(by_issue.items())):
        values: list[Any] = []
        for issue_id, changes in part:
            count, first = sum(change.count for change in changes), min(change.first for change in changes)
            latest = max(changes, key=lambda change: change.last)
            values += (issue_id, count, first, latest.last, latest.service)
        run(
            connection, f"WITH more(id, n, first, last, who) AS ({_rows(len(part), 5)}) {_ADD_TO_ISSUES}", tuple(values)
        )


def _wake(connection: Connection, by_issue: dict[int, list[_Change]], batch: Batch) -> None:
    """A resolved issue that comes back regresses; a muted one that grows past its rate is heard again."""
    sleeping = connection.execute(
        sql(
            "SELECT id, status, resolved_at, mute_per_hour FROM issues WHERE id IN NUMBERS(:ids) "
            "AND (status = 'resolved' OR mute_per_hour IS NOT NULL)"
        ),
        {"ids": json.dumps(list(by_issue))},
    ).all()
    for issue_id, status, resolved_at, limit in sleeping:
        times = [time for change in by_issue[issue_id] for time in change.times]
        if status == "resolved" and resolved_at is not None and max(times) > resolved_at:
            back = min(time for time in times if time > resolved_at)
            append(
                connection,
                Entry(
                    key=f"regress:{issue_id}:{resolved_at}",
                    at=back,
                    actor=SYSTEM,
                    kind="regress",
                    issue_id=issue_id,
                    answer={"resolved_at": resolved_at},
                ),
            )
            batch.regressed.append(issue_id)
        if limit is not None:
            _unmute_above(connection, issue_id, limit, max(times))


def _unmute_above(connection: Connection, issue_id: int, limit: int, last: float) -> None:
    """Hears a muted issue again if more than `limit` of its events lie in the hour up to `last`."""
    rate = connection.execute(
        sql(
            "SELECT count(*) FROM events JOIN signatures ON signatures.id = signature_id "
            "WHERE issue_id = :id AND time > :since AND time <= :last"
        ),
        {"id": issue_id, "since": last - HOUR, "last": last},
    ).scalar_one()
    if rate > limit:
        mute = connection.execute(
            sql("SELECT max(id) FROM feedback WHERE issue_id = :id AND kind = 'mute'"), {"id": issue_id}
        ).scalar_one()
        append(
            connection,
            Entry(
                key=f"unmute:{issue_id}:{mute}",
                at=last,
                actor=SYSTEM,
                kind="unmute",
                issue_id=issue_id,
                answer={"per_hour": rate, "limit": limit},
            ),
        )
