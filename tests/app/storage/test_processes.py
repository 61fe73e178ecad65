"""Several processes on one store: two writers lose nothing, and a kill right after an answer loses nothing."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WRITE = """
import sys
from app.domain import Entry
from app.storage.store import Store

store, who, n = Store(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(n):
    store.log.append(Entry(key=f"{who}-{number}", at=1.0, actor=who, kind="comment", issue_id=1, answer={"text": str(number)}))
    print(number, flush=True)
sys.stdin.read()
"""


def writer(at, who, n):
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, at, who, str(n)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_two_processes_that_write_at_once_lose_nothing(store, at, put):
    put(store, "disk full")
    running = [writer(at, who, 60) for who in ("ada", "bob")]
    for process in running:
        process.communicate("", timeout=60)
    assert [process.returncode for process in running] == [0, 0]
    entries = store.log.of_issue(1)
    assert {(row.actor, row.answer["text"]) for row in entries} == {
        (who, str(n)) for who in ("ada", "bob") for n in range(60)
    }
    assert store.log.rebuild() == 0


def test_a_kill_right_after_an_answer_loses_nothing(store, at, put):
    put(store, "disk full")
    for round_ in range(3):
        process = writer(at, f"round-{round_}", 10_000)
        answered = [process.stdout.readline() for _ in range(7)][-1]
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        stored = [row.answer["text"] for row in store.log.of_issue(1) if row.actor == f"round-{round_}"]
        assert answered.strip() in stored
    assert store.check() == ""
    put(store, "disk full")
    assert store.issues.get(1).count == 2
