"""Tables: CSV and TSV whose first line names the usual fields."""

import csv
import re
from collections.abc import Iterator
from typing import Final

from models.text.decode import clean
from models.text.formats.fields import head_of
from models.text.formats.head import BROKEN_ROW, Head
from models.text.times import Times

NAME: Final = "csv"

#: The largest row, with line breaks in its cells.
MAX_LINES: Final = 2_000
MAX_CHARACTERS: Final = 256 * 1024

_CELL: Final = re.compile(r'"?[\w .@/()\-]{1,60}"?')
_MESSAGES: Final = frozenset(("message", "msg", "text", "log", "body", "error", "description", "content", "event", "@message"))
_OTHERS: Final = frozenset((
    "level", "severity", "time", "timestamp", "date", "datetime", "service", "host", "logger", "@timestamp", "ts", "loglevel",
    "log_level", "component", "source", "hostname", "status", "lineid", "line_id", "id"))
_ALIASES: Final = {"content": "message"}


class Table:
    """The header of a table: reads rows against it."""

    def __init__(self, header: str, separator: str) -> None:
        self.header = header
        self._separator = separator
        self._names = [_ALIASES.get(name, name) for name in _names(header, separator)]

    @classmethod
    def of(cls, line: str) -> "Table | None":
        """The table that a line opens, if it is a header: a message and another known field, nothing but names."""
        if len(line) > 4_096:
            return None
        for separator in (",", "\t", ";"):
            cells = line.split(separator)
            if len(cells) > 1 and all(_CELL.fullmatch(cell.strip()) for cell in cells):
                names = set(_names(line, separator))
                if names & _MESSAGES and names & _OTHERS:
                    return cls(line, separator)
        return None

    def head(self, row: str, times: Times) -> Head:
        """The head of a row, which may hold line breaks in quoted cells."""
        cells = self._cells(row)
        if len(cells) != len(self._names):
            return Head(row, complete=True, problem=BROKEN_ROW)
        fields = {name: cell for name, cell in zip(self._names, cells, strict=True) if cell}
        return head_of(fields, row, times, NAME)

    def fits(self, row: str) -> bool:
        return len(self._cells(row)) == len(self._names)

    def _cells(self, row: str) -> list[str]:
        try:
            return next(csv.reader([row], delimiter=self._separator), [])
        except csv.Error:  # a cell longer than the module allows, or a stray line break
            return []


def _names(header: str, separator: str) -> list[str]:
    return [cell.strip().strip('"').strip().lower().replace(" ", "_") for cell in header.split(separator)]


class Rows:
    """The lines of a source that begins with a header. `held` are (number, line) not yet known to be of a table."""

    def __init__(self, format: str) -> None:
        self.held: list[tuple[int, str]] = []
        self._must = format == NAME
        self._table: Table | None = None
        self._row: list[tuple[int, str]] = []
        self._ready: list[tuple[int, str]] = []
        self._sure = False
        self._size = 0
        self._inside = False  # a quoted cell

    def take(self, number: int, line: str) -> bool:
        """False where the source turns out to be no table: `held` and this line are to be read as others are."""
        if self._table is None:
            self._table = Table.of(clean(line)) if line.strip() else None
            self.held.append((number, line))
            if self._table is None:
                self.held.pop()
            return self._table is not None or not line.strip()
        if not self._row and not line.strip():
            return True
        self._row.append((number, line))
        self._size += len(line)
        self._inside ^= line.count('"') % 2 == 1
        if self._inside and self._size < MAX_CHARACTERS and len(self._row) < MAX_LINES:
            return True
        self._size, self._inside = 0, False
        row = "\n".join(text for _, text in self._row)
        if not (self._sure or self._must or self._table.fits(row)):
            self.held.extend(self._row[:-1])
            return False
        self._sure = True
        self._ready.append((self._row[0][0], row))
        self._row = []
        return True

    def ready(self, times: Times) -> Iterator[tuple[int, str, Head]]:
        """(number, raw, head) of the rows that are whole; the header is part of a raw text, which says little without."""
        for number, row in self._ready:
            head = self._table.head(clean(row), times) if self._table else Head(row)
            yield number, row if head.problem or self._table is None else f"{self._table.header}\n{row}", head
        self._ready.clear()

    def finish(self, times: Times) -> Iterator[tuple[int, str, Head]]:
        """What is left at the end: an open row, or a header without rows."""
        if self._row and self._table:
            self._ready.append((self._row[0][0], "\n".join(text for _, text in self._row)))
            self._row, self._sure = [], True
        yield from self.ready(times)
        if not self._sure:
            yield from ((number, line, Head(line, prefixed=False)) for number, line in self.held)
        self.held.clear()
