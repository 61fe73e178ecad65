"""Python tracebacks, with their chains ("During handling", "direct cause") and exception groups."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import Language, number

_OPENING: Final = "Traceback (most recent call last)"
_GROUP: Final = "+ Exception Group Traceback (most recent call last)"
_FRAME: Final = re.compile(r'[\s|]{0,80}File "([^"]{1,1000})", line (\d{1,9})(?:, in (.{1,300}))?', re.ASCII)
_LINKS: Final = ("During handling of the above exception", "The above exception was the direct cause")
#: "package.Error: text", "KeyboardInterrupt"; a level in capitals before a colon is a log line.
_EXCEPTION: Final = re.compile(r"([A-Za-z_][\w.]{0,200})(?::(?=\s|$)|\s{0,8}$)\s?")
#: Unindented lines that drivers add below their message.
_TAILS: Final = ("[SQL:", "[parameters:", "(Background on this error", "DETAIL:", "HINT:", "CONTEXT:", "LINE ")
#: The frame that a group draws around its members: "  | ", "  +-+------ 1 ------".
_BARS: Final = re.compile(r"\s{0,80}(?:\|\s?){1,20}")
_RULE: Final = re.compile(r"[\s|]{0,80}\+(?:-\+)?-{4,80}(?: \d{1,6} -{4,80})?")


@dataclass(slots=True)
class _Part:
    """One traceback of a chain; frames as printed, outermost first."""

    frames: list[Frame] = field(default_factory=list)
    kind: str = ""
    message: list[str] = field(default_factory=list)


def header_at(line: str) -> int:
    group = line.find(_GROUP)
    return line.find(_OPENING) if group < 0 else group


def is_frame(line: str) -> bool:
    if 'File "' in line[:100]:
        return _FRAME.match(line) is not None
    return _OPENING in line[:100] and line.lstrip(" \t|").startswith((_OPENING, _GROUP))


def continues(line: str, previous: str, after_blank: bool) -> bool:
    in_group = line[:1] in "|+" and previous.lstrip()[:1] in ("|", "+")
    if in_group or line.startswith((*_LINKS, *_TAILS)):
        return True
    if line.startswith(_OPENING):
        return previous.startswith(_LINKS)
    if after_blank or not (previous[:1].isspace() or is_frame(previous)):
        return False
    found = _EXCEPTION.match(line)
    return found is not None and not found[1].isupper()


def parse(lines: Sequence[str]) -> Trace:
    """The last traceback printed is the one that reached the top; the first printed is the root."""
    if _GROUP in lines[0]:
        return _group(lines)
    parts = _parts(lines)
    top = parts[-1]
    frames = tuple(frame for part in parts for frame in reversed(part.frames))
    causes = tuple(part.kind for part in reversed(parts[:-1]) if part.kind)
    return Trace("python", top.kind, "\n".join(top.message).strip(), frames, causes)


def _group(lines: Sequence[str]) -> Trace:
    """The group is what reached the top; its members come after it, each below a rule."""
    sections: list[list[str]] = [[]]
    for line in lines[1:]:
        if _RULE.match(line):
            sections.append([])
        else:
            bars = _BARS.match(line)
            sections[-1].append(line[bars.end():] if bars else line)
    top, *members = [_parts(section)[-1] for section in sections]
    frames = tuple(frame for part in (*members, top) for frame in reversed(part.frames))
    causes = tuple(part.kind for part in members if part.kind)
    return Trace("python", top.kind, "\n".join(top.message).strip(), frames, causes)


def _parts(lines: Sequence[str]) -> list[_Part]:
    part = _Part()
    parts = [part]
    for line in lines:
        if _OPENING in line or line.startswith(_LINKS):
            if part.frames or part.kind:
                part = _Part()
                parts.append(part)
        elif not part.kind and (found := _FRAME.match(line)):
            part.frames.append(Frame(function=found[3] or "", file=found[1], line=number(found[2])))
        elif part.kind:
            part.message.append(line)
        elif not line[:1].isspace() and (found := _EXCEPTION.match(line)):
            part.kind = found[1]
            part.message.append(line[found.end():])
    return parts if part.frames or part.kind or len(parts) == 1 else parts[:-1]


PYTHON: Final = Language("python", header_at, is_frame, continues, parse)
