"""Teaching in a real browser: corrections that change what nobody corrected, labels by keys alone, two people at once."""

import json
import sqlite3
import time
import urllib.request
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.taxonomy import CATEGORIES

pytestmark = [pytest.mark.browser, pytest.mark.model]

WORDS = ("alpha", "bravo", "carol", "delta", "echo", "fox", "golf", "hotel", "india", "julia", "kilo", "lima", "mike")
LIKE = [f"ERROR ledger sync of {word} stopped: peer replied nothing useful for the account batch" for word in WORDS]
#: Thirty kinds of error that have little in common.
THINGS = ("disk", "queue", "socket", "lease", "token", "index", "cache", "shard", "page", "key")
FAILED = ("is full", "was refused by the peer", "could not be parsed")
MANY = "\n".join(f"ERROR the {thing} of {thing}keeper {failed}" for thing in THINGS for failed in FAILED)


def feed(url: str, text: str) -> None:
    body = json.dumps({"text": text, "actor": "test"}).encode()
    request = urllib.request.Request(url + "/api/v1/events", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=120).close()


def rows(database: Path, query: str) -> list[Any]:
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


def category_of(database: Path, word: str) -> str:
    found = rows(database, f"SELECT category FROM issues WHERE title LIKE '%sync of {word} %'")
    assert len(found) == 1, word
    return str(found[0][0])


def until(reached: Any, seconds: float = 60.0) -> None:
    """Waits for what the store says; the page has nothing to wait for while the reader learns."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)


def press(page: Page, key: str) -> None:
    """A key, once the page stands still: while it is drawn anew, its shortcuts are not bound."""
    settled(page)
    page.evaluate("new Promise(done => requestIdleCallback(() => requestAnimationFrame(() => setTimeout(done, 50))))")
    page.keyboard.press(key)


def begin(page: Page, url: str, name: str) -> None:
    page.goto(url + "/label_queue")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("button", name="Confirm")).to_be_visible()
    settled(page)


def open_issue(page: Page, url: str, database: Path, word: str) -> None:
    """By a link on the page, so that the session and its name stay: a new address would begin a new one."""
    issue = rows(database, f"SELECT id FROM issues WHERE title LIKE '%sync of {word} %'")[0][0]
    for _ in WORDS:
        settled(page)
        if f"issue={issue}" in page.url:
            return
        before = page.url
        press(page, "j")
        expect(page).not_to_have_url(before)
    pytest.fail(f"the list has no {word}")


def correct(page: Page, database: Path, word: str, right: str) -> None:
    settled(page)
    page.get_by_role("button", name=category_of(database, word), exact=True).click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name=right, exact=True).click()


def test_corrections_of_up_to_twelve_teach_the_thirteenth_and_their_undoing_unteaches_it(
    server: Any, page: Page
) -> None:
    feed(server.url, "\n".join(LIKE))
    last, before = WORDS[-1], {word: category_of(server.database, word) for word in WORDS}
    right = "security"
    assert right not in before.values()
    page.goto(server.url + "/label_queue")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("button", name="Confirm")).to_be_visible()
    page.get_by_role("link", name="Inbox").click()
    expect(page.get_by_role("button", name="Keys")).to_be_visible()
    corrected = 0
    for word in WORDS[:-1]:
        if category_of(server.database, word) == right:
            continue  # what was corrected before has taught it already
        page.get_by_role("link", name="Label queue").click()
        expect(page.get_by_role("button", name="Confirm")).to_be_visible()
        page.get_by_role("link", name="Inbox").click()
        expect(page.get_by_role("button", name="Keys")).to_be_visible()
        open_issue(page, server.url, server.database, word)
        correct(page, server.database, word, right)
        until(lambda word=word: category_of(server.database, word) == right)
        corrected += 1
        time.sleep(0.5)
    assert corrected >= 1
    until(lambda: category_of(server.database, last) == right)
    said = rows(
        server.database,
        f"SELECT 1 FROM feedback JOIN issues ON issues.id = issue_id WHERE title LIKE '%sync of {last} %'",
    )
    assert said == [], "nobody said anything of the thirteenth"
    page.get_by_role("link", name="Label queue").click()
    expect(page.get_by_text("Learned from")).to_be_visible()
    for left in range(corrected, 0, -1):
        page.get_by_role("button", name="Undo the last answer").click()
        until(
            lambda left=left: (
                rows(server.database, "SELECT count(*) FROM feedback WHERE kind = 'undo'")[0][0] == corrected - left + 1
            )
        )
        settled(page)
    until(lambda: category_of(server.database, last) == before[last])
    until(lambda: {word: category_of(server.database, word) for word in WORDS} == before)
    expect(page.get_by_text("The last label is taken back")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_labels_by_keys_alone_at_one_in_two_seconds_and_two_people_never_before_one_text(
    server: Any, page: Page, chromium: Browser
) -> None:
    feed(server.url, MANY)
    begin(page, server.url, "Ada")
    other = chromium.new_page()
    begin(other, server.url, "Bob")
    shown = [one.get_by_test_id("stCode").inner_text() for one in (page, other)]
    assert shown[0] != shown[1]
    seconds = []
    for number in range(8):
        start = time.monotonic()
        text = page.get_by_test_id("stCode").inner_text()
        press(page, str((number + 1) % 10))
        press(page, "hml"[number % 3])
        press(page, "Enter")
        expect(page.get_by_test_id("stCode")).not_to_have_text(text)
        seconds.append(time.monotonic() - start)
    until(lambda: len(rows(server.database, "SELECT 1 FROM feedback WHERE kind = 'label'")) == 8)
    leases = rows(
        server.database, "SELECT actor, count(*), count(DISTINCT signature_id) FROM label_leases GROUP BY actor"
    )
    assert {actor for actor, _, _ in leases} == {"Ada", "Bob"}
    print(f"{median(seconds):.2f} s a label")
    assert median(seconds) < 2.0
    said = [
        json.loads(answer)
        for (answer,) in rows(server.database, "SELECT answer FROM feedback WHERE kind = 'label' ORDER BY id")
    ]
    assert [(one["category"], one["severity"]) for one in said] == [
        (CATEGORIES[number], ("high", "medium", "low")[number % 3]) for number in range(8)
    ]
    press(page, "u")
    until(lambda: len(rows(server.database, "SELECT 1 FROM feedback WHERE kind = 'undo'")) == 1)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    other.close()
