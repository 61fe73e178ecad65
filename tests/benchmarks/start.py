"""From `stacklens serve` to the first usable page: an issue of a stored log is shown in Chromium.

    python tests/benchmarks/start.py LOG

The log is stored first; then the server is started afresh five times, each time with a new browser page.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROUNDS = 5
STACKLENS = str(Path(sys.executable).with_name("stacklens"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=10):
            return True
    except OSError:
        return False


def start(browser: Browser, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds until the server answers, and until the issue is on the page."""
    port, page = free_port(), browser.new_page()
    begun = time.perf_counter()
    with subprocess.Popen([STACKLENS, "serve", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL) as server:
        while not answers(port):
            time.sleep(0.02)
        answered = time.perf_counter() - begun
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator('[class*="st-key-title-"] [data-testid="stText"]').first.wait_for()
        shown = time.perf_counter() - begun
        server.kill()
    page.close()
    return answered, shown


def main(log: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        environment = os.environ | {"STACKLENS_DATA_DIR": folder, "STACKLENS_SAMPLE": "false"}
        subprocess.run([STACKLENS, "ingest", str(log), "--json"], env=environment, stdout=subprocess.DEVNULL, check=True)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        rounds = [start(browser, environment) for _ in range(ROUNDS)]
        browser.close()
    for name, values in zip(("server answers", "first issue on the page"), zip(*rounds, strict=True), strict=True):
        print(f"{name}: median {statistics.median(values):.1f} s, longest {max(values):.1f} s of {ROUNDS}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
