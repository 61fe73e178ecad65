"""The sample incident in the store: loaded once into an empty store, removed with one click."""

import time
from collections.abc import Callable

from app.services.ingest import IngestService, Progress
from app.storage.store import Store
from app.storage.uploads import Upload
from models.simulate.shop_incident import SAMPLE_SEED, generate

_MARK = "sample"
SOURCE = "sample"
NAME = "Sample incident (simulated)"


class SampleService:
    def __init__(self, store: Store, ingest: IngestService, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._ingest = ingest
        self._clock = clock
        self.progress: float | None = None

    def load_if_first(self) -> bool:
        """Loads the sample into a store that has never held anything; True if it did.

        The mark is set before the first line: of several processes that start together one loads, and a
        process that is killed half-way leaves a part that can be removed.
        """
        if self._store.uploads.newest(1) or not self._store.notes.claim(_MARK, "loaded"):
            return False
        self.load()
        return True

    def load(self) -> list[Upload]:
        """The 24 hours of the sample incident, shifted to end now, one upload a file."""
        incident = generate(SAMPLE_SEED, self._clock())
        done = 0
        self.progress = 0.0
        self._store.notes.mark(_MARK, "loaded")
        try:
            uploads = []
            for name, text in incident.files.items():

                def report(progress: Progress, before: int = done) -> None:
                    self.progress = (before + progress.lines) / incident.lines

                uploads.append(
                    self._ingest.text(
                        text,
                        actor="stacklens",
                        name=f"{NAME}: {name}",
                        source=SOURCE,
                        simulated=True,
                        source_file=name,
                        progress=report,
                    )
                )
                done += uploads[-1].lines
            return uploads
        finally:
            self.progress = None

    def loaded(self) -> bool:
        """Whether the store holds the sample, or a part of it."""
        return self._store.notes.marked(_MARK) == "loaded"

    def remove(self, *, actor: str, key: str) -> int:
        """Takes the sample out for good; it does not come back by itself. Returns the number of signatures removed."""
        self._store.notes.mark(_MARK, "removed")
        return sum(
            self._ingest.remove(upload.id, actor=actor, key=f"{key}:{upload.id}")
            for upload in self._store.uploads.of_source(SOURCE)
        )
