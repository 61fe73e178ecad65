"""The error map in a real browser: a box round points, one answer for all of them, and back."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

LOG = "\n".join(
    f"2026-11-24 10:0{minute}:00,123 ERROR [main] com.shop.Orders: {text}"
    for minute, text in enumerate(
        (
            "no space left on device",
            "connection refused by the payment gateway",
            "could not parse the answer of the catalogue",
            "certificate of the mail server has expired",
            "queue of new orders is full",
        )
    )
)

pytestmark = [pytest.mark.browser, pytest.mark.model]


def severities(database: Path) -> dict[str, int]:
    with sqlite3.connect(database) as connection:
        return dict(connection.execute("SELECT severity, count(*) FROM issues GROUP BY 1").fetchall())


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)


def draw_a_box(page: Page) -> None:
    """From the upper left to the lower right corner of the plot, a little inside."""
    area = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert area is not None
    left, top = area["x"] + 0.02 * area["width"], area["y"] + 0.02 * area["height"]
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + 0.5 * area["width"], top + 0.5 * area["height"], steps=6)
    page.mouse.move(left + 0.95 * area["width"], top + 0.95 * area["height"], steps=6)
    page.mouse.up()


def test_a_box_round_points_is_labelled_at_once_and_taken_back(server: Any, page: Page) -> None:
    page.goto(server.url + "/submit")
    page.get_by_label("Log lines").fill(LOG)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Store").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Ada")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Stored:")).to_be_visible()
    page.get_by_role("link", name="Error map").click()
    expect(page.locator(".js-plotly-plot .nsewdrag").first).to_be_visible(timeout=60_000)
    settled(page)
    before = severities(server.database)
    draw_a_box(page)
    heading = page.get_by_text(re.compile(r"^\d+ errors selected, \d+ issues"))
    expect(heading).to_be_visible()
    issues = int(re.search(r"(\d+) issues", heading.text_content() or "")[1])  # type: ignore[index]
    assert 1 < issues <= sum(before.values())

    page.get_by_role("button", name="Severity").last.click()
    page.get_by_role("button", name="critical").last.click()
    undo = page.get_by_role("button", name=re.compile("^Undo"))
    expect(undo).to_be_visible()
    expect(page.get_by_text(re.compile(rf"^{issues} ◆ critical"))).to_be_visible()
    assert severities(server.database)["critical"] >= issues > before.get("critical", 0)

    undo.click()
    expect(undo).to_have_count(0)
    settled(page)
    assert severities(server.database) == before
    expect(page.get_by_test_id("stException")).to_have_count(0)
