"""What came in during a time, one row a signature: what drift is told from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import JSON

from app.storage.engine import Database
from app.storage.portable import sql


@dataclass(frozen=True, slots=True, eq=False)
class Period:
    """Signatures (n) that had an event in a time, at most `limit`, drawn by the hash that is their key.

    `ids` (n,), `vectors` (n, dims) float32 unit rows, `issues` (n,), `new` (n,): no event of it came before. `categories` (n).
    `seen` and `seen_new` count all of them.
    """

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    issues: NDArray[np.int64]
    new: NDArray[np.bool_]
    categories: tuple[str, ...]
    seen: int
    seen_new: int

    def __len__(self) -> int:
        return len(self.ids)


class DriftData:
    def __init__(self, database: Database) -> None:
        self._database = database

    def period(self, since: float, until: float, encoder: str, limit: int) -> Period:
        """Signatures of this encoder with an event in (since, until]; routine lines are left out."""
        inside = (
            "SELECT DISTINCT e.signature_id AS id FROM events e JOIN signatures s ON s.id = e.signature_id "
            "JOIN issues i ON i.id = s.issue_id WHERE e.time > :since AND e.time <= :until AND NOT i.routine"
        )
        first = "NOT EXISTS (SELECT 1 FROM events b WHERE b.signature_id = s.id AND b.time <= :since)"
        span = {"since": since, "until": until, "encoder": encoder, "limit": limit}
        with self._database.read() as connection:
            seen, seen_new = connection.execute(
                sql(f"SELECT count(*), count(*) FILTER (WHERE {first}) FROM signatures s WHERE s.id IN ({inside})"),
                span,
            ).one()
            rows = connection.execute(
                sql(
                    f"SELECT s.id, s.issue_id, s.vector, s.reading, {first} AS new FROM signatures s "
                    f"WHERE s.id IN ({inside}) AND s.encoder = :encoder ORDER BY s.key LIMIT :limit"
                ).columns(reading=JSON),
                span,
            ).all()
        vectors = np.frombuffer(b"".join(row.vector for row in rows), dtype=np.float32)
        return Period(
            ids=np.array([row.id for row in rows], dtype=np.int64),
            vectors=vectors.reshape(len(rows), -1) if rows else np.empty((0, 0), dtype=np.float32),
            issues=np.array([row.issue_id for row in rows], dtype=np.int64),
            new=np.array([bool(row.new) for row in rows], dtype=bool),
            categories=tuple(row.reading["category"] for row in rows),
            seen=int(seen),
            seen_new=int(seen_new),
        )
