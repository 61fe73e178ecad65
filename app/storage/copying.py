"""A store copied whole into an empty one of either kind: in one transaction, table by table in key order, then compared.

Writers of the source wait meanwhile, so that no click is made that the copy lacks. Ids that were given once are not given again.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, column, func, insert, select, table

from app.domain import InvalidInput, NotFound, StackLensError
from app.storage.engine import open_database
from app.storage.portable import is_postgresql, sql
from app.storage.schema import metadata
from app.storage.sqlite import SqliteDatabase

#: Rows read and written at once.
_ROWS: Final = 1_000
#: table, rows copied, rows in all
Report = Callable[[str, int, int], None]
_WORDS: Final = table("signature_text", *map(column, ("rowid", "text", "raw", "service")))


class NotTheSame(StackLensError):  # noqa: N818 - reads as what is the case
    """What arrived is not what was sent."""

    code = "not_the_same"


@dataclass(frozen=True, slots=True)
class Copied:
    """A table: its rows, and the SHA-256 of their values in key order, equal on both sides."""

    name: str
    rows: int
    sha256: str


def copy(source: Path | str, target: Path | str, report: Report = lambda *_: None) -> list[Copied]:
    """Both are brought to the newest schema first.

    InvalidInput: the same store twice, or a target that is not empty. NotFound: no source. NotTheSame: counts or checksums
    differ; then, as after any other failure, the target is empty as before.
    """
    here, there = open_database(source), open_database(target)
    try:
        if isinstance(here, SqliteDatabase) and not here.file.exists():
            raise NotFound(f"there is no store {here.at}")
        if here.identity == there.identity:
            raise InvalidInput("a store cannot be copied onto itself")
        here.migrate()
        there.migrate()
        with here.write() as sent, there.write() as received:
            _refuse_filled(received, there.at)
            copied = [_table(sent, received, each, report) for each in (*metadata.sorted_tables, _WORDS)]
            for each in metadata.sorted_tables:
                if _counts_up(each):
                    _go_on_from(received, each, _reached(sent, each))
        return copied
    finally:
        here.close()
        there.close()


def _refuse_filled(connection: Connection, at: str) -> None:
    for each in metadata.sorted_tables:
        if connection.execute(select(each).limit(1)).first() is not None:
            raise InvalidInput(f"the store {at} is not empty ({each.name} has rows); name a new one")


def _table(sent: Connection, received: Connection, each: Any, report: Report) -> Copied:
    total = int(sent.execute(select(func.count()).select_from(each)).scalar_one())
    before, done = hashlib.sha256(), 0
    report(each.name, 0, total)
    for rows in _rows(sent, each):
        received.execute(insert(each), rows)
        _add(before, rows)
        done += len(rows)
        report(each.name, done, total)
    after, arrived = hashlib.sha256(), 0
    for rows in _rows(received, each):
        _add(after, rows)
        arrived += len(rows)
    if (done, before.digest()) != (arrived, after.digest()):
        raise NotTheSame(
            f"table {each.name}: {done} rows were sent and {arrived} arrived, or they differ; nothing was kept"
        )
    return Copied(each.name, arrived, after.hexdigest())


def _rows(connection: Connection, each: Any) -> Iterator[list[dict[str, Any]]]:
    order = list(each.primary_key.columns) if isinstance(each, Table) else [each.c.rowid]
    found = connection.execute(select(each).order_by(*order), execution_options={"yield_per": _ROWS})
    for part in found.mappings().partitions():
        yield [{name: _plain(value) for name, value in row.items()} for row in part]


def _plain(value: Any) -> Any:
    """Texts, also those in JSON, as both databases can hold them: without NUL, which PostgreSQL cannot."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_plain(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _add(digest: Any, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        digest.update(repr(list(row.items())).encode("utf-8", "backslashreplace"))


def _counts_up(each: Table) -> bool:
    return each.autoincrement_column is not None


def _reached(connection: Connection, each: Table) -> int:
    """The largest id that was ever given, also where its row is gone."""
    newest = int(connection.execute(select(func.coalesce(func.max(each.c.id), 0))).scalar_one())
    if is_postgresql(connection):
        last = "SELECT coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence(:name, 'id') AS regclass)), 0)"
    else:
        last = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = :name), 0)"
    return max(newest, int(connection.execute(sql(last), {"name": each.name}).scalar_one()))


def _go_on_from(connection: Connection, each: Table, reached: int) -> None:
    if not reached:
        return
    values = {"name": each.name, "reached": reached}
    if is_postgresql(connection):
        connection.execute(
            sql("SELECT setval(CAST(pg_get_serial_sequence(:name, 'id') AS regclass), :reached)"), values
        )
    elif each.dialect_options["sqlite"]["autoincrement"]:
        connection.execute(sql("DELETE FROM sqlite_sequence WHERE name = :name"), values)
        connection.execute(sql("INSERT INTO sqlite_sequence(name, seq) VALUES (:name, :reached)"), values)
