"""The SQLite file: opened in WAL mode, migrated with Alembic, written by short transactions.

One writer at a time (`BEGIN IMMEDIATE`, waiting up to 30 s for its turn), any number of readers.
`synchronous=FULL`: what a page says was stored is on the disk, kill -9 or power cut.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from app.domain import StoreUnavailable

BUSY_SECONDS = 30

#: For every connection: `secure_delete` overwrites what is removed, so that a purged secret is not in the file any more.
_PRAGMAS = (
    f"busy_timeout={BUSY_SECONDS * 1000}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "cache_size=-32768",
    "wal_autocheckpoint=4000",
)

#: What SQLite says, and what that means for who has to mend it.
_AILMENTS: Final = {
    "is full": "cannot grow, the disk is full: make room; what was stored before is kept",
    "readonly": "cannot be written: give the program permission to write the file and its folder",
    "malformed": "is damaged: restore a backup, or move it away to start empty",
    "not a database": "is no database: restore a backup, or move it away to start empty",
    "unable to open": "cannot be opened: look at the folder and its permissions",
    "disk i/o error": "cannot be read or written, the disk answers with an error: look at the disk and its limits",
    "is locked": f"is held by another process for more than {BUSY_SECONDS} s: try again",
}


class Database:
    """Connections to one store. `read()` never blocks a writer; `write()` is one transaction."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._reader = _engine(file, begin="BEGIN")
        self._writer = _engine(file, begin="BEGIN IMMEDIATE")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """StoreUnavailable where the file cannot be read."""
        with self._said(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and rolls back on any exception; StoreUnavailable as for `read`."""
        with self._said(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _said(self) -> Iterator[None]:
        """SQLite's words for what ails the file, as a sentence that says what to do; every other error passes."""
        try:
            yield
        except DatabaseError as error:
            words = str(error.orig).lower()
            for found, sentence in _AILMENTS.items():
                if found in words:
                    raise StoreUnavailable(f"the store {self.file} {sentence} ({error.orig})") from error
            raise

    def migrate(self) -> None:
        """Brings the file to the newest schema; a file that is there already is left as it is."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def forget(self) -> None:
        """Empties the journal, which still holds the pages as they were before a removal."""
        with closing(sqlite3.connect(self.file, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self) -> str:
        with self.read() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
        return "" if found == ["ok"] else "; ".join(found)

    def version(self) -> str:
        with self.read() as connection:
            return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()


def _engine(file: Path, begin: str) -> Engine:
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we begin our own transactions, see below
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
