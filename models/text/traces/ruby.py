"""Ruby backtraces: of the interpreter (the error in the first frame's line) and of Rails (the error above)."""

import re
from collections.abc import Sequence
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import Language, number

_FRAME: Final = re.compile(
    r"\s{0,40}(?:from |\d{1,4}: from )?((?:\(eval[^)\n]{0,200}\)|<internal:[^>\n]{1,200}>"
    r"|[^\s:]{1,400}\.(?:rb|erb|rake|ru|haml|slim))"
    r"|(?:/|\./|[\w.\-]{1,60}/)[^\s:]{1,400}|[\w.\-]{1,100}):(\d{1,9}):in [`'‘]([^'’\n]{1,300})['’]")
#: "no stock (Shop::NoStock)" after the first frame.
_TAIL: Final = re.compile(r": (.{0,1500}?) ?\(([A-Z]\w{0,100}(?:::[A-Z]\w{0,100}){0,10})\)\s{0,8}$")
#: "NoMethodError (undefined method):" of Rails, "Shop::NoStock: no stock" of most loggers.
_RAILS: Final = re.compile(r"([A-Z]\w{0,100}(?:::[A-Z]\w{0,100}){0,10})(?: \((.{0,1500})\):?\s{0,8}$|: (.{0,1500}))")


def header_at(line: str) -> int:
    if ":in " in line:
        frame = _FRAME.match(line)
        return 0 if frame and _TAIL.match(line, frame.end()) else -1
    found = _RAILS.match(line)
    return 0 if found and ("Error" in found[1] or "Exception" in found[1] or "::" in found[1]) else -1


def is_frame(line: str) -> bool:
    return ":in " in line and _FRAME.match(line) is not None


def continues(line: str, previous: str, after_blank: bool) -> bool:
    return is_frame(line) and (not after_blank or is_frame(previous) or header_at(previous) == 0)


def parse(lines: Sequence[str]) -> Trace:
    """The first error is the one that reached the top; an error in a later line is its cause."""
    kinds: list[str] = []
    message: list[str] = []
    stacks: list[list[Frame]] = [[]]
    for line in lines:
        frame = _FRAME.match(line)
        if frame:
            tail = _TAIL.match(line, frame.end())
            if tail:
                if kinds:
                    stacks.append([])
                else:
                    message.append(tail[1])
                kinds.append(tail[2])
            stacks[-1].append(Frame(frame[3], frame[1], number(frame[2])))
        elif not kinds and not stacks[0] and (found := _RAILS.match(line)):
            kinds.append(found[1])
            message.append(found[2] or found[3] or "")
        elif not stacks[0]:
            message.append(line)
    frames = tuple(frame for stack in reversed(stacks) for frame in stack)
    return Trace("ruby", kinds[0] if kinds else "", "\n".join(message).strip(), frames, tuple(kinds[1:]))


RUBY: Final = Language("ruby", header_at, is_frame, continues, parse)
