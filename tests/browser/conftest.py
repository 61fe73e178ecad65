"""The real server on a free port with a store of its own, and a real Chromium."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Streamlit asks for these beside a page before it asks at the root: 404 is its expected answer there.
EXPECTED = ("_stcore/health", "_stcore/host-config")

expect.set_options(timeout=20_000)


@dataclass
class Server:
    """One `stacklens serve`; can be killed and started again over the same store."""

    folder: Path
    sample: bool
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "stacklens.db"

    def start(self) -> "Server":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = os.environ | {"STACKLENS_DATA_DIR": str(self.folder), "STACKLENS_SAMPLE": str(self.sample)}
        with (self.folder / "server.log").open("ab") as log:
            command = [str(Path(sys.executable).with_name("stacklens")), "serve", "--port", str(self.port)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self._wait()
        return self

    def kill(self) -> None:
        """kill -9, as a crash would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url + "/api/v1/health", timeout=2).close()
                return
            time.sleep(0.2)
        pytest.fail("the server did not start:\n" + (self.folder / "server.log").read_text(errors="replace")[-3000:])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium: the browser journeys must run there")
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    flags = ["--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page whose console must stay clean."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    errors: list[str] = []
    page.on(
        "console",
        lambda message: (
            errors.append(message.text + message.location.get("url", "")) if message.type == "error" else None
        ),
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert [text for text in errors if not text.endswith(EXPECTED)] == []


def settled(page: Page) -> None:
    """Waits until the page stands still: what is clicked while it is drawn may move away under the pointer."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)
    page.evaluate("new Promise(done => requestIdleCallback(() => requestAnimationFrame(() => setTimeout(done, 200))))")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """An empty store of this test alone."""
    server = Server(tmp_path, sample=False).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The sample incident, shared by the journeys of a module that do not need a fresh one."""
    server = Server(tmp_path_factory.mktemp("demo"), sample=True).start()
    yield server
    server.stop()
