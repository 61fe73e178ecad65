"""The SQLite file: in WAL mode, `BEGIN IMMEDIATE` for a writer's turn, `synchronous=FULL`."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from app.domain import StoreUnavailable
from app.storage.engine import BUSY_SECONDS, Database

#: For every connection: `secure_delete` overwrites what is removed, so that a purged secret is not in the file any more.
_PRAGMAS: Final = (
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
#: Tries to empty the journal while another process reads.
_TRIES: Final = 20


class SqliteDatabase(Database):
    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        super().__init__(
            str(file), str(file.resolve()), _engine(file, begin="BEGIN"), _engine(file, begin="BEGIN IMMEDIATE")
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._said(), super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._said(), super().write() as connection:
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

    @contextmanager
    def sole(self, waits: Callable[[], object]) -> Iterator[Callable[[], bool]]:
        """A worker has locked the folder that the file lies in."""
        yield lambda: True

    def forget(self, tables: Sequence[str]) -> None:
        """Empties the journal, which still holds the pages as they were before a removal."""
        with closing(sqlite3.connect(self.file, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def scrub(self) -> bool:
        """Writes the file anew without a free page and empties the journal."""
        with closing(sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            try:
                connection.execute("VACUUM")
            except sqlite3.OperationalError:  # a reader that does not end, or no room for a copy
                return False
            for _ in range(_TRIES):
                if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                    return True
                time.sleep(0.1)
        return False

    def check(self) -> str:
        with self.read() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
        return "" if found == ["ok"] else "; ".join(found)


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
