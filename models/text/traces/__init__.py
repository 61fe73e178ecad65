"""Stack traces of every language: found in lines, told apart from the text around them, and read.

Frames run from the innermost call of the root cause outwards: of a chain, the frames of the root cause come first and
those of the exception that reached the top last, as the calls lay on the stack.
"""

from collections.abc import Sequence
from typing import Final

from models.records import Trace
from models.text.traces.dotnet import DOTNET
from models.text.traces.go import GO
from models.text.traces.java import JAVA
from models.text.traces.javascript import JAVASCRIPT
from models.text.traces.language import Language
from models.text.traces.native import NATIVE
from models.text.traces.php import PHP
from models.text.traces.python import PYTHON
from models.text.traces.ruby import RUBY
from models.text.traces.rust import RUST

#: The order in which a frame is tried; where two could claim one (Java before .NET, PHP before C), the stricter first.
LANGUAGES: Final[tuple[Language, ...]] = (PYTHON, JAVA, JAVASCRIPT, DOTNET, GO, RUBY, PHP, RUST, NATIVE)

#: Every frame has one of these in it: most lines need no closer look.
_MARKS: Final = ("at ", 'File "', "Traceback", "@", ".go:", ".s:", "goroutine ", ":in ", "#", "==", "s:", "sx:", "internal/")
#: Words without which a line is no header of an exception.
_HINTS: Final = (
    "Error", "xception", "Throwable", "Failure", "Traceback", "panic", "fatal error", "Uncaught", "Sanitizer", "signal ", "::")


def language_of(line: str) -> Language | None:
    """The language whose frame (or sure opening) a line is."""
    for mark in _MARKS:
        if mark in line:
            return next((language for language in LANGUAGES if language.is_frame(line)), None)
    return None


def may_open(line: str) -> bool:
    """Whether a line names an exception, so that frames may follow."""
    for hint in _HINTS:
        if hint in line:
            return any(language.header_at(line) >= 0 for language in LANGUAGES)
    return False


def read_lines(language: Language, lines: Sequence[str]) -> tuple[str, Trace]:
    """What stands before the trace, and the trace of lines that are known to hold one."""
    for at, line in enumerate(lines):
        start = language.header_at(line)
        if start >= 0:
            lead = [*lines[:at], line[:start].rstrip(" \t:-|=>")]
            return "\n".join(lead).strip(), language.parse([line[start:], *lines[at + 1:]])
        if language.is_frame(line):
            return "\n".join(lines[:at]).strip(), language.parse(lines[at:])
    return "\n".join(lines).strip(), language.parse(())


def read_trace(text: str) -> tuple[str, Trace | None]:
    """The text before the trace and the trace; all of the text and None where it holds none."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for line in lines:
        language = language_of(line)
        if language is not None:
            return read_lines(language, lines)
    return text, None
