"""The file: made from nothing, migrated from an older one, migrated twice, opened by several processes at once."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.storage import engine
from app.storage.engine import open_database
from app.storage.schema import metadata
from app.storage.store import Store

NEWEST = max(file.name[:4] for file in (Path(engine.__file__).parent / "migrations" / "versions").glob("0*.py"))
ROOT = Path(__file__).resolve().parents[3]


def test_a_new_store_has_the_newest_schema_and_nothing_in_it(store):
    assert store.version() == NEWEST
    assert store.check() == ""
    assert store.overview.span() is None


def test_migrating_twice_changes_nothing(store, at, put):
    put(store, "disk full")
    store.close()
    again = Store(at)
    assert (again.version(), again.overview.span()) == (NEWEST, (1000.0, 1000.0))
    again.close()


def test_the_migrations_build_exactly_the_schema_that_queries_name(store):
    with store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [change for change in compare_metadata(context, metadata) if "signature_text" not in str(change)]
    assert differences == []


def test_an_older_store_keeps_what_it_holds(empty):
    old = open_database(empty)
    old.migrate("0001")
    with old.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO uploads(name, source, actor, at, state, lines, events, duplicates, signatures, new_signatures, "
            "problems, seconds, simulated) VALUES ('a.log', 'file', 'ada', 1, 'done', 3, 3, 0, 1, 1, '{}', 0.5, false)"
        )
    old.close()
    store = Store(empty)
    assert store.version() == NEWEST
    assert store.uploads.get(1).name == "a.log"
    assert store.uploads.get(1).redacted == {}
    store.close()


def test_processes_that_open_a_new_store_at_once_all_succeed(empty):
    code = "import sys; from app.storage.store import Store; print(Store(sys.argv[1]).version())"
    running = [
        subprocess.Popen([sys.executable, "-c", code, empty], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert {process.communicate(timeout=60)[0].strip() for process in running} == {NEWEST}


def test_the_journal_survives_a_power_cut_and_removals_overwrite(file):
    store = Store(file)
    with store.database.write() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    with closing(sqlite3.connect(file)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()
