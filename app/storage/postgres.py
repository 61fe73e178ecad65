"""PostgreSQL: pooled connections that are tried before use, one advisory lock for the writer's turn, snapshots for readers.

A server that is down is `StoreUnavailable`, in one sentence; the next use tries again, so nothing needs a restart when it is back.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.domain import StoreUnavailable
from app.storage.engine import BUSY_SECONDS, Database

#: First half of the key of the advisory lock; the second is the schema's name, so that two stores do not wait for each other.
_LOCK: Final = 0x57AC
_CONNECT_SECONDS: Final = 5
#: Of one process: many pages read at once, while writers take turns.
_READERS: Final = {"pool_size": 5, "max_overflow": 10}
_WRITERS: Final = {"pool_size": 1, "max_overflow": 4}
#: A writer whose machine vanished in the middle of a transaction gives its turn back after so many seconds.
_IDLE_SECONDS: Final = 120
#: A NUL in a JSON text, as JSON writes it: PostgreSQL cannot read it back.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_TURN: Final = (
    f"SELECT set_config('lock_timeout', '{BUSY_SECONDS}s', true), "
    f"set_config('idle_in_transaction_session_timeout', '{_IDLE_SECONDS}s', true), "
    f"pg_advisory_xact_lock({_LOCK}, hashtext(current_schema()))"
)
_PLACE: Final = f"SELECT pg_try_advisory_lock({_LOCK + 1}, hashtext(current_schema()))"
#: Text columns sort by bytes, as in SQLite, whatever language the server speaks.
_BY_LANGUAGE: Final = (
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "JOIN pg_collation k ON k.oid = a.attcollation WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace "
    "AND a.attnum > 0 AND NOT a.attisdropped AND k.collname = 'default'"
)


class PostgresDatabase(Database):
    """The tables lie in the schema that `search_path` puts first: `public`, or what the URL's options say."""

    def __init__(self, url: URL) -> None:
        url = url.set(drivername="postgresql+psycopg")
        # who logs in, and with what, stands in no message
        shown = f"postgresql://{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
        writer = _engine(url, isolation_level="READ COMMITTED", **_WRITERS)
        event.listen(writer, "begin", lambda connection: connection.exec_driver_sql(_TURN))
        reader = _engine(url, isolation_level="REPEATABLE READ", **_READERS)
        super().__init__(
            shown, f"{url.host}:{url.port or 5432}/{url.database}?{sorted(url.query.items())}", reader, writer
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._said(), super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._said(), super().write() as connection:
            yield connection

    def migrate(self, revision: str = "head") -> None:
        super().migrate(revision)
        with self.read() as connection:
            found = connection.exec_driver_sql(_BY_LANGUAGE).all()
        if found:
            with self.write() as connection:
                for table, column, kind in connection.exec_driver_sql(_BY_LANGUAGE).all():
                    connection.exec_driver_sql(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE {kind} COLLATE "C"')

    @contextmanager
    def sole(self, waits: Callable[[], object]) -> Iterator[Callable[[], bool]]:
        """An advisory lock of a session, which the server lets go of with the connection."""
        with self._said(), self._reader.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # no one else gets it, and closed it is gone, with its lock
            while not connection.exec_driver_sql(_PLACE).scalar_one():
                waits()
                time.sleep(1.0)

            def held() -> bool:
                try:
                    return bool(connection.exec_driver_sql("SELECT true").scalar_one())
                except DBAPIError:
                    return False

            yield held

    def forget(self, tables: Sequence[str]) -> None:
        if not self._rewrite(tables):
            self._maintain([f'VACUUM "{table}"' for table in tables])

    def scrub(self) -> bool:
        with self.read() as connection:
            tables = connection.exec_driver_sql(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            ).scalars()
            return self._rewrite(sorted(tables))

    def check(self) -> str:
        """Whether the server answers and takes writes; its pages are the server's to check."""
        with self.read() as connection:
            follows = connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one()
        return "the server is a standby that takes no writes" if follows else ""

    def _rewrite(self, tables: Sequence[str]) -> bool:
        """Each table into a new file without dead rows; False where a reader or a writer held on to it too long."""
        try:
            self._maintain([f'VACUUM (FULL, ANALYZE) "{table}"' for table in tables])
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                return False
            raise
        return True

    def _maintain(self, statements: Sequence[str]) -> None:
        with self._said(), self._reader.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"SET lock_timeout = '{BUSY_SECONDS}s'")
            try:
                for statement in statements:
                    connection.exec_driver_sql(statement)
            finally:
                connection.exec_driver_sql("RESET lock_timeout")

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Says in one sentence that the server cannot be reached, or that no turn came."""
        try:
            yield
        except PoolTimeout as error:
            raise StoreUnavailable(f"all connections to the database {self.at} are in use; try again in a moment") from error
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise StoreUnavailable(
                    f"the database {self.at} is busy: no turn to write in {BUSY_SECONDS} s; try again"
                ) from error
            if error.connection_invalidated or (isinstance(error, OperationalError) and _is_down(error.orig)):
                raise StoreUnavailable(
                    f"the database {self.at} cannot be reached ({_reason(error.orig)}); StackLens goes on when it is back"
                ) from error
            raise


class _Text(StrDumperUnknown):
    """PostgreSQL's texts hold no NUL."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\x00", "\ufffd") if "\x00" in obj else obj)


def _json(value: Any) -> str:
    return _NUL.sub(r"\1\\ufffd", json.dumps(value))


def _engine(url: URL, isolation_level: str, **pool: int) -> Engine:
    engine = create_engine(
        url,
        isolation_level=isolation_level,
        pool_pre_ping=True,
        pool_timeout=BUSY_SECONDS,
        json_serializer=_json,
        connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "stacklens"},
        **pool,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: psycopg.Connection[Any], _record: Any) -> None:
        connection.adapters.register_dumper(str, _Text)

    return engine


def _is_down(error: BaseException | None) -> bool:
    """Whether it is about the connection: no SQLSTATE, or one of the classes 08 (connection), 53 (resources), 57P (shut down)."""
    state = getattr(error, "sqlstate", None)
    return state is None or state.startswith(("08", "53", "57P", "28", "3D"))


def _reason(error: BaseException | None) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].removesuffix(".") if lines else "no answer"
