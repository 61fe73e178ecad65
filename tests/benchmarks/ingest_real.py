"""What `stacklens ingest` makes of the real texts of the data folder: counts, rejected with reasons, lines per second, peak memory.

    python tests/benchmarks/ingest_real.py ../shared/data

Each data set's texts are written as the plain log they once were into a temporary file and read by a process of its own.
"""

import csv
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

csv.field_size_limit(1 << 30)


def rows(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        yield from (csv.DictReader(stream) if ".csv" in file.name else map(json.loads, stream))


def loghub(data: Path) -> Iterator[str]:
    for row in rows(data / "loghub2k" / "loghub2k.csv.gz"):
        yield " ".join(part for part in (row["timestamp"], row["level"], row["message"]) if part)


def trainticket(data: Path) -> Iterator[str]:
    for row in rows(data / "nezha_trainticket" / "trainticket_log_lines.csv.gz"):
        yield f"{row['timestamp']} {row['level']} [main] {row['logger'] or row['service']}: {row['message']}"


def ci_logs(data: Path) -> Iterator[str]:
    for row in rows(data / "ci_logs" / "logchunks.jsonl.gz"):
        yield row["text"] or ""


def ingest(texts: Iterator[str]) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "real.log"
        with log.open("w", encoding="utf-8") as stream:
            stream.writelines(text + "\n" for text in texts)
        command = [str(Path(sys.executable).with_name("stacklens")), "ingest", str(log), "--json"]
        ran = subprocess.run(command, env=os.environ | {"STACKLENS_DATA_DIR": folder}, capture_output=True, text=True, check=True)
        upload: dict[str, object] = json.loads(ran.stdout)["uploads"][0]
        upload["megabytes"] = round(log.stat().st_size / 1e6, 1)
    return upload


def main(data: Path) -> None:
    print("| texts | MB | lines | events | signatures | not as promised | lines/s | peak MB |\n|---|---|---|---|---|---|---|---|")
    peak = 0.0
    for name, texts in (("loghub2k", loghub), ("ci_logs (LogChunks)", ci_logs), ("nezha_trainticket", trainticket)):
        upload = ingest(texts(data))
        peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)  # of the largest child so far
        problems = ", ".join(f"{count} {reason}" for reason, count in upload["problems"].items()) or "0"  # type: ignore[attr-defined]
        print(f"| {name} | {upload['megabytes']} | {upload['lines']:,} | {upload['events']:,} | {upload['signatures']:,} "
              f"| {problems} "
              f"| {upload['lines_per_second']:,.0f} | {peak:,.0f} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
