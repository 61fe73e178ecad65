"""Jobs: what is to be done outside the web process, how far it is, and how it ended. One runs at a time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from app.domain import NotFound
from app.storage import schema
from app.storage.engine import Database

_J = schema.jobs.c


@dataclass(frozen=True, slots=True)
class Job:
    """`state`: queued, running, done, failed or cancelled. Times in UTC seconds, `progress` in [0, 1], `said` in words."""

    id: int
    kind: str
    state: str
    actor: str
    queued_at: float
    started_at: float | None
    ended_at: float | None
    progress: float
    said: str
    tries: int
    cancel: bool

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


class Jobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, actor: str, at: float) -> tuple[int, bool]:
        """The id of a job of this kind that waits, and whether it is new: the same work is never queued twice."""
        with self._database.write() as connection:
            waiting = connection.execute(select(_J.id).where(_J.kind == kind, _J.state == "queued")).scalar()
            if waiting is not None:
                return int(waiting), False
            row = insert(schema.jobs).values(kind=kind, state="queued", actor=actor, queued_at=at, progress=0.0, said="",
                                             tries=0, cancel=False)  # fmt: skip
            key = connection.execute(row).inserted_primary_key
            return int(key[0]) if key else 0, True

    def get(self, job_id: int) -> Job:
        with self._database.read() as connection:
            row = connection.execute(select(schema.jobs).where(_J.id == job_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no job {job_id}")
        return Job(**row)

    def newest(self, limit: int = 20) -> list[Job]:
        with self._database.read() as connection:
            rows = connection.execute(select(schema.jobs).order_by(_J.id.desc()).limit(limit)).mappings().all()
        return [Job(**row) for row in rows]

    def queued(self) -> list[int]:
        """Ids of those that wait, oldest first."""
        with self._database.read() as connection:
            return list(connection.execute(select(_J.id).where(_J.state == "queued").order_by(_J.id)).scalars())

    def start(self, job_id: int, at: float) -> bool:
        """Whether it is this caller's to do now: it waits, and no other job runs."""
        with self._database.write() as connection:
            if connection.execute(select(_J.id).where(_J.state == "running").limit(1)).first() is not None:
                return False
            waits = update(schema.jobs).where(_J.id == job_id, _J.state == "queued")
            done = connection.execute(
                waits.values(state="running", started_at=at, ended_at=None, progress=0.0, tries=_J.tries + 1)
            )
            return done.rowcount == 1

    def progress(self, job_id: int, progress: float, said: str) -> bool:
        """Stores how far it is; whether somebody asked to cancel it."""
        with self._database.write() as connection:
            connection.execute(update(schema.jobs).where(_J.id == job_id).values(progress=progress, said=said))
            return bool(connection.execute(select(_J.cancel).where(_J.id == job_id)).scalar())

    def end(self, job_id: int, state: str, said: str, at: float) -> None:
        values: dict[str, Any] = {"state": state, "said": said, "ended_at": at, "cancel": False}
        if state == "done":
            values["progress"] = 1.0
        with self._database.write() as connection:
            connection.execute(update(schema.jobs).where(_J.id == job_id).values(values))

    def cancel(self, job_id: int, at: float) -> str:
        """One that waits is cancelled at once, one that runs at its next step; its state after this."""
        with self._database.write() as connection:
            row = update(schema.jobs).where(_J.id == job_id)
            connection.execute(row.where(_J.state == "queued").values(state="cancelled", ended_at=at))
            connection.execute(row.where(_J.state == "running").values(cancel=True))
            return str(connection.execute(select(_J.state).where(_J.id == job_id)).scalar() or "")

    def again(self, job_id: int, at: float) -> bool:
        """Queues one that is over once more."""
        with self._database.write() as connection:
            over = update(schema.jobs).where(_J.id == job_id, _J.state.in_(("done", "failed", "cancelled")))
            values = {"state": "queued", "queued_at": at, "started_at": None, "ended_at": None, "progress": 0.0, "said": "",
                      "cancel": False}  # fmt: skip
            return connection.execute(over.values(values)).rowcount == 1

    def take_back(self) -> int:
        """Queues what runs: for a worker that has just begun and therefore knows that the one before it died."""
        with self._database.write() as connection:
            running = update(schema.jobs).where(_J.state == "running", _J.cancel.is_(False))
            n = connection.execute(
                running.values(state="queued", progress=0.0, said="the worker stopped: begins anew")
            ).rowcount
            gone = update(schema.jobs).where(_J.state == "running")
            connection.execute(gone.values(state="cancelled", cancel=False, ended_at=_J.started_at))
            return int(n)
