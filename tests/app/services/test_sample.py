"""The sample incident: loaded once into a new store, removed for good."""

import pytest

from app.services.sample import SOURCE, SampleService
from models.simulate.shop_incident import SAMPLE_SEED, generate


@pytest.fixture
def short(monkeypatch):
    """The incident's first lines: the whole of it takes seconds."""
    whole = generate(SAMPLE_SEED, 1_800_000_000.0)
    files = {name: "\n".join(text.splitlines()[:40]) + "\n" for name, text in list(whole.files.items())[:3]}
    from dataclasses import replace

    monkeypatch.setattr("app.services.sample.generate", lambda seed, now: replace(whole, files=files))


def test_it_is_loaded_once_and_does_not_come_back(parts, short):
    assert parts.sample.load_if_first()
    assert parts.sample.loaded()
    assert parts.sample.progress is None
    assert len(parts.store.uploads.of_source(SOURCE)) == 3
    assert all(upload.simulated for upload in parts.store.uploads.newest())
    assert not parts.sample.load_if_first()
    assert parts.sample.remove(actor="ada", key="k") > 0
    assert not parts.sample.loaded()
    assert parts.store.uploads.newest() == []
    assert parts.store.overview.span() is None
    assert not parts.sample.load_if_first()


def test_it_is_not_loaded_beside_what_is_there(parts, short):
    parts.ingest.text("disk full", actor="ada")
    assert not parts.sample.load_if_first()
    assert not parts.sample.loaded()


def test_removing_it_leaves_what_people_stored(parts, short):
    parts.sample.load_if_first()
    mine = parts.ingest.text("something of my own broke", actor="ada")
    parts.sample.remove(actor="ada", key="k")
    assert [upload.id for upload in parts.store.uploads.newest()] == [mine.id]


def test_of_two_processes_one_loads(parts, short):
    other = SampleService(parts.store, parts.ingest)
    parts.store.notes.claim("sample", "loaded")  # the other one was a moment earlier
    assert not other.load_if_first()
    assert parts.store.uploads.newest() == []


def test_a_part_that_a_killed_process_left_can_be_removed(parts, short, monkeypatch):
    monkeypatch.setattr(parts.ingest, "text", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        parts.sample.load_if_first()
    assert parts.sample.loaded()
    assert parts.sample.progress is None
    assert parts.sample.remove(actor="ada", key="k") == 0
    assert not parts.sample.loaded()
