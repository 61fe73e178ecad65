"""`stacklens deploy`: a release is marked once, at the time that is said, and a time that is none is one line on stderr."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(parts, settings):
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"STACKLENS_DATA_DIR": str(settings.data_dir)}
        command = [str(Path(sys.executable).with_name("stacklens")), "deploy", *options]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)

    return run


def test_a_release_is_marked_once(run, parts):
    options = ("orders", "--version", "4.12.0", "--at", "2026-05-01T12:00:00+02:00", "--json")
    first, again = run(*options), run(*options)
    assert first.returncode == again.returncode == 0, first.stderr
    assert json.loads(first.stdout) == json.loads(again.stdout) == {"id": 1, "service": "orders", "version": "4.12.0"}
    (marker,) = parts.store.graph.deploys()
    assert (marker.service, marker.version, marker.at, marker.actor) == ("orders", "4.12.0", 1_777_629_600.0, "cli")


def test_a_time_that_is_none_is_said_in_a_line(run, parts):
    answer = run("orders", "--at", "yesterday")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.strip().count("\n") == 0 and "no time" in answer.stderr
    assert parts.store.graph.deploys() == []
