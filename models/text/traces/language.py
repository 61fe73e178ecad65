"""What every language's module offers to tell its stack traces from other text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.records import Trace

#: Characters of a line that are searched for a header; a longer line has its exception in front or none.
SEARCHED = 2_000


@dataclass(frozen=True, slots=True)
class Language:
    """The tests of one language; each looks at one line and is cheap.

    `header_at(line)`: where in the line a trace begins, -1 where none does. A header alone is no proof.
    `is_frame(line)`: the line can stand in nothing else than a trace of this language.
    `continues(line, previous, after_blank)`: an unindented line that belongs to an open trace whose last line that
    is not blank is `previous`; `after_blank` says that blank lines lie between.
    `parse(lines)`: the trace of lines from the header (or the first frame) on; never raises.
    """

    name: str
    header_at: Callable[[str], int]
    is_frame: Callable[[str], bool]
    continues: Callable[[str, str, bool], bool]
    parse: Callable[[Sequence[str]], Trace]


def number(text: str) -> int:
    """A line number, 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
