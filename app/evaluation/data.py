"""Reads data sets: CSV or JSON Lines, gzip or not, and the columns by the names they may have."""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from app.domain import InvalidInput

Row = dict[str, Any]

#: The first that is there holds the text, the group, the session.
TEXT: Final = ("text", "message", "summary", "description", "trace")
GROUP: Final = ("group", "event_id", "bug")
SESSION: Final = ("session_id", "instance_id", "application_id")


def read_rows(path: Path) -> list[Row]:
    """All rows of a file, in order; InvalidInput names the line that cannot be read."""
    name = path.name.removesuffix(".gz")
    if not name.endswith((".csv", ".jsonl")):
        raise InvalidInput(f"{path.name} is neither .csv nor .jsonl (either may end in .gz)")
    try:
        with _opened(path) as stream:
            rows = list(csv.DictReader(stream) if name.endswith(".csv") else _json_lines(stream, path.name))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path.name} cannot be read: {error}") from error
    if not rows:
        raise InvalidInput(f"{path.name} has no rows")
    return rows


def column(rows: Sequence[Row], names: Sequence[str], *, required: bool = True) -> str:
    """The first of the names that the rows have; "" where they have none and none is required."""
    present = {name for row in rows[:1000] for name in row}
    found = next((name for name in names if name in present), "")
    if required and not found:
        raise InvalidInput(f"the data has none of the columns {', '.join(names)}; it has {', '.join(sorted(present))}")
    return found


def texts_of(rows: Sequence[Row]) -> list[str]:
    """The text of every row, "" where it has none."""
    name = column(rows, TEXT)
    return [str(row.get(name) or "") for row in rows]


def by_system(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by their column `system` in order of appearance; all under "all" where there is none."""
    systems: dict[str, list[Row]] = {}
    for row in rows:
        systems.setdefault(str(row.get("system") or "all"), []).append(row)
    return systems


def _opened(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _json_lines(stream: TextIO, name: str) -> Iterator[Row]:
    for number, line in enumerate(stream, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InvalidInput(f"{name}:{number} is not JSON: {error}") from error
            if not isinstance(row, dict):
                raise InvalidInput(f"{name}:{number} is not a JSON object")
            yield row
