"""DriftMonitor over a real store: quiet while alike, in words when something moved."""

import json

import pytest

from app.services import drift as module
from app.services.audit import Accuracy
from app.services.drift import Loss, in_words
from app.services.drift_answers import TOO_LITTLE, of_monitor, sentence

WORDS = ("disk", "table", "queue", "cache", "lease", "index", "mount", "block")


def line(hour, text):
    stamp = f"2026-05-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"
    return json.dumps({"time": stamp, "level": "error", "service": "orders", "message": text})


def usual(hour):
    return [line(hour, f"could not read {a} of {b} after retry") for a in WORDS for b in WORDS[:5]]


def foreign(hour):
    return [line(hour, f"the TLS certificate of {a} was refused by its peer {b}") for a in WORDS for b in WORDS[:5]]


def fill(parts, *hours):
    parts.ingest.text("\n".join(row for rows in hours for row in rows), actor="ada")


def test_an_empty_store_and_a_small_one_cannot_be_told(parts):
    assert parts.drift.look() is None
    fill(parts, [line(0, "disk full"), line(30, "disk full")])
    assert parts.drift.look() is None
    assert of_monitor(parts.drift)["sentence"] == TOO_LITTLE
    assert parts.drift.region() == ()


def test_the_same_errors_again_have_not_moved(parts):
    fill(parts, usual(0), usual(30), usual(70), usual(95))
    look = parts.drift.look()
    assert not look.moved
    assert sentence(look, None).startswith("Nothing has moved")
    assert parts.drift.region() == ()


def test_errors_of_another_kind_are_said_with_examples_and_their_region(parts):
    fill(parts, usual(0), usual(30), usual(70), foreign(95))
    look = parts.drift.look()
    assert look.moved and look.new_moved and look.texts_moved
    assert any("never seen before" in said for said in in_words(look))
    assert look.examples and all("certificate" in issue.title for issue in look.examples)
    assert set(parts.drift.region()) == set(look.region)
    answer = of_monitor(parts.drift)
    assert answer["moved"] and answer["sentence"].startswith("What comes in has changed")
    assert [one.moved for one in parts.drift.history()][-1]


def test_a_look_is_taken_once_until_something_comes_in(parts, monkeypatch):
    fill(parts, usual(0), usual(95))
    first = parts.drift.look()
    monkeypatch.setattr(module, "embedding_shift", lambda *_: pytest.fail("compared again"))
    assert parts.drift.look() is first


def test_a_loss_of_five_points_is_an_alarm_where_it_is_more_than_chance():
    before = Accuracy(0, 1, 1_000, 0.9, 0.88, 0.92)
    assert Loss(before, Accuracy(1, 2, 400, 0.84, 0.8, 0.88)).alarm
    assert not Loss(before, Accuracy(1, 2, 400, 0.86, 0.8, 0.9)).alarm
    assert not Loss(before, Accuracy(1, 2, 10, 0.8, 0.5, 0.94)).alarm
    assert "lost 6 points" in sentence(None, Loss(before, Accuracy(1, 2, 400, 0.84, 0.8, 0.88)))


def test_the_label_queue_asks_where_it_moved(parts):
    fill(parts, usual(0), usual(30), usual(70), foreign(95))
    asked = parts.label_queue.questions("ada", n=10)
    drifted = [question for question in asked if question.reason == "drift"]
    assert drifted and all("certificate" in question.item.title for question in drifted)
