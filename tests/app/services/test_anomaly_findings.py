"""What is strange and why: three kinds of findings, stored scores, and clicks that move the threshold and back."""

import numpy as np
import pytest

from app.domain import InvalidInput, NotFound
from app.services import anomaly
from models.analyse.anomaly import COMBINED, ISOLATION, NEAREST, VAE

START = 1_790_000_000


def line(at, message, service="orders"):
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(START + at, UTC).strftime("%Y-%m-%d %H:%M:%S,000")
    return f"{moment} ERROR [main] com.shop.{service}: {message}"


def put(parts, *lines, service="orders"):
    return parts.ingest.text("\n".join(lines), actor="ada", source_file=f"{service}.log")


def issue_of(parts, words):
    from app.storage.issues import IssueFilter

    return parts.store.issues.page(IssueFilter(text=words, routine=True), 0.0)[0][0]


def click(parts, issue, kind, score, key):
    return parts.triage.say(kind, issue.id, actor="ada", key=key, answer={"score": score, "service": issue.service})


def test_every_stored_signature_has_a_score_of_every_detector_and_loses_them_with_it(parts):
    upload = put(parts, line(0, "could not save order 4711"), line(1, "no space left on device"))
    with parts.store.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT signature_id, detector, score FROM signature_anomaly").all()
    assert {row.detector for row in rows} == {ISOLATION, VAE, NEAREST, COMBINED}
    assert len(rows) == 8 and all(0 <= row.score <= 1 for row in rows)
    parts.ingest.remove(upload.id, actor="ada", key="gone")
    with parts.store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM signature_anomaly").scalar() == 0


def test_the_isolation_forest_says_the_same_in_both_places(parts):
    put(parts, line(0, "could not save order 4711"))
    ((issue, said),) = parts.anomaly.scores()
    assert said.scores[ISOLATION] == pytest.approx(issue.strangeness, abs=1e-4)
    vector = parts.store.signatures.of_issue(issue.id)[0].vector
    assert parts.anomaly.judge(vector[None])[0].scores[COMBINED] == said.combined


def test_a_vector_that_is_replaced_is_judged_again(parts):
    put(parts, line(0, "could not save order 4711"))
    (row,) = parts.store.signatures.of_issue(issue_of(parts, "order").id)
    parts.store.signatures.replace_vectors(parts.encoder.version, {row.id: -row.vector})
    assert parts.anomaly.scores() == []
    parts.anomaly.refresh()
    assert len(parts.anomaly.scores()) == 1


def test_a_strange_text_is_found_with_its_reason_and_what_it_may_be(parts, monkeypatch):
    monkeypatch.setattr(anomaly, "THRESHOLD", 0.0)
    put(parts, line(0, "could not save order 4711"))
    (found,) = parts.anomaly.findings(since=START - 60)
    assert (found.kind, found.new) == (anomaly.TEXT, True)
    assert "known errors" in found.reason and "seen once" in found.reason
    assert "new type" in found.uses
    assert parts.anomaly.findings(since=START + 60) == []


def test_a_known_error_that_comes_far_more_often_is_a_change_of_behaviour(parts):
    usual = [line(3600 * hour + 600 * place, "could not save order") for hour in range(24) for place in range(3)]
    burst = [line(24 * 3600 + place, "could not save order") for place in range(60)]
    put(parts, *usual, *burst)
    (found,) = [item for item in parts.anomaly.findings() if item.kind == anomaly.RATE]
    assert "times the usual rate: " in found.reason
    assert found.uses[-1] == "change of behaviour" or "change of behaviour" in found.uses


def test_a_known_error_that_falls_silent_is_found_too(parts):
    usual = [line(3600 * hour + 60 * place, "could not save order") for hour in range(24) for place in range(40)]
    put(parts, *usual, line(26 * 3600, "something else broke", "cart"))
    found = [item for item in parts.anomaly.findings() if item.kind == anomaly.RATE]
    assert [item.reason.split(":")[0] for item in found] == ["silent"]


def test_an_even_history_is_quiet(parts):
    put(parts, *(line(3600 * hour + 600 * place, "could not save order") for hour in range(25) for place in range(3)))
    assert [item for item in parts.anomaly.findings() if item.kind == anomaly.RATE] == []


def test_an_order_never_seen_before_names_what_came_first(parts):
    turns = [line(60 * i, ("queue is full", "retry was scheduled")[i % 2]) for i in range(60)]
    put(parts, line(-60, "leader was lost"), *turns)
    put(parts, line(7200, "queue is full"), line(7201, "leader was lost"))
    found = [item for item in parts.anomaly.findings(since=START + 7000) if item.kind == anomaly.ORDER]
    assert [item.issue.id for item in found] == [issue_of(parts, "leader").id]
    assert f"right after #{issue_of(parts, 'queue').id}" in found[0].reason
    assert [item for item in parts.anomaly.findings(since=START + 8000) if item.kind == anomaly.ORDER] == []


def test_a_dismissal_moves_the_threshold_of_its_service_only_and_undo_moves_it_back(parts):
    put(parts, line(0, "could not save order 4711"))
    put(parts, line(1, "no space left on device"), service="cart")
    issue = issue_of(parts, "order")
    click(parts, issue, anomaly.DISMISS, 0.97, "1")
    click(parts, issue, anomaly.DISMISS, 0.97, "1")  # the same click
    assert parts.anomaly.thresholds() == {issue.service: pytest.approx(0.965)}
    assert parts.anomaly.answered() == {issue.id: anomaly.DISMISS}
    parts.triage.say("comment", issue.id, actor="ada", key="c", answer={"text": "hm"})  # is not what undo takes back
    for _ in range(2):
        assert parts.anomaly.undo(actor="ada", key="2").kind == anomaly.DISMISS
    assert parts.anomaly.thresholds() == {}
    with pytest.raises(NotFound):
        parts.anomaly.undo(actor="ada", key="9")
    click(parts, issue, anomaly.CONFIRM, 0.91, "3")
    assert parts.anomaly.thresholds() == {issue.service: pytest.approx(0.925)}
    assert parts.store.log.rebuild() == 0


def test_what_was_dismissed_is_no_finding_any_more(parts, monkeypatch):
    monkeypatch.setattr(anomaly, "THRESHOLD", 0.0)
    put(parts, line(0, "could not save order 4711"))
    click(parts, issue_of(parts, "order"), anomaly.DISMISS, 0.4, "1")
    assert parts.anomaly.findings() == []


def test_the_effect_of_a_threshold_is_told_before_it_is_set(parts, monkeypatch):
    put(parts, line(0, "could not save order 4711"), line(1, "no space left on device"))
    scores = [said.combined for _, said in parts.anomaly.scores()]
    monkeypatch.setattr(anomaly, "THRESHOLD", float(np.mean(scores)))
    everything, nothing = parts.anomaly.effect(0.0), parts.anomaly.effect(1.01)
    assert len(everything.raised) == sum(score < np.mean(scores) for score in scores) and not everything.silenced
    assert len(nothing.silenced) == sum(score >= np.mean(scores) for score in scores) and not nothing.raised
    assert parts.anomaly.effect(1.01, service="nobody") == anomaly.Effect((), ())


def test_a_click_takes_nothing_but_score_and_service(parts):
    put(parts, line(0, "could not save order 4711"))
    with pytest.raises(InvalidInput):
        parts.triage.say(anomaly.DISMISS, issue_of(parts, "order").id, actor="ada", key="1", answer={"to": "me"})


def test_an_empty_store_has_no_finding(parts):
    assert parts.anomaly.findings() == []
    assert parts.anomaly.effect(0.5) == anomaly.Effect((), ())
