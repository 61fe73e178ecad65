"""Fifty at once: API clients, then sessions of the dashboard, against one `stacklens serve` with the sample incident.

    python tests/benchmarks/load.py [--clients 50] [--sessions 50] [--seconds 60]

An API client asks, waits about a second, asks again; a session opens a page over the dashboard's own websocket, as a browser does,
reads it for some seconds while the page's own polling goes on, and turns to the next. Before that every question and page is asked
once by one alone: the first answer of a kind loads its models, and would otherwise stand in every p99.

Prints, for each route and page, how often, p50, p99 and errors: any status but the expected one, an exception on a page, a
connection that breaks, no answer within a minute.
"""

import argparse
import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

STACKLENS = str(Path(sys.executable).with_name("stacklens"))
PAGES = ("", "overview", "anomalies", "cascades", "service_graph", "search", "submit", "live", "drift", "alerts", "system")
#: Seconds that a client waits between two questions, and that a person looks at a page.
PAUSE, READING = (0.5, 1.5), (4.0, 8.0)
PATIENCE = 60.0


class Book:
    """Seconds and errors by what was asked."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []

    async def timed(self, what: str, work: Callable[[], Awaitable[str]]) -> None:
        """`work` gives "" or what went wrong."""
        begun = time.perf_counter()
        try:
            wrong = await asyncio.wait_for(work(), PATIENCE)
        except Exception as error:
            wrong = f"{type(error).__name__} {error}"
        self.seconds[what].append(time.perf_counter() - begun)
        if wrong:
            self.errors.append(f"{what}: {wrong[:200]}")

    def print(self, title: str, seconds: float) -> None:
        every = [one for each in self.seconds.values() for one in each]
        print(f"\n{title}: {len(every)} answers in {seconds:.0f} s, {len(self.errors)} errors")
        for what, taken in [("all", every), *sorted(self.seconds.items())]:
            if taken:
                p50, p99 = np.percentile(taken, (50, 99))
                print(f"  {what:<28} n {len(taken):>5}   p50 {1000 * p50:>7.0f} ms   p99 {1000 * p99:>7.0f} ms")
        for wrong in sorted(set(self.errors))[:10]:
            print(f"  error: {wrong}")


Question = tuple[str, str, dict[str, object], int]


def questions(chance: random.Random, number: int) -> list[tuple[int, Question]]:
    """Weight, method, path, arguments and expected status of what a client may ask: mostly reading, some analysing and storing."""
    word = chance.choice(("orders", "payments", "cart", "gateway", "search"))
    text = f"ERROR {word}: connection to {word}-db refused after {chance.randrange(10**6)} ms"
    return [
        (4, ("GET", "/api/v1/issues", {"params": {"limit": 20}}, 200)),
        (4, ("GET", f"/api/v1/issues/{chance.randrange(1, 100)}", {}, 200)),
        (2, ("GET", "/api/v1/search", {"params": {"text": f"{word} connection refused"}}, 200)),
        (2, ("POST", "/api/v1/analyse", {"json": {"text": text}}, 200)),
        (2, ("POST", "/api/v1/lines", {"content": text, "params": {"sender": f"client-{number}"}}, 200)),
        (1, ("POST", "/api/v1/events", {"json": {"text": text, "name": f"client-{number}"}}, 201)),
        (1, ("GET", "/api/v1/anomalies", {}, 200)),
        (1, ("POST", "/api/v1/feedback", {"json": {"key": f"{number}-{chance.random()}", "issue": chance.randrange(1, 100),
                                                   "kind": "comment", "actor": f"client-{number}",
                                                   "answer": {"text": "seen"}}}, 201)),
        (1, ("GET", "/api/v1/health", {}, 200)),
    ]  # fmt: skip


async def ask(http: httpx2.AsyncClient, question: Question, book: Book) -> None:
    method, path, arguments, expected = question

    async def work() -> str:
        answer = await http.request(method, path, **arguments)  # type: ignore[arg-type]
        return "" if answer.status_code == expected else f"{answer.status_code} {answer.text}"

    what = path if path.rpartition("/")[2].isalpha() else path.rpartition("/")[0] + "/{id}"
    await book.timed(f"{method} {what}", work)


async def client(url: str, number: int, until: float, book: Book) -> None:
    chance = random.Random(number)
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        while time.monotonic() < until:
            await asyncio.sleep(chance.uniform(*PAUSE))
            weights, asked = zip(*questions(chance, number), strict=True)
            await ask(http, chance.choices(asked, weights=weights)[0], book)


def _socket(url: str) -> str:
    return url.replace("http://", "ws://") + "/_stcore/stream"


class Session:
    """One visitor: the connection, and what the page asked to be polled (fragment to seconds)."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self.polls: dict[str, float] = {}

    async def page(self, name: str) -> str:
        self.polls.clear()
        return await self._run(page=name)

    async def fragment(self, name: str) -> str:
        return await self._run(fragment=name)

    async def _run(self, *, page: str = "", fragment: str = "") -> str:
        message = BackMsg()
        message.rerun_script.page_name = page
        if fragment:
            message.rerun_script.fragment_id = fragment
            message.rerun_script.is_auto_rerun = True
        await self._wire.send(message.SerializeToString())
        wrong = ""
        while True:
            told = ForwardMsg()
            told.ParseFromString(await self._wire.recv())  # type: ignore[arg-type]
            kind = told.WhichOneof("type")
            if kind == "auto_rerun":
                self.polls[told.auto_rerun.fragment_id] = told.auto_rerun.interval
            elif kind == "delta" and told.delta.new_element.WhichOneof("type") == "exception":
                wrong = told.delta.new_element.exception.type or "an exception on the page"
            elif kind == "page_not_found":
                wrong = "page not found"
            elif kind == "script_finished":
                early = told.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
                broken = told.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR
                if not early:
                    return wrong or ("compile error" if broken else "")


async def visitor(url: str, number: int, until: float, book: Book) -> None:
    chance = random.Random(1000 + number)
    await asyncio.sleep(chance.uniform(0, READING[1]))  # people do not come in the same second
    try:
        async with connect(_socket(url), subprotocols=["streamlit"], max_size=None, open_timeout=PATIENCE) as wire:  # type: ignore[list-item]
            session = Session(wire)
            while time.monotonic() < until:
                name = chance.choice(PAGES)
                await book.timed(f"page {name or 'inbox'}", lambda: session.page(name))  # noqa: B023 - awaited at once
                await _read(session, time.monotonic() + chance.uniform(*READING), book)
    except Exception as error:
        book.errors.append(f"session: {type(error).__name__} {error}")


async def _read(session: Session, until: float, book: Book) -> None:
    """Looks at the page until then, while it polls as it asked to."""
    due = {name: time.monotonic() + every for name, every in session.polls.items()}
    while due and min(due.values()) < until:
        name = min(due, key=lambda one: due[one])
        await asyncio.sleep(max(0.0, due[name] - time.monotonic()))
        await book.timed("polling of a page", lambda: session.fragment(name))  # noqa: B023 - awaited at once
        due[name] = time.monotonic() + session.polls.get(name, PATIENCE)
    await asyncio.sleep(max(0.0, until - time.monotonic()))


async def first(url: str) -> Book:
    """Every question and every page once, one after the other."""
    book = Book()
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        for _, question in questions(random.Random(0), 0):
            await ask(http, question, book)
    async with connect(_socket(url), subprotocols=["streamlit"], max_size=None) as wire:  # type: ignore[list-item]
        session = Session(wire)
        for name in PAGES:
            await book.timed(f"page {name or 'inbox'}", lambda: session.page(name))  # noqa: B023 - awaited at once
    return book


async def crowd(one: Callable[[str, int, float, Book], Awaitable[None]], n: int, url: str, seconds: float) -> Book:
    book, until = Book(), time.monotonic() + seconds
    await asyncio.gather(*(one(url, number, until, book) for number in range(n)))
    return book


def ready(url: str) -> None:
    """Waits for the sample to be stored whole."""
    until, before = time.monotonic() + 180, -1
    while time.monotonic() < until:
        try:
            issues = int(httpx2.get(f"{url}/api/v1/issues", params={"routine": True}, timeout=20).json()["total"])
        except (httpx2.HTTPError, KeyError):
            issues = -1
        if issues > 0 and issues == before:
            return
        before = issues
        time.sleep(3)
    raise SystemExit("the server did not become ready")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--clients", type=int, default=50)
    options.add_argument("--sessions", type=int, default=50)
    options.add_argument("--seconds", type=float, default=60.0)
    given = options.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, wrong = f"http://127.0.0.1:{port}", 0
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "server.log").open("wb") as log:
        environment = os.environ | {"STACKLENS_DATA_DIR": folder, "STACKLENS_SAMPLE": "true"}
        server = subprocess.Popen([STACKLENS, "serve", "--port", str(port)], env=environment, stdout=log, stderr=log)
        try:
            ready(url)
            process = psutil.Process(server.pid)
            book = asyncio.run(first(url))
            book.print("one alone, the first of each", sum(sum(each) for each in book.seconds.values()))
            wrong += len(book.errors)
            for title, one, n in (("API clients", client, given.clients), ("sessions of the dashboard", visitor, given.sessions)):
                if n:
                    spent = sum(process.cpu_times()[:2])
                    book = asyncio.run(crowd(one, n, url, given.seconds))
                    book.print(f"{n} {title}", given.seconds)
                    share = (sum(process.cpu_times()[:2]) - spent) / given.seconds
                    print(f"  the server: {process.memory_info().rss / 1e6:.0f} MB, {100 * share:.0f} % of one core")
                    wrong += len(book.errors)
        finally:
            server.terminate()
            server.wait(timeout=30)
        said = (Path(folder) / "server.log").read_text(errors="replace")
        print(f"\nlines in the server's log (warnings and errors): {len(said.splitlines())}")
        print(said[-3000:], end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
