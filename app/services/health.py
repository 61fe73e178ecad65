"""HealthService: is everything well, and if not, what is to be done? One answer for the System page, `/api/v1/health` and `doctor`.

Each check looks for itself, bounded in time, and never raises: what it cannot look at is bad. The worst state is the whole's.
"""

import fcntl
import hashlib
import json
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from app.domain import StackLensError
from app.settings import ROOT, Settings
from app.storage.store import Store

#: From well to bad; the worst of the checks is the state of the whole.
STATES: Final = ("ok", "degraded", "down")
#: Bytes that must be free where the store grows, and below which nothing more can be stored soon.
ROOM, NO_ROOM = 2_000_000_000, 200_000_000
#: Seconds that a job may wait before nobody seems to do it.
PATIENCE: Final = 300.0
DAY: Final = 86_400.0
_LIBRARIES: Final = ("stacklens", "streamlit", "fastapi", "torch", "onnxruntime", "faiss-cpu", "scikit-learn", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Check:
    """`state` of STATES; `said` what was found; `todo` what to do, "" where nothing is."""

    name: str
    state: str
    said: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    checks: tuple[Check, ...]
    at: float

    @property
    def state(self) -> str:
        return max((check.state for check in self.checks), key=STATES.index, default="ok")

    @property
    def sentence(self) -> str:
        """The answer first."""
        wrong = [check for check in self.checks if check.state != "ok"]
        if not wrong:
            return "All is well."
        worst = max(wrong, key=lambda check: STATES.index(check.state))
        more = f"; {len(wrong) - 1} more below" if len(wrong) > 1 else ""
        return f"{worst.name}: {worst.said}{more}."


class HealthService:
    """`versions` names each model and what answers for it; it may load nothing that is not loaded anyway."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        versions: Callable[[], dict[str, str]],
        clock: Callable[[], float] = time.time,
        models: Path = ROOT / "models" / "pretrained",
    ) -> None:
        self._store, self._settings, self._versions, self._clock = store, settings, versions, clock
        self._models_folder = models
        self._started = clock()

    def look(self) -> Health:
        checks = (
            _checked("Store", self._writable, "stacklens doctor says more; see the sentence above"),
            _checked("Disk", self._room, "look at the disk of the store"),
            _checked("Worker", self._worker, "start `stacklens worker`, or set STACKLENS_WORKER=true"),
            _checked("Jobs", self._jobs, "look at the Models page: jobs, with their reasons"),
            _checked("Alerts", self._alerts, "look at the Alerts page: outbox"),
            _checked("Models", self._models, "stacklens doctor names the damaged file"),
        )
        return Health(checks, self._clock())

    def versions(self) -> dict[str, str]:
        """Every model by the version that answers."""
        return self._versions()

    def installation(self) -> dict[str, str]:
        """Program, libraries, store: what a report of a fault should name."""
        found = {"Python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
        return found | {"store": self._store.database.at, "schema": self._store.version()}

    def figures(self) -> dict[str, float]:
        """Sizes and ages, in bytes and seconds: of what lies in the data folder, where on PostgreSQL the store does not."""
        file = self._settings.data_dir / "stacklens.db"
        parts = (file, file.with_name(file.name + "-wal"), self._settings.index_file)
        return {
            "store_bytes": float(sum(part.stat().st_size for part in parts if part.is_file())),
            "free_bytes": float(shutil.disk_usage(self._settings.data_dir).free),
            "uptime_seconds": self._clock() - self._started,
        }

    def _writable(self) -> Check:
        with self._store.database.write():
            pass  # a transaction of nothing: it needs the lock and the permission
        self._store.overview.sizes(self._clock())
        newest = self._store.issues.newest_event()
        if newest is not None and newest > self._clock() + DAY:
            ahead = (newest - self._clock()) / DAY
            todo = "is the clock of this machine right? Events ahead of it count as the newest"
            return Check("Store", "degraded", f"the newest event lies {ahead:.0f} days ahead of the clock", todo)
        return Check("Store", "ok", f"reads and writes, schema {self._store.version()}")

    def _room(self) -> Check:
        free = shutil.disk_usage(self._settings.data_dir).free
        said = f"{free / 1e9:.1f} GB free where the store grows"
        if free < NO_ROOM:
            return Check("Disk", "down", said, "make room now: soon nothing more can be stored")
        if free < ROOM:
            return Check("Disk", "degraded", said, "make room, or remove uploads that nobody needs")
        return Check("Disk", "ok", said)

    def _worker(self) -> Check:
        if _held(self._settings.data_dir / "worker.lock"):
            return Check("Worker", "ok", "works on the jobs of this store")
        waiting = [self._store.jobs.get(job) for job in self._store.jobs.queued()]
        longest = max((self._clock() - job.queued_at for job in waiting), default=0.0)
        if longest > PATIENCE:
            todo = "start `stacklens worker`, or set STACKLENS_WORKER=true"
            return Check("Worker", "degraded", f"none runs, and a job waits for {longest / 60:.0f} minutes", todo)
        return Check("Worker", "ok", "none runs yet; one starts with the server" if waiting else "none runs, no job needs one")

    def _jobs(self) -> Check:
        newest = self._store.jobs.newest(10)
        failed = [job for job in newest if job.state == "failed" and (job.ended_at or 0) > self._clock() - DAY]
        if failed:
            return Check("Jobs", "degraded", f"{failed[0].kind} failed: {failed[0].said}"[:300], "look at the Models page: jobs")
        running = [job for job in newest if job.state == "running"]
        return Check("Jobs", "ok", f"{running[0].kind} at {running[0].progress:.0%}" if running else "none failed in a day")

    def _alerts(self) -> Check:
        failing = self._store.alerts.failing()
        if failing:
            return Check("Alerts", "degraded", f"{failing} could not be delivered", "look at the Alerts page: outbox")
        return Check("Alerts", "ok", "none waits for a destination that does not answer")

    def _models(self) -> Check:
        """Each file against the hash on its card; a file is hashed once as long as it does not change."""
        cards = sorted(self._models_folder.glob("*/card.json"))
        wrong = [folder.parent.name for folder in cards if not _whole(folder)]
        if wrong:
            todo = "bring the files back from the repository, or train them anew: stacklens train"
            return Check("Models", "degraded", f"{', '.join(wrong)}: missing or damaged", todo)
        return Check("Models", "ok", f"{len(cards)} with the weights that their cards name")


def _checked(name: str, look: Callable[[], Check], todo: str) -> Check:
    try:
        return look()
    except StackLensError as error:
        return Check(name, "down", str(error), todo)
    except Exception as error:  # a check that fails is an answer too
        return Check(name, "down", f"{type(error).__name__}: {getattr(error, 'orig', error)}"[:300], todo)


def _whole(card: Path) -> bool:
    about = json.loads(card.read_text(encoding="utf-8"))
    files = about.get("files") or {"model.safetensors": about["sha256"]}
    return all(_is(card.parent / name, sha256) for name, sha256 in files.items())


def _is(file: Path, sha256: str) -> bool:
    try:
        state = file.stat()
    except FileNotFoundError:
        return False
    return _hash(file, state.st_mtime_ns, state.st_size) == sha256


@lru_cache(maxsize=64)
def _hash(file: Path, _changed: int, _size: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _held(lock: Path) -> bool:
    """Whether a process holds the lock that a worker holds as long as it lives."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_UN)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
