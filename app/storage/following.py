"""When an issue came, and what came soon after a moment: what tells which errors follow which."""

from sqlalchemy import func, select

from app.storage import schema
from app.storage.engine import Database

_E, _S, _I = schema.events.c, schema.signatures.c, schema.issues.c


class Following:
    def __init__(self, database: Database) -> None:
        self._database = database

    def times(self, issue_id: int, limit: int) -> list[float]:
        """The newest distinct times of an issue's events (UTC seconds), in order."""
        query = (
            select(_E.time)
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .where(_S.issue_id == issue_id)
            .distinct()
            .order_by(_E.time.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return list(reversed(connection.execute(query).scalars().all()))

    def begun(self, at: float, *, before: float, after: float) -> dict[int, float]:
        """Issues (no routine lines) that came in the `after` seconds from `at` on, it excluded, and not in the `before` seconds
        up to it; with the time of the first."""
        first = func.min(_E.time)
        query = (
            select(_S.issue_id, first)
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .join(schema.issues, _S.issue_id == _I.id)
            .where(_E.time > at - before, _E.time <= at + after, _I.routine.is_(False))
            .group_by(_S.issue_id)
            .having(first > at)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def moments(self, most: int, apart: float) -> list[float]:
        """Times of events evenly spread over the store in the order of storing, the same every time; one may come twice.

        As many as the store's stretch has parts of `apart` seconds, `most` at most: windows of that length hardly overlap then.
        """
        with self._database.read() as connection:
            low, high, first, last = connection.execute(
                select(func.min(_E.id), func.max(_E.id), func.min(_E.time), func.max(_E.time))
            ).one()
            number = 0 if low is None else min(most, int((last - first) / apart))
            places = [low + (high - low) * step // max(number - 1, 1) for step in range(number)]
            return [
                connection.execute(select(_E.time).where(_E.id >= place).order_by(_E.id).limit(1)).scalar_one()
                for place in places
            ]
