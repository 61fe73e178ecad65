"""`stacklens token` and `serve` on an address that others reach."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def stacklens(tmp_path, *arguments, **variables):
    return subprocess.run(
        [str(Path(sys.executable).with_name("stacklens")), *arguments], cwd=ROOT, text=True, capture_output=True,
        timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "STACKLENS_DATA_DIR": str(tmp_path), **variables},
    )  # fmt: skip


def test_a_token_is_made_listed_and_revoked(tmp_path):
    made = stacklens(tmp_path, "token", "create", "shipper", "--scope", "ingest", "--days", "30")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("sl_") and len(made.stdout.strip()) == 46
    listed = json.loads(stacklens(tmp_path, "token", "list", "--json").stdout)["tokens"]
    assert [(row["name"], row["scopes"], row["works"]) for row in listed] == [("shipper", ["ingest"], True)]
    assert stacklens(tmp_path, "token", "revoke", "1").returncode == 0
    assert " revoked " in stacklens(tmp_path, "token", "list").stdout
    wrong = stacklens(tmp_path, "token", "create", "x", "--scope", "everything")
    assert wrong.returncode == 1 and "read, ingest, feedback, admin" in wrong.stderr


def test_an_address_that_others_reach_is_refused_in_words(tmp_path):
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        refused = stacklens(tmp_path, "serve", "--host", host, "--port", "0")
        assert refused.returncode == 1 and "STACKLENS_ALLOW_PUBLIC=true" in refused.stderr
