"""Which signatures are one issue: the issue that each was born with, and what people said since, replayed in order.

A signature's `home_id` is the issue of its birth and never changes by an answer; `issue_id` is where the merges and
splits that still hold have brought it. So a merge is undone by leaving it out, and a rebuild gives the same again.
An issue without a signature is no row: its link leads to the one that its signatures went into.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, String, and_, cast, func, insert, or_, select, update

from app.domain import GROUPING, Entry, InvalidInput, NotFound, effective
from app.storage import schema
from app.storage.engine import Database
from app.storage.portable import is_postgresql, names, run, sql

_F, _S, _E, _I = schema.feedback.c, schema.signatures.c, schema.events.c, schema.issues.c

#: A row for an issue that gets signatures; everything is counted and folded anew in the same transaction.
_EMPTY: Final[dict[str, Any]] = {
    "title": "",
    "severity": "low",
    "category": "",
    "confidence": 0.0,
    "strangeness": 0.0,
    "routine": False,
    "first_seen": 0.0,
    "last_seen": 0.0,
}


class Born(NamedTuple):
    """A signature before any answer. The log speaks of it as `origin`; entries up to `since` are older than it."""

    id: int
    origin: int
    home: int
    since: int
    issue: int


@dataclass(frozen=True, slots=True)
class Groups:
    """The issue of each signature, and where the link of an issue leads that has none."""

    issue_of: dict[int, int]
    leads: dict[int, int]


@dataclass(frozen=True, slots=True)
class Member:
    """A signature of an issue, as people choose it; `last_seen` in UTC seconds."""

    id: int
    title: str
    count: int
    last_seen: float


class Grouping:
    def __init__(self, database: Database) -> None:
        self._database = database

    def leads_to(self, issue_id: int) -> int | None:
        """The issue that this one's signatures went into; None if it is stored itself, or gone for good."""
        with self._database.read() as connection:
            return None if stored_issues(connection, [issue_id]) else _leads_to(connection, issue_id)

    def apart(self, issue_id: int) -> set[int]:
        """Issues of which a person said that they are not the same as this one."""
        with self._database.read() as connection:
            entries = _said(connection)
            pairs = [(e.issue_id or 0, e.answer["issue"]) for e in effective(entries) if e.kind == "not_same"]
            if not pairs:
                return set()
            leads = replay([], entries).leads
            living = stored_issues(connection, {issue for pair in pairs for issue in pair} | {*leads.values()})
        found = [{_follow(leads, living, issue) for issue in pair} for pair in pairs]
        return {issue for pair in found if issue_id in pair for issue in pair if issue not in (None, issue_id)}

    def members(self, issue_id: int) -> list[Member]:
        """The signatures of an issue, the one that it is shown by first."""
        query = (
            select(_S.id, _S.title, func.count().label("count"), func.max(_E.time).label("last_seen"))
            .join_from(schema.signatures, schema.events, _E.signature_id == _S.id)
            .where(_S.issue_id == issue_id)
            .group_by(_S.id)
            .order_by(_S.home_id != issue_id, _S.id)
        )
        with self._database.read() as connection:
            return [Member(**row) for row in connection.execute(query).mappings()]

    def about(self, issue_id: int) -> list[Entry]:
        """What was said of an issue, and the merges, splits and their undoing that it is the other side of."""
        with self._database.read() as connection:
            return _about(connection, [issue_id])

    def activity(self, issue_id: int) -> list[Entry]:
        """The same, with what was said of the issues that went into it."""
        with self._database.read() as connection:
            leads = replay([], _said(connection)).leads
            living = stored_issues(connection, {*leads, *leads.values(), issue_id})
            gone = [other for other in leads if other not in living and _follow(leads, living, other) == issue_id]
            return _about(connection, [issue_id, *gone])


def replay(born: Sequence[Born], entries: Iterable[Entry]) -> Groups:
    """Where the entries, in order of id, bring the signatures; what was undone moves nothing."""
    rows = list(entries)
    issue_of = {item.id: item.home for item in born}
    since = {item.id: item.since for item in born}
    members: dict[int, set[int]] = defaultdict(set)
    of_origin: dict[int, list[int]] = defaultdict(list)
    for item in born:
        members[item.home].add(item.id)
        of_origin[item.origin].append(item.id)
    leads = {row.answer["issue"]: row.issue_id or 0 for row in rows if row.kind == "split"}  # holds where it was undone
    for row in effective(rows):
        if row.kind == "merge":
            source, target = row.issue_id or 0, int(row.answer["into"])
            moved: Collection[int] = members[source]
            leads[source] = target
        elif row.kind == "split":
            target, moved = int(row.answer["issue"]), of_origin[row.answer["signature"]]
        else:
            continue
        leads.pop(target, None)
        for signature_id in [one for one in moved if since[one] < (row.id or 0)]:
            members[issue_of[signature_id]].discard(signature_id)
            members[target].add(signature_id)
            issue_of[signature_id] = target
    return Groups(issue_of, leads)


def checked(connection: Connection, entry: Entry) -> Entry:
    """A merge, split or "not the same" as it can be stored; InvalidInput or NotFound says why it cannot."""
    issue_id = entry.issue_id or 0
    if entry.kind == "split":
        return replace(entry, answer=_split(connection, issue_id, entry.answer["signature"]))
    other = entry.answer["into" if entry.kind == "merge" else "issue"]
    if other == issue_id:
        raise InvalidInput("an issue is the same as itself: name another one")
    if not stored_issues(connection, [other]) and _leads_to(connection, other) == issue_id:
        raise InvalidInput(f"issue {other} is part of issue {issue_id} already; split it off first")
    need(connection, other)
    return entry


def need(connection: Connection, issue_id: int) -> None:
    """NotFound, with the issue to name instead if its signatures went into another."""
    if stored_issues(connection, [issue_id]):
        return
    into = _leads_to(connection, issue_id)
    if into is None:
        raise NotFound(f"there is no issue {issue_id}")
    raise NotFound(f"there is no issue {issue_id} any more: it is part of issue {into}")


def lives_on(connection: Connection, issue_id: int) -> bool:
    """Whether an issue is stored, itself or as a part of another."""
    return bool(stored_issues(connection, [issue_id])) or _leads_to(connection, issue_id) is not None


def regroup(connection: Connection, *, every: bool = False) -> list[int]:
    """Brings the signatures to where the log has them, and the rows and counts of their issues up to date.

    Only those that an entry can have moved, or `every` one. Returns the issues that must be folded anew.
    """
    entries = _said(connection)
    born = _born(connection, None if every else _named(entries))
    issue_of = replay(born, entries).issue_of
    moved = [item for item in born if item.issue != issue_of[item.id]]
    if not moved:
        return []
    touched = {item.issue for item in moved} | {issue_of[item.id] for item in moved}
    missing = touched - stored_issues(connection, touched)
    if missing:
        connection.execute(insert(schema.issues), [{"id": issue_id, **_EMPTY} for issue_id in sorted(missing)])
    run(connection, "UPDATE signatures SET issue_id = ? WHERE id = ?", [(issue_of[item.id], item.id) for item in moved])
    connection.execute(
        sql(
            "DELETE FROM issues WHERE id IN NUMBERS(:ids) "
            "AND NOT EXISTS (SELECT 1 FROM signatures WHERE issue_id = issues.id)"
        ),
        {"ids": json.dumps(sorted(touched))},
    )
    return recount(connection, touched)


def recount(connection: Connection, issue_ids: Collection[int]) -> list[int]:
    """Title, strangeness, counts, times and service of those that are stored, from their signatures and events."""
    living = sorted(stored_issues(connection, issue_ids))
    for issue_id in living:
        events = (
            select(_E.service, _E.time)
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .where(_S.issue_id == issue_id)
            .subquery()
        )
        count, first, last = connection.execute(
            select(func.count(), func.min(events.c.time), func.max(events.c.time)).select_from(events)
        ).one()
        named = select(events.c.service).where(events.c.service != "").order_by(events.c.time.desc()).limit(1)
        shown = select(_S.title).where(_S.issue_id == issue_id).order_by(_S.home_id != issue_id, _S.id).limit(1)
        strangest = select(func.max(_S.strangeness)).where(_S.issue_id == issue_id)
        values = {
            "title": connection.execute(shown).scalar_one(),
            "strangeness": connection.execute(strangest).scalar_one(),
            "count": count,
            "first_seen": first,
            "last_seen": last,
            "service": connection.execute(named).scalar() or "",
        }
        connection.execute(update(schema.issues).where(_I.id == issue_id).values(values))
    return living


def _split(connection: Connection, issue_id: int, signature_id: int) -> dict[str, Any]:
    """The answer of a split, with the issue that the signature gets: that of its birth if it is free, else a new one."""
    origin = func.coalesce(_S.origin_id, _S.id)
    here = connection.execute(select(_S.id, origin.label("origin"), _S.home_id).where(_S.issue_id == issue_id)).all()
    row = next((row for row in here if row.id == signature_id), None)
    if row is None:
        raise InvalidInput(f"issue {issue_id} has no signature {signature_id}")
    if len({one.origin for one in here}) == 1:
        raise InvalidInput(f"issue {issue_id} has no other signature: there is nothing to split it from")
    if not stored_issues(connection, [row.home_id]):
        return {"signature": row.origin, "issue": row.home_id}
    return {"signature": row.origin, "issue": _new_issue_id(connection)}


def _new_issue_id(connection: Connection) -> int:
    """An id that no issue has had, and that none gets by itself."""
    if is_postgresql(connection):
        return int(connection.execute(sql("SELECT nextval(pg_get_serial_sequence('issues', 'id'))")).scalar_one())
    return int(connection.execute(sql("SELECT seq FROM sqlite_sequence WHERE name = 'issues'")).scalar_one()) + 1


def _said(connection: Connection) -> list[Entry]:
    """Every merge, split and "not the same", and what undoes them; in order of id."""
    grouping = _F.kind.in_(GROUPING)
    undoing = and_(_F.kind == "undo", _F.issue_id.in_(select(_F.issue_id).where(grouping)))
    return _entries(connection, or_(grouping, undoing))


def _about(connection: Connection, issue_ids: Sequence[int]) -> list[Entry]:
    wanted = [str(issue_id) for issue_id in issue_ids]
    sides = [names(_F.answer, key).in_(wanted) for key in ("into", "issue")]
    with_it = and_(_F.kind.in_(GROUPING), or_(*sides))
    undone = select(cast(_F.id, String)).where(with_it)
    undoing = and_(_F.kind == "undo", names(_F.answer, "entry").in_(undone))
    return _entries(connection, or_(_F.issue_id.in_(issue_ids), with_it, undoing))


def _entries(connection: Connection, wanted: Any) -> list[Entry]:
    query = select(schema.feedback).where(wanted).order_by(_F.id)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def _named(entries: Iterable[Entry]) -> set[int]:
    """Issues that an entry moves signatures from or to."""
    moving = [entry for entry in entries if entry.kind in ("merge", "split")]
    return {entry.issue_id or 0 for entry in moving} | {
        int(entry.answer["into" if entry.kind == "merge" else "issue"]) for entry in moving
    }


def _born(connection: Connection, issue_ids: Collection[int] | None) -> list[Born]:
    """Signatures of the issues, by birth or now; all of them for None."""
    query = select(_S.id, func.coalesce(_S.origin_id, _S.id), _S.home_id, _S.grouped_from, _S.issue_id)
    if issue_ids is not None:
        query = query.where(or_(_S.home_id.in_(issue_ids), _S.issue_id.in_(issue_ids)))
    return [Born(*row) for row in connection.execute(query.order_by(_S.id))]


def stored_issues(connection: Connection, issue_ids: Collection[int]) -> set[int]:
    """Those of the issues that have a row of their own."""
    query = sql("SELECT id FROM issues WHERE id IN NUMBERS(:ids)")
    return set(connection.execute(query, {"ids": json.dumps(sorted(issue_ids))}).scalars())


def _leads_to(connection: Connection, issue_id: int) -> int | None:
    leads = replay([], _said(connection)).leads
    return _follow(leads, stored_issues(connection, {*leads.values()}), issue_id)


def _follow(leads: dict[int, int], living: Collection[int], issue_id: int) -> int | None:
    """The stored issue at the end of the leads, the issue itself where it is one."""
    passed: set[int] = set()
    while issue_id not in living:
        if issue_id in passed or issue_id not in leads:
            return None
        passed.add(issue_id)
        issue_id = leads[issue_id]
    return issue_id
