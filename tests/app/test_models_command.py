"""`stacklens models`: lists what ships, shows one, and says no in one line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app import bootstrap
from app.api.application import build_api
from app.bootstrap import Services, services
from app.cli import app


@pytest.fixture
def shared(parts: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setattr(bootstrap, "_services", parts)
    monkeypatch.setattr(Services, "close", lambda self: None)
    yield parts
    monkeypatch.undo()


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["models", *arguments])
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def test_list_show_and_a_refusal_in_words(shared: Services) -> None:
    code, out, _ = run("list", "--json")
    rows = json.loads(out)["versions"]
    assert code == 0 and {row["name"] for row in rows} >= {"classifier", "ner", "vae"}
    assert all(row["state"] == "current" and row["version"].startswith("shipped-") for row in rows)
    reader = next(row for row in rows if row["name"] == "classifier")
    code, out, _ = run("show", "classifier", reader["version"], "--json")
    assert code == 0 and json.loads(out)["sha256"] == reader["sha256"] and len(reader["sha256"]) == 64
    assert run("promote", "classifier", "v9", "--why", "x")[0] == 1
    code, _, err = run("rollback", "classifier", "--why", "x")
    assert code == 1 and "nothing before it to go back to" in err
    assert run("list", "nothing")[0] == 1


def test_rest_names_the_same_versions(shared: Services) -> None:
    api = build_api(shared.settings)
    api.dependency_overrides[services] = lambda: shared
    answer = TestClient(api).get("/api/v1/models").json()
    assert answer["models"]["reader"] == shared.reading.version
    assert [row["version"] for row in answer["versions"]] == [one.version for one in shared.registry.versions()]


def test_a_new_program_brings_its_own_shipped_version(shared: Services, tmp_path: Path) -> None:
    from app.services.registry import ModelRegistry

    before = shared.registry.current("vae")
    folder = tmp_path / "pretrained"
    (folder / "vae").mkdir(parents=True)
    (folder / "vae" / "model.safetensors").write_bytes(b"newer")
    (folder / "vae" / "card.json").write_text("{}")
    newer = ModelRegistry(shared.store, shared.reading, tmp_path, "e", pretrained=folder)
    assert newer.current("vae").version != before.version
    assert shared.registry.current("vae").version == before.version  # and the older program its own again
    assert [one.state for one in shared.store.versions.all("vae")].count("current") == 1
