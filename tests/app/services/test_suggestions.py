"""Suggestions: what was rejected comes last, what worked comes first, and what came of it before is told."""

import itertools

import pytest

from app.domain import InvalidInput
from models.taxonomy import ACTIONS

KEYS = itertools.count()


@pytest.fixture
def two(parts):
    """Issue 1 and issue 2, much alike; and issue 3, which is not."""
    parts.ingest.text(
        "connection to orders refused by peer\nconnection to cart refused by peer\ndisk full", actor="ada"
    )
    return parts


def say(parts, kind, issue=1, **answer):
    return parts.triage.say(kind, issue, actor="ada", key=f"k{next(KEYS)}", answer=answer)


def order(parts, issue=1):
    return [item.action for item in parts.inbox.detail(issue).suggestions]


def of(parts, action, issue=1):
    return next(item for item in parts.inbox.detail(issue).suggestions if item.action == action)


def test_all_ten_actions_are_ranked_with_scores_in_range(two):
    suggestions = two.inbox.detail(1).suggestions
    assert sorted(item.action for item in suggestions) == sorted(ACTIONS)
    scores = [item.score for item in suggestions]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] <= scores[0] <= 1


def test_a_reject_shows_the_next_best_and_puts_the_rejected_last(two):
    first, second, third = order(two)[:3]
    say(two, "reject", action=first)
    assert order(two)[0] == second
    assert order(two)[-1] == first
    assert of(two, first).rejected
    say(two, "reject", action=second)
    assert order(two)[0] == third
    assert set(order(two)[-2:]) == {first, second}
    two.triage.undo(1, actor="ada", key="undo")
    assert order(two)[0] == second


def test_all_ten_rejected_still_give_ten(two):
    for action in ACTIONS:
        say(two, "reject", action=action)
    assert sorted(order(two)) == sorted(ACTIONS)
    assert all(item.rejected for item in two.inbox.detail(1).suggestions)


def test_what_worked_on_a_similar_issue_rises_here(two):
    action = order(two)[5]
    before = of(two, action).score
    say(two, "accept", issue=2, action=action)
    accepted = of(two, action).score
    say(two, "resolve", issue=2, note="restarted the pool")
    say(two, "outcome", issue=2, worked="yes")
    worked = of(two, action)
    assert before < accepted < worked.score
    assert (worked.past, worked.note) == ("accepted once, worked 1 of 1", "restarted the pool")
    assert of(two, action, issue=3).past == ""


def test_what_did_not_work_sinks(two):
    action = order(two)[0]
    say(two, "accept", issue=2, action=action)
    before = of(two, action).score
    say(two, "outcome", issue=2, worked="no")
    assert of(two, action).score < before
    assert of(two, action).past == "accepted once, worked 0 of 1"


def test_an_issues_own_answers_count_more_than_those_of_others(two):
    action = order(two)[5]
    say(two, "accept", issue=2, action=action)
    others = of(two, action).score
    say(two, "accept", issue=1, action=action)
    assert of(two, action).score > others


def test_the_runbook_of_the_service_is_linked(parts):
    parts.ingest.text('{"level":"error","service":"orders","message":"connection refused"}', actor="ada")
    parts.triage.set_runbook("restart_service", "", "https://wiki.example/any", actor="ada", key="1")
    assert of(parts, "restart_service").runbook == "https://wiki.example/any"
    parts.triage.set_runbook("restart_service", "orders", "https://wiki.example/orders", actor="ada", key="2")
    assert of(parts, "restart_service").runbook == "https://wiki.example/orders"
    assert of(parts, "scale_out").runbook == ""


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x", "https://", "wiki", "data:text/html,x"])
def test_a_runbook_is_a_web_address(parts, url):
    with pytest.raises(InvalidInput):
        parts.triage.set_runbook("scale_out", "", url, actor="ada", key="1")
