"""Which signatures are one issue: replayed from the log, the same after every restart, removal, purge and rebuild."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import Entry, InvalidInput, NotFound
from app.storage.engine import open_database
from app.storage.grouping import Born, replay
from app.storage.issues import IssueFilter
from app.storage.store import Store


@pytest.fixture
def say(store):
    """Says one thing about an issue, with a new key unless one is given."""

    def say(kind, issue, /, key="", **answer):
        key = key or f"{kind}:{issue}:{len(store.log.entries())}"
        return store.log.append(Entry(key=key, at=9.0, actor="ada", kind=kind, issue_id=issue, answer=answer))

    return say


@pytest.fixture
def three(store, put):
    """Issues 1, 2 and 3 with 1, 2 and 1 events."""
    put(store, "disk full", time=10.0, service="orders", level="info")
    put(store, "took 1 ms", "took 2 ms", time=20.0, service="search", level="info")
    put(store, "broken pipe", time=30.0, service="mail")


def rows(store):
    found, _ = store.issues.page(IssueFilter(muted=True, routine=True), 0.0, limit=500)
    return {issue.id: issue for issue in found}


def summary(store):
    return {id: (i.title, i.count, i.first_seen, i.last_seen, i.service) for id, i in sorted(rows(store).items())}


def test_a_merge_brings_counts_times_service_and_severity_and_an_undo_takes_them_back(store, say, three):
    before = rows(store)
    merged = say("merge", 3, into=2)
    assert summary(store) == {1: ("disk full", 1, 10.0, 10.0, "orders"), 2: ("took 2 ms", 3, 20.0, 30.0, "mail")}
    assert (before[2].severity, store.issues.get(2).severity) == ("medium", "high")
    assert [member.title for member in store.grouping.members(2)] == ["took 2 ms", "broken pipe"]
    assert store.grouping.leads_to(3) == 2
    assert store.grouping.leads_to(2) is None
    say("undo", 3, entry=merged)
    assert rows(store) == before
    assert store.log.rebuild() == 0


def test_new_events_stay_merged_after_a_restart_and_a_rebuild(store, at, put, say, three):
    say("merge", 1, into=2)
    put(store, "disk full", "took 5 ms", time=40.0)
    after = summary(store)
    assert after[2] == ("took 2 ms", 5, 10.0, 41.0, "orders")
    store.close()
    again = Store(at)
    assert summary(again) == after
    assert again.log.rebuild() == 0
    with again.database.write() as connection:  # as if nothing but the log and the events were left
        connection.exec_driver_sql("UPDATE signatures SET issue_id = home_id")
        connection.exec_driver_sql("DELETE FROM issues WHERE id = 2")
    assert again.log.rebuild() == 1
    assert summary(again) == after
    again.close()


def test_merges_follow_each_other_and_come_apart_one_by_one(store, say, three):
    before = rows(store)
    first = say("merge", 1, into=2)
    between = rows(store)
    second = say("merge", 2, into=3)
    assert summary(store) == {3: ("broken pipe", 4, 10.0, 30.0, "mail")}
    assert (store.grouping.leads_to(1), store.grouping.leads_to(2)) == (3, 3)
    assert [entry.kind for entry in store.grouping.activity(3)] == ["merge", "merge"]
    say("undo", 2, entry=second)
    assert rows(store) == between
    say("undo", 1, entry=first)
    assert rows(store) == before
    third = say("merge", 1, into=2)
    say("merge", 2, into=3)
    say("undo", 1, entry=third)  # the older of the two alone
    assert {id: issue.count for id, issue in rows(store).items()} == {1: 1, 3: 3}
    assert store.log.rebuild() == 0


def test_what_cannot_be_grouped_is_refused_in_words(store, say, three):
    say("merge", 1, into=2)
    with pytest.raises(InvalidInput, match="the same as itself"):
        say("merge", 2, into=2)
    with pytest.raises(InvalidInput, match="issue 1 is part of issue 2 already"):
        say("merge", 2, into=1)
    with pytest.raises(NotFound, match="no issue 1 any more: it is part of issue 2"):
        say("merge", 3, into=1)
    with pytest.raises(NotFound, match="no issue 1 any more: it is part of issue 2"):
        say("merge", 1, into=3)
    with pytest.raises(NotFound, match="no issue 1 any more"):
        say("comment", 1, text="x")
    with pytest.raises(NotFound, match="no issue 99"):
        say("merge", 3, into=99)
    with pytest.raises(InvalidInput, match="no other signature"):
        say("split", 3, signature=3)
    with pytest.raises(InvalidInput, match="no signature 3"):
        say("split", 2, signature=3)
    for kind, answer in (
        ("merge", {}),
        ("split", {"signature": True}),
        ("not_same", {"issue": "2"}),
        ("merge", {"x": 1}),
    ):
        with pytest.raises(InvalidInput):
            say(kind, 2, **answer)
    assert [entry.kind for entry in store.log.entries()] == ["merge"]


def test_the_same_key_stores_one_row(store, say, three):
    assert say("merge", 1, key="click", into=2) == say("merge", 1, key="click", into=2)
    assert say("split", 2, key="click-2", signature=1) == say("split", 2, key="click-2", signature=1)
    assert len(store.log.entries()) == 2


def test_a_split_signature_is_an_issue_of_its_own_again(store, put, say, three):
    before = summary(store)
    say("comment", 1, text="look at the disk")
    say("merge", 1, into=2)
    split = say("split", 2, signature=1)
    assert summary(store) == before
    assert [entry.kind for entry in store.log.of_issue(1)] == ["comment", "merge"]
    put(store, "disk full", time=50.0)
    assert store.issues.get(1).count == 2
    say("undo", 2, entry=split)
    assert store.issues.get(2).count == 4
    assert store.log.rebuild() == 0


def test_the_signature_an_issue_was_born_with_gets_a_new_issue_when_it_is_split_off(store, put, say, three):
    say("merge", 1, into=2)
    split = say("split", 2, signature=2)
    assert summary(store) == {
        2: ("disk full", 1, 10.0, 10.0, "orders"),
        3: ("broken pipe", 1, 30.0, 30.0, "mail"),
        4: ("took 2 ms", 2, 20.0, 21.0, "search"),
    }
    say("resolve", 4, note="ours")
    say("undo", 2, entry=split)
    assert sorted(rows(store)) == [2, 3]
    assert store.grouping.leads_to(4) == 2
    assert "resolve" in [entry.kind for entry in store.grouping.activity(2)]
    put(store, "something new", time=60.0)
    assert sorted(rows(store)) == [2, 3, 5]  # an id is never given twice
    assert store.log.rebuild() == 0


def test_not_the_same_holds_for_what_the_two_became(store, say, three):
    said = say("not_same", 1, issue=2)
    assert (store.grouping.apart(1), store.grouping.apart(2), store.grouping.apart(3)) == ({2}, {1}, set())
    say("merge", 2, into=3)
    assert (store.grouping.apart(1), store.grouping.apart(3)) == ({3}, {1})
    say("undo", 1, entry=said)
    assert store.grouping.apart(1) == set()


def test_removing_an_upload_keeps_the_counts_of_merged_issues_right(store, on_disk, put, say):
    put(store, "disk full", time=10.0)
    put(store, "took 1 ms", time=20.0, service="search", level="info")
    put(store, "took 2 ms", time=5.0, service="mail")
    merged = say("merge", 1, into=2)
    removal = Entry(key="r", at=1.0, actor="ada", kind="remove_upload", answer={"upload": 1, "name": "a", "events": 1})
    store.uploads.remove(1, removal, str)
    assert summary(store) == {2: ("took 1 ms", 2, 5.0, 20.0, "search")}
    assert store.log.rebuild() == 0
    say("undo", 1, entry=merged)  # of it nothing is left to come back
    assert summary(store) == {2: ("took 1 ms", 2, 5.0, 20.0, "search")}
    assert b"disk full" not in on_disk()


def test_an_issue_that_loses_its_own_signature_is_shown_by_a_merged_one(store, put, say, three):
    merged = say("merge", 1, into=2)
    removal = Entry(key="r", at=1.0, actor="ada", kind="remove_upload", answer={"upload": 2, "name": "a", "events": 2})
    store.uploads.remove(2, removal, str)
    assert summary(store)[2] == ("disk full", 1, 10.0, 10.0, "orders")
    say("undo", 1, entry=merged)
    assert summary(store) == {1: ("disk full", 1, 10.0, 10.0, "orders"), 3: ("broken pipe", 1, 30.0, 30.0, "mail")}
    assert store.grouping.leads_to(2) is None
    assert store.log.rebuild() == 0


def test_a_failure_in_the_middle_leaves_everything_as_it_was(store, say, three, monkeypatch):
    before = rows(store)
    monkeypatch.setattr("app.storage.log.refold", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        say("merge", 1, into=2)
    assert (rows(store), store.log.entries()) == (before, [])


def test_many_merges_are_one_transaction(store, say, three):
    entry = Entry(key="1", at=9.0, actor="ada", kind="merge", issue_id=2, answer={"into": 1})
    with pytest.raises(NotFound):
        store.log.append_many([entry, replace(entry, key="2", issue_id=99)])
    assert sorted(rows(store)) == [1, 2, 3]
    store.log.append_many([entry, replace(entry, key="3", issue_id=3)])
    assert {id: issue.count for id, issue in rows(store).items()} == {1: 4}


def test_an_older_store_gets_homes_and_titles(empty):
    old = open_database(empty)
    old.migrate("0005")
    with old.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO issues(title, severity, category, confidence, strangeness, routine, count, first_seen, last_seen, "
            "service, status, assignee, accepted_action, rejected_actions, resolved_by, resolution_note, worked) "
            "VALUES ('disk full', 'low', 'storage', 1, 0, false, 1, 1, 1, '', 'open', '', '', '[]', '', '', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO signatures(issue_id, key, text, parts, normaliser, raw, exception_type, level, encoder, vector, "
            "reading, reader, strangeness, detector) VALUES (1, 'k', 't', '[]', 'n', 'r', '', '', 'e', '', '{}', 'r', 0, 'd')"
        )
    old.close()
    store = Store(empty)
    with store.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT issue_id, home_id, origin_id, grouped_from, title FROM signatures"
        ).all()
    assert found == [(1, 1, None, 0, "disk full")]
    store.close()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_said_and_undone_every_signature_is_in_one_stored_issue(any_store, put, data):
    store = any_store()
    put(store, "alpha fails", "beta breaks", "gamma ends", "delta stops")
    said = []
    for step in range(data.draw(st.integers(1, 6))):
        living = sorted(rows(store))
        kind = data.draw(st.sampled_from(("merge", "split", "undo")))
        issue = data.draw(st.sampled_from(living))
        try:
            if kind == "merge":
                answer = {"into": data.draw(st.sampled_from(living))}
            elif kind == "split":
                answer = {"signature": data.draw(st.integers(1, 4))}
            else:
                issue, entry = data.draw(st.sampled_from(said or [(issue, 0)]))
                answer = {"entry": entry}
            entry = Entry(key=str(step), at=1.0, actor="ada", kind=kind, issue_id=issue, answer=answer)
            said.append((issue, store.log.append(entry)))
        except (InvalidInput, NotFound):
            pass
        assert sum(found.count for found in rows(store).values()) == 4
        assert store.log.rebuild() == 0
    store.close()


def test_entries_that_are_older_than_a_signature_do_not_move_it():
    born = [Born(1, 1, 10, 0, 10), Born(7, 7, 10, 3, 10)]
    entries = [Entry("a", 1.0, "ada", "merge", 10, None, {"into": 20}, id=2)]
    assert replay(born, entries).issue_of == {1: 20, 7: 10}


def test_an_undo_that_is_taken_back_merges_again(store, put):
    put(store, "alpha fails", "beta breaks")
    merge = store.log.append(Entry(key="1", at=1.0, actor="ada", kind="merge", issue_id=1, answer={"into": 2}))
    undo = store.log.append(Entry(key="2", at=2.0, actor="ada", kind="undo", issue_id=1, answer={"entry": merge}))
    store.log.append(Entry(key="3", at=3.0, actor="ada", kind="undo", issue_id=1, answer={"entry": undo}))
    assert store.grouping.members(1) == [] and len(store.grouping.members(2)) == 2
    assert store.log.rebuild() == 0
