"""Java traces (and of Kotlin, Scala and Groovy): causes, suppressed exceptions, modules and jar notes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import SEARCHED, Language, number

_HEADER: Final = re.compile(
    r'(?:Exception in thread "[^"]{0,200}" )?(?<![\w.$/])'
    r"((?:[A-Za-z_][\w$]{0,60}\.){1,15}[A-Z][\w$]{0,100}|[A-Z][\w$]{0,100}(?:Exception|Error|Throwable))(?=:\s|:?\s{0,8}$)")
#: "at com.shop.Cart.add(Cart.java:42)", "at java.base/java.lang.Thread.run(Thread.java:833) ~[?:?]"
_FRAME: Final = re.compile(
    r"\s{0,40}at ([^\s()]{1,1000})\("
    r"(Native Method|Unknown Source|<generated>|[^()\s,:]{1,300}\.\w{1,10}|[^()\s,:]{0,300}:-?\d{1,9})\)")
_MORE: Final = re.compile(r"\s{0,40}\.\.\. \d{1,6} (?:more|common frames omitted)")
_LINK: Final = re.compile(r"(\s{0,40})(Caused by|Suppressed|Wrapped by): ")


@dataclass(slots=True)
class _Part:
    """One exception of the chain; frames as printed, innermost first."""

    kind: str = ""
    message: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)


def header_at(line: str) -> int:
    found = _HEADER.search(line, 0, SEARCHED)
    return found.start() if found else -1


def is_frame(line: str) -> bool:
    return _FRAME.match(line) is not None


def continues(line: str, previous: str, after_blank: bool) -> bool:
    return line.startswith(("Caused by: ", "Wrapped by: ", "Suppressed: ", "... ")) or is_frame(line)


def parse(lines: Sequence[str]) -> Trace:
    """The first exception printed is the one that reached the top, the last cause the root."""
    parts = _parts(lines)
    frames = tuple(frame for part in reversed(parts) for frame in part.frames)
    causes = tuple(part.kind for part in parts[1:] if part.kind)
    language = "kotlin" if frames and frames[0].file.endswith(".kt") else "java"
    return Trace(language, parts[0].kind, "\n".join(parts[0].message).strip(), frames, causes)


def _parts(lines: Sequence[str]) -> list[_Part]:
    parts = [_Part()]
    part, suppressed_at = parts[0], -1
    for line in lines:
        frame, link = _FRAME.match(line), _LINK.match(line)
        if frame:
            part.frames.append(_frame(frame[1], frame[2]))
        elif link:
            part, depth = _Part(), len(link[1])
            if link[2] == "Suppressed":
                suppressed_at = depth
            elif not 0 <= suppressed_at <= depth:  # a cause of the suppressed one is indented like it
                suppressed_at = -1
                parts.append(part)
            _head(part, line[link.end():])
        elif not part.frames and not part.kind:
            _head(part, line)
        elif not part.frames and not _MORE.match(line):
            part.message.append(line)
    return parts


def _head(part: _Part, line: str) -> None:
    found = _HEADER.search(line, 0, SEARCHED)
    if found:
        part.kind = found[1]
        part.message.append(line[found.end():].removeprefix(":").strip())


def _frame(place: str, source: str) -> Frame:
    """`place` is "module/package.Class.method"; a hidden class ("Foo$$Lambda/0x0001.run") keeps its slash."""
    owner, _, function = place.rpartition(".")
    if "/" in owner and "$$" not in owner:
        owner = owner.rpartition("/")[2]
    file, _, line = source.partition(":")
    known = file not in ("Native Method", "Unknown Source", "<generated>")
    return Frame(function, file if known else "", number(line), owner)


JAVA: Final = Language("java", header_at, is_frame, continues, parse)
