"""`stacklens health`: the answer of the System page, for scripts and containers."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def health(folder, *options):
    return subprocess.run(
        [str(Path(sys.executable).with_name("stacklens")), "health", *options], cwd=ROOT, text=True, capture_output=True,
        timeout=120, check=False, env=os.environ | {"PYTHONPATH": str(ROOT), "STACKLENS_DATA_DIR": str(folder)},
    )  # fmt: skip


def test_a_new_store_is_well(tmp_path):
    done = health(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "All is well."
    found = json.loads(health(tmp_path, "--json").stdout)
    assert found["status"] == "ok" and len(found["checks"]) == 6


def test_a_store_that_is_none_ends_with_one_and_a_sentence(tmp_path):
    (tmp_path / "stacklens.db").write_bytes(b"no database" * 1000)
    done = health(tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "is no database" in " ".join(done.stderr.split())
