"""Files as people send them: packed, large, with an endless line, and one that is a bomb."""

import gzip
import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.timeout(300)]

LINES = 50_000
#: Milliseconds in which a busy machine wakes the models and stores an upload.
SLOW = 90_000


@pytest.fixture
def awake(server: Any) -> Any:
    """The server with its models loaded: the journeys are of uploads, not of the first start."""
    body = json.dumps({"text": "disk full"}).encode()
    request = urllib.request.Request(server.url + "/api/v1/analyse", body, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=SLOW / 1000).close()
    return server


@pytest.fixture(scope="module")
def packed() -> bytes:
    """A gzip of 50,000 timed lines of five kinds."""
    kinds = (
        "could not save order",
        "connection refused by node",
        "no space left on disk",
        "payment declined",
        "cache miss of",
    )
    lines = (
        f"2026-11-{1 + n // 5000:02} {n // 200 % 24:02}:{n // 60 % 60:02}:{n % 60:02},{n % 1000:03} ERROR {kinds[n % 5]} {n}\n"
        for n in range(LINES)
    )
    return gzip.compress("".join(lines).encode())


@pytest.fixture
def bomb(tmp_path: Path) -> Iterator[Path]:
    """300 MB of zeros in 300 KB."""
    file = tmp_path / "bomb.log.gz"
    with gzip.open(file, "wb") as out:
        for _ in range(300):
            out.write(bytes(1_000_000))
    yield file


def send(page: Page, url: str, name: str, data: bytes) -> None:
    page.goto(url + "/submit")
    page.get_by_role("tab", name="Upload a file").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )


def store(page: Page) -> None:
    page.get_by_role("button", name="Store", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Ada")
    dialog.get_by_role("button", name="Save").click()


def progress(page: Page) -> Locator:
    return page.get_by_test_id("stProgress")


def no_exception(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


def stored(database: Path) -> tuple[Any, ...]:
    """State, lines and events of the newest upload, and how many events the store holds."""
    with sqlite3.connect(database) as connection:
        upload = connection.execute("SELECT state, lines, events FROM uploads ORDER BY id DESC LIMIT 1").fetchone()
        return (*upload, *connection.execute("SELECT count(*) FROM events").fetchone())


def test_a_packed_log_is_stored_with_visible_progress(awake: Any, page: Page, packed: bytes) -> None:
    send(page, awake.url, "orders.log.gz", packed)
    expect(page.get_by_text("Packed. The beginning of orders.log.gz")).to_be_visible()
    expect(page.get_by_text("Understood as")).to_be_visible()
    store(page)
    expect(progress(page)).to_be_visible()
    expect(progress(page)).to_contain_text("new signatures", timeout=SLOW)
    expect(page.get_by_text("Stored: orders.log.gz")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("50,000 lines, 50,000 events stored, 5 signatures (5 new)")).to_be_visible()
    expect(progress(page)).to_have_count(0)
    assert stored(awake.database) == ("done", LINES, LINES, LINES)
    no_exception(page)


def test_a_cancelled_upload_keeps_what_is_stored_and_can_be_removed(awake: Any, page: Page, packed: bytes) -> None:
    send(page, awake.url, "orders.log.gz", packed)
    store(page)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("Cancelled: orders.log.gz")).to_be_visible(timeout=SLOW)
    state, lines, events, held = stored(awake.database)
    assert state == "cancelled"
    assert 0 < events == held <= lines < LINES
    expect(page.get_by_text(f"{lines:,} lines, {events:,} events stored")).to_be_visible()
    page.get_by_role("button", name="Remove this upload").click()
    page.get_by_role("button", name="Remove for good").click()
    expect(page.get_by_text("Removed orders.log.gz: its events and 5 signatures are gone.")).to_be_visible(timeout=SLOW)
    with sqlite3.connect(awake.database) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
    no_exception(page)


def test_a_line_of_five_megabytes_is_kept(awake: Any, page: Page) -> None:
    line = b"2026-11-24 10:00:00,123 ERROR could not parse " + b"0123456789abcdef " * 310_000
    send(page, awake.url, "orders.log", line + b"\n2026-11-24 10:00:01,123 ERROR disk full\n")
    expect(page.get_by_text("Understood as")).to_be_visible(timeout=SLOW)
    store(page)
    expect(page.get_by_text("Stored: orders.log")).to_be_visible(timeout=SLOW)
    with sqlite3.connect(awake.database) as connection:
        raws = [raw for (raw,) in connection.execute("SELECT raw FROM events ORDER BY id")]
    assert sum(map(len, raws)) >= len(line)
    assert raws[-1].endswith("ERROR disk full")
    page.get_by_role("link", name="Open in the Inbox").click()
    heading = page.locator('[class*="st-key-title-"] [data-testid="stText"]')
    expect(heading).to_contain_text("0123456789abcdef", timeout=SLOW)
    page.get_by_label("Find").fill("disk full")
    page.keyboard.press("Enter")
    expect(page.get_by_text("of 1 issues")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Next").first.click()  # the issue that the link names stays until one moves on
    expect(heading).to_have_text("disk full", timeout=SLOW)
    no_exception(page)


def test_a_bomb_is_refused_in_words(server: Any, page: Page, bomb: Path) -> None:
    send(page, server.url, bomb.name, bomb.read_bytes())
    expect(page.get_by_text("bomb.log.gz is refused as a decompression bomb")).to_be_visible()
    expect(page.get_by_role("button", name="Store", exact=True)).to_have_count(0)
    with sqlite3.connect(server.database) as connection:
        assert connection.execute("SELECT count(*) FROM uploads").fetchone() == (0,)
    assert "Traceback" not in (server.folder / "server.log").read_text(errors="replace")
    no_exception(page)
