"""Alerts: what is told, once, when, and what becomes of it when nobody answers. Over real servers of this machine."""

import logging
import time
from datetime import UTC, datetime

import pytest

from app.bootstrap import build
from app.domain import InvalidInput
from app.services import alerts as module
from app.services.alert_rules import RULES
from app.services.alerts import AlertService, quiet_until
from app.storage.alerts import Message, Policy
from models.vectors.hashing import HashingEncoder
from tests.alert_servers import mail, web
from tests.app.services import test_anomaly_findings as rates
from tests.app.services.test_drift import foreign, usual
from tests.cascade_fakes import RuleReader

NEW = ("new critical", "new type", "regression")
FATAL = "2026-03-01T10:00:00Z FATAL payments: out of memory: killed process 4711 (java)"
OTHER = "2026-03-01T10:01:00Z ERROR gateway: connection to 10.0.0.1 refused by peer"


class Clock:
    def __init__(self, now: float = 1_772_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def alerts(parts, clock, monkeypatch):
    """Without its thread: a test looks and sends itself."""
    monkeypatch.setattr(AlertService, "soon", lambda self: None)
    using = (parts.store, parts.anomaly, parts.cascade, parts.drift)
    service = AlertService(*using, public_url="https://stacklens.example", clock=clock)
    service.set_policy(Policy(NEW, 3600.0, None, None, "UTC"))
    return service


@pytest.fixture
def server():
    with web() as seen:
        yield seen


def look_and_send(alerts):
    alerts.evaluate()
    return alerts.send_due()


def come_back(parts, clock, number):
    """Resolves the first issue and lets its error come once more."""
    parts.triage.say("resolve", 1, actor="ada", key=f"r{number}")
    at = datetime.fromtimestamp(time.time() + 60 * number, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts.ingest.text(FATAL.replace("2026-03-01T10:00:00Z", at), actor="ada")


def test_what_is_new_is_told_once_with_a_link(parts, alerts, server):
    parts.ingest.text("2026-03-01T09:00:00Z ERROR old: disk full", actor="ada")
    alerts.add_destination("on call", "webhook", f"{server.url}/hook?key=s3cret")
    parts.ingest.text(FATAL, actor="ada")
    assert look_and_send(alerts) == 1  # and nothing of what was stored before there was a destination
    parts.ingest.text(FATAL.replace("10:00:00", "10:05:00"), actor="ada")
    assert look_and_send(alerts) == 0
    (got,) = server.got
    assert got["issue"] == 2 and got["url"] == "https://stacklens.example/inbox?issue=2"
    assert "out of memory" in got["title"] and got["rule"] in NEW
    assert alerts.outbox()[0].state == "sent" and alerts.outbox()[0].said == "answered 200"


def test_a_rule_that_is_off_says_nothing(parts, alerts, server):
    alerts.add_destination("on call", "webhook", server.url)
    alerts.set_policy(Policy((), 0.0, None, None, "UTC"))
    parts.ingest.text(FATAL, actor="ada")
    assert look_and_send(alerts) == 0


def test_a_regression_is_told_again_only_after_the_cooldown(parts, alerts, server, clock):
    parts.ingest.text(FATAL, actor="ada")
    alerts.add_destination("on call", "webhook", server.url)
    come_back(parts, clock, 1)
    assert look_and_send(alerts) == 1
    clock.now += 60
    come_back(parts, clock, 2)
    assert look_and_send(alerts) == 0
    clock.now += 3600
    come_back(parts, clock, 3)
    assert look_and_send(alerts) == 1
    assert [got["rule"] for got in server.got] == ["regression", "regression"]


def test_many_at_once_are_ten_messages_and_a_count(parts, alerts, server):
    alerts.add_destination("on call", "webhook", server.url)
    parts.ingest.text("\n".join(usual(0)), actor="ada")
    n = len(parts.store.issues.by_id(range(1, 200)))
    assert n > 12
    look_and_send(alerts)
    assert len(server.got) == 11 and server.got[-1]["title"].startswith(f"{n - 10} more")


def test_drift_is_told_once_a_day(parts, alerts, server):
    alerts.set_policy(Policy(("drift",), 0.0, None, None, "UTC"))
    alerts.add_destination("on call", "webhook", server.url)
    parts.ingest.text("\n".join(usual(0) + usual(40) + foreign(95)), actor="test")
    assert look_and_send(alerts) == 1 and server.got[0]["url"].endswith("/drift")
    parts.ingest.text(OTHER, actor="test")  # nothing later than before
    assert look_and_send(alerts) == 0


def test_an_expected_failure_is_told_once_in_the_cooldown(parts, alerts, server, monkeypatch):
    monkeypatch.setattr(parts.cascade, "_load_reader", RuleReader)
    alerts.set_policy(Policy(("forecast",), 3600.0, None, None, "UTC"))
    alerts.add_destination("on call", "webhook", server.url)
    parts.ingest.text(FATAL, actor="ada")
    assert look_and_send(alerts) == 0  # the reader expects one only after two errors
    for minute in (5, 6):
        parts.ingest.text(FATAL.replace("10:00", f"10:0{minute}"), actor="ada")
        look_and_send(alerts)
    (got,) = server.got
    assert got["rule"] == "forecast" and "failure is expected" in got["title"] and got["url"].endswith("/cascades")


def test_an_odd_rate_is_told_with_its_reason(parts, alerts, server):
    usual_hours = [rates.line(hour * 3600 + 60 * n, "pool is full") for hour in range(48) for n in range(3)]
    rates.put(parts, *usual_hours)
    alerts.set_policy(Policy(("odd rate",), 3600.0, None, None, "UTC"))
    alerts.add_destination("on call", "webhook", server.url)
    rates.put(parts, *[rates.line(48 * 3600 + n, "pool is full") for n in range(600)])
    assert look_and_send(alerts) == 1
    assert "times the usual rate" in server.got[0]["text"]


def test_a_message_that_no_sender_survives_is_given_up(parts, alerts, server, clock):
    alerts.add_destination("on call", "webhook", server.url)
    parts.ingest.text(FATAL, actor="ada")
    alerts.evaluate()
    for _ in range(module.TRIES):
        assert parts.store.alerts.claim(clock(), module.LEASE) is not None
        clock.now += module.LEASE
    alerts.send_due()
    assert alerts.outbox()[0].state == "failed" and not server.got


def test_a_failed_try_is_made_again_later(parts, alerts, server, clock):
    alerts.add_destination("on call", "webhook", server.url)
    server.answers = [500, 200]
    parts.ingest.text(FATAL, actor="ada")
    look_and_send(alerts)
    (row,) = alerts.outbox()
    assert (row.state, row.tries, row.said) == ("waiting", 1, "answered 500")
    assert alerts.send_due() == 0  # not before its time
    clock.now += module.FIRST_WAIT
    assert alerts.send_due() == 1 and alerts.outbox()[0].state == "sent"


def test_tries_are_bounded_and_one_that_failed_can_be_tried_again(parts, alerts, server, clock):
    alerts.add_destination("on call", "webhook", server.url)
    server.answers = [503]
    parts.ingest.text(FATAL, actor="ada")
    look_and_send(alerts)
    for _ in range(2 * module.TRIES):
        clock.now += module.LONGEST
        alerts.send_due()
    (row,) = alerts.outbox()
    assert row.state == "failed" and len(server.got) == module.TRIES
    server.answers = [200]
    alerts.again(row.id)
    assert alerts.send_due() == 1 and alerts.outbox()[0].state == "sent"


@pytest.mark.parametrize(("status", "said"), [(404, "answered 404"), (302, "redirect")])
def test_an_answer_that_would_stay_the_same_ends_it(alerts, server, status, said):
    server.answers = [status]
    outcome = alerts.test(alerts.add_destination("on call", "webhook", server.url))
    assert not outcome.sent and outcome.final and said in outcome.said
    assert len(server.got) == 1 and alerts.outbox()[0].state == "failed"


def test_a_message_survives_a_restart_and_a_sender_that_died(parts, alerts, server, clock, settings):
    alerts.add_destination("on call", "webhook", server.url)
    parts.ingest.text(FATAL, actor="ada")
    alerts.evaluate()
    assert parts.store.alerts.claim(clock(), module.LEASE) is not None  # and then this process dies
    parts.close()
    again = build(settings, encoder=HashingEncoder())
    later = AlertService(again.store, again.anomaly, again.cascade, again.drift, public_url="http://x", clock=clock)
    assert later.send_due() == 0  # the other one may still be at it
    clock.now += module.LEASE
    assert later.send_due() == 1 and len(server.got) == 1
    again.close()


def test_the_thread_looks_and_sends_by_itself(parts, server, monkeypatch):
    monkeypatch.setattr(module, "SETTLE", 0.0)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    parts.alerts.set_policy(Policy(NEW, 0.0, None, None, "UTC"))
    parts.alerts.add_destination("on call", "webhook", server.url)
    parts.ingest.text(FATAL, actor="ada")
    until = time.monotonic() + 20
    while not server.got and time.monotonic() < until:
        time.sleep(0.02)
    parts.alerts.close()
    assert len(server.got) == 1


def at(text):
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("now", "over"),
    [
        ("2026-01-10T22:30:00+01:00", "2026-01-11T07:00:00+01:00"),
        ("2026-01-11T06:59:00+01:00", "2026-01-11T07:00:00+01:00"),
        ("2026-01-11T07:00:00+01:00", None),
        ("2026-01-10T21:30:00+00:00", "2026-01-11T07:00:00+01:00"),  # 22:30 there
        ("2026-01-10T20:30:00+00:00", None),
        ("2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),  # the night in which the clock goes forward
    ],
)
def test_quiet_hours_run_over_midnight_by_the_clock_of_their_zone(now, over):
    policy = Policy(RULES, 0.0, 22 * 60, 7 * 60, "Europe/Berlin")
    assert quiet_until(policy, at(now)) == (at(over) if over else None)


def test_what_happens_in_quiet_hours_is_sent_when_they_end(parts, alerts, server, clock):
    clock.now = at("2026-01-10T23:00:00+01:00")
    alerts.set_policy(Policy(NEW, 0.0, 22 * 60, 7 * 60, "Europe/Berlin"))
    alerts.add_destination("on call", "webhook", server.url)
    parts.ingest.text(FATAL, actor="ada")
    assert look_and_send(alerts) == 0
    clock.now = at("2026-01-11T07:00:00+01:00")
    assert alerts.send_due() == 1


def test_mail_is_sent_as_plain_text(alerts):
    with mail() as (port, letters):
        outcome = alerts.test(alerts.add_destination("team", "email", f"smtp://127.0.0.1:{port}/?to=team@example.org"))
    assert outcome.sent, outcome.said
    assert "To: team@example.org" in letters[0] and "https://stacklens.example/alerts" in letters[0]
    assert "Content-Type: text/plain" in letters[0]


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]", "0.0.0.0"],
)
def test_addresses_of_the_link_and_of_metadata_are_refused(alerts, host):
    outcome = alerts.test(alerts.add_destination("bad", "webhook", f"http://{host}/latest"))
    assert outcome.final and "nothing is sent there" in outcome.said


def test_a_name_is_judged_by_what_it_resolves_to(alerts, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("169.254.169.254", 80))])
    assert (
        "nothing is sent there"
        in alerts.test(alerts.add_destination("bad", "slack", "https://friendly.example/x")).said
    )


@pytest.mark.parametrize(
    ("kind", "target"),
    [("webhook", "ftp://x/y"), ("slack", "file:///etc/passwd"), ("webhook", "http://"), ("webhook", "http://a b/"),
     ("email", "smtp://mail.example.org"), ("email", "https://mail.example.org/?to=a@b"), ("fax", "http://x/")],
)  # fmt: skip
def test_what_cannot_be_sent_to_is_refused_at_once(alerts, kind, target):
    with pytest.raises(InvalidInput):
        alerts.add_destination("bad", kind, target)


def test_a_secret_address_is_in_no_log_repr_or_answer(alerts, server, caplog):
    caplog.set_level(logging.DEBUG)
    server.answers = [500]
    added = alerts.add_destination("on call", "slack", f"{server.url}/services/T0/s3cretKEY")
    alerts.test(added)
    gone = alerts.add_destination("gone", "webhook", "http://127.0.0.1:1/s3cretKEY")
    alerts.test(gone)
    seen = f"{caplog.text}{alerts.destinations()}{alerts.outbox()}"
    assert server.paths == ["/services/T0/s3cretKEY"] and "s3cretKEY" not in seen
    with pytest.raises(InvalidInput) as refused:
        alerts.add_destination("bad", "webhook", "gopher://x/s3cretKEY")
    assert "s3cretKEY" not in str(refused.value)


def test_text_of_a_stranger_is_neither_markup_nor_mention_and_bounded(alerts):
    message = Message("new type", "1", "", "<!channel> @here *x* \x1b[31m" + "y" * 9_000, "z" * 9_000, "/")
    payload = module.alert_delivery.slack(message, "http://x/")
    assert "<!channel>" not in payload["text"] and "@here" not in payload["text"]
    assert payload["blocks"][0]["text"]["type"] == "plain_text" and "\x1b" not in str(payload)
    assert len(str(payload)) < 6_000


def test_a_ticket_link_is_filled_with_quoted_values(parts, alerts):
    parts.ingest.text(FATAL, actor="ada")
    issue = parts.store.issues.get(1)
    assert alerts.ticket(issue) == ""
    alerts.set_policy(Policy(NEW, 0.0, None, None, "UTC", "https://t.example/new?s={title}&u={url}&p={severity}"))
    link = alerts.ticket(issue)
    assert "u=https%3A%2F%2Fstacklens.example%2Finbox%3Fissue%3D1" in link and " " not in link
    for bad in ("javascript:alert(1)", "https://{title}/x", "https://t.example/{name}", "https://t.example/ x"):
        with pytest.raises(InvalidInput):
            alerts.set_policy(Policy(NEW, 0.0, None, None, "UTC", bad))
