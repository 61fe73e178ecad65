"""`stacklens worker`: does the jobs, one at a time, and looks every minute whether one is due.

One worker a data folder: a lock on a file, which the system lets go of when the process dies, however it dies; and on PostgreSQL
one a store, by a lock that goes with its connection, while workers of other machines wait for its place. So a worker that has both
knows that whatever is "running" belongs to a dead one, and begins it anew. Jobs change nothing but by whole
transactions, so half a job leaves nothing behind.
"""

import fcntl
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from app.domain import StackLensError
from app.jobs.queue import open_huey, task_of
from app.services.drift import in_words
from app.services.retraining import RetrainingService, Say
from app.settings import Settings

_LOG = logging.getLogger(__name__)
DAY: Final = 86_400.0
#: Seconds between two checks of the accuracy, and between two trainings that nothing asked for.
CHECK_EVERY, RETRAIN_EVERY = 30 * DAY, 91 * DAY
#: Seconds between two looks whether this is still the store's one worker.
_LOOK_EVERY: Final = 5.0
#: How often a failed job is begun anew.
TRIES: Final = 2


class Cancelled(Exception):  # noqa: N818 - reads as what happened
    """Somebody asked for it."""


def run(settings: Settings, parts: Callable[[], Any], *, parent: int | None = None) -> None:
    """Works until stopped, or until the process `parent` is gone. `parts` wires the services."""
    with (
        _alone(settings.data_dir / "worker.lock", parent),
        (services := parts()).store.database.sole(lambda: _end_without(parent)) as held,
    ):
        huey = open_huey(settings)
        send = task_of(huey, lambda job_id: do(services, job_id))
        services.store.jobs.take_back()
        for job_id in services.store.jobs.queued():
            send(job_id)
        stop = threading.Event()
        threading.Thread(
            target=_minutely, args=(services, send, stop, parent, held), name="minutely", daemon=True
        ).start()
        try:
            huey.create_consumer(workers=1, periodic=False, initial_delay=0.1, max_delay=1.0).run()
        finally:
            stop.set()


def do(services: Any, job_id: int) -> None:
    """Does one job from its row: begins it if it waits, keeps its progress, and says how it ended."""
    jobs = services.store.jobs
    if not jobs.start(job_id, time.time()):
        return
    job = jobs.get(job_id)

    def say(done: float, what: str) -> None:
        if jobs.progress(job_id, done, what):
            raise Cancelled

    try:
        said = _WORK[job.kind](services, job_id, say)
    except Cancelled:
        jobs.end(job_id, "cancelled", "cancelled", time.time())
    except Exception as error:
        _LOG.exception("job %s (%s) failed", job_id, job.kind)
        words = (
            " ".join(str(error).split())
            if isinstance(error, StackLensError | OSError | ValueError)
            else type(error).__name__
        )
        jobs.end(job_id, "failed", words, time.time())
        if job.tries < TRIES and not isinstance(error, StackLensError):
            jobs.again(job_id, time.time())
            services.jobs.wake(job_id)
    else:
        jobs.end(job_id, "done", said, time.time())


def tick(services: Any, now: float) -> list[str]:
    """What is due now: the shadow's reading, the A/B test's stop rule, and jobs by the calendar; the kinds that were queued."""
    services.registry.shadow()
    services.registry.stop_rule()
    _end_retention(services, now)
    queued = []
    for kind, every in (("check", CHECK_EVERY), ("retrain", RETRAIN_EVERY)):
        last = services.store.notes.marked(f"job:{kind}")
        if not last:
            services.store.notes.mark(f"job:{kind}", str(now))
        elif now - float(last) >= every:
            services.store.notes.mark(f"job:{kind}", str(now))
            services.jobs.add(kind, actor="calendar")
            queued.append(kind)
    return queued


def _end_retention(services: Any, now: float) -> None:
    """Once a day, where a time is set; the day names the log's row, so that two workers store one."""
    service, today = services.retention, str(int(now // DAY))
    if not service.days or services.store.notes.marked("retention") == today:
        return
    ended = service.end(service.days, actor="stacklens", key=f"retention:{today}")
    services.store.notes.mark("retention", today)
    _LOG.info("the end of retention: %s events of %s signatures lost their text", ended.events, ended.signatures)


def _retrain(services: Any, job_id: int, say: Say) -> str:
    learner = RetrainingService(services.store, services.registry, services.reading, services.learning, services.audit)
    version = learner.retrain(f"job {job_id}", say)
    services.store.notes.mark("job:retrain", str(time.time()))
    decision = services.registry.decision(version)
    if version.state == "candidate" and decision and decision.verdict in ("better", "no loss"):
        why = f"the gate: {decision.verdict}"
        services.registry.stage(
            version.name, version.version, "shadow", actor="stacklens", key=f"job:{job_id}:shadow", reason=why
        )
        services.registry.shadow()
    return f"{version.version}: {'; '.join(decision.reasons) if decision else 'not measured'}"


def _gate(services: Any, job_id: int, say: Say) -> str:
    learner = RetrainingService(services.store, services.registry, services.reading, services.learning, services.audit)
    waiting = services.registry.waiting()
    if waiting is None:
        return "no version waits"
    say(0.1, f"measuring {waiting.version}")
    decision = services.registry.decision(learner.measure(waiting))
    return f"{waiting.version}: {'; '.join(decision.reasons) if decision else 'not measured'}"


def _check(services: Any, job_id: int, say: Say) -> str:
    say(0.1, "reading the audit sample")
    services.store.notes.mark("job:check", str(time.time()))
    loss = services.drift.loss()
    if loss is not None and loss.alarm:
        why = f"accuracy on the audit sample fell by {loss.points:.1f} points"
    else:
        say(0.4, "looking for drift")
        look = services.drift.look()
        why = "; ".join(in_words(look)) if look is not None and look.moved else ""
    if not why:
        return "no loss of accuracy beyond 5 points and no drift: nothing to do"
    services.jobs.add("retrain", actor="check")
    return f"{why}: retraining is queued"


_WORK: Final[dict[str, Callable[[Any, int, Say], str]]] = {"retrain": _retrain, "gate": _gate, "check": _check}


def _minutely(
    services: Any, send: Callable[[int], object], stop: threading.Event, parent: int | None, held: Callable[[], bool]
) -> None:
    last = looked = 0.0
    while not stop.wait(1.0):
        if parent is not None and os.getppid() != parent:
            os._exit(0)  # the server is gone; its jobs are taken back by the next worker
        if time.time() - looked >= _LOOK_EVERY:
            looked = time.time()
            if not held():
                _begin_anew(services, parent)
        if time.time() - last >= 60:
            last = time.time()
            try:
                tick(services, last)
                for job_id in services.store.jobs.queued():
                    send(job_id)  # a message that was lost
            except Exception:
                _LOG.exception("the minutely look failed; the next one tries again")


def _begin_anew(services: Any, parent: int | None) -> None:
    """The database was away, and with the connection went the place: waits for it, then this process begins as a new one."""
    _LOG.warning("the worker has lost its connection to the database; it begins anew when it is back")
    while True:
        try:
            services.store.version()
            break
        except StackLensError:
            _end_without(parent)
            time.sleep(1.0)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - ourselves


def _end_without(parent: int | None) -> None:
    if parent is not None and os.getppid() != parent:
        os._exit(0)


@contextmanager
def _alone(file: Path, parent: int | None) -> Iterator[None]:
    """Waits until no other worker of this data folder is alive."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if parent is not None and os.getppid() != parent:
                    sys.exit(0)
                time.sleep(1.0)
        yield
