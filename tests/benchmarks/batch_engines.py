"""The same file scored in this process and by the workers of a Ray cluster on this machine: equal answers, and what each costs.

    python tests/benchmarks/batch_engines.py ../shared/data/labelled/real_errors.jsonl
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main(source: Path) -> None:
    found: dict[str, list[object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"STACKLENS_DATA_DIR": folder, "RAY_ADDRESS": ""}
        for engine in ("local", "ray"):
            out = Path(folder) / f"{engine}.jsonl"
            stacklens = str(Path(sys.executable).with_name("stacklens"))
            command = [stacklens, "batch", str(source), str(out), "--engine", engine, "--json"]
            start = time.perf_counter()
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            seconds = time.perf_counter() - start
            rows = json.loads(done.stdout)["rows"]
            print(f"{engine}: {rows} rows in {seconds:.1f} s with its start, {rows / seconds:.1f} a second", flush=True)
            found[engine] = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    print("the answers are equal" if found["local"] == found["ray"] else "THE ANSWERS DIFFER")
    if found["local"] != found["ray"]:
        sys.exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
