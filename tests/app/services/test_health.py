"""Health: well, or what is wrong and what to do; the worst check is the whole's state."""

import fcntl
import json
import time

import pytest

from app.domain import StoreUnavailable
from app.services import health as module
from app.services.health import HealthService


@pytest.fixture
def health(parts, settings):
    return HealthService(parts.store, settings, lambda: {"encoder": "x@1"})


def check(found, name):
    return next(item for item in found.checks if item.name == name)


def test_all_is_well_at_first(health):
    found = health.look()
    assert (found.state, found.sentence) == ("ok", "All is well.")
    assert all(not item.todo for item in found.checks)


def test_a_store_that_cannot_be_written_is_down_and_the_other_checks_go_on(health, parts, monkeypatch):
    def full():
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(parts.store.database, "write", full)
    found = health.look()
    assert (found.state, found.sentence) == ("down", "Store: the disk is full.")
    assert check(found, "Models").state == "ok"


@pytest.mark.parametrize(("free", "state"), [(50e9, "ok"), (1e9, "degraded"), (1e8, "down")])
def test_room_on_the_disk(health, monkeypatch, free, state):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    assert check(health.look(), "Disk").state == state


def test_a_job_that_nobody_does_is_said_and_a_worker_that_lives_is_seen(health, parts, settings):
    parts.store.jobs.add("retrain", "ada", time.time() - 3600)
    found = check(health.look(), "Worker")
    assert found.state == "degraded" and "waits for 60 minutes" in found.said and "stacklens worker" in found.todo
    with (settings.data_dir / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert check(health.look(), "Worker").state == "ok"


def test_a_job_that_failed_is_said_with_its_reason(health, parts):
    job, _ = parts.store.jobs.add("retrain", "ada", time.time())
    parts.store.jobs.start(job, time.time())
    parts.store.jobs.end(job, "failed", "no label at all", time.time())
    assert check(health.look(), "Jobs").said == "retrain failed: no label at all"


def test_a_clock_that_was_set_back_is_noticed(health, parts):
    parts.ingest.text(json.dumps({"time": time.time() + 10 * 86_400, "message": "disk full"}), actor="ada")
    found = check(health.look(), "Store")
    assert found.state == "degraded" and "10 days ahead of the clock" in found.said


def test_a_damaged_weight_file_is_named(parts, settings, tmp_path):
    folder = tmp_path / "models" / "cascade"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "card.json").write_text(json.dumps({"sha256": module._hash(folder / "model.safetensors", 0, 0)}))
    health = HealthService(parts.store, settings, dict, models=tmp_path / "models")
    assert check(health.look(), "Models").state == "ok"
    (folder / "model.safetensors").write_bytes(b"weightz!")
    assert check(health.look(), "Models").said == "cascade: missing or damaged"
    (folder / "model.safetensors").unlink()
    assert check(health.look(), "Models").state == "degraded"
