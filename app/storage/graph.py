"""What the service graph is read from: topologies and release markers that people gave, and counts of errors by service."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from app.domain import NotFound
from app.storage import schema
from app.storage.engine import Database
from app.storage.portable import insert, sql

#: Width of a bucket of counts, in seconds.
MINUTE = 60.0
#: Characters of an event's text that is looked through for names of services.
CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Topology:
    """A graph that was given; `services` (name, kind), `calls` (caller, callee, protocol, place in KNOWN_BY, certainty)."""

    id: int
    name: str
    actor: str
    at: float
    services: tuple[tuple[str, str], ...] = ()
    calls: tuple[tuple[int, int, str, int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Deploy:
    """`version` of `service` went live at `at` (UTC seconds); `actor` said so."""

    id: int
    service: str
    version: str
    at: float
    actor: str


class Count(NamedTuple):
    """Errors of a service in one minute, of one severity and category; `first` is the earliest (UTC seconds)."""

    minute: int
    service: str
    severity: str
    category: str
    n: int
    first: float


class Mention(NamedTuple):
    """`n` events of one signature that a service wrote within one minute."""

    minute: int
    service: str
    signature_id: int
    n: int


class Line(NamedTuple):
    """An event as the guess of a topology reads it; `wrong` where it is not routine."""

    time: float
    service: str
    text: str
    wrong: bool


class Graph:
    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> str:
        """Changes with whatever a reading depends on: events, removals, corrections, topologies, release markers."""
        query = sql(
            "SELECT (SELECT max(id) FROM events), (SELECT max(id) FROM uploads), (SELECT max(id) FROM feedback), "
            "(SELECT max(id) || '/' || count(*) FROM topologies), (SELECT max(id) || '/' || count(*) FROM deploys), "
            "(SELECT value FROM meta WHERE key = 'topology')"
        )
        with self._database.read() as connection:
            return " ".join(map(str, connection.execute(query).one()))

    def add_topology(self, topology: Topology) -> int:
        """Stores it under a new id, whatever id it has."""
        values = {
            "name": topology.name,
            "actor": topology.actor,
            "at": topology.at,
            "services": [{"name": name, "kind": kind} for name, kind in topology.services],
            "calls": [list(call) for call in topology.calls],
        }
        table = schema.topologies
        with self._database.write() as connection:
            return int(connection.execute(insert(connection, table).values(values).returning(table.c.id)).scalar_one())

    def topologies(self) -> list[Topology]:
        """Those that were given, newest first, without their services and calls."""
        c = schema.topologies.c
        with self._database.read() as connection:
            rows = connection.execute(select(c.id, c.name, c.actor, c.at).order_by(c.id.desc())).all()
        return [Topology(*row) for row in rows]

    def topology(self, topology_id: int) -> Topology:
        """NotFound if it was removed."""
        table = schema.topologies
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.id == topology_id)).first()
        if row is None:
            raise NotFound(f"there is no topology {topology_id}")
        services = tuple((str(item["name"]), str(item["kind"])) for item in row.services)
        return Topology(row.id, row.name, row.actor, row.at, services, tuple(map(_call, row.calls)))

    def remove_topology(self, topology_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(delete(schema.topologies).where(schema.topologies.c.id == topology_id))

    def add_deploy(self, service: str, version: str, at: float, actor: str) -> int:
        """The marker's id; the same release at the same time is stored once."""
        table = schema.deploys
        values = {"service": service, "version": version, "at": at, "actor": actor}
        same = select(table.c.id).where(table.c.service == service, table.c.version == version, table.c.at == at)
        with self._database.write() as connection:
            connection.execute(insert(connection, table).values(values).on_conflict_do_nothing())
            return int(connection.execute(same).scalar_one())

    def deploys(self, since: float = -1e18, until: float = 1e18, limit: int = 1_000) -> list[Deploy]:
        """The newest markers between two times (UTC seconds), newest first."""
        table = schema.deploys
        query = select(table).where(table.c.at >= since, table.c.at <= until)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)).all()
        return [Deploy(*row) for row in rows]

    def remove_deploy(self, deploy_id: int) -> None:
        """NotFound if there is none, or no more."""
        with self._database.write() as connection:
            gone = connection.execute(delete(schema.deploys).where(schema.deploys.c.id == deploy_id)).rowcount
        if not gone:
            raise NotFound(f"there is no release marker {deploy_id}")

    def services(self) -> list[str]:
        """Names that events carry, the most frequent first."""
        query = sql("SELECT service FROM events WHERE service != '' GROUP BY service ORDER BY count(*) DESC, service")
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def counts(self, since: float, until: float) -> list[Count]:
        """What is not routine, by minute after `since`, up to but without `until`."""
        query = sql(
            "SELECT WHOLE((e.time - :since) / :minute), e.service, i.severity, i.category, count(*), min(e.time) "
            "FROM events e JOIN signatures s ON s.id = e.signature_id JOIN issues i ON i.id = s.issue_id "
            "WHERE NOT i.routine AND e.service != '' AND e.time >= :since AND e.time < :until GROUP BY 1, 2, 3, 4 "
            "ORDER BY 1, 2, 3, 4"
        )
        span = {"since": since, "until": until, "minute": MINUTE}
        with self._database.read() as connection:
            return [Count(*row) for row in connection.execute(query, span)]

    def mentions(self, since: float, until: float) -> tuple[list[Mention], dict[int, str]]:
        """What is not routine, by minute, service and signature; and the text of each signature as it was first written."""
        span = {"since": since, "until": until, "minute": MINUTE}
        inside = "NOT i.routine AND e.service != '' AND e.time >= :since AND e.time < :until"
        joined = "FROM events e JOIN signatures s ON s.id = e.signature_id JOIN issues i ON i.id = s.issue_id"
        counted = sql(
            f"SELECT WHOLE((e.time - :since) / :minute), e.service, e.signature_id, count(*) {joined} "
            f"WHERE {inside} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        texts = sql("SELECT id, substr(raw, 1, :characters) FROM signatures WHERE id IN NUMBERS(:ids)")
        with self._database.read() as connection:
            found = [Mention(*row) for row in connection.execute(counted, span)]
            wanted = {"characters": CHARACTERS, "ids": json.dumps(sorted({row.signature_id for row in found}))}
            return found, {row[0]: row[1] for row in connection.execute(texts, wanted)}

    def span(self) -> tuple[float, float] | None:
        """First and last event time (UTC seconds), each by the index; None while the store is empty."""
        query = sql("SELECT (SELECT min(time) FROM events), (SELECT max(time) FROM events)")
        with self._database.read() as connection:
            first, last = connection.execute(query).one()
        return None if first is None else (first, last)

    def lines(self, limit: int) -> list[Line]:
        """The newest events that name a service, oldest first."""
        query = sql(
            "SELECT e.time, e.service, substr(e.raw, 1, :characters), NOT i.routine FROM events e "
            "JOIN signatures s ON s.id = e.signature_id JOIN issues i ON i.id = s.issue_id "
            "WHERE e.service != '' ORDER BY e.time DESC, e.id DESC LIMIT :limit"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, {"limit": limit, "characters": CHARACTERS}).all()
        return [Line(row[0], row[1], row[2], bool(row[3])) for row in reversed(rows)]


def _call(values: Any) -> tuple[int, int, str, int, float]:
    caller, callee, protocol, known_by, certainty = values
    return int(caller), int(callee), str(protocol), int(known_by), float(certainty)
