"""What no shape finds: marked with one click before it is stored, or purged after; the data folder does not hold it."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.model]

TOKEN = "zQ81kfA0pLm2vX7Yt4"
NAME = "Blaubeere"
TEXT = f"ERROR cookie {TOKEN} of {NAME} was not accepted, {TOKEN} is too old"


def paste(page: Page, url: str, text: str) -> None:
    page.goto(url + "/submit")
    page.get_by_label("Log lines").fill(text)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Understood as")).to_be_visible(timeout=60_000)


def store(page: Page) -> None:
    page.get_by_role("button", name="Store").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Ada")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Stored:")).to_be_visible(timeout=60_000)


def holding(folder: Path, secret: str) -> list[str]:
    """Files of the data folder that hold the secret, in any case."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file.name for file in files if secret.lower().encode() in file.read_bytes().lower()]


def test_a_click_takes_an_unknown_secret_out_before_it_is_stored(server: Any, page: Page) -> None:
    paste(page, server.url, TEXT)
    pill = page.get_by_test_id("stButtonGroup").get_by_role("button", name=TOKEN)
    pill.click()
    expect(page.get_by_text("Taken out before anything is stored: 2 marked")).to_be_visible()
    preview = page.get_by_test_id("stExpander").filter(has_text="What will be stored").get_by_test_id("stCode")
    expect(preview).to_contain_text("cookie [redacted:marked] of Blaubeere")
    page.get_by_label("Another secret in it").fill(NAME)
    page.get_by_role("button", name="Take out").click()
    expect(page.get_by_text("Taken out before anything is stored: 3 marked")).to_be_visible()
    expect(preview).not_to_contain_text(NAME)
    store(page)
    page.get_by_role("link", name="Open in the Inbox").click()
    title = page.locator('[class*="st-key-title-"] [data-testid="stText"]')
    expect(title).to_contain_text("cookie [redacted:marked] of [redacted:marked] was not accepted")
    assert holding(server.folder, TOKEN) == holding(server.folder, NAME) == []
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_stored_secret_is_purged_from_its_issue(server: Any, page: Page) -> None:
    paste(page, server.url, TEXT)
    store(page)
    page.get_by_role("link", name="Open in the Inbox").click()
    title = page.locator('[class*="st-key-title-"] [data-testid="stText"]')
    expect(title).to_contain_text(TOKEN)
    page.get_by_label("Comment").fill(f"whose is {TOKEN}?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("whose is")).to_be_visible()
    assert holding(server.folder, TOKEN)

    page.get_by_role("button", name="Purge a secret…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Secret").fill("abc")
    dialog.get_by_role("button", name="Look").click()
    expect(dialog.get_by_text("would tear the texts apart")).to_be_visible()
    dialog.get_by_label("Secret").fill(TOKEN)
    dialog.get_by_role("button", name="Look").click()
    expect(dialog.get_by_text("Held by 1 event of 1 signature, 1 answer or comment")).to_be_visible()
    dialog.get_by_role("button", name="Purge for good").click()
    expect(title).to_contain_text("cookie [redacted:marked] of Blaubeere")
    expect(page.get_by_text(re.compile(r"whose is \[redacted:\W?marked\]\?"))).to_be_visible()
    assert holding(server.folder, TOKEN) == []
    with sqlite3.connect(server.database) as connection:
        said = connection.execute("SELECT kind, actor FROM feedback ORDER BY id").fetchall()
    assert said == [("comment", "Ada"), ("purge", "Ada")]
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.goto("about:blank")
    server.kill()
    server.start()
    page.goto(server.url)
    expect(title).to_contain_text("cookie [redacted:marked] of Blaubeere")
    assert holding(server.folder, TOKEN) == []
