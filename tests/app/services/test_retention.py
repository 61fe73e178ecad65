"""The text of old events goes for good, from every byte of the store; counts, times and trends stay as they were."""

import pytest

from app.domain import InvalidInput
from app.jobs import worker
from app.services.retention import RetentionService
from app.storage.issues import IssueFilter
from tests.stored_bytes import stored_bytes

DAY = 86_400.0
NOW = 1_777_888_000.0  # 2026-05-04
OLD = "2026-03-01 10:00:00 ERROR session oldword17 of carol@host-oldword18 was lost after 31 s\n"
NEW = (
    "2026-05-03 10:00:00 ERROR session newword of carol was lost after 77 s\n2026-05-03 10:00:01 ERROR disk 98 % full\n"
)
both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def retention(parts):
    """Texts of 10 days; the old log was uploaded on its day, the new one the day before now."""
    parts.ingest.text(OLD * 1 + OLD.replace(":00:00", ":00:05"), actor="ada", name="old.log")
    parts.ingest.text(NEW, actor="ada", name="new.log")
    with parts.store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE uploads SET at = {NOW - 60 * DAY} WHERE id = 1")
        connection.exec_driver_sql(f"UPDATE uploads SET at = {NOW - DAY} WHERE id = 2")
    return RetentionService(parts.store, 10, clock=lambda: NOW)


def counted(parts):
    issues, _ = parts.store.issues.page(IssueFilter(routine=True, muted=True), NOW)
    span = (NOW - 90 * DAY, NOW)
    return (
        sorted((one.id, one.count, one.first_seen, one.last_seen) for one in issues),
        parts.store.issues.trends([one.id for one in issues], *span, 90),
        parts.store.overview.by_time(*span),
        parts.store.overview.totals(NOW, *span),
    )


@both
def test_old_texts_are_gone_and_counts_and_trends_stay(parts, retention):
    before = counted(parts)
    assert b"oldword17" in stored_bytes(parts.store.database)
    assert retention.old(10) == 2
    ended = retention.end(10, actor="ada", key="r1")
    assert (ended.events, ended.signatures) == (2, 1)
    data = stored_bytes(parts.store.database)
    assert b"oldword17" not in data and b"oldword18" not in data
    assert b"newword" in data
    assert counted(parts) == before
    assert retention.old(10) == 0
    assert parts.store.issues.page(IssueFilter(text="oldword17"), NOW)[1] == 0
    assert parts.store.issues.page(IssueFilter(text="newword"), NOW)[1] == 1
    row = parts.store.log.entries(kinds=("expire",))[0]
    assert (row.actor, row.answer) == ("ada", {"days": 10, "events": 2, "signatures": 1})
    assert retention.end(10, actor="ada", key="r1") == ended
    assert parts.store.log.rebuild() == 0


@both
def test_what_is_stored_again_is_not_counted_twice_and_purge_and_removal_still_work(parts, retention):
    retention.end(10, actor="ada", key="r1")
    again = parts.ingest.text(OLD, actor="ada", name="old.log")
    assert (again.events, again.duplicates) == (0, 1)
    assert parts.purge.purge("newword", actor="ada", key="p1").scrubbed
    parts.ingest.remove(2, actor="ada", key="x1")
    issues, total = parts.store.issues.page(IssueFilter(routine=True, muted=True), NOW)
    assert (total, issues[0].count) == (1, 2)
    assert issues[0].title
    assert parts.store.log.rebuild() == 0


@both
def test_a_log_of_last_year_that_was_uploaded_today_is_kept(parts, retention):
    assert retention.end(100, actor="ada", key="r1").events == 0
    parts.ingest.text(OLD.replace("31 s", "32 s").replace("2026-03", "2020-03"), actor="ada", name="archive.log")
    with parts.store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE uploads SET at = {NOW - 60} WHERE id = 3")
    assert retention.old(10) == 2
    with pytest.raises(InvalidInput, match="a day"):
        retention.end(0, actor="ada", key="r2")


def test_the_worker_looks_once_a_day_where_a_time_is_set(parts, retention):
    from dataclasses import replace

    timed = replace(parts, retention=retention)
    worker.tick(replace(parts, retention=RetentionService(parts.store, 0)), NOW)
    assert retention.old(10) == 2
    worker.tick(timed, NOW)
    assert retention.old(10) == 0
    worker.tick(timed, NOW + 60)
    assert [row.key for row in parts.store.log.entries(kinds=("expire",))] == [f"retention:{int(NOW // DAY)}"]
