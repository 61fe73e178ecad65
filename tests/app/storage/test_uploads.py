"""Uploads: counted, continued, and removed so that nothing of them can be found again but the audit row."""

from dataclasses import replace

import pytest

from app.domain import Entry, NotFound
from app.storage.ingestion import Outdated


def removal(key="remove-1"):
    return Entry(
        key=key, at=5000.0, actor="ada", kind="remove_upload", answer={"upload": 1, "name": "test", "events": 1}
    )


def begin(store):
    return store.uploads.begin(name="b.log", source="file", actor="ada", at=1.0)


def test_a_batch_counts_events_and_signatures(store, put):
    batch = put(store, "took 1 ms", "took 2 ms", "disk full")
    assert (batch.stored, batch.duplicates, len(batch.added)) == (3, 0, 2)
    took = store.issues.get(1)
    assert (took.count, took.first_seen, took.last_seen, took.service) == (2, 1000.0, 1001.0, "orders")
    again = put(store, "took 3 ms", time=10.0, service="")
    assert (again.stored, again.added) == (1, {})
    assert (store.issues.get(1).count, store.issues.get(1).first_seen, store.issues.get(1).service) == (
        3,
        10.0,
        "orders",
    )


def test_an_identity_is_stored_once_in_a_batch_and_later(store, put):
    put(store, "a b", "c d", identity=7)
    assert put(store, "a b", "e f", identity=7).duplicates == 2
    assert put(store, "a b", identity=-(2**63)).stored == 1
    assert put(store, "a b").stored == 1
    assert store.issues.get(1).count == 3


def test_the_loudest_level_judges_an_issue(store, put):
    put(store, "connection refused", level="info")
    quiet = store.issues.get(1)
    put(store, "connection refused", level="error")
    loud = store.issues.get(1)
    assert (quiet.severity, quiet.routine, loud.severity, loud.routine) == ("medium", False, "high", False)


def test_the_service_is_that_of_the_last_event_that_names_one(store, put):
    put(store, "x y", time=10.0, service="one")
    put(store, "x y", time=5.0, service="older")
    assert store.issues.get(1).service == "one"
    put(store, "x y", time=20.0, service="two")
    assert store.issues.get(1).service == "two"


def test_a_failed_batch_leaves_nothing(store, put, monkeypatch):
    monkeypatch.setattr("app.storage.ingestion._wake", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        put(store, "disk full")
    assert store.overview.span() is None
    assert store.signatures.ids_of(["x"]) == {}
    assert store.issues.newest_event() is None


def test_finish_writes_the_counts(store):
    upload = replace(store.uploads.get(begin(store)), state="done", lines=9, problems={"cut": 1}, redacted={"email": 2})
    store.uploads.finish(upload)
    assert store.uploads.get(upload.id) == upload
    assert store.uploads.newest() == [upload]
    with pytest.raises(NotFound):
        store.uploads.get(99)


def test_removal_takes_events_signatures_issues_and_their_words(store, put, on_disk):
    put(store, "the secretword leaks")
    assert b"secretword" in on_disk()
    assert store.uploads.remove(1, removal(), str) == [1]
    assert store.overview.span() is None
    assert store.signatures.ids("hashing-8@1") == []
    with pytest.raises(NotFound):
        store.issues.get(1)
    assert [(row.kind, row.answer["signatures"]) for row in store.log.entries()] == [("remove_upload", 1)]
    assert b"secretword" not in on_disk()
    assert b"secretwor" not in on_disk()


def test_removal_leaves_what_other_uploads_hold(store, put, on_disk):
    put(store, "user 'secretword' is unknown", time=50.0, level="critical", service="first")
    put(store, "user 'ada' is unknown", "disk full", time=90.0, level="warning", service="second")
    before = store.signatures.stamp()
    assert store.uploads.remove(1, removal(), lambda raw: f"title of {raw}") == []
    issue = store.issues.get(1)
    assert (issue.count, issue.first_seen, issue.last_seen, issue.service) == (1, 90.0, 90.0, "second")
    assert issue.title == "title of user 'ada' is unknown"
    assert (store.signatures.get(1).raw, store.signatures.get(1).level) == ("user 'ada' is unknown", "warning")
    assert store.signatures.stamp() != before
    assert b"secretword" not in on_disk()
    assert store.log.rebuild() == 0


def test_ids_are_never_given_twice(store, put):
    put(store, "a b")
    store.uploads.remove(1, removal(), str)
    put(store, "c d")
    assert (store.issues.get(2).title, store.signatures.get(2).raw, store.uploads.get(2).id) == ("c d", "c d", 2)


def test_nothing_is_added_to_an_upload_that_was_removed(store, put):
    upload = begin(store)
    put(store, "a b", upload=upload)
    store.uploads.remove(upload, removal(), str)
    with pytest.raises(NotFound):
        put(store, "c d", upload=upload)
    assert store.overview.span() is None


def test_an_event_whose_signature_is_gone_is_not_lost_silently(store, put):
    from app.storage.ingestion import Occurrence
    from models.records import Event

    with pytest.raises(Outdated):
        store.uploads.add(begin(store), [], [Occurrence("gone", Event("x", "x", "plain"), 1.0, "", None)])


def test_all_of_a_source_are_found(store):
    ids = [store.uploads.begin(name="s", source=source, actor="a", at=1.0) for source in ("sample", "file", "sample")]
    assert [upload.id for upload in store.uploads.of_source("sample")] == [ids[0], ids[2]]
