"""The file: made from nothing, migrated from an older one, migrated twice, opened by several processes at once."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.domain import Entry
from app.storage import engine
from app.storage.engine import open_database
from app.storage.issues import IssueFilter
from app.storage.postgres import _BY_LANGUAGE
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


#: Rows that each version could hold, stored right after it; what a version does not name it does not change.
_ROWS = {
    "0001": (
        "INSERT INTO uploads(name, source, actor, at, state, lines, events, duplicates, signatures, new_signatures, problems, "
        "seconds, simulated) VALUES ('a.log', 'file', 'ada', 1, 'done', 3, 3, 0, 1, 1, '{\"binary\": 2}', 0.5, false)",
        "INSERT INTO issues(title, severity, category, confidence, strangeness, routine, count, first_seen, last_seen, service, "
        "status, assignee, accepted_action, rejected_actions, resolved_by, resolution_note, worked) "
        "VALUES ('disk full', 'high', 'resource', 0.8, 0.5, false, 1, 9, 9, 'orders', 'open', '', '', '[]', '', '', '')",
        "INSERT INTO signatures(issue_id, key, text, parts, normaliser, raw, exception_type, level, encoder, vector, reading, "
        "reader, strangeness, detector) VALUES (1, 'k1', 'disk full', '[]', 'n', 'disk full', '', 'error', 'e', '', :reading, "
        "'r', 0.5, 'd')",
        "INSERT INTO events(signature_id, upload_id, identity, time, time_note, level, service, host, logger, format, raw, "
        "source_file, source_line, problem) VALUES (1, 1, 7, 9, '', 'error', 'orders', '', '', 'plain', 'disk full', '', 1, '')",
        "INSERT INTO signature_text(rowid, text, raw, service) VALUES (1, 'disk full', 'disk full', 'orders')",
        "INSERT INTO feedback(key, at, actor, kind, issue_id, answer, shown, model) "
        "VALUES ('c1', 1, 'ada', 'comment', 1, '{\"text\": \"seen\"}', '{}', '')",
    ),
    "0004": ("INSERT INTO signature_entities VALUES (1, 'FILE', 'disk')",),
    "0005": ("INSERT INTO signature_anomaly VALUES (1, 'combined', 0.5, 0.9, 'v')",),
    "0007": ("INSERT INTO deploys(service, version, at, actor) VALUES ('orders', '1.2', 5, 'ada')",),
    "0008": ("INSERT INTO label_leases VALUES (1, 'ada', 9)",),
    "0010": ("INSERT INTO jobs(kind, state, actor, queued_at, progress, said, tries, cancel) "
             "VALUES ('check', 'queued', 'ada', 1, 0, '', 0, false)",),
    "0011": ("INSERT INTO alert_destinations(name, kind, target) VALUES ('on call', 'webhook', 'https://example.org')",),
}  # fmt: skip
_VERSIONS = sorted(
    file.name[:4] for file in (Path(engine.__file__).parent / "migrations" / "versions").glob("0*.py")
)


def test_every_version_goes_forward_with_rows_in_it(empty):
    reading = '{"severity": "high", "category": "resource", "confidence": 0.8}'
    for version in _VERSIONS:
        old = open_database(empty)
        old.migrate(version)
        assert old.version() == version
        with old.write() as connection:
            for statement in _ROWS.get(version, ()):
                query = text(statement)
                connection.execute(query, {"reading": reading} if ":reading" in statement else {})
        old.close()
    store = Store(empty)
    assert store.uploads.get(1).problems == {"binary": 2}
    assert store.uploads.get(1).redacted == {}
    issue = store.issues.page(IssueFilter(text="DISK", entities=(("FILE", "disk"),)), 10.0)[0][0]
    assert (issue.id, issue.title, issue.count, issue.category) == (1, "disk full", 1, "resource")
    assert [one.raw for one in store.issues.events(1)] == ["disk full"]
    assert store.grouping.members(1)[0].title == "disk full"
    assert [row.answer for row in store.log.of_issue(1)] == [{"text": "seen"}]
    assert store.graph.deploys()[0].version == "1.2"
    assert store.labels.held(5.0) == {"ada": 1}
    assert store.jobs.queued() == [1]
    assert store.alerts.destinations()[0].name == "on call"
    with pytest.raises(IntegrityError, match="append-only"), store.database.write() as connection:
        connection.execute(text("UPDATE feedback SET actor = 'eve'"))
    with pytest.raises(IntegrityError, match="append-only"), store.database.write() as connection:
        connection.execute(text("DELETE FROM feedback"))
    assert store.log.append(Entry(key="c2", at=2.0, actor="ada", kind="acknowledge", issue_id=1)) == 2
    assert store.log.rebuild() == 0
    store.close()


def test_text_sorts_by_bytes_whatever_the_server_speaks(postgres):
    store = Store(postgres.schema())
    with store.database.read() as connection:
        assert connection.exec_driver_sql(_BY_LANGUAGE).all() == []
    store.close()
