"""The database: a SQLite file, or PostgreSQL by URL. Opened, migrated with Alembic, written by short transactions.

One writer at a time on either, any number of readers: what reads, decides and then writes never sees another's half, ids
grow in the order of the commits, and two writers cannot wait for each other. What a page says was stored is on the disk,
kill -9 or power cut.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.domain import InvalidInput

#: How long a writer waits for its turn.
BUSY_SECONDS: Final = 30

class Database(ABC):
    """Connections to one store. `read()` never blocks a writer; `write()` is one transaction."""

    def __init__(self, at: str, identity: str, reader: Engine, writer: Engine) -> None:
        self.at, self.identity = at, identity  # as people read it; and equal for the same store
        self._reader, self._writer = reader, writer

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One view of the store, as it was at the first query."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and rolls back on any exception."""
        with self._writer.begin() as connection:
            yield connection

    def migrate(self, revision: str = "head") -> None:
        """Brings the store to the newest schema, or to a named one on the way; what is there already is left as it is."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    @abstractmethod
    def sole(self, waits: Callable[[], object]) -> AbstractContextManager[Callable[[], bool]]:
        """Waits, calling `waits` each second, until no other process has this store's one place for a worker.

        Gives a function that says whether this one still has it: with its connection it loses it.
        """

    @abstractmethod
    def forget(self, tables: Sequence[str]) -> None:
        """Leaves nothing of what was removed from the tables in a journal or a dead row, as far as readers let it."""

    @abstractmethod
    def scrub(self) -> bool:
        """Writes every table anew without what was removed; False if others hold on to the old pages."""

    @abstractmethod
    def check(self) -> str:
        """What the database's own check finds wrong, "" where nothing is."""

    def version(self) -> str:
        with self.read() as connection:
            return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()


def open_database(at: Path | str) -> Database:
    """A file, or the URL of one (`sqlite:///…`) or of a PostgreSQL database (`postgresql://user:password@host:port/name`).

    InvalidInput: another kind of URL.
    """
    from app.storage.sqlite import SqliteDatabase

    if isinstance(at, Path):
        return SqliteDatabase(at)
    try:
        url = make_url(at)
    except ArgumentError as error:
        raise InvalidInput("a database is named by a URL such as postgresql://user:password@host:5432/name") from error
    if url.get_backend_name() == "sqlite" and url.database:
        return SqliteDatabase(Path(url.database))
    if url.get_backend_name() in ("postgresql", "postgres"):
        from app.storage.postgres import PostgresDatabase

        return PostgresDatabase(url)
    raise InvalidInput(
        f"there is no store on {url.get_backend_name()!r}; a URL begins with postgresql:// or sqlite:///"
    )
