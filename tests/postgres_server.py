"""A PostgreSQL database of the session's own, emptied before each test that uses it; and empty schemas for migrations.

STACKLENS_TEST_POSTGRES names the server (a role that may create databases). Where none answers, those tests are skipped; under CI
they fail.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from app.storage.engine import open_database

SERVER = os.environ.get("STACKLENS_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
_schemas = count(1)


class PostgresServer:
    def __init__(self, url: str) -> None:
        self.url = url
        database = open_database(url)
        database.migrate()
        database.close()

    def emptied(self) -> str:
        """The URL of the migrated database, with nothing in it; whoever is still connected is cut off."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
            connection.execute("SET session_replication_role = replica")  # no trigger: the log, too, must go
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            names = [sql.Identifier(name) for (name,) in found if name != "alembic_version"]
            with connection.pipeline(), connection.transaction():  # a few rows: many times faster than TRUNCATE
                for name in names:
                    connection.execute(sql.SQL("DELETE FROM {}").format(name))
                connection.execute("SELECT setval(c.oid, 1, false) FROM pg_class c WHERE c.relkind = 'S'")
        return self.url

    def schema(self) -> str:
        """The URL of a new schema without a table."""
        name = f"empty_{next(_schemas)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        return f"{self.url}?options=-csearch_path%3D{name}"


@contextmanager
def running() -> Iterator[PostgresServer]:
    """Creates the session's database and drops it at the end."""
    name = sql.Identifier(f"stacklens_test_{uuid4().hex[:12]}")
    try:
        connection = psycopg.connect(SERVER, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI has no PostgreSQL at {SERVER}: its tests must run there ({error})")
        pytest.skip(f"no PostgreSQL answers at {SERVER} (STACKLENS_TEST_POSTGRES names another)")
    with connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
        yield PostgresServer(f"{SERVER.rpartition('/')[0]}/{name.as_string().strip(chr(34))}")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
