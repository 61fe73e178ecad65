"""The service graph in a real browser: a topology is uploaded, a database is supposed to fail, and who is hit is listed."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.model]

TOPOLOGY = json.dumps(
    {
        "edges": [
            ["storefront", "orders"],
            ["orders", "orders-db"],
            ["storefront", "catalogue"],
            ["catalogue", "search-cache"],
        ]
    }
)
LOG = "\n".join(
    json.dumps({"time": f"2026-05-01T10:{minute:02}:00Z", "level": "ERROR", "service": service, "msg": text})
    for service, text in (("orders-db", "no space left on device"), ("orders", "connection to orders-db refused"))
    for minute in range(20)
)


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)


def click_service(page: Page, name: str) -> None:
    """On the mark above the name, in the drawing."""
    label = page.locator(".js-plotly-plot").filter(has_text=name).get_by_text(name, exact=True)
    label.scroll_into_view_if_needed()
    box = label.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] - 9)


def test_a_topology_is_uploaded_and_a_supposed_failure_names_who_is_hit(server: Any, page: Page) -> None:
    page.goto(server.url + "/submit")
    page.get_by_label("Log lines").fill(LOG)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Store").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Ada")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Stored:")).to_be_visible()

    page.get_by_role("link", name="Service graph").click()
    expect(page.get_by_text("System health", exact=True)).to_be_visible(timeout=60_000)
    settled(page)
    page.get_by_role("button", name="Give a topology").click()
    page.locator('input[type="file"]').set_input_files(
        {"name": "shop.json", "mimeType": "application/json", "buffer": TOPOLOGY.encode()}
    )
    expect(page.get_by_text("5 services, 4 calls")).to_be_visible()
    page.get_by_role("button", name="Use it", exact=True).click()
    expect(page.get_by_role("button", name="Guess it from my logs")).to_be_visible(timeout=60_000)
    settled(page)
    page.keyboard.press("Escape")
    expect(page.get_by_text(re.compile("Most (likely cause|suspect)"))).to_be_visible()

    broken = page.get_by_role("combobox", name="Services that fail")
    broken.fill("search-cache")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")  # the open list hides everything else
    answer = page.get_by_test_id("stMarkdown").filter(has_text="would be hit")
    expect(answer).to_contain_text("catalogue first", timeout=30_000)
    expect(page.locator(".js-plotly-plot").filter(has_text="would be hit")).to_have_count(1)

    chosen = page.get_by_role("combobox", name="Service", exact=True)
    settled(page)
    click_service(page, "catalogue")
    expect(chosen).to_have_value("catalogue", timeout=30_000)
    settled(page)
    chosen.fill("orders-db")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is called by: orders", exact=True)).to_be_visible(timeout=30_000)
    settled(page)
    page.get_by_role("link", name="in the Inbox").click()
    page.wait_for_url("**service=orders-db*")
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
