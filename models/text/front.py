"""A line apart from the time at its front: the lines of a log that differ in nothing else are read once.

From a line to its shape (every digit of the time as 0, and the rest as it is) and the time. No pattern of this package
tells one digit from another at the front of a line, so what was found in a line holds for all lines of its shape.
"""

import re
from typing import Final, Generic, TypeVar

#: Numbers with the punctuation of dates and clocks, and what can follow a time at the front of a line.
_FRONT: Final = re.compile(
    r"\[?(\d[\d\-/.:,]{5,30}(?:[T ]\d\d[\d:.,]{4,20})?(?:Z|[+\-]\d\d:?\d\d)?)(?=[\s\]|])", re.ASCII).match
_ZEROS: Final = bytes.maketrans(b"0123456789", b"0000000000")
#: Characters of the longest line that is remembered, and of all that are.
_LONGEST: Final = 16_384
_REMEMBERED: Final = 24 << 20

Value = TypeVar("Value")
Shape = tuple[bytes, str]


def front_of(line: str) -> tuple[Shape, str] | None:
    """The shape and the time as written; None for a line that does not begin with digits like those of a time, or is long."""
    found = _FRONT(line)
    if found is None or len(line) > _LONGEST:
        return None
    front = found[0]
    return (front.encode().translate(_ZEROS), line[len(front):]), found[1]


class Shapes(Generic[Value]):
    """What was found in lines, by shape; forgets all when it holds too many characters."""

    def __init__(self) -> None:
        self._known: dict[Shape, Value] = {}
        self._size = 0
        self.get = self._known.get

    def remember(self, shape: Shape, value: Value) -> None:
        self._size += len(shape[1])
        if self._size > _REMEMBERED:
            self._known.clear()
            self._size = len(shape[1])
        self._known[shape] = value
