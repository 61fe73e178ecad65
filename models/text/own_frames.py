"""Which calls of a stack trace are the program's own.

Three kinds: the runtime and what only runs things (the language, test runners, reflection), libraries that programs are built
on, and the rest, which is the program. The project that a library comes from logs traces too: where nothing but the runtime
and libraries is in a trace, the libraries' calls are the program's own.
"""

import re
from collections.abc import Sequence
from itertools import compress
from typing import Final

from models.records import Frame

_RUNTIME: Final = re.compile(
    r"^(?:java|javax|jdk|sun|com\.sun|kotlin|scala|junit|org\.(?:junit|testng|gradle|codehaus\.groovy)|node|internal|System"
    r"|org\.apache\.(?:tools\.ant|maven\.surefire)|Microsoft)[./]"
)
_RUNTIME_FILE: Final = re.compile(
    r"(?:node:|<frozen|<anonymous>|/usr/lib/(?!.{0,200}(?:site|dist)-packages)|lib/python\d(?!.{0,200}(?:site|dist)-packages)"
    r"|(?:site|dist)-packages/(?:_pytest|pluggy|pytest)/)"
)
_LIBRARY: Final = re.compile(
    r"^(?:akka|org\.(?:apache|springframework|hibernate|eclipse|jboss)|com\.(?:zaxxer|google)|io\.netty|reactor)[./]"
)
_LIBRARY_FILE: Final = re.compile(r"(?:site|dist)-packages|node_modules")


def are_own(frames: Sequence[Frame]) -> list[bool]:
    """Which frames are the program's own; none where all are the runtime's."""
    program = [not _is_runtime(frame) for frame in frames]
    beside_libraries = [ours and not _is_library(frame) for ours, frame in zip(program, frames, strict=True)]
    return beside_libraries if any(beside_libraries) else program


def own_frames(frames: Sequence[Frame]) -> list[Frame]:
    """The calls of the program itself, in their order; all calls where none is."""
    return list(compress(frames, are_own(frames))) or list(frames)


def _is_runtime(frame: Frame) -> bool:
    return bool(_RUNTIME.match(frame.module) or _RUNTIME_FILE.search(frame.file))


def _is_library(frame: Frame) -> bool:
    return bool(_LIBRARY.match(frame.module) or _LIBRARY_FILE.search(frame.file))
