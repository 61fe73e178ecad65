"""Versions of the models: one row each, and the single transaction that says which one answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, update

from app.domain import Entry, NotFound
from app.storage import schema
from app.storage.engine import Database
from app.storage.log import append, stored_under
from app.storage.portable import insert, sql
from app.storage.signatures import SignatureRow, _row
from models.records import Reading

_V, _R, _S, _F = schema.versions.c, schema.shadow_readings.c, schema.signatures.c, schema.feedback.c
_STAMP: Final = "versions"


@dataclass(frozen=True, slots=True)
class Version:
    """`state`: candidate, shadow, ab, current or retired, `since` (UTC seconds). `share` in [0, 1] of new errors in an A/B test.

    `data` says what it learned from (counts, fingerprints), `metrics` how it was measured, `reason` why it is in this state.
    `sha256` is of the weights; `replaced` names the version that answered before it.
    """

    name: str
    version: str
    state: str
    since: float
    created: float
    code: str
    seed: int
    data: dict[str, Any]
    metrics: dict[str, Any]
    sha256: str
    reason: str
    share: float = 0.0
    replaced: str = ""
    id: int = 0

    @property
    def shipped(self) -> bool:
        return self.version.startswith("shipped-")


class Versions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def stamp(self) -> str:
        """Equal stamps mean equal versions in equal states."""
        with self._database.read() as connection:
            return str(
                connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == _STAMP)).scalar() or ""
            )

    def all(self, name: str = "") -> list[Version]:
        """Newest first; of all models unless one is named."""
        query = select(schema.versions).order_by(_V.id.desc())
        with self._database.read() as connection:
            rows = connection.execute(query.where(_V.name == name) if name else query).mappings().all()
        return [Version(**row) for row in rows]

    def get(self, name: str, version: str) -> Version:
        with self._database.read() as connection:
            return _get(connection, name, version)

    def add(self, version: Version) -> Version:
        """Stores it; one that is there already keeps its figures. A current one retires the one before."""
        values = {key: getattr(version, key) for key in Version.__slots__ if key != "id"}
        with self._database.write() as connection:
            of = (_V.name == version.name, _V.version == version.version)
            found = connection.execute(select(_V.state).where(*of)).scalar()
            if version.state == "current" and found != "current":
                _retire(connection, version.name, ("current",), version.since, f"replaced by {version.version}")
            if found is None:
                connection.execute(insert(connection, schema.versions).values(values))
            elif version.state == "current":
                connection.execute(update(schema.versions).where(*of).values(state="current", since=version.since))
            _restamp(connection)
            return _get(connection, version.name, version.version)

    def stage(self, version: Version, state: str, share: float, entry: Entry) -> None:
        """To candidate, shadow, ab or retired, with its row of the log. Another one in shadow or A/B of the same model retires."""
        with self._database.write() as connection:
            if stored_under(connection, entry.key) is not None:
                return
            _get(connection, version.name, version.version)
            if state in ("shadow", "ab"):
                others = [_V.name == version.name, _V.state.in_(("shadow", "ab")), _V.id != version.id]
                connection.execute(update(schema.versions).where(*others).values(
                    state="retired", since=entry.at, share=0.0, reason=f"{version.version} took its place in waiting"))  # fmt: skip
            connection.execute(update(schema.versions).where(_V.id == version.id).values(
                state=state, since=entry.at, share=share, reason=str(entry.answer.get("reason", ""))))  # fmt: skip
            append(connection, entry)
            _restamp(connection)

    def measured(self, version: Version, metrics: Mapping[str, Any]) -> None:
        with self._database.write() as connection:
            connection.execute(update(schema.versions).where(_V.id == version.id).values(metrics=dict(metrics)))
            _restamp(connection)

    def switch(self, version: Version, entry: Entry, *, back: bool = False) -> None:
        """From now on `version` answers: the one before retires, the log gets its row, all in one transaction.

        `back`: a rollback, which leaves the version's own way back as it was. A key that is stored already changes nothing.
        """
        with self._database.write() as connection:
            if stored_under(connection, entry.key) is not None:
                return
            _get(connection, version.name, version.version)
            before = connection.execute(
                select(_V.version).where(_V.name == version.name, _V.state == "current")
            ).scalar()
            _retire(
                connection, version.name, ("current",), entry.at, f"{entry.actor}: {entry.answer.get('reason', '')}"
            )
            values: dict[str, Any] = {
                "state": "current",
                "since": entry.at,
                "share": 0.0,
                "reason": str(entry.answer.get("reason", "")),
            }
            if not back:
                values["replaced"] = str(before or "")
            connection.execute(update(schema.versions).where(_V.id == version.id).values(values))
            append(connection, entry)
            _restamp(connection)

    def unread(self, version_id: int, encoder: str, limit: int) -> list[SignatureRow]:
        """The newest signatures of this encoder that a version in waiting has not read; forgets what is no longer stored."""
        read = select(_R.signature_id).where(_R.version_id == version_id)
        query = (
            select(schema.signatures)
            .where(_S.encoder == encoder, _S.id.not_in(read))
            .order_by(_S.id.desc())
            .limit(limit)
        )
        with self._database.write() as connection:
            connection.execute(delete(schema.shadow_readings).where(_R.signature_id.not_in(select(_S.id))))
            return [_row(row) for row in connection.execute(query).mappings()]

    def shadow(self, version_id: int, readings: Mapping[int, Reading]) -> None:
        """Stores what a version in waiting reads, by signature id."""
        rows = [{"version_id": version_id, "signature_id": one, "severity": reading.severity, "category": reading.category,
                 "confidence": reading.confidence} for one, reading in readings.items()]  # fmt: skip
        if rows:
            with self._database.write() as connection:
                connection.execute(insert(connection, schema.shadow_readings).on_conflict_do_nothing(), rows)

    def beside(self, version_id: int) -> tuple[int, int]:
        """How many signatures a version in waiting read, and how many of them it reads as they are shown."""
        query = sql(
            "SELECT count(*), count(*) FILTER (WHERE r.severity = FIELD(s.reading, severity) AND "
            "r.category = FIELD(s.reading, category)) "
            "FROM shadow_readings r JOIN signatures s ON s.id = r.signature_id WHERE r.version_id = :id"
        )
        with self._database.read() as connection:
            read, alike = connection.execute(query, {"id": version_id}).one()
        return int(read), int(alike)

    def signatures(self) -> int:
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(schema.signatures)).scalar_one())

    def answers(self, since: float) -> list[tuple[str, bool]]:
        """(reader, accepted): the first accept or reject of each issue since then, and who had read its first signature."""
        query = sql(
            "SELECT s.reader, f.kind FROM feedback f JOIN signatures s ON s.id = "
            "(SELECT min(id) FROM signatures WHERE issue_id = f.issue_id) WHERE f.id IN "
            "(SELECT min(g.id) FROM feedback g WHERE g.kind IN ('accept', 'reject') AND g.at >= :since AND g.id NOT IN "
            "(SELECT WHOLE(FIGURE(u.answer, entry)) FROM feedback u WHERE u.kind = 'undo') GROUP BY g.issue_id)"
        )
        with self._database.read() as connection:
            return [(row.reader, row.kind == "accept") for row in connection.execute(query, {"since": since})]

    def stored(self, keys: Collection[str]) -> int:
        """How many of the keys are signatures that are still stored."""
        wanted: Sequence[str] = sorted(keys)
        found = 0
        with self._database.read() as connection:
            for start in range(0, len(wanted), 500):
                part = _S.key.in_(wanted[start : start + 500])
                found += int(connection.execute(select(func.count()).where(part)).scalar_one())
        return found


def _get(connection: Connection, name: str, version: str) -> Version:
    row = connection.execute(select(schema.versions).where(_V.name == name, _V.version == version)).mappings().first()
    if row is None:
        raise NotFound(f"there is no version {version!r} of {name}; `stacklens models list` names them")
    return Version(**row)


def _retire(connection: Connection, name: str, states: Sequence[str], at: float, reason: str) -> None:
    rows = update(schema.versions).where(_V.name == name, _V.state.in_(states))
    connection.execute(rows.values(state="retired", since=at, share=0.0, reason=reason))


def _restamp(connection: Connection) -> None:
    connection.execute(sql("INSERT INTO meta (key, value) VALUES (:key, '1') "
                            "ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS INTEGER) + 1 AS VARCHAR)"),
                       {"key": _STAMP})  # fmt: skip
