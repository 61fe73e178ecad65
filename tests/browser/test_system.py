"""The tour of the first run by keyboard alone, and the System page, in a real browser."""

import re
import sqlite3
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled

pytestmark = [pytest.mark.browser, pytest.mark.model]


def press_on(page: Page, name: str) -> None:
    """A button by the keyboard, once the page stands still."""
    settled(page)
    page.get_by_role("button", name=name).focus()
    page.keyboard.press("Enter")


def test_the_tour_goes_by_keyboard_and_its_end_is_kept_in_the_store(server: Any, page: Page) -> None:
    page.goto(server.url)
    expect(page.get_by_text("Tour, 1 of 5: Inbox.")).to_be_visible()
    for number, (title, address) in enumerate(
        (("Submit", "submit"), ("Service graph", "service_graph"), ("Label queue", "label_queue"), ("System", "system")), start=2
    ):
        press_on(page, "Continue tour")
        expect(page).to_have_url(re.compile(f"/{address}"))
        expect(page.get_by_text(f"Tour, {number} of 5: {title}.")).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
    press_on(page, "End tour")
    expect(page.get_by_text("Tour,")).to_have_count(0)
    expect(page.get_by_text("All is well.")).to_be_visible()
    with sqlite3.connect(server.database) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'tour'").fetchone() == ("over",)
    page.goto(server.url)
    expect(page.get_by_text("Nothing is stored yet")).to_be_visible()
    settled(page)
    expect(page.get_by_text("Tour,")).to_have_count(0)
    page.goto(server.url + "/system")
    press_on(page, "Show the tour")
    expect(page.get_by_text("Tour, 1 of 5: Inbox.")).to_be_visible()


def test_a_page_that_fails_has_words_no_traceback_and_nothing_pasted_in_the_log(server: Any, page: Page) -> None:
    with sqlite3.connect(server.database) as connection:
        connection.execute("ALTER TABLE issues RENAME TO issues_away")
    page.goto(server.url + "/?q=hunter2")
    expect(page.get_by_text("This page failed.")).to_be_visible()
    expect(page.get_by_text("no such table")).to_have_count(0)
    expect(page.get_by_text("Traceback")).to_have_count(0)
    expect(page.get_by_text("Ask Google")).to_have_count(0)
    page.get_by_role("link", name="Open System").click()
    expect(page.get_by_text(re.compile("^Store: .*no such table: issues")).first).to_be_visible()
    log = (server.folder / "server.log").read_text()
    assert "OperationalError" in log and "inbox.py:" in log
    assert "hunter2" not in log
