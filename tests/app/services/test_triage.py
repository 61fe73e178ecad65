"""Triage: every click once, many at once, and taken back in order."""

import pytest

from app.domain import InvalidInput, NotFound


@pytest.fixture(autouse=True)
def issues(parts):
    parts.ingest.text("alpha failed\nbeta failed", actor="ada")


def kinds(parts, issue=1):
    return [entry.kind for entry in parts.store.log.of_issue(issue)]


def test_a_double_click_stores_one_row_and_answers_the_same(parts):
    click = {"actor": "ada", "key": "click", "answer": {"action": "scale_out"}}
    assert parts.triage.say("accept", 1, **click) == parts.triage.say("accept", 1, **click)
    assert kinds(parts) == ["accept"]
    assert parts.store.issues.get(1).accepted_action == "scale_out"


def test_an_undo_that_is_sent_twice_takes_back_one_thing(parts):
    parts.triage.say("acknowledge", 1, actor="ada", key="1")
    parts.triage.say("assign", 1, actor="ada", key="2", answer={"to": "bob"})
    first = parts.triage.undo(1, actor="ada", key="undo")
    again = parts.triage.undo(1, actor="ada", key="undo")
    assert first == again
    assert (first.kind, kinds(parts)) == ("assign", ["acknowledge", "assign", "undo"])
    assert parts.triage.undo(1, actor="ada", key="undo-2").kind == "acknowledge"
    with pytest.raises(NotFound):
        parts.triage.undo(1, actor="ada", key="undo-3")
    assert parts.triage.undo(1, actor="ada", key="undo") == first


def test_what_the_system_noted_is_not_undone(parts):
    parts.triage.say("mute", 1, actor="ada", key="1", answer={"per_hour": 1})
    parts.ingest.text("alpha failed\nalpha failed", actor="ada")
    assert kinds(parts) == ["mute", "unmute"]
    assert parts.triage.undo(1, actor="ada", key="2").kind == "mute"


def test_many_issues_at_once_all_or_none(parts):
    parts.triage.say_of_many("acknowledge", [1, 2], actor="ada", key="bulk")
    parts.triage.say_of_many("acknowledge", [1, 2], actor="ada", key="bulk")
    assert (kinds(parts, 1), kinds(parts, 2)) == (["acknowledge"], ["acknowledge"])
    with pytest.raises(NotFound):
        parts.triage.say_of_many("resolve", [1, 99], actor="ada", key="bulk-2")
    assert kinds(parts, 1) == ["acknowledge"]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("regress", {}),
        ("remove_upload", {}),
        ("set_runbook", {}),
        ("comment", {"text": "x" * 10_001}),
        ("nonsense", {}),
    ],
)
def test_what_a_person_cannot_say_is_refused(parts, kind, answer):
    with pytest.raises(InvalidInput):
        parts.triage.say(kind, 1, actor="ada", key="1", answer=answer)
    assert kinds(parts) == []


def test_a_missing_issue_is_said(parts):
    with pytest.raises(NotFound, match="99"):
        parts.triage.say("acknowledge", 99, actor="ada", key="1")


def test_the_log_keeps_what_was_shown_by_which_model_how_probably(parts):
    parts.triage.say(
        "accept",
        1,
        actor=" ada ",
        key="1",
        answer={"action": "scale_out"},
        shown={"rank": 1},
        model="m@1",
        propensity=0.5,
    )
    entry = parts.store.log.of_issue(1)[0]
    assert (entry.actor, entry.shown, entry.model, entry.propensity) == ("ada", {"rank": 1}, "m@1", 0.5)
