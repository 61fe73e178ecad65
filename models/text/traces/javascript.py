"""JavaScript traces: Node with its source excerpt and causes, Chrome, Firefox and Safari."""

import re
from collections.abc import Sequence
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import SEARCHED, Language, number

_HEADER: Final = re.compile(
    r"(?:Uncaught (?:\(in promise\) )?)?(?<![\w.$])"
    r"([A-Z]\w{0,60}(?:Error|Exception)|Error)(?: \[(\w{1,60})\])?(?=:\s|:?\s{0,8}$)")
#: Node prints where the error was thrown first: "/app/server.js:10"
_EXCERPT: Final = re.compile(r"(?:/|[A-Za-z]:\\|file://)[^\s:]{1,400}\.[cm]?[jt]sx?:\d{1,9}\s?$|(?:node:)?internal/[^\s:]{1,300}:\d{1,9}\s?$")
_FIREFOX: Final = re.compile(r"\s{0,40}([^\s@]{0,200})@([^\s@]{0,400}/[^\s@]{0,400}):(\d{1,9}):\d{1,9}$")
_CAUSE: Final = re.compile(r"\s{0,40}(?:\[cause\]|Caused by): (?=[A-Z])")


def header_at(line: str) -> int:
    found = _HEADER.search(line, 0, SEARCHED)
    return found.start() if found else -1


def is_frame(line: str) -> bool:
    return _frame(line) is not None or (line[:1] in _EXCERPT_FIRST and _EXCERPT.match(line) is not None)


def continues(line: str, previous: str, after_blank: bool) -> bool:
    if line.startswith(("Node.js v", "Caused by: ")) or is_frame(line):
        return True
    if after_blank:  # the header comes after the excerpt and its caret
        return previous.rstrip().endswith("^") and header_at(line) >= 0
    return line.rstrip() in ("}", "]", "})") or not line.strip("^~ \t")


def parse(lines: Sequence[str]) -> Trace:
    """The first error printed is the one that reached the top; "[cause]" names the next."""
    kind, causes = "", []
    message: list[str] = []
    stacks: list[list[Frame]] = [[]]
    for line in lines:
        frame = _frame(line)
        link = _CAUSE.match(line)
        if frame:
            stacks[-1].append(frame)
        elif link and kind:
            found = _HEADER.match(line, link.end(), SEARCHED)
            causes.append(found[1] if found else line[link.end():].partition(":")[0])
            stacks.append([])
        elif not kind and (found := _HEADER.search(line, 0, SEARCHED)):
            kind = found[1]
            message.append(line[found.end():].removeprefix(":").strip())
        elif kind and not stacks[0]:
            message.append(line)
    frames = tuple(frame for stack in reversed(stacks) for frame in stack)
    return Trace("javascript", kind, "\n".join(message).strip(), frames, tuple(causes))


def _frame(line: str) -> Frame | None:
    text = line.strip()
    if text.startswith("at "):
        return _v8_frame(text[3:].removesuffix(" {"))
    found = _FIREFOX.match(line) if "@" in text[:201] else None
    return Frame(found[1], found[2], number(found[3])) if found else None


def _v8_frame(place: str) -> Frame | None:
    """ "async load (/app/a.js:10:5)", "/app/a.js:10:5", "Array.map (<anonymous>)" """
    function, opening, source = place.partition(" (")
    if not opening:
        function, source = "", place.removeprefix("async ")
    elif source.endswith(")"):
        source = source[:-1]
    else:
        return None
    function = function.removeprefix("async ").partition(" [as ")[0]
    if source in ("<anonymous>", "native"):
        return Frame(function)
    parts = source.rsplit(":", 2)
    place_only = not opening and ("(" in source or " " in source)  # Java's frames, for one
    if parts[0].endswith(".rs"):
        return None  # Rust's places look the same
    if len(parts) < 3 or not number(parts[1]) or not parts[2].isdecimal() or place_only:
        return None
    return Frame(function, parts[0], number(parts[1]))


_EXCERPT_FIRST: Final = frozenset("/fniABCDEFGHIJKLMNOPQRSTUVWXYZc")

JAVASCRIPT: Final = Language("javascript", header_at, is_frame, continues, parse)
