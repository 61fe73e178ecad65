"""Runbooks, visits and marks."""

import pytest

from app.domain import Entry


def entry(key, **answer):
    return Entry(key=key, at=1.0, actor="ada", kind="set_runbook", answer=answer)


def test_the_runbook_of_the_service_goes_before_the_general_one(store):
    store.notes.set_runbook("scale_out", "", "https://a.example/any", entry("1"))
    store.notes.set_runbook("scale_out", "orders", "https://a.example/orders", entry("2"))
    assert store.notes.runbook("scale_out", "orders") == "https://a.example/orders"
    assert store.notes.runbook("scale_out", "cart") == "https://a.example/any"
    assert store.notes.runbook("fail_over", "orders") == ""
    store.notes.set_runbook("scale_out", "orders", "", entry("3"))
    assert store.notes.runbooks() == [("scale_out", "", "https://a.example/any")]
    assert len(store.log.entries()) == 3


def test_a_repeated_request_does_not_bring_an_old_link_back(store):
    store.notes.set_runbook("scale_out", "", "https://a.example/old", entry("1"))
    store.notes.set_runbook("scale_out", "", "https://a.example/new", entry("2"))
    store.notes.set_runbook("scale_out", "", "https://a.example/old", entry("1"))
    assert store.notes.runbook("scale_out", "") == "https://a.example/new"


def test_visits_remember_the_one_before(store):
    assert store.notes.last_visit("ada") is None
    assert (store.notes.visited("ada", 1.0), store.notes.visited("ada", 2.0)) == (None, 1.0)
    assert (store.notes.last_visit("ada"), store.notes.last_visit("bob")) == (2.0, None)


@pytest.mark.parametrize("value", ["", "x", "é\n'\""])
def test_marks_are_set_and_claimed_once(store, value):
    assert store.notes.marked("m") == ""
    assert store.notes.claim("m", "first")
    assert not store.notes.claim("m", "second")
    assert store.notes.marked("m") == "first"
    store.notes.mark("m", value)
    assert store.notes.marked("m") == value
