"""What every test may use: a store of its own, wired without the real encoder; the corpus is embedded once a session."""

import gc
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from app.bootstrap import Services, build
from app.settings import Settings
from models.vectors.hashing import HashingEncoder
from tests import postgres_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser or a clock on a busy machine may miss once: those tests alone get a second try, and the summary names it."""
    for item in items:
        if item.get_closest_marker("browser") or item.get_closest_marker("timed"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def corpus_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the corpus, embedded with the hashing encoder, is kept for the whole session."""
    return tmp_path_factory.mktemp("cache")


_built = count(1)
#: Services refer to each other, and Python looks for such circles by the number of objects, not by their size: of hundreds of
#: built services, each with the corpus in its reader, too many would wait.
_COLLECT_EVERY = 15


@pytest.fixture(autouse=True)
def _memory_is_given_back() -> Iterator[None]:
    yield
    if next(_built) % _COLLECT_EVERY == 0:
        gc.collect()


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.PostgresServer]:
    with postgres_server.running() as server:
        yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """The store of the test: a SQLite file, unless it is parametrised (indirectly), or STACKLENS_TEST_STORE is "postgresql"."""
    if getattr(request, "param", os.environ.get("STACKLENS_TEST_STORE", "sqlite")) == "sqlite":
        return ""
    url: str = request.getfixturevalue("postgres").emptied()
    return url


@pytest.fixture
def settings(tmp_path: Path, corpus_cache: Path, database_url: str) -> Settings:
    return Settings(data_dir=tmp_path / "data", cache_dir=corpus_cache, sample=False, database_url=database_url)


@pytest.fixture
def parts(settings: Settings) -> Iterator[Services]:
    """The services over an empty store."""
    built = build(settings, encoder=HashingEncoder())
    yield built
    built.close()
