"""Two errors that a person holds to be one stay one: through new events, a crash and a restart."""

import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled

pytestmark = [pytest.mark.browser, pytest.mark.model]

FULL = "2026-11-24 10:00:0{},123 ERROR [main] com.shop.OrderDao: could not save the order because the disk is full"
STORED = "2026-11-24 10:00:0{},123 ERROR [main] com.shop.OrderDao: could not store the order since the disk is full"


def post(url: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def issues(url: str) -> list[Any]:
    with urllib.request.urlopen(url + "/api/v1/issues?routine=true", timeout=60) as answer:
        return list(json.load(answer)["issues"])


def test_merged_stays_merged_through_new_events_and_a_crash(server: Any, page: Page) -> None:
    post(server.url, "/api/v1/events", {"text": "\n".join((FULL.format(1), STORED.format(2)))})
    assert len(issues(server.url)) == 2
    page.goto(server.url + "/?issue=1")
    same = page.get_by_role("button", name="Same error")
    expect(same).to_be_visible(timeout=60_000)
    settled(page)
    same.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Ada")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Signatures of this issue (2)")).to_be_visible()

    post(server.url, "/api/v1/events", {"text": STORED.format(3)})
    assert [issue["count"] for issue in issues(server.url)] == [3]
    page.goto("about:blank")
    server.kill()
    server.start()
    assert [issue["count"] for issue in issues(server.url)] == [3]
    page.goto(server.url + "/?issue=2")
    expect(page.get_by_text("Issue 2 is part of issue 1 by now")).to_be_visible()
    expect(page.get_by_text("Signatures of this issue (2)")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
