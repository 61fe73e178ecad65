"""The queue of jobs: rows of the store say what is to be done, huey says when; on SQLite beside the store, or Redis by URL.

A message names a job's id and nothing else, as JSON: huey's own pickle would run whatever stands in the queue. A message that
is lost, or comes twice, does no harm: a worker queues at its start whatever waits, and a job that does not wait is not begun.
"""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from app.domain import InvalidInput, Unavailable
from app.settings import Settings
from app.storage.jobs import Job
from app.storage.store import Store

if TYPE_CHECKING:  # huey brings its Redis client along, which the first page need not wait for
    from huey import Huey
    from huey.registry import Message

#: What can be asked for, in words.
KINDS: Final = {
    "retrain": "fit a new version of the reader on the corpus and the labels, and ask the gate",
    "gate": "measure the version in waiting against the current one again",
    "check": "look at the accuracy on the audit sample and at drift; retrain if either says so",
}
TASK: Final = "stacklens.job"


class JobQueue:
    """What pages, schedules and the command line ask for. `huey` is opened at the first job."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._send: Callable[[int], object] | None = None

    def add(self, kind: str, *, actor: str) -> int:
        """The job's id; one of the same kind that waits already is that one. InvalidInput: unknown, or no name."""
        if kind not in KINDS:
            raise InvalidInput(f"there is no job {kind!r}; one of {', '.join(KINDS)}")
        if not actor.strip():
            raise InvalidInput("a name is needed: who asks for it?")
        job, _ = self._store.jobs.add(kind, actor.strip(), self._clock())
        self.wake(job)
        return job

    def again(self, job_id: int) -> None:
        """Queues one that is over once more."""
        if not self._store.jobs.again(job_id, self._clock()):
            raise InvalidInput(f"job {job_id} is not over")
        self.wake(job_id)

    def cancel(self, job_id: int) -> str:
        """One that waits at once, one that runs at its next step; its state."""
        return self._store.jobs.cancel(job_id, self._clock())

    def newest(self, limit: int = 20) -> list[Job]:
        return self._store.jobs.newest(limit)

    def wake(self, job_id: int) -> None:
        """Tells the worker of a job that waits."""
        self._send = self._send or task_of(open_huey(self._settings), lambda _: None)
        try:
            self._send(job_id)
        except Exception as error:  # the job is stored: the worker finds it at its next start or look
            raise Unavailable(
                f"job {job_id} is stored, but the queue cannot be reached ({error}); see STACKLENS_JOBS_URL"
            ) from error


def open_huey(settings: Settings) -> "Huey":
    """On the Redis server that the settings name, else a file beside the store. Unavailable: no such kind of URL."""
    from huey import RedisHuey, SqliteHuey

    common: dict[str, Any] = {"results": False, "utc": True, "serializer": JsonMessages()}
    if not settings.jobs_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return SqliteHuey("stacklens", filename=str(settings.data_dir / "jobs.db"), **common)
    if not settings.jobs_url.startswith(("redis://", "rediss://")):
        raise Unavailable("STACKLENS_JOBS_URL is a redis:// or rediss:// address, or empty")
    return RedisHuey("stacklens", url=settings.jobs_url, **common)


def task_of(huey: "Huey", work: Callable[[int], None]) -> Callable[[int], object]:
    """Registers the one task of the queue; calling what it gives puts a job into it."""

    def job(job_id: int) -> None:
        work(job_id)

    return huey.task(name=TASK)(job)  # type: ignore[no-any-return]


class JsonMessages:
    """huey's serializer: plain JSON, times as ISO 8601. ValueError for anything else."""

    def serialize(self, message: Any) -> bytes:
        from huey.registry import Message

        if not isinstance(message, Message):
            raise ValueError("only messages are queued")
        fields = {name: _plain(value) for name, value in message._asdict().items() if value is not None}
        return json.dumps(fields).encode()

    def deserialize(self, data: bytes) -> "Message":
        from huey.registry import Message

        fields = json.loads(data)
        for name in ("eta", "expires_resolved"):
            if fields.get(name):
                fields[name] = datetime.fromisoformat(fields[name])
        return Message(**fields | {"args": tuple(fields.get("args", ()))})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
