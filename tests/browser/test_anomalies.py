"""A click on a strange error moves the threshold of its service, and the page says what that changes."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled

pytestmark = [pytest.mark.browser, pytest.mark.model]


def test_a_dismissal_moves_the_threshold_and_undo_moves_it_back(demo: Any, page: Page) -> None:
    page.goto(demo.url + "/anomalies")
    moved = page.get_by_text("(at first 0.95)")
    confirm = page.get_by_role("button", name="Dismiss")
    expect(confirm).to_be_visible(timeout=120_000)
    expect(moved).to_have_count(0)
    settled(page)
    confirm.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Ada")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Dismissed. Alerts of")).to_be_visible()
    expect(moved).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: dismissed")).to_be_visible()
    expect(moved).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_another_threshold_says_which_issues_would_alert_otherwise(demo: Any, page: Page) -> None:
    page.goto(demo.url + "/anomalies")
    slider = page.get_by_role("slider")
    expect(slider).to_be_visible(timeout=120_000)
    expect(page.get_by_text("No issue would alert differently.")).to_be_visible()
    slider.focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("would newly alert")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
