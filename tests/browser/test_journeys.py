"""What people do, in a real browser against the real server, its models and its store."""

import json
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.model]

TRACE = """2026-11-24 10:00:00,123 ERROR [main] com.shop.OrderDao: could not save order 4711
java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms.
\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:695)
\tat com.shop.OrderDao.save(OrderDao.java:42)
"""
TITLE = "HikariPool-1 - Connection is not available"


def title_shown(page: Page) -> Locator:
    """The title of the issue that is open beside the list (the list itself is a canvas with a hidden table)."""
    return page.locator('[class*="st-key-title-"] [data-testid="stText"]')


def paste(page: Page, url: str, text: str) -> None:
    page.goto(url + "/submit")
    page.get_by_label("Log lines").fill(text)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Understood as")).to_be_visible()


def store(page: Page, name: str = "Ada") -> None:
    """Stores what was pasted; gives the name where it is asked for."""
    page.get_by_role("button", name="Store").click()
    dialog = page.get_by_role("dialog")
    if name:
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Stored:")).to_be_visible()


def press(page: Page, key: str) -> None:
    """A key, once the page stands still: while it is drawn anew, its shortcuts are not bound.

    The buttons come in a script of their own, after the text, and bind their keys once the browser has painted them.
    """
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_role("button", name="Keys")).to_be_visible()
    page.evaluate("new Promise(done => requestIdleCallback(() => requestAnimationFrame(() => setTimeout(done, 100))))")
    page.keyboard.press(key)


def no_exception(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


def said(database: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(database) as connection:
        return connection.execute("SELECT kind, actor, answer FROM feedback ORDER BY id").fetchall()


def test_paste_reject_accept_and_all_of_it_survives_a_crash(server: Any, page: Page) -> None:
    paste(page, server.url, TRACE)
    expect(page.get_by_text("Seen before")).to_be_visible()
    store(page)
    page.get_by_role("link", name="Open in the Inbox").click()
    expect(title_shown(page)).to_contain_text(TITLE)
    suggestion = page.locator('[class*="st-key-advice-"] [data-testid="stText"]')
    first = suggestion.text_content()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Next best action")).to_be_visible()
    assert suggestion.text_content() != first
    second = suggestion.text_content()
    page.get_by_role("button", name="Accept", exact=False).first.click()
    expect(page.get_by_text("Accepted action")).to_be_visible()
    page.goto("about:blank")
    server.kill()
    assert [(kind, actor) for kind, actor, _ in said(server.database)] == [("reject", "Ada"), ("accept", "Ada")]

    server.start()
    page.goto(server.url)
    expect(title_shown(page)).to_contain_text(TITLE)
    expect(page.get_by_text("Accepted action")).to_be_visible()
    assert suggestion.text_content() == second
    no_exception(page)


def test_a_double_click_stores_one_answer(server: Any, page: Page) -> None:
    paste(page, server.url, TRACE)
    store(page)
    page.get_by_role("link", name="Open in the Inbox").click()
    page.get_by_role("button", name="Accept", exact=False).first.dblclick()
    expect(page.get_by_text("Accepted action")).to_be_visible()
    assert [kind for kind, _, _ in said(server.database)] == ["accept"]
    no_exception(page)


def test_the_keyboard_alone_moves_answers_and_takes_back(demo: Any, page: Page) -> None:
    page.goto(demo.url)
    heading = title_shown(page)
    expect(heading).to_be_visible(timeout=60_000)
    first = heading.text_content()
    press(page, "j")
    expect(heading).not_to_have_text(first or "")
    press(page, "k")
    expect(heading).to_have_text(first or "")
    press(page, "x")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_be_visible()
    dialog.get_by_label("Name").fill("Grace")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Next best action")).to_be_visible()
    press(page, "u")
    expect(page.get_by_text("Suggested action")).to_be_visible()
    press(page, "3")
    expect(page.get_by_text("Accepted action")).to_be_visible()
    expect(page.locator('[class*="st-key-advice-"]').get_by_text("Roll back the release").first).to_be_visible()
    press(page, "s")
    expect(page.get_by_text("Did it fix it?")).to_be_visible()
    press(page, "y")
    expect(page.get_by_text("Did it fix it? yes")).to_be_visible()
    kinds = [kind for kind, actor, _ in said(demo.database) if actor == "Grace"]
    assert kinds == ["reject", "undo", "accept", "resolve", "outcome"]
    no_exception(page)


@pytest.mark.parametrize("name", ["", "submit", "search", "overview"])
def test_an_empty_store_has_words_on_every_page(server: Any, page: Page, name: str) -> None:
    page.goto(f"{server.url}/{name}")
    words = {
        "": "Nothing is stored yet",
        "submit": "Nothing is stored before you press Store",
        "search": "Finds stored errors by meaning",
        "overview": "Nothing is stored yet",
    }
    expect(page.get_by_text(words[name])).to_be_visible()
    no_exception(page)


def test_hostile_text_is_shown_as_text(server: Any, page: Page) -> None:
    hostile = (
        "ERROR <script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> "
        "**bold** [link](http://evil.example) :red[red] :smile: $x^2$ \x1b[31mred\x1b[0m \u202egnp.exe"
    )
    paste(page, server.url, hostile)
    store(page)
    page.get_by_role("link", name="Open in the Inbox").click()
    heading = title_shown(page)
    expect(heading).to_contain_text("<script>document.title='owned'</script>")
    expect(heading).to_contain_text("**bold** [link](http://evil.example) :red[red] :smile: $x^2$ red gnp.exe")
    for name, words in (("overview", "Events over time"), ("search?ask=script+owned&threshold=0.0", "similar error")):
        page.goto(f"{server.url}/{name}")
        expect(page.get_by_text(words).first).to_be_visible()
        assert page.get_by_role("link", name="link", exact=True).count() == 0
    assert page.title() != "owned"
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("a[href*='evil.example']").count() == 0
    no_exception(page)


def test_a_secret_is_taken_out_before_it_is_stored_and_the_preview_says_so(server: Any, page: Page) -> None:
    paste(page, server.url, "ERROR postgres://app:hunter2@db-1:5432/shop refused for alice@example.com")
    expect(page.get_by_text("Taken out before anything is stored: 1 password, 1 email")).to_be_visible()
    store(page)
    page.get_by_role("link", name="Open in the Inbox").click()
    expect(page.locator('[class*="st-key-title-"] [data-testid="stText"]')).to_contain_text("[redacted:password]")
    for file in server.folder.glob("stacklens.db*"):
        assert b"hunter2" not in file.read_bytes()
        assert b"alice@example.com" not in file.read_bytes()
    no_exception(page)


def test_the_overview_counts_what_the_store_holds_and_the_sample_goes_for_good(demo: Any, page: Page) -> None:
    page.goto(demo.url + "/overview")
    expect(page.get_by_text("Events over time")).to_be_visible(timeout=60_000)
    with sqlite3.connect(demo.database) as connection:
        (lines,) = connection.execute("SELECT sum(lines) FROM uploads").fetchone()
    expect(page.get_by_test_id("stMetric").filter(has_text="Lines read")).to_contain_text(f"{lines:,}")
    page.get_by_role("button", name="Remove the sample").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Ada")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing is stored yet")).to_be_visible(timeout=60_000)
    with sqlite3.connect(demo.database) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM feedback WHERE kind = 'remove_upload'").fetchone()[0] > 0
    no_exception(page)


def test_page_rest_and_command_line_give_the_same_answer(server: Any, page: Page) -> None:
    body = json.dumps({"text": TRACE}).encode()
    request = urllib.request.Request(server.url + "/api/v1/analyse", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        rest = json.load(response)
    command = [str(Path(sys.executable).with_name("stacklens")), "analyse", "-", "--json"]
    environment = {"STACKLENS_DATA_DIR": str(server.folder)}
    import os

    ran = subprocess.run(
        command,
        input=TRACE,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
        cwd=Path(__file__).resolve().parents[2],
    )
    line = json.loads(ran.stdout)
    rest.pop("milliseconds")
    line.pop("milliseconds")
    assert line == rest
    paste(page, server.url, TRACE)
    card = page.locator(".st-key-story")
    expect(card).to_contain_text(rest["severity"])
    expect(card).to_contain_text(rest["category"])
    expect(card).to_contain_text(f"confidence {rest['confidence']:.2f}")
    expect(card).to_contain_text(rest["suggestions"][0]["sentence"])
    no_exception(page)
