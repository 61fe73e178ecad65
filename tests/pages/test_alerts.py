"""The Alerts page."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services.alerts import AlertService
from components.state import ACTOR
from tests.alert_servers import web

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _without_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AlertService, "soon", lambda self: None)


def run(page: str = "alerts") -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.session_state[ACTOR] = "ada"
    return app.run().switch_page(f"../pages/{page}.py").run()


def test_without_a_destination_it_says_that_nobody_is_told(parts: bootstrap.Services) -> None:
    app = run()
    assert not app.exception
    assert app.text[0].value.startswith("Nobody is told")
    assert any("No alert has been sent" in one.value for one in app.caption)


def test_a_destination_is_added_and_tested_and_its_address_is_never_shown(parts: bootstrap.Services) -> None:
    with web() as server:
        app = run()
        app.text_input(key="alert_name").input("on call")
        app.text_input(key="alert_target").input(f"{server.url}/s3cretKEY")
        next(one for one in app.button if one.label == "Add").click().run()
        app.button(key="test_1").click().run()
        assert not app.exception
        assert server.paths == ["/s3cretKEY"]
    shown = [one.value for one in (*app.text, *app.markdown, *app.caption, *app.toast)]
    assert any("127" in one for one in shown) and not any("s3cretKEY" in one for one in shown)
    assert app.text[0].value.startswith("Everything was sent")


def test_what_failed_comes_first_and_can_be_tried_again(parts: bootstrap.Services) -> None:
    with web() as server:
        added = parts.alerts.add_destination("on call", "webhook", server.url)
        server.answers = [404]
        parts.alerts.test(added)
        server.answers = [200]
        parts.alerts.test(added)
        app = run()
        assert app.text[0].value.startswith("1 message could not be sent")
        states = [one.value for one in app.markdown if "failed" in one.value or "sent]" in one.value]
        assert "404" in states[0]
        app.button(key="again_1").click().run()
    assert not app.exception
    assert [one.state for one in parts.alerts.outbox()] == ["waiting", "sent"]


def test_the_policy_is_saved_and_a_bad_one_is_refused(parts: bootstrap.Services) -> None:
    app = run()
    app.checkbox(key="rule_drift").uncheck()
    app.checkbox(key="alert_quiet").check()
    app.text_input(key="alert_zone").input("Europe/Berlin")
    app.text_input(key="alert_ticket").input("https://t.example/new?s={title}")
    next(one for one in app.button if one.label == "Save").click().run()
    assert not app.exception
    policy = parts.alerts.policy()
    assert "drift" not in policy.rules and "forecast" in policy.rules
    assert (policy.quiet_from, policy.quiet_until, policy.zone) == (22 * 60, 7 * 60, "Europe/Berlin")
    app.text_input(key="alert_ticket").input("javascript:alert(1)")
    next(one for one in app.button if one.label == "Save").click().run()
    assert any("https" in one.value for one in app.error)
    assert parts.alerts.policy() == policy


def test_an_issue_links_to_a_ticket_where_a_template_is_set(parts: bootstrap.Services) -> None:
    parts.ingest.text("2026-03-01T10:00:00Z FATAL payments: out of memory", actor="ada")
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.query_params["issue"] = "1"
    assert _tickets(app.run()) == []
    parts.alerts.set_policy(replace(parts.alerts.policy(), ticket="https://t.example/new?s={title}"))
    (link,) = _tickets(app.run())
    assert not app.exception and link.startswith("https://t.example/new?s=") and "out%20of%20memory" in link


def _tickets(app: AppTest) -> list[str]:
    return [one.proto.page for one in app.get("page_link") if one.proto.label == "Open a ticket"]
