"""Jobs in a real worker process: progress, cancel, retry, one at a time, and a kill -9 that loses none."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huey.registry import Message

from app.bootstrap import Services
from app.domain import InvalidInput, Unavailable
from app.jobs import worker
from app.jobs.child import WorkerProcess
from app.jobs.queue import JobQueue, JsonMessages, open_huey
from app.settings import Settings
from app.storage.store import Store

ROOT = Path(__file__).resolve().parents[3]
REDIS = "redis://127.0.0.1:6379/9"
Begin = Callable[[], "subprocess.Popen[bytes]"]


def redis_is_there() -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", 6379), timeout=0.2):
        return True
    return False


def until(what: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


@pytest.fixture(params=["", REDIS], ids=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param and not redis_is_there():
        pytest.skip("no Redis server on this machine")
    settings = Settings(data_dir=tmp_path, jobs_url=request.param)
    open_huey(settings).storage.flush_all()
    return settings


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = Store(settings.database)
    yield opened
    opened.close()


@pytest.fixture
def begin(settings: Settings) -> Iterator[Begin]:
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.job_worker", str(settings.data_dir), settings.jobs_url]
        running.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL))
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=20)


def test_a_killed_worker_loses_no_job_and_the_next_one_does_it(settings: Settings, store: Store, begin: Begin) -> None:
    jobs, folder = JobQueue(settings, store), settings.data_dir
    first = jobs.add("retrain", actor="Ada")
    assert jobs.add("retrain", actor="Bo") == first  # waits already
    process = begin()
    until(lambda: store.jobs.get(first).progress > 0)
    second = jobs.add("gate", actor="Ada")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert store.jobs.get(first).state == "running"  # nobody said otherwise yet
    (folder / "go").touch()
    begin()
    until(
        lambda: (
            store.jobs.get(first).over
            and store.jobs.get(second).state == "failed"
            and store.jobs.get(second).tries == 2
        )
    )
    done = store.jobs.get(first)
    assert (done.state, done.said, done.tries, done.progress) == ("done", "well done", 2, 1.0)
    assert store.jobs.get(second).said == "no luck"
    begun = (folder / "begun").read_text().split()
    assert begun == [str(one) for one in (first, first, second, second)]  # one at a time, the failed one once more


def test_a_running_job_is_cancelled_and_begun_again(settings: Settings, store: Store, begin: Begin) -> None:
    jobs = JobQueue(settings, store)
    job = jobs.add("retrain", actor="Ada")
    begin()
    until(lambda: store.jobs.get(job).progress > 0)
    with pytest.raises(InvalidInput, match="not over"):
        jobs.again(job)
    jobs.cancel(job)
    until(lambda: store.jobs.get(job).state == "cancelled")
    (settings.data_dir / "go").touch()
    jobs.again(job)
    until(lambda: store.jobs.get(job).state == "done")


def test_a_waiting_job_is_cancelled_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "stacklens.db")
    jobs = JobQueue(Settings(data_dir=tmp_path), store)
    job = jobs.add("check", actor="Ada")
    assert jobs.cancel(job) == "cancelled" and not store.jobs.start(job, 1.0)
    with pytest.raises(InvalidInput, match="one of"):
        jobs.add("format", actor="Ada")
    with pytest.raises(Unavailable, match="STACKLENS_JOBS_URL"):
        JobQueue(Settings(data_dir=tmp_path, jobs_url="ftp://x"), store).add("gate", actor="Ada")
    store.close()


def test_the_queue_holds_json_and_nothing_that_runs() -> None:
    message = Message("1", "stacklens.job", eta=datetime(2026, 5, 1, tzinfo=UTC), retries=0, args=(7,), kwargs={})
    data = JsonMessages().serialize(message)
    assert data.startswith(b"{") and JsonMessages().deserialize(data) == message
    with pytest.raises(ValueError, match="only messages"):
        JsonMessages().serialize(object())


def test_the_server_keeps_a_worker_and_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKLENS_DATA_DIR", str(tmp_path))
    kept = WorkerProcess(delay=0.1)
    kept.start()
    until(lambda: kept.process is not None)
    first = kept.process
    assert first is not None
    first.kill()
    until(lambda: kept.process is not first)
    second = kept.process
    until((tmp_path / "jobs.db").exists)
    kept.stop()
    assert second is not None and second.poll() is not None


def test_the_calendar_and_the_triggers(parts: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts.jobs, "wake", lambda job_id: None)
    assert worker.tick(parts, 1_000.0) == []
    assert worker.tick(parts, 1_000.0 + worker.CHECK_EVERY) == ["check"]
    assert worker.tick(parts, 1_000.0 + worker.RETRAIN_EVERY) == ["check", "retrain"]
    for job in parts.jobs.newest():
        parts.jobs.cancel(job.id)
    assert check(parts).said.endswith("nothing to do") and not parts.store.jobs.queued()
    fell: Any = SimpleNamespace(loss=lambda: SimpleNamespace(alarm=True, points=7.5), look=lambda: None)
    found = check(replace(parts, drift=fell))
    assert "fell by 7.5 points" in found.said
    assert [parts.store.jobs.get(one).kind for one in parts.store.jobs.queued()] == ["retrain"]


def check(parts: Any) -> Any:
    job = parts.jobs.add("check", actor="Ada")
    worker.do(parts, job)
    return parts.store.jobs.get(job)
