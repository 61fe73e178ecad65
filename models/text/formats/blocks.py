"""Records that run over several lines with a frame of their own: pretty-printed JSON and Windows events."""

import re
from typing import Final, Protocol

from models.text.formats import windows
from models.text.formats.head import Head
from models.text.formats.json_lines import load, object_head
from models.text.times import Times

#: A record larger than this is read line by line.
MAX_LINES: Final = 5_000
MAX_CHARACTERS: Final = 1 << 20

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|"')
_STARTS: Final = frozenset('"{}[],:-0123456789tfn')
_OPENINGS: Final = frozenset(("{", "[", "[{"))
_DEPTH: Final = {"{": 1, "[": 1, "}": -1, "]": -1}


class Block(Protocol):
    """Collects the lines of one record; `lines` are (number, line, text)."""

    lines: list[tuple[int, str, str]]
    done: bool

    def take(self, number: int, line: str, text: str) -> bool:
        """Whether the line belongs to the record (and is kept). False: the record is over, whole or not."""

    def head(self, times: Times) -> Head | None:
        """The head of the record, None where the lines are none: then they are to be read one by one."""


class JsonBlock:
    """An object over several lines, alone or as an element of an array."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str, str]] = []
        self.done = False
        self.in_array = False
        self._depth = 0
        self._size = 0

    @staticmethod
    def opens(text: str) -> bool:
        return text[0] in "{[" and "".join(text.split()) in _OPENINGS

    @staticmethod
    def may_open(text: str) -> bool:
        """A line that is no JSON by itself, but may be the first of an object."""
        return 0 < (_change(text) or 0) < 100

    def take(self, number: int, line: str, text: str) -> bool:
        bare = text.strip()
        change = _change(bare) if bare[:1] in _STARTS else None
        self._size += len(text)
        if change is None or len(self.lines) >= MAX_LINES or self._size > MAX_CHARACTERS:
            return False
        if not self.lines and bare[0] == "[":
            self.in_array = True
            change -= 1
        elif self.in_array and self._depth == 0 and bare[0] != "{":
            return False
        self._depth += change
        self.lines.append((number, line, text))
        self.done = self._depth <= 0 and bare != "["
        return True

    def head(self, times: Times) -> Head | None:
        text = "\n".join(text for _, _, text in self.lines).strip()
        text = text.removeprefix("[").strip() if self.in_array else text
        fields = load(text.removesuffix("]").strip() if self._depth < 0 else text)
        return None if fields is None else object_head(fields, text, times)


class WindowsBlock:
    """An event of the Event Viewer, up to the next one."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str, str]] = []
        self.done = False
        self._size = 0

    def take(self, number: int, line: str, text: str) -> bool:
        self._size += len(text)
        if (self.lines and windows.opens(text)) or len(self.lines) >= MAX_LINES or self._size > MAX_CHARACTERS:
            return False
        self.lines.append((number, line, text))
        return True

    def head(self, times: Times) -> Head | None:
        return windows.event_of([text for _, _, text in self.lines], times) if len(self.lines) > 3 else None


def _change(text: str) -> int | None:
    """By how much a line deepens the nesting; None where a string does not end on it."""
    change = 0
    for found in _TOKEN.finditer(text):
        mark = found[0]
        if mark == '"':
            return None
        change += _DEPTH.get(mark, 0)
    return change
