"""A real worker process over a real store and queue, with jobs that only take time; run by tests/app/jobs/test_worker.py.

It writes a line to the file `begun` each time it begins one, and goes on with a slow one until the file `go` is there.
"""

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.jobs import worker
from app.jobs.queue import JobQueue
from app.services.retention import RetentionService
from app.settings import Settings
from app.storage.store import Store


def main(folder: Path, url: str) -> None:
    settings = Settings(data_dir=folder, jobs_url=url)
    store = Store(settings.database)
    registry = SimpleNamespace(shadow=lambda: 0, stop_rule=lambda: "")
    retention = RetentionService(store, settings.retention_days)
    parts = SimpleNamespace(store=store, jobs=JobQueue(settings, store), registry=registry, retention=retention)

    def slow(_parts: Any, job_id: int, say: worker.Say) -> str:
        with (folder / "begun").open("a") as file:
            file.write(f"{job_id}\n")
        for step in range(600):
            say(step / 600, f"step {step}")
            if (folder / "go").exists():
                return "well done"
            time.sleep(0.05)
        return "too slow"

    def failing(_parts: Any, job_id: int, say: worker.Say) -> str:
        with (folder / "begun").open("a") as file:
            file.write(f"{job_id}\n")
        raise ValueError("no luck")

    worker._WORK.update({"retrain": slow, "gate": failing})
    worker.run(settings, lambda: parts)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
