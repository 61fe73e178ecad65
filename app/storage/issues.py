"""Reading issues: the Inbox's list with its filters, one issue, its events and its trend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select
from sqlalchemy import literal_column as named

from app.domain import STATUSES, NotFound
from app.storage import schema
from app.storage.engine import Database
from app.storage.portable import lesser, sql, whole
from app.storage.words import containing
from models.taxonomy import SEVERITIES
from models.text.decode import clean

_I, _S, _E = schema.issues.c, schema.signatures.c, schema.events.c

#: Words of a search text that are looked for; each is a query of its own.
WORDS = 16


@dataclass(frozen=True, slots=True)
class IssueFilter:
    """What the Inbox shows. Empty tuples and "" mean no restriction; times are UTC seconds.

    `muted` and `routine`: False hides them, True shows them with the others.
    `not_sure_below`: only issues whose confidence is below it. `entities`: (label, value) pairs that it must all name.
    """

    text: str = ""
    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    assignee: str = ""
    upload_id: int | None = None
    since: float | None = None
    until: float | None = None
    muted: bool = False
    routine: bool = False
    not_sure_below: float | None = None
    entities: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """A row of the Inbox. `count`, `first_seen` and `last_seen` are those within the filter."""

    id: int
    title: str
    severity: str
    category: str
    confidence: float
    strangeness: float
    routine: bool
    count: int
    first_seen: float
    last_seen: float
    service: str
    status: str
    assignee: str
    muted_until: float | None
    mute_per_hour: int | None
    accepted_action: str
    rejected_actions: tuple[str, ...]
    resolved_at: float | None
    resolved_by: str
    resolution_note: str
    worked: str
    regressed_at: float | None
    recurred_within_24h: bool | None

    def is_muted(self, now: float) -> bool:
        return self.mute_per_hour is not None or (self.muted_until is not None and self.muted_until > now)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it was stored."""

    id: int
    signature_id: int
    upload_id: int
    time: float
    time_note: str
    level: str
    service: str
    host: str
    logger: str
    format: str
    raw: str
    source_file: str
    source_line: int
    problem: str


class Issues:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: IssueFilter, now: float, *, limit: int = 50, offset: int = 0) -> tuple[list[Issue], int]:
        """Issues, most urgent first, and how many there are in all."""
        query = _matching(wanted, now)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
            rows = connection.execute(query.order_by(*_urgency(now)).limit(limit).offset(offset)).mappings().all()
        return [_issue(row) for row in rows], int(total)

    def get(self, issue_id: int) -> Issue:
        with self._database.read() as connection:
            row = connection.execute(select(schema.issues).where(_I.id == issue_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no issue {issue_id}")
        return _issue(row)

    def by_id(self, issue_ids: Sequence[int]) -> dict[int, Issue]:
        """Those of the ids that are stored."""
        query = select(schema.issues).where(_I.id.in_(list(issue_ids)))
        with self._database.read() as connection:
            return {row["id"]: _issue(row) for row in connection.execute(query).mappings()}

    def of_signatures(self, signature_ids: Sequence[int]) -> dict[int, Issue]:
        """The issue of each signature id that is stored."""
        query = (
            select(_S.id.label("signature_id"), *schema.issues.c)
            .join_from(schema.signatures, schema.issues, _S.issue_id == _I.id)
            .where(_S.id.in_(signature_ids))
        )
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return {row.pop("signature_id"): _issue(row) for row in rows}

    def strangest(self, at_least: float, limit: int) -> list[Issue]:
        """Issues that are not routine with strangeness >= `at_least`, strangest first."""
        query = (
            select(schema.issues)
            .where(_I.routine.is_(False), _I.strangeness >= at_least)
            .order_by(_I.strangeness.desc(), _I.last_seen.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_issue(row) for row in connection.execute(query).mappings()]

    def events(self, issue_id: int, *, limit: int = 50, offset: int = 0) -> list[StoredEvent]:
        """Newest first."""
        columns = [column for column in schema.events.c if column.name != "identity"]
        query = (
            select(*columns)
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .where(_S.issue_id == issue_id)
            .order_by(_E.time.desc(), _E.id.desc())
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            return [StoredEvent(**row) for row in connection.execute(query).mappings()]

    def trends(self, issue_ids: Sequence[int], since: float, until: float, buckets: int = 24) -> dict[int, list[int]]:
        """Events per bucket of equal width between two times, oldest first, for each issue."""
        width = max((until - since) / buckets, 1e-9)
        bucket = lesser(whole((_E.time - since) / width), buckets - 1)
        query = (
            select(_S.issue_id, bucket.label("bucket"), func.count().label("n"))
            .join_from(schema.signatures, schema.events, _E.signature_id == _S.id)
            .where(_S.issue_id.in_(issue_ids), _E.time >= since, _E.time <= until)
            .group_by(_S.issue_id, named("bucket"))
        )
        trends = {issue_id: [0] * buckets for issue_id in issue_ids}
        with self._database.read() as connection:
            for issue_id, index, n in connection.execute(query):
                trends[issue_id][index] = n
        return trends

    def followers(self, issue_id: int, *, minutes: float, limit: int = 3) -> list[tuple[int, str, float]]:
        """Urgent issues that began (their first event) within `minutes` after an event of this one.

        (id, title, share) by how soon; share in (0, 1]: of this issue's active hours, those that the other one followed.
        """
        query = sql(
            "WITH mine AS (SELECT DISTINCT WHOLE(e.time / 3600) AS hour, min(e.time) OVER "
            "(PARTITION BY WHOLE(e.time / 3600)) AS at FROM events e JOIN signatures s ON s.id = e.signature_id "
            "WHERE s.issue_id = :id ORDER BY 1 DESC LIMIT 200), "
            "urgent AS (SELECT id, title FROM issues WHERE id != :id AND NOT routine AND severity IN ('critical', 'high')) "
            "SELECT u.id, u.title, count(DISTINCT m.hour) * 1.0 / (SELECT count(*) FROM mine) AS share, "
            "min(e.time - m.at) AS soonest "
            "FROM urgent u JOIN signatures s ON s.issue_id = u.id JOIN events e ON e.signature_id = s.id "
            "JOIN mine m ON e.time > m.at AND e.time <= m.at + :span GROUP BY u.id, u.title "
            "ORDER BY share DESC, soonest LIMIT :limit"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, {"id": issue_id, "span": 60 * minutes, "limit": limit}).all()
        return [(row.id, row.title, row.share) for row in rows]

    def services(self, issue_id: int | None = None) -> list[tuple[str, int]]:
        """Services and their number of events, most first; of one issue or of all."""
        query = select(_E.service, func.count().label("n")).where(_E.service != "")
        if issue_id is not None:
            query = query.join(schema.signatures, _E.signature_id == _S.id).where(_S.issue_id == issue_id)
        with self._database.read() as connection:
            return [
                (row.service, row.n)
                for row in connection.execute(query.group_by(_E.service).order_by(named("n").desc(), _E.service))
            ]

    def newest_id(self) -> int:
        """Ids only grow, so an issue with a larger one came later; 0 while there is none."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.coalesce(func.max(_I.id), 0))).scalar_one())

    def since_id(self, issue_id: int) -> int:
        """How many issues that are not routine came after this id."""
        query = select(func.count()).select_from(schema.issues).where(_I.id > issue_id, _I.routine.is_(False))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def assignees(self) -> list[str]:
        query = select(distinct(_I.assignee)).where(_I.assignee != "").order_by(_I.assignee)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def newest_event(self) -> float | None:
        with self._database.read() as connection:
            return connection.execute(select(func.max(_E.time))).scalar()


def _matching(wanted: IssueFilter, now: float) -> Select[Any]:
    conditions = _conditions(wanted, now)
    if wanted.upload_id is None and wanted.since is None and wanted.until is None:
        return select(schema.issues).where(*conditions)
    inside = _events_inside(wanted).subquery()
    columns = [
        inside.c[name].label(name) if name in ("count", "first_seen", "last_seen") else column
        for name, column in schema.issues.c.items()
    ]
    return select(*columns).join_from(schema.issues, inside, inside.c.issue_id == _I.id).where(*conditions)


def _events_inside(wanted: IssueFilter) -> Select[Any]:
    """Per issue: count, first and last time of the events inside the time range and the upload."""
    query = select(
        _S.issue_id,
        func.count().label("count"),
        func.min(_E.time).label("first_seen"),
        func.max(_E.time).label("last_seen"),
    ).join_from(schema.signatures, schema.events, _E.signature_id == _S.id)
    if wanted.since is not None:
        query = query.where(_E.time >= wanted.since)
    if wanted.until is not None:
        query = query.where(_E.time <= wanted.until)
    if wanted.upload_id is not None:
        query = query.where(_E.upload_id == wanted.upload_id)
    return query.group_by(_S.issue_id)


def _conditions(wanted: IssueFilter, now: float) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, values in (
        (_I.status, wanted.statuses),
        (_I.severity, wanted.severities),
        (_I.category, wanted.categories),
    ):
        if values:
            conditions.append(column.in_(values))
    if wanted.assignee:
        conditions.append(_I.assignee == wanted.assignee)
    if wanted.services:
        conditions.append(
            _I.id.in_(
                select(_S.issue_id)
                .join_from(schema.signatures, schema.events, _E.signature_id == _S.id)
                .where(_E.service.in_(wanted.services))
            )
        )
    for label, value in wanted.entities:
        entity = schema.signature_entities.c
        naming = select(entity.signature_id).where(entity.label == label, entity.value == value)
        conditions.append(_I.id.in_(select(_S.issue_id).where(_S.id.in_(naming))))
    if not wanted.routine:
        conditions.append(_I.routine.is_(False))
    if not wanted.muted:
        conditions.append(~_muted(now))
    if wanted.not_sure_below is not None:
        conditions.append(_I.confidence < wanted.not_sure_below)
    for word in list(dict.fromkeys(clean(wanted.text).split()))[:WORDS]:
        conditions.append(_I.id.in_(select(_S.issue_id).where(_S.id.in_(containing(word)))))
    return conditions


def _muted(now: float) -> ColumnElement[bool]:
    return or_(_I.mute_per_hour.is_not(None), and_(_I.muted_until.is_not(None), _I.muted_until > now))


def _urgency(now: float) -> list[ColumnElement[Any]]:
    """Resolved and muted last; then by severity, by status (a regression first), by the last event."""
    severity = case({name: place for place, name in enumerate(SEVERITIES)}, value=_I.severity)
    status = case({name: place for place, name in enumerate(STATUSES)}, value=_I.status)
    return [
        case((_I.status == "resolved", 1), else_=0),
        case((_muted(now), 1), else_=0),
        severity,
        status,
        named("last_seen").desc(),
        _I.id,
    ]


def _issue(row: Any) -> Issue:
    values = dict(row)
    values["rejected_actions"] = tuple(values["rejected_actions"])
    return Issue(**values)
