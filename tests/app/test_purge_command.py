"""`stacklens purge`: the secret comes through standard input or a prompt, never as an argument."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECRET = "zq81Kfa0pLm2"


@pytest.fixture
def run(parts, settings, tmp_path):
    """The command over a store that holds the secret; an encoder is only needed for new signatures."""
    parts.ingest.text(f"2026-05-01 10:00:00 ERROR refused '{SECRET}' at once", actor="ada")
    parts.store.close()

    def run(*options: str, text: str = SECRET + "\n") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"STACKLENS_DATA_DIR": str(settings.data_dir)}
        command = [str(Path(sys.executable).with_name("stacklens")), "purge", *options]
        return subprocess.run(command, input=text, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)

    return run


def holds(folder: Path) -> bool:
    return any(SECRET.lower().encode() in file.read_bytes().lower() for file in folder.rglob("*") if file.is_file())


def test_a_pipe_needs_yes_and_then_it_is_gone(run, settings):
    asked = run()
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "held by 1 events" in asked.stderr and "--yes" in asked.stderr
    assert holds(settings.data_dir)
    done = run("--yes", "--json", "--actor", "grace")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"events": 1, "signatures": 1, "entries": 0, "uploads": 0, "scrubbed": True}
    assert SECRET not in done.stdout + done.stderr
    assert not holds(settings.data_dir)


def test_too_short_is_refused_and_an_argument_too(run, settings):
    assert "tear the texts apart" in run("--yes", text="zq81").stderr
    assert run("--yes", SECRET).returncode == 2
    assert holds(settings.data_dir)
