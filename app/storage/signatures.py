"""Signatures: looked up by key, read back with their vectors, judged with their level."""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select, update

from app.domain import NotFound
from app.storage import schema
from app.storage.engine import Database
from app.storage.portable import run, sql
from models.analyse.judgement import judge, rank
from models.records import Reading, Signature

_STAMP = "vectors"


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A stored signature. `raw` is the text of its first event; `vector` (dims,) float32, unit norm."""

    id: int
    issue_id: int
    signature: Signature
    raw: str
    exception_type: str
    level: str
    reading: Reading
    strangeness: float
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judged:
    """How an issue stands by its most urgent signature."""

    severity: str
    category: str
    confidence: float
    routine: bool


class Signatures:
    def __init__(self, database: Database) -> None:
        self._database = database

    def ids_of(self, keys: Iterable[str]) -> dict[str, int]:
        """The ids of those keys that are stored."""
        with self._database.read() as connection:
            return ids_of(connection, list(keys))

    def of_issue(self, issue_id: int) -> list[SignatureRow]:
        """The one that the issue is shown by first."""
        query = (
            select(schema.signatures)
            .where(schema.signatures.c.issue_id == issue_id)
            .order_by(schema.signatures.c.home_id != issue_id, schema.signatures.c.id)
        )
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(query).mappings()]

    def get(self, signature_id: int) -> SignatureRow:
        found = self.by_id([signature_id])
        if not found:
            raise NotFound(f"there is no signature {signature_id}")
        return found[signature_id]

    def by_id(self, signature_ids: Sequence[int]) -> dict[int, SignatureRow]:
        """Those of the ids that are stored."""
        query = select(schema.signatures).where(schema.signatures.c.id.in_(signature_ids))
        with self._database.read() as connection:
            return {row["id"]: _row(row) for row in connection.execute(query).mappings()}

    def compared(self, signature_ids: Sequence[int]) -> dict[int, tuple[int, Signature]]:
        """The issue and the signature of those of the ids that are stored, without what the models said."""
        c = schema.signatures.c
        query = select(c.id, c.issue_id, c.key, c.text, c.normaliser, c.parts).where(c.id.in_(signature_ids))
        with self._database.read() as connection:
            return {row["id"]: (row["issue_id"], _signature(row)) for row in connection.execute(query).mappings()}

    def stamp(self) -> str:
        """Equal stamps mean equal vectors: whatever adds, removes or replaces one draws a new stamp."""
        with self._database.read() as connection:
            return str(
                connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == _STAMP)).scalar() or ""
            )

    def vectors(self, encoder: str, after: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (n,) int64 and unit vectors (n, dims) float32 of this encoder with an id above `after`, by id."""
        c = schema.signatures.c
        query = select(c.id, c.vector).where(c.encoder == encoder, c.id > after).order_by(c.id)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        ids = np.array([row.id for row in rows], dtype=np.int64)
        matrix = np.frombuffer(b"".join(row.vector for row in rows), dtype=np.float32)
        return ids, matrix.reshape(len(rows), -1) if rows else np.empty((0, 0), dtype=np.float32)

    def ids(self, encoder: str) -> list[int]:
        with self._database.read() as connection:
            return list(
                connection.execute(
                    select(schema.signatures.c.id).where(schema.signatures.c.encoder == encoder)
                ).scalars()
            )

    def with_other_encoder(self, encoder: str, limit: int) -> list[tuple[int, Signature]]:
        """Signatures whose vector another encoder made: they wait to be embedded again."""
        query = select(schema.signatures).where(schema.signatures.c.encoder != encoder).limit(limit)
        with self._database.read() as connection:
            return [(row["id"], _signature(row)) for row in connection.execute(query).mappings()]

    def replace_vectors(self, encoder: str, vectors: dict[int, NDArray[np.float32]]) -> None:
        if not vectors:
            return
        with self._database.write() as connection:
            run(
                connection,
                "UPDATE signatures SET encoder = ?, vector = ? WHERE id = ?",
                [
                    (encoder, vector.astype(np.float32).tobytes(), signature_id)
                    for signature_id, vector in vectors.items()
                ],
            )
            restamp(connection)

    def set_strangeness(self, detector: str, scores: dict[int, float]) -> None:
        """Scores in [0, 1], higher = stranger, of one detector version; issues take their largest."""
        if not scores:
            return
        c = schema.signatures.c
        with self._database.write() as connection:
            run(
                connection,
                "UPDATE signatures SET strangeness = ?, detector = ? WHERE id = ?",
                [(round(score, 4), detector, signature_id) for signature_id, score in scores.items()],
            )
            largest = select(func.max(c.strangeness)).where(c.issue_id == schema.issues.c.id).scalar_subquery()
            connection.execute(
                update(schema.issues).values(strangeness=func.coalesce(largest, schema.issues.c.strangeness))
            )


def restamp(connection: Connection) -> None:
    """Draws a new stamp; part of every transaction that changes which vectors there are."""
    connection.execute(
        sql("INSERT INTO meta(key, value) VALUES (:key, :stamp) ON CONFLICT(key) DO UPDATE SET value = excluded.value"),
        {"key": _STAMP, "stamp": secrets.token_hex(8)},
    )


def ids_of(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    query = sql("SELECT GATHERED(key, id) FROM signatures WHERE key IN WORDS(:keys)")
    found = json.loads(connection.execute(query, {"keys": json.dumps(list(keys))}).scalar_one())
    return {str(key): int(signature_id) for key, signature_id in found}


def most_urgent(connection: Connection, issue_id: int) -> Judged:
    """The most urgent judgement among the issue's signatures; the surer one where two are equal."""
    c = schema.signatures.c
    query = select(c.reading, c.level, c.exception_type).where(c.issue_id == issue_id)
    best: Judged | None = None
    for reading, level, exception_type in connection.execute(query):
        verdict = judge(reading["severity"], reading["confidence"], level, has_trace=bool(exception_type))
        judged = Judged(verdict.severity, reading["category"], reading["confidence"], verdict.routine)
        if best is None or (rank(judged.severity), -judged.confidence) < (rank(best.severity), -best.confidence):
            best = judged
    if best is None:
        raise NotFound(f"issue {issue_id} has no signature")
    return best


def row_from(reading: Reading) -> dict[str, Any]:
    """The reading as JSON holds it; `reading_from` is the way back."""
    row = {item.name: getattr(reading, item.name) for item in fields(reading)}
    return row | {"untaught": row_from(reading.untaught) if reading.untaught else None}


def reading_from(row: dict[str, Any]) -> Reading:
    return Reading(
        severity=row["severity"],
        category=row["category"],
        confidence=row["confidence"],
        model=row["model"],
        severity_probabilities=tuple(row["severity_probabilities"]),
        category_probabilities=tuple(row["category_probabilities"]),
        actions=tuple((action, score) for action, score in row["actions"]),
        evidence=tuple((template, similarity) for template, similarity in row["evidence"]),
        untaught=reading_from(row["untaught"]) if row.get("untaught") else None,
    )


def _signature(row: Any) -> Signature:
    return Signature(row["key"], row["text"], row["normaliser"], tuple((name, part) for name, part in row["parts"]))


def _row(row: Any) -> SignatureRow:
    return SignatureRow(
        id=row["id"],
        issue_id=row["issue_id"],
        signature=_signature(row),
        raw=row["raw"],
        exception_type=row["exception_type"],
        level=row["level"],
        reading=reading_from(row["reading"]),
        strangeness=row["strangeness"],
        vector=np.frombuffer(row["vector"], dtype=np.float32),
    )
