"""The search index: follows the store whoever writes it, and its file is only a shortcut."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.bootstrap import build
from models.vectors.hashing import HashingEncoder
from models.vectors.index import ExactIndex

ROOT = Path(__file__).resolve().parents[3]
TEXT = "\n".join(f"{word} failed badly" for word in ("alpha", "beta", "gamma"))


def nearest(parts, text="beta failed badly"):
    found = parts.search.neighbours(parts.embeddings.get_embedding(text), top_k=5, threshold=0.99)
    return [parts.store.signatures.get(neighbour.id).raw for neighbour in found]


@pytest.fixture
def again(settings):
    """Another process' services over the same store, as after a restart."""
    opened = []

    def open_again():
        opened.append(build(settings, encoder=HashingEncoder()))
        return opened[-1]

    yield open_again
    for each in opened:
        each.store.close()


def test_neighbours_are_sorted_bounded_and_unique(parts):
    parts.ingest.text(TEXT, actor="ada")
    found = parts.search.neighbours(parts.embeddings.get_embedding("beta failed badly"), top_k=2, threshold=-1.0)
    assert found[0].id == 2
    assert found[0].similarity == pytest.approx(1.0) and found[0].similarity <= 1.0
    assert len({neighbour.id for neighbour in found}) == 2
    assert found[0].similarity >= found[1].similarity


def test_an_empty_store_has_no_neighbours(parts):
    assert len(parts.search) == 0
    assert parts.search.neighbours(np.ones(384, dtype=np.float32)) == []


def test_what_another_process_stores_and_removes_is_found_at_the_next_search(parts, again):
    parts.ingest.text(TEXT, actor="ada")
    other = again()
    assert nearest(other) == ["beta failed badly"]
    upload = parts.ingest.text("delta failed badly", actor="ada")
    assert nearest(other, "delta failed badly") == ["delta failed badly"]
    parts.ingest.remove(upload.id, actor="ada", key="k")
    assert nearest(other, "delta failed badly") == []
    assert len(other.search) == 3


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_closing_saves_the_index_and_a_start_uses_it(settings, again, monkeypatch):
    first = again()
    first.ingest.text(TEXT, actor="ada")
    assert nearest(first) == ["beta failed badly"]
    first.close()
    assert settings.index_file.is_file()
    second = again()
    monkeypatch.setattr(type(second.store.signatures), "vectors", lambda *_, **__: pytest.fail("read from the store"))
    assert nearest(second) == ["beta failed badly"]


@pytest.mark.parametrize(
    "harm", ["missing", "card missing", "cut", "changed", "card is nonsense", "stale", "of another encoder"]
)
def test_an_unusable_file_is_replaced_by_what_the_store_holds(settings, again, harm):
    first = again()
    first.ingest.text(TEXT, actor="ada")
    nearest(first)
    first.close()
    file, card = settings.index_file, settings.index_file.with_suffix(".json")
    data = bytearray(file.read_bytes())
    if harm == "missing":
        file.unlink()
    elif harm == "card missing":
        card.unlink()
    elif harm == "cut":
        file.write_bytes(data[:-9])
    elif harm == "changed":
        data[60] ^= 255
        file.write_bytes(data)
    elif harm == "card is nonsense":
        card.write_text("[]")
    elif harm == "stale":
        writer = again()
        writer.ingest.text("delta failed badly", actor="ada")
        writer.store.close()
    else:
        index = ExactIndex(384, "other@1")
        index.save(file, first.store.signatures.stamp())
    second = again()
    assert nearest(second) == ["beta failed badly"]
    assert len(second.search) == (4 if harm == "stale" else 3)


def test_saving_does_nothing_without_a_search_and_survives_a_full_disk(parts, settings, monkeypatch, caplog):
    parts.search.save()
    assert not settings.index_file.exists()
    parts.ingest.text(TEXT, actor="ada")
    nearest(parts)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(ExactIndex, "save", full)
    parts.search.save()
    assert "no space left" in caplog.text


def test_a_removal_takes_the_file_along(parts, settings):
    upload = parts.ingest.text(TEXT, actor="ada")
    nearest(parts)
    parts.search.save()
    parts.ingest.remove(upload.id, actor="ada", key="k")
    assert not settings.index_file.exists()
    assert not settings.index_file.with_suffix(".json").exists()
    assert list(settings.data_dir.glob("index*")) == []


def test_searches_while_another_thread_stores_are_whole(parts):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as pool:
        writing = [
            pool.submit(parts.ingest.text, f"{word} failed badly", actor="ada") for word in ("aa", "bb", "cc", "dd")
        ]
        reading = [pool.submit(nearest, parts) for _ in range(30)]
        for task in (*writing, *reading):
            task.result()
    assert len(parts.search) == 4


def test_a_process_that_writes_is_followed(parts, settings):
    code = (
        "import sys; from pathlib import Path; from app.bootstrap import build; from app.settings import Settings; "
        "from models.vectors.hashing import HashingEncoder; "
        "parts = build(Settings(data_dir=sys.argv[1], cache_dir=sys.argv[2]), encoder=HashingEncoder()); "
        "parts.ingest.text('delta failed badly', actor='bob')"
    )
    parts.ingest.text(TEXT, actor="ada")
    assert nearest(parts, "delta failed badly") == []
    subprocess.run(
        [sys.executable, "-c", code, str(settings.data_dir), str(settings.cache_dir)], cwd=ROOT, check=True, timeout=60
    )
    assert nearest(parts, "delta failed badly") == ["delta failed badly"]
