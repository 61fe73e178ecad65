"""The feedback log: append-only, idempotent by key, and the one source of an issue's state."""

import itertools
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from app.domain import CATEGORIES, KINDS, OUTCOMES, Entry, InvalidInput, NotFound, effective, fold
from models.taxonomy import ACTIONS, SEVERITIES

KEYS = itertools.count()


def entry(kind, issue=1, at=2000.0, key="", **answer):
    return Entry(key=key or f"key-{next(KEYS)}", at=at, actor="ada", kind=kind, issue_id=issue, answer=answer)


@pytest.fixture
def issue(store, put):
    put(store, "connection refused")
    return 1


@pytest.mark.parametrize("statement", ["UPDATE feedback SET actor = 'x'", "DELETE FROM feedback"])
def test_the_database_itself_refuses_to_change_the_log(store, issue, statement):
    store.log.append(entry("acknowledge"))
    with pytest.raises(IntegrityError, match="append-only"), store.database.write() as connection:
        connection.exec_driver_sql(statement)
    assert len(store.log.entries()) == 1


def test_a_repeated_key_stores_one_row_and_gives_the_first_id(store, issue):
    first = store.log.append(entry("accept", key="click", action="scale_out"))
    again = store.log.append(entry("reject", key="click", action="scale_out"))
    assert first == again
    assert [row.kind for row in store.log.of_issue(1)] == ["accept"]
    assert store.log.by_key("click").id == first
    assert store.log.by_key("other") is None


def test_an_entry_comes_back_as_it_was_said(store, issue):
    said = replace(
        entry("accept", action="patch_code"), shown={"rank": 1, "text": "'\"<b>é\n"}, model="m@1", propensity=0.25
    )
    row = store.log.append(said)
    assert store.log.of_issue(1) == [replace(said, id=row)]


def test_a_failed_write_leaves_no_half_row(store, issue, monkeypatch):
    monkeypatch.setattr("app.storage.log.refold", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.log.append(entry("acknowledge"))
    assert store.log.entries() == []
    assert store.issues.get(1).status == "open"


def test_many_entries_are_stored_all_or_none(store, issue):
    with pytest.raises(NotFound):
        store.log.append_many([entry("acknowledge"), entry("acknowledge", issue=99)])
    assert store.log.entries() == []


def test_fold_undo_and_undo_of_the_undo(store, issue):
    resolved = store.log.append(entry("resolve", note="restarted"))
    assert (store.issues.get(1).status, store.issues.get(1).resolution_note) == ("resolved", "restarted")
    undone = store.log.append(entry("undo", entry=resolved))
    assert (store.issues.get(1).status, store.issues.get(1).resolution_note) == ("open", "")
    store.log.append(entry("undo", entry=undone))
    assert store.issues.get(1).status == "resolved"


def test_corrections_win_over_the_models_and_can_be_taken_back(store, issue):
    row = store.log.append(entry("correct_severity", severity="low"))
    store.log.append(entry("correct_category", category="database"))
    assert (store.issues.get(1).severity, store.issues.get(1).category) == ("low", "database")
    store.log.append(entry("undo", entry=row))
    assert (store.issues.get(1).severity, store.issues.get(1).category) == ("high", "database")


def test_a_resolved_issue_that_comes_back_regresses(store, issue, put):
    store.log.append(entry("resolve", at=2000.0))
    put(store, "connection refused", time=1500.0)  # read late, but older than the resolution
    assert store.issues.get(1).status == "resolved"
    assert put(store, "connection refused", time=3000.0).regressed == [1]
    back = store.issues.get(1)
    assert (back.status, back.regressed_at, back.recurred_within_24h) == ("regressed", 3000.0, True)
    assert put(store, "connection refused", time=3001.0).regressed == []


def test_a_regression_of_a_resolution_that_was_taken_back_is_none(store, issue, put):
    resolved = store.log.append(entry("resolve", at=2000.0))
    put(store, "connection refused", time=3000.0)
    undone = store.log.append(entry("undo", entry=resolved))
    assert store.issues.get(1).status == "open"
    store.log.append(entry("undo", entry=undone))
    assert store.issues.get(1).status == "regressed"


def test_a_return_after_a_day_is_no_quick_recurrence(store, issue, put):
    store.log.append(entry("resolve", at=2000.0))
    put(store, "connection refused", time=2000.0 + 25 * 3600)
    assert store.issues.get(1).recurred_within_24h is False


def test_a_muted_issue_is_heard_again_above_its_rate_and_can_be_muted_again(store, issue, put):
    store.log.append(entry("mute", per_hour=3))
    put(store, "connection refused", "connection refused", time=1010.0)
    assert store.issues.get(1).mute_per_hour == 3
    put(store, "connection refused", time=1020.0)
    assert store.issues.get(1).mute_per_hour is None
    store.log.append(entry("mute", per_hour=3))
    put(store, "connection refused", time=1020.0)
    assert store.issues.get(1).mute_per_hour is None
    assert [row.kind for row in store.log.of_issue(1)] == ["mute", "unmute", "mute", "unmute"]


def test_a_slow_stream_stays_muted(store, issue, put):
    store.log.append(entry("mute", per_hour=1))
    for hour in range(1, 6):
        put(store, "connection refused", time=1000.0 + 3601 * hour)
    assert store.issues.get(1).mute_per_hour == 1


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("nonsense", {}),
        ("accept", {}),
        ("accept", {"action": "reboot"}),
        ("accept", {"action": "scale_out", "extra": 1}),
        ("outcome", {"worked": "maybe"}),
        ("undo", {"entry": "1"}),
        ("undo", {}),
        ("mute", {}),
        ("mute", {"per_hour": 0}),
        ("mute", {"per_hour": True}),
        ("mute", {"per_hour": 10**30}),
        ("mute", {"until": float("inf")}),
        ("mute", {"until": float("nan")}),
        ("mute", {"per_hour": 5, "until": -1}),
        ("mute", {"per_hour": 2.5}),
        ("correct_severity", {"severity": "urgent"}),
        ("correct_category", {"category": ""}),
        ("comment", {"text": " \n"}),
        ("comment", {"text": ["x"]}),
        ("assign", {"to": {"a": 1}}),
        ("comment", {"text": "\ud800"}),
        ("acknowledge", {"note": "x"}),
    ],
)
def test_what_cannot_be_folded_is_refused_in_words(store, issue, kind, answer):
    with pytest.raises(InvalidInput):
        store.log.append(entry(kind, **answer))
    assert store.log.entries() == []


def test_a_name_and_a_key_are_needed(store, issue):
    for wrong in (replace(entry("acknowledge"), actor="  "), replace(entry("acknowledge"), key="")):
        with pytest.raises(InvalidInput):
            store.log.append(wrong)


def test_only_an_entry_of_the_same_issue_is_taken_back(store, issue, put):
    put(store, "disk full")
    row = store.log.append(entry("acknowledge", issue=2))
    for wrong in (row, 99):
        with pytest.raises(NotFound):
            store.log.append(entry("undo", issue=1, entry=wrong))
    assert store.issues.get(2).status == "acknowledged"


def test_entries_are_filtered_by_time_and_kind_the_newest_kept(store, issue):
    for at in (1.0, 2.0, 3.0):
        store.log.append(entry("comment", at=at, text=str(at)))
    store.log.append(entry("acknowledge", at=4.0))
    assert [row.at for row in store.log.entries(since=2.0)] == [2.0, 3.0, 4.0]
    assert [row.at for row in store.log.entries(kinds=("comment",), limit=2)] == [2.0, 3.0]


STATEMENTS = st.one_of(
    st.sampled_from([("acknowledge", {}), ("reopen", {}), ("unmute", {}), ("resolve", {}), ("resolve", {"note": "n"})]),
    st.sampled_from(ACTIONS).map(lambda action: ("accept", {"action": action})),
    st.sampled_from(ACTIONS).map(lambda action: ("reject", {"action": action})),
    st.sampled_from(OUTCOMES).map(lambda worked: ("outcome", {"worked": worked})),
    st.sampled_from(SEVERITIES).map(lambda severity: ("correct_severity", {"severity": severity})),
    st.sampled_from(CATEGORIES).map(lambda category: ("correct_category", {"category": category})),
    st.integers(1, 9).map(lambda rate: ("mute", {"per_hour": rate})),
    st.integers(1, 12).map(lambda row: ("undo", {"entry": row})),
    st.just(("event", {})),
)


@given(st.lists(STATEMENTS, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_issue_equals_the_fold_of_its_entries(any_store, put, statements):
    store = any_store()
    put(store, "connection refused")
    for at, (kind, answer) in enumerate(statements, start=2000):
        if kind == "event":
            put(store, "connection refused", time=at)
        else:
            with suppress(NotFound):  # of an undo without an entry
                store.log.append(entry(kind, at=float(at), **answer))
    state, issue = fold(store.log.of_issue(1)), store.issues.get(1)
    assert (issue.status, issue.worked, issue.accepted_action) == (state.status, state.worked, state.accepted_action)
    assert (issue.rejected_actions, issue.severity) == (state.rejected_actions, state.severity or "high")
    assert store.log.rebuild() == 0
    store.close()


@given(st.lists(st.tuples(st.sampled_from(["comment", "undo"]), st.integers(1, 8)), max_size=8))
def test_the_last_word_holds(said):
    rows = [
        Entry(key=str(n), at=n, actor="a", kind=kind, answer={"entry": aim} if kind == "undo" else {}, id=n)
        for n, (kind, aim) in enumerate(said, start=1)
    ]
    holding = {row.id for row in effective(rows)}
    for row in rows:
        undone = any(
            later.kind == "undo" and later.answer["entry"] == row.id and later.id > row.id and _holds(later, rows)
            for later in rows
        )
        assert (row.id in holding) == (row.kind != "undo" and not undone)


def _holds(row, rows):
    return not any(
        later.kind == "undo" and later.answer["entry"] == row.id and later.id > row.id and _holds(later, rows)
        for later in rows
    )


def test_every_kind_is_known_to_the_fold():
    assert len(set(KINDS)) == len(KINDS)
