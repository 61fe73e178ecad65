"""What came in last, in the order of its arrival."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select

from app.storage import schema
from app.storage.engine import Database

_E, _S, _I = schema.events.c, schema.signatures.c, schema.issues.c
#: Events that are looked through for those that fit a filter: a look must stay fast however much is stored.
LOOKED_THROUGH = 20_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event and the issue that it became part of. `time` in UTC seconds, its own; ids grow with arrival."""

    id: int
    time: float
    service: str
    level: str
    raw: str
    issue_id: int
    severity: str
    category: str
    title: str


class Arrivals:
    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(
        self, limit: int = 100, *, severities: Sequence[str] = (), service: str = "", until_id: int | None = None
    ) -> list[Arrival]:
        """The last to arrive first, among the last LOOKED_THROUGH; with `until_id` as it stood when that one was the last."""
        newest = select(func.max(_E.id)).scalar_subquery() if until_id is None else until_id
        conditions = [_E.id > newest - LOOKED_THROUGH, _E.id <= newest]
        if severities:
            conditions.append(_I.severity.in_(severities))
        if service:
            conditions.append(_E.service == service)
        query = (
            select(_E.id, _E.time, _E.service, _E.level, _E.raw, _S.issue_id, _I.severity, _I.category, _I.title)
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .join(schema.issues, _S.issue_id == _I.id)
            .where(and_(*conditions))
            .order_by(_E.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [Arrival(**row) for row in connection.execute(query).mappings()]

    def rate(self, now: float, seconds: float = 60.0) -> int:
        """Events whose own time lies in the last `seconds` before `now`."""
        query = select(func.count()).select_from(schema.events).where(_E.time > now - seconds, _E.time <= now)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())
