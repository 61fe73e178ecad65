"""What the parser makes of every text at hand, by file and format: lines, events, those not read as promised, seconds.

    python tests/benchmarks/formats.py [../shared/data]

The texts are the golden ones of the tests, the sample incident and, where the data folder is given, its real ones, written as
the plain logs they once were. A file with lines of several formats has a row for each; seconds are of the whole file.
"""

import csv
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.text.decode import lines_of
from models.text.parse import read_events

ROOT = Path(__file__).resolve().parents[2]
#: Only completes times without a year.
NOW = 1_772_668_800.0

csv.field_size_limit(1 << 30)


@dataclass
class Tally:
    """Of one format in one file; `problems` are the events that were not read as their format promises, by reason."""

    lines: int = 0
    events: int = 0
    traces: int = 0
    problems: Counter[str] = field(default_factory=Counter)


def tallies(text: str) -> tuple[Mapping[str, Tally], float]:
    """The tally of each format, the one with the most events first, and the seconds of reading."""
    found: dict[str, Tally] = {}
    start = time.perf_counter()
    events = list(read_events(lines_of(text), now=NOW))
    seconds = time.perf_counter() - start
    for event in events:
        tally = found.setdefault(event.format, Tally())
        tally.lines += event.raw.count("\n") + 1
        tally.events += 1
        tally.traces += event.trace is not None
        tally.problems.update([event.problem] if event.problem else ())
    return dict(sorted(found.items(), key=lambda item: -item[1].events)), seconds


def texts(data: Path | None) -> Iterator[tuple[str, str]]:
    """The name and the text of every file."""
    for file in sorted((ROOT / "tests" / "data" / "text").glob("*/*.txt")):
        yield f"golden {file.parent.name}/{file.stem}", file.read_text(encoding="utf-8")
    for file in sorted((ROOT / "sample_data" / "incident").iterdir()):
        if file.suffix in (".log", ".jsonl", ".syslog"):
            yield f"incident {file.name}", file.read_text(encoding="utf-8")
    if data is not None:
        yield from real(data)


def real(data: Path) -> Iterator[tuple[str, str]]:
    """The real texts of the data folder; what is not there is left out."""
    systems: dict[str, list[str]] = {}
    for row in rows(data / "loghub2k" / "loghub2k.csv.gz"):
        parts = (row["timestamp"], row["level"], row["component"], row["message"])
        systems.setdefault(row["system"], []).append(" ".join(part for part in parts if part))
    for system, lines in systems.items():
        yield f"loghub2k {system}", "\n".join(lines)
    for name, column in (("logchunks", "text"), ("cidiff_breakages", "fail_log")):
        logs = [str(row[column]) for row in rows(data / "ci_logs" / f"{name}.jsonl.gz") if row[column]]
        if logs:
            yield f"ci_logs {name}", "\n".join(logs)
    lines = [f"{row['timestamp']} {row['level']} [main] {row['logger'] or row['service']}: {row['message']}"
             for row in rows(data / "nezha_trainticket" / "trainticket_log_lines.csv.gz")]
    if lines:
        yield "nezha trainticket", "\n".join(lines)


def rows(file: Path) -> Iterator[dict[str, Any]]:
    if file.is_file():
        with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
            yield from (csv.DictReader(stream) if ".csv" in file.name else map(json.loads, stream))


def table(data: Path | None) -> Iterator[str]:
    """The lines of the Markdown table."""
    yield "| file | format | lines | events | with a trace | not as promised | seconds |"
    yield "|---|---|---|---|---|---|---|"
    for name, text in texts(data):
        found, seconds = tallies(text)
        for place, (format, tally) in enumerate(found.items()):
            problems = ", ".join(f"{number:,} {reason}" for reason, number in tally.problems.most_common()) or "0"
            file, took = (name, f"{seconds:.2f}") if place == 0 else ("", "")
            yield (f"| {file} | {format} | {tally.lines:,} | {tally.events:,} | {tally.traces:,} | {problems} "
                   f"| {took} |")


if __name__ == "__main__":
    for row in table(Path(sys.argv[1]) if len(sys.argv) > 1 else None):
        print(row, flush=True)
