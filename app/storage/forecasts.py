"""Forecasts: the errors that they are made from, what was expected, and what then happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, update

from app.storage import schema
from app.storage.engine import Database
from app.storage.portable import insert, lesser, whole
from app.storage.signatures import reading_from
from models.analyse.forecast import Step

_E, _S, _I, _F = schema.events.c, schema.signatures.c, schema.issues.c, schema.forecasts.c
MINUTE: Final = 60
#: A service fails with the so many-th critical or high error that it logs within one clock minute.
FAILURE: Final = 5


@dataclass(frozen=True, slots=True)
class StoredForecast:
    """A forecast as it was made, and its outcome: right, false alarm, missed, quiet, none, or "" while it is too early to tell.

    Times in UTC seconds; `low`, `median`, `high` in minutes after `at`, None where no failure was expected.
    """

    id: int
    at: float
    made_at: float
    model: str
    probability: float
    low: float | None
    median: float | None
    high: float | None
    service: str
    next_errors: tuple[tuple[int, float], ...]
    forecastable: bool
    reason: str
    outcome: str = ""
    failed_at: float | None = None
    failed_service: str = ""
    next_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """When a service failed, UTC seconds: the time of its FAILURE-th critical or high error in that clock minute."""

    at: float
    service: str


class Forecasts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def steps(self, until: float, limit: int, dims: int, since: float = 0.0) -> list[Step]:
        """The last `limit` errors (no routine lines) at or before `until` and after `since`, in order of time.

        Those whose vector has other than `dims` numbers are of another encoder and left out.
        """
        recent = (
            select(_E.id, _E.time, _E.service, _E.level, _E.signature_id)
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .join(schema.issues, _S.issue_id == _I.id)
            .where(_E.time <= until, _E.time > since, _I.routine.is_(False))
            .order_by(_E.time.desc(), _E.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(recent).all()
            kinds = connection.execute(
                select(_S.id, _S.text, _S.vector, _S.reading).where(_S.id.in_({row.signature_id for row in rows}))
            ).all()
        known = {kind.id: (kind.text, _vector(kind.vector), reading_from(kind.reading)) for kind in kinds}
        found = []
        for row in reversed(rows):
            text, vector, reading = known[row.signature_id]
            if len(vector) == dims:
                found.append(
                    Step(
                        time=row.time,
                        service=row.service,
                        level=row.level,
                        signature=row.signature_id,
                        text=text,
                        vector=vector,
                        severity_probabilities=reading.severity_probabilities,
                        category_probabilities=reading.category_probabilities,
                    )
                )
        return found

    def failures(self, since: float, until: float) -> list[Failure]:
        """Every failure within (since, until], at most one a service and clock minute, in order of time."""
        minute = whole(_E.time / MINUTE)
        place = func.row_number().over(partition_by=(minute, _E.service), order_by=(_E.time, _E.id))
        loud = (
            select(_E.time, _E.service, place.label("place"))
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .join(schema.issues, _S.issue_id == _I.id)
            .where(_E.time > since, _E.time <= until, _E.service != "", _I.routine.is_(False))
            .where(_I.severity.in_(("critical", "high")))
            .subquery()
        )
        query = select(loud.c.time, loud.c.service).where(loud.c.place == FAILURE).order_by(loud.c.time, loud.c.service)
        with self._database.read() as connection:
            return [Failure(row.time, row.service) for row in connection.execute(query)]

    def next_error(self, after: float) -> int | None:
        """The signature of the first error after a time."""
        query = (
            select(_E.signature_id)
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .join(schema.issues, _S.issue_id == _I.id)
            .where(_E.time > after, _I.routine.is_(False))
            .order_by(_E.time, _E.id)
            .limit(1)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def counts(self, since: float, until: float, buckets: int) -> list[tuple[int, str, str, int]]:
        """Errors per bucket of equal width, service and severity: (bucket, service, severity, count)."""
        width = max((until - since) / buckets, 1e-9)
        bucket = lesser(whole((_E.time - since) / width), buckets - 1)
        query = (
            select(bucket.label("bucket"), _E.service, _I.severity, func.count().label("n"))
            .join_from(schema.events, schema.signatures, _E.signature_id == _S.id)
            .join(schema.issues, _S.issue_id == _I.id)
            .where(_E.time > since, _E.time <= until, _I.routine.is_(False))
            .group_by("bucket", _E.service, _I.severity)
            .order_by("bucket", _E.service, _I.severity)
        )
        with self._database.read() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def keep(self, forecast: StoredForecast) -> None:
        """Stores a forecast; one of the same moment and model is there already and stays."""
        values = {name: getattr(forecast, name) for name in StoredForecast.__slots__ if name != "id"}
        values["next_errors"] = [list(pair) for pair in forecast.next_errors]
        with self._database.write() as connection:
            connection.execute(insert(connection, schema.forecasts).values(values).on_conflict_do_nothing())

    def waiting(self, until: float, limit: int = 500) -> list[StoredForecast]:
        """Forecasts without an outcome that were made of a moment at or before `until`, the oldest first."""
        query = select(schema.forecasts).where(_F.outcome == "", _F.at <= until).order_by(_F.at).limit(limit)
        return self._rows(query)

    def came_out(self, outcomes: Sequence[StoredForecast]) -> None:
        """Writes what happened; an outcome that is there stays."""
        with self._database.write() as connection:
            for one in outcomes:
                connection.execute(
                    update(schema.forecasts)
                    .where(_F.id == one.id, _F.outcome == "")
                    .values(
                        outcome=one.outcome,
                        failed_at=one.failed_at,
                        failed_service=one.failed_service,
                        next_rank=one.next_rank,
                    )
                )

    def newest(self, limit: int = 200) -> list[StoredForecast]:
        """By the moment that they are of, the newest first."""
        return self._rows(select(schema.forecasts).order_by(_F.at.desc(), _F.id.desc()).limit(limit))

    def _rows(self, query: Any) -> list[StoredForecast]:
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            StoredForecast(
                **{**row, "next_errors": tuple((int(one), float(share)) for one, share in row["next_errors"])}
            )
            for row in rows
        ]


def _vector(data: bytes) -> NDArray[np.float32]:
    return np.frombuffer(data, dtype=np.float32)
