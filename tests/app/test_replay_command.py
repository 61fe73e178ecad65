"""`stacklens replay`: one file, what it says in short, and words where there is nothing to play."""

import json

import pytest
from typer.testing import CliRunner

from app import bootstrap
from app.cli import app
from tests.replay_data import EARLY, FAILURE, fake


@pytest.fixture
def run(parts, monkeypatch):
    fake(parts)
    monkeypatch.setattr(bootstrap, "_services", parts)
    return lambda *options: CliRunner().invoke(app, ["replay", *options])


def test_a_range_becomes_a_file(run, parts, tmp_path):
    parts.ingest.text(EARLY + FAILURE, actor="test")
    out = tmp_path / "post-mortem.html"
    done = run("--since", "2026-05-01T10:00Z", "--until", "2026-05-01T10:30Z", "--out", str(out), "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["lead_minutes"] == pytest.approx(14.33, abs=0.01) and answer["failures"] == 1
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_nothing_stored_and_half_a_range_are_refused(run):
    assert "nothing is stored yet" in run().output
    done = run("--since", "2026-05-01T10:00Z")
    assert done.exit_code == 1 and "--until" in done.output
