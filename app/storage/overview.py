"""Counts for the Overview: how much came in, what it became, who needs you."""

from dataclasses import dataclass

from app.storage.engine import Database
from app.storage.portable import sql

#: An issue that asks for a person now: urgent, not answered by anyone yet, not muted.
NEEDS_YOU = (
    "NOT routine AND severity IN ('critical', 'high') AND status IN ('open', 'regressed') "
    "AND mute_per_hour IS NULL AND (muted_until IS NULL OR muted_until <= :now)"
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Within a time range: lines read, events, distinct signatures, issues, issues that need you."""

    lines: int
    events: int
    signatures: int
    issues: int
    need_you: int
    errors: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One count of the Overview's figures."""

    name: str
    severity: str
    n: int


class Overview:
    def __init__(self, database: Database) -> None:
        self._database = database

    def sizes(self, now: float) -> dict[str, int]:
        """What the whole store holds: events, signatures, issues, and issues that ask for a person now."""
        with self._database.read() as connection:
            issues, events, need = connection.execute(
                sql(f"SELECT count(*), coalesce(sum(count), 0), count(*) FILTER (WHERE {NEEDS_YOU}) FROM issues"), {"now": now}
            ).one()
            signatures = connection.execute(sql("SELECT count(*) FROM signatures")).scalar_one()
        return {"events": int(events), "signatures": signatures, "issues": issues, "issues_need_you": need}

    def totals(self, now: float, since: float, until: float) -> Totals:
        """Counts of what happened between two times; `lines` is of the uploads whose events lie in it."""
        span = {"since": since, "until": until, "now": now}
        inside = "events WHERE time >= :since AND time <= :until"
        with self._database.read() as connection:
            events, signatures = connection.execute(
                sql(f"SELECT count(*), count(DISTINCT signature_id) FROM {inside}"), span
            ).one()
            lines = connection.execute(
                sql(f"SELECT coalesce(sum(lines), 0) FROM uploads WHERE id IN (SELECT upload_id FROM {inside})"), span
            ).scalar_one()
            errors = connection.execute(
                sql(f"SELECT count(*) FROM {inside} AND level IN ('error', 'critical')"), span
            ).scalar_one()
            issues, need = connection.execute(
                sql(
                    f"SELECT count(*), count(*) FILTER (WHERE {NEEDS_YOU}) FROM issues WHERE NOT routine "
                    f"AND id IN (SELECT issue_id FROM signatures WHERE id IN (SELECT signature_id FROM {inside}))"
                ),
                span,
            ).one()
        return Totals(lines, events, signatures, issues, need, errors)

    def by_severity(self, since: float, until: float) -> list[Cell]:
        """Issues (not routine) and their events, per severity: Cell(name="issues"|"events")."""
        query = sql(
            "SELECT i.severity, count(DISTINCT i.id) AS issues, count(*) AS events FROM issues i "
            "JOIN signatures s ON s.issue_id = i.id JOIN events e ON e.signature_id = s.id "
            "WHERE NOT i.routine AND e.time >= :since AND e.time <= :until GROUP BY i.severity ORDER BY i.severity"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, {"since": since, "until": until}).all()
        return [
            Cell(name, row.severity, n) for row in rows for name, n in (("issues", row.issues), ("events", row.events))
        ]

    def by_service(self, since: float, until: float) -> list[Cell]:
        """Events of issues that are not routine, per service and severity."""
        return self._events_by("e.service", since, until)

    def by_time(self, since: float, until: float, buckets: int = 48) -> list[Cell]:
        """The same per bucket of time; `name` is the bucket's number from 0."""
        width = max((until - since) / buckets, 1e-9)
        expression = "LESSER(WHOLE((e.time - :since) / :width), :buckets - 1)"
        return self._events_by(expression, since, until, width=width, buckets=buckets)

    def _events_by(self, expression: str, since: float, until: float, **more: float) -> list[Cell]:
        query = sql(
            f"SELECT {expression} AS name, i.severity, count(*) AS n FROM events e JOIN signatures s ON s.id = e.signature_id "
            "JOIN issues i ON i.id = s.issue_id WHERE NOT i.routine AND e.time >= :since AND e.time <= :until "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, {"since": since, "until": until, **more}).all()
        return [Cell(str(row.name), row.severity, row.n) for row in rows]

    def span(self) -> tuple[float, float] | None:
        """First and last event time, None while the store is empty."""
        with self._database.read() as connection:
            first, last = connection.execute(sql("SELECT min(time), max(time) FROM events")).one()
        return None if first is None else (first, last)
