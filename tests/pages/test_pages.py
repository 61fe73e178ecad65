"""Every page, drawn by Streamlit's own test runner over a real store without the real encoder."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("inbox", "submit", "search", "live", "overview", "error_map")
LOG = """2026-11-24 10:00:00,123 ERROR [main] com.shop.OrderDao: could not save order 4711
2026-11-24 10:00:01,123 ERROR [main] com.shop.OrderDao: could not save order 4712
2026-11-24 10:00:02,123 WARN [main] com.shop.Cart: no space left on device: /var/lib/cart
"""


def run(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.query_params.update(query)
    app.run()
    if page != "inbox":
        app.switch_page(f"../pages/{page}.py").run()
    return app


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_words_for_an_empty_store(parts: bootstrap.Services, page: str) -> None:
    app = run(page)
    assert not app.exception
    assert app.info or app.caption


@pytest.mark.parametrize("page", PAGES)
def test_every_page_draws_a_filled_store(parts: bootstrap.Services, page: str) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run(page)
    assert not app.exception


def test_the_inbox_counts_groups_and_shows_the_most_urgent(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run("inbox")
    assert len(app.dataframe[0].value) == 2
    assert sorted(app.dataframe[0].value["Events"]) == [1, 2]


def test_a_click_without_a_name_stores_nothing_until_the_name_is_given(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run("inbox")
    app.button(key="accept").click().run()
    assert parts.store.log.entries() == []
    app.text_input(key="name_input").set_value("Ada")
    app.button(key="FormSubmitter:name-Save").click().run()
    entries = parts.store.log.entries()
    assert [(entry.kind, entry.actor) for entry in entries] == [("accept", "Ada")]
    assert entries[0].shown["action"] == entries[0].answer["action"]
    assert entries[0].propensity == entries[0].shown["chances"][entries[0].answer["action"]]
    assert 0 < entries[0].propensity <= 1


def test_correcting_severity_in_place_wins_over_the_model(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run("inbox")
    app.session_state["actor"] = "Ada"
    wrong = parts.inbox.page(_all()).issues[0]
    other = "critical" if wrong.severity != "critical" else "high"
    app.button(key=f"severity_{other}").click().run()
    assert not app.exception
    assert parts.store.issues.get(wrong.id).severity == other


def test_a_link_to_an_issue_that_is_gone_says_so(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run("inbox", issue="4711")
    assert not app.exception
    assert "no longer stored" in app.warning[0].value


def test_filters_of_the_url_narrow_the_list(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run("inbox", q="device")
    assert not app.exception
    assert len(app.dataframe[0].value) == 1


def test_a_runbook_link_is_set_once_and_shown_for_the_action_and_service(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test", source_file="orders.log")
    app = run("inbox")
    app.session_state["actor"] = "Ada"
    app.text_input(key="runbook_url").set_value("https://wiki.example/runbook")
    app.button(key=next(b.key for b in app.button if b.key and b.key.startswith("FormSubmitter:runbook"))).click().run()
    assert not app.exception
    (action, service, url), = parts.store.notes.runbooks()
    assert (service, url) == ("orders", "https://wiki.example/runbook")
    issue = parts.inbox.page(_all()).issues[0]
    suggestions = {item.action: item.runbook for item in parts.inbox.detail(issue.id).suggestions}
    assert suggestions[action] == url


def test_new_issues_wait_behind_a_bar(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    before = parts.store.issues.newest_id()
    assert parts.store.issues.since_id(before) == 0
    parts.ingest.text("ERROR: kernel panic - not syncing: fatal exception", actor="test")
    assert parts.store.issues.since_id(before) == 1


def _all() -> object:
    from app.storage.issues import IssueFilter

    return IssueFilter()
