"""What labelling asks of the store: who said what of which signature, questions given out, and readings written anew."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select

from app.domain import LABELS, Entry, effective
from app.storage import schema
from app.storage.engine import Database
from app.storage.log import refold
from app.storage.portable import insert, numbers, run, sql
from app.storage.signatures import row_from
from models.records import Reading

#: Statements that say what a signature is.
TEACHING: Final = (*LABELS, "correct_severity", "correct_category")
_F, _S, _I, _L = schema.feedback.c, schema.signatures.c, schema.issues.c, schema.label_leases.c
#: Issues that are folded anew in one transaction: a few dozen milliseconds, so that nobody waits.
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Item:
    """A signature as a question shows it. `raw` is what people read."""

    id: int
    issue_id: int
    key: str
    title: str
    raw: str
    service: str
    count: int
    first_seen: float
    reading: dict[str, Any]
    strangeness: float


@dataclass(frozen=True, slots=True)
class Turned:
    """An issue that reads otherwise than before: (severity, category)."""

    issue_id: int
    before: tuple[str, str]
    after: tuple[str, str]


class Labels:
    def __init__(self, database: Database) -> None:
        self._database = database

    def stamp(self) -> tuple[int, str]:
        """Equal stamps mean equal labels: the newest row of the log, and the stamp of the vectors."""
        with self._database.read() as connection:
            newest = connection.execute(select(func.coalesce(func.max(_F.id), 0))).scalar_one()
            vectors = connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == "vectors")).scalar()
        return int(newest), str(vectors or "")

    def newest(self) -> int:
        """The newest row of the log that may have changed what is taught; 0 while there is none."""
        kinds = (*TEACHING, "merge", "split", "undo", "purge", "remove_upload")
        with self._database.read() as connection:
            taught = select(_F.id).where(_F.kind.in_(TEACHING)).limit(1)
            if connection.execute(taught).first() is None:
                return 0
            return int(connection.execute(select(func.max(_F.id)).where(_F.kind.in_(kinds))).scalar_one())

    def said(self) -> list[Entry]:
        """Labels, adjudications, corrections and skips that nobody took back, in order of id."""
        kinds = (*TEACHING, "skip_label", "undo")
        with self._database.read() as connection:
            rows = (
                connection.execute(select(schema.feedback).where(_F.kind.in_(kinds)).order_by(_F.id)).mappings().all()
            )
        return [entry for entry in effective(Entry(**row) for row in rows) if entry.kind in (*TEACHING, "skip_label")]

    def members(self, issue_ids: Collection[int]) -> dict[int, list[int]]:
        """The signatures of each of the issues that are stored."""
        query = sql("SELECT issue_id, id FROM signatures WHERE issue_id IN NUMBERS(:ids) ORDER BY id")
        found: dict[int, list[int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query, {"ids": json.dumps(sorted(issue_ids))}):
                found.setdefault(row.issue_id, []).append(row.id)
        return found

    def items(self, signature_ids: Collection[int]) -> dict[int, Item]:
        """Those of the ids that are stored."""
        wanted = numbers(json.dumps([*map(int, signature_ids)]))
        columns = (
            _S.id,
            _S.issue_id,
            _S.key,
            _S.title,
            _S.raw,
            _I.service,
            _I.count,
            _I.first_seen,
            _S.reading,
            _S.strangeness,
        )
        query = (
            select(*columns)
            .join_from(schema.signatures, schema.issues, _S.issue_id == _I.id)
            .where(_S.id.bool_op("IN")(wanted))
        )
        with self._database.read() as connection:
            return {row["id"]: Item(**row) for row in connection.execute(query).mappings()}

    def vectors(self, encoder: str, signature_ids: Collection[int]) -> tuple[list[int], list[str], NDArray[np.float32]]:
        """Ids, keys and unit vectors (n, dims) of those that this encoder has embedded, by id."""
        query = sql(
            "SELECT id, key, vector FROM signatures WHERE encoder = :encoder AND id IN NUMBERS(:ids) ORDER BY id"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, {"encoder": encoder, "ids": json.dumps([*map(int, signature_ids)])}).all()
        return [row.id for row in rows], [row.key for row in rows], _matrix([row.vector for row in rows])

    def readers(self, encoder: str, after: int, limit: int) -> tuple[NDArray[np.int64], list[str], NDArray[np.float32]]:
        """Ids, the reader that each was last read by, and unit vectors; at most `limit`, with ids above `after`."""
        query = (
            select(_S.id, _S.reader, _S.vector).where(_S.encoder == encoder, _S.id > after).order_by(_S.id).limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        ids = np.array([row.id for row in rows], dtype=np.int64)
        return ids, [row.reader for row in rows], _matrix([row.vector for row in rows])

    def uncertain(self, *, limit: int, unless: Collection[int], from_key: str) -> list[int]:
        """Signatures of issues that are not routine, least sure first; none with a key below `from_key`, none of `unless`."""
        return self._asked("FIGURE(s.reading, confidence), s.id", limit, unless, from_key)

    def strange(self, *, limit: int, unless: Collection[int], from_key: str) -> list[int]:
        """The same, strangest first."""
        return self._asked("s.strangeness DESC, s.id", limit, unless, from_key)

    def below(self, key: str, *, unless: Collection[int], limit: int) -> list[int]:
        """Signatures with a key below this one, oldest first: a sample by hash, routine ones too."""
        query = sql(
            "SELECT id FROM signatures WHERE key < :key AND id NOT IN NUMBERS(:unless) ORDER BY id LIMIT :limit"
        )
        with self._database.read() as connection:
            ids = json.dumps([*map(int, unless)])
            return list(connection.execute(query, {"key": key, "unless": ids, "limit": limit}).scalars())

    def counts(self, key: str) -> tuple[int, int]:
        """How many signatures there are, and how many with a key below this one."""
        with self._database.read() as connection:
            row = connection.execute(
                sql("SELECT count(*), count(*) FILTER (WHERE key < :key) FROM signatures"), {"key": key}
            ).one()
        return int(row[0]), int(row[1])

    def disagreement(self, signature_ids: Collection[int]) -> dict[int, float]:
        """How far the anomaly detectors are apart about each, in [0, 1]; those that were judged."""
        query = sql(
            "SELECT signature_id, max(score) - min(score) AS apart FROM signature_anomaly WHERE detector != 'combined' "
            "AND signature_id IN NUMBERS(:ids) GROUP BY 1"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, {"ids": json.dumps([*map(int, signature_ids)])})
            return {row.signature_id: float(row.apart) for row in rows}

    def lease(self, actor: str, wanted: Sequence[int], *, n: int, now: float, until: float) -> list[int]:
        """The first `n` of the wanted that nobody else holds, now this person's until then; in their order."""
        with self._database.write() as connection:
            connection.execute(delete(schema.label_leases).where(_L.until <= now))
            held = select(_L.signature_id).where(_L.actor != actor)
            others = set(connection.execute(held).scalars())
            got = [signature_id for signature_id in wanted if signature_id not in others][:n]
            if got:
                row = insert(connection, schema.label_leases)
                connection.execute(
                    row.on_conflict_do_update(
                        index_elements=["signature_id"], set_={"actor": row.excluded.actor, "until": row.excluded.until}
                    ),
                    [{"signature_id": signature_id, "actor": actor, "until": until} for signature_id in got],
                )
        return got

    def release(self, actor: str, signature_id: int) -> None:
        """Gives a question back."""
        with self._database.write() as connection:
            connection.execute(delete(schema.label_leases).where(_L.signature_id == signature_id, _L.actor == actor))

    def held(self, now: float) -> dict[str, int]:
        """How many questions each person holds."""
        query = select(_L.actor, func.count().label("n")).where(_L.until > now).group_by(_L.actor)
        with self._database.read() as connection:
            return {row.actor: row.n for row in connection.execute(query)}

    def set_readings(self, readings: Mapping[int, tuple[str, Reading]]) -> list[Turned]:
        """Stores (reader before, reading now) by signature id and folds their issues; a row that changed meanwhile is left."""
        turned: list[Turned] = []
        ids = sorted(readings)
        for start in range(0, len(ids), _AT_ONCE):
            turned += self._set({one: readings[one] for one in ids[start : start + _AT_ONCE]})
        return turned

    def _set(self, readings: Mapping[int, tuple[str, Reading]]) -> list[Turned]:
        issue_of = sql("SELECT DISTINCT issue_id FROM signatures WHERE id IN NUMBERS(:ids) ORDER BY 1")
        shown = sql("SELECT id, severity, category FROM issues WHERE id IN NUMBERS(:ids)")
        with self._database.write() as connection:
            run(
                connection,
                "UPDATE signatures SET reading = ?, reader = ? WHERE id = ? AND reader = ?",
                [(json.dumps(row_from(new)), new.model, one, before) for one, (before, new) in readings.items()],
            )
            issues = list(connection.execute(issue_of, {"ids": json.dumps(list(readings))}).scalars())
            named = {"ids": json.dumps(issues)}
            before = {row.id: (row.severity, row.category) for row in connection.execute(shown, named)}
            for issue_id in issues:
                refold(connection, issue_id)
            after = {row.id: (row.severity, row.category) for row in connection.execute(shown, named)}
        return [Turned(one, before[one], after[one]) for one in issues if before[one] != after[one]]

    def _asked(self, order: str, limit: int, unless: Collection[int], from_key: str) -> list[int]:
        query = sql(
            "SELECT s.id FROM signatures s JOIN issues i ON i.id = s.issue_id WHERE NOT i.routine AND s.key >= :key "
            f"AND s.id NOT IN NUMBERS(:unless) ORDER BY {order} LIMIT :limit"
        )
        with self._database.read() as connection:
            ids = json.dumps([*map(int, unless)])
            return list(connection.execute(query, {"key": from_key, "unless": ids, "limit": limit}).scalars())


def _matrix(vectors: Sequence[bytes]) -> NDArray[np.float32]:
    matrix = np.frombuffer(b"".join(vectors), dtype=np.float32)
    return matrix.reshape(len(vectors), -1) if vectors else np.empty((0, 0), dtype=np.float32)
