"""A store without services, in a SQLite file and on PostgreSQL: signatures and events are made by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.storage.ingestion import Batch, NewSignature, Occurrence
from app.storage.store import Store
from models.records import Event, Reading
from models.taxonomy import ACTIONS
from models.text.signature import signature
from models.vectors.hashing import HashingEncoder
from tests.stored_bytes import stored_bytes

READING = Reading(
    "high",
    "network",
    0.8,
    (0.1, 0.7, 0.1, 0.1),
    (0.55, *[0.05] * 9),
    tuple((action, 0.1) for action in ACTIONS),
    "reader@1",
    (("t1", 0.9),),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "stacklens.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest, file: Path) -> str:
    """The URL of a store with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{file}"
    url: str = request.getfixturevalue("postgres").emptied()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, file: Path) -> str:
    """The URL of a store that has no table yet."""
    if request.param == "sqlite":
        return f"sqlite:///{file}"
    url: str = request.getfixturevalue("postgres").schema()
    return url


@pytest.fixture
def store(at: str) -> Iterator[Store]:
    opened = Store(at)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Store]:
    """Opens a new, empty store at each call: for tests that need many."""
    if request.param == "sqlite":
        return lambda: Store(tmp_path_factory.mktemp("store") / "stacklens.db")
    server = request.getfixturevalue("postgres")
    return lambda: Store(server.emptied())


@pytest.fixture
def on_disk(store: Store) -> Callable[[], bytes]:
    """What stands in the files of the store now, free pages and journal of SQLite included."""

    return lambda: stored_bytes(store.database)


@pytest.fixture
def put() -> Callable[..., Batch]:
    """Stores one event per text; without `upload`, in a new one."""

    def put(
        store: Store,
        *texts: str,
        time: float = 1000.0,
        level: str = "error",
        service: str = "orders",
        upload: int | None = None,
        identity: int | None = None,
        reading: Reading = READING,
    ) -> Batch:
        if upload is None:
            upload = store.uploads.begin(name="test", source="paste", actor="ada", at=1.0)
        encoder = HashingEncoder(8)
        events = [Event(raw=text, message=text, format="plain", level=level) for text in texts]
        kinds = [signature(event) for event in events]
        known = store.signatures.ids_of(kind.key for kind in kinds)
        fresh = {kind.key: (kind, event) for kind, event in zip(kinds, events, strict=True) if kind.key not in known}
        new = [
            NewSignature(
                kind,
                event.raw,
                event.raw,
                "",
                level,
                encoder.version,
                encoder.encode([kind.text])[0].astype(np.float32),
                reading,
                0.5,
                "detector@1",
            )
            for kind, event in fresh.values()
        ]
        found = [
            Occurrence(kind.key, event, time + place, service, None if identity is None else identity + place)
            for place, (kind, event) in enumerate(zip(kinds, events, strict=True))
        ]
        return store.uploads.add(upload, new, found)

    return put
