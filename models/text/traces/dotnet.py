""".NET traces: inner exceptions after "--->", their frames before the marker of their end."""

import re
from collections.abc import Sequence
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import SEARCHED, Language, number

_HEADER: Final = re.compile(
    r"(?:Unhandled [Ee]xception[.:] )?(?<![\w.])((?:[A-Za-z_]\w{0,60}\.){1,15}[A-Z]\w{0,100})(?:`\d)?(?:\s\(0x[0-9A-Fa-f]{8}\))?"
    r"(?=:\s|:?\s{0,8}$| --->)")
#: "at Shop.Cart.Add(Item item) in C:\src\Cart.cs:line 42", "at Shop.Cart.<Add>d__3.MoveNext()"
_FRAME: Final = re.compile(
    r"\s{0,40}at ([\w<>`|$+&,\[\]]{1,200}(?:\.{1,2}[\w<>`|$+&,\[\]]{1,200}){1,30})\(([^()\n]{0,1000})\)"
    r"(?: in (.{1,500}):line (\d{1,9}))?\s{0,8}$")
#: A parameter list has a name after each type; Java has a file and a line there.
_PARAMETERS: Final = re.compile(r"$|[\w.<>`\[\]&*+,$?]{1,200} \w")
_ARROW: Final = "---> "


def header_at(line: str) -> int:
    found = _HEADER.search(line, 0, SEARCHED)
    return found.start() if found else -1


def is_frame(line: str) -> bool:
    return _frame(line) is not None


def continues(line: str, previous: str, after_blank: bool) -> bool:
    return line.startswith(("--- End of", _ARROW)) or is_frame(line)


def parse(lines: Sequence[str]) -> Trace:
    """The frames of the root cause are printed first; the first type is the one that reached the top."""
    frames: list[Frame] = []
    kinds: list[str] = []
    message: list[str] = []
    for line in lines:
        frame = _frame(line)
        if frame:
            frames.append(frame)
        elif not kinds or line.lstrip().startswith(_ARROW):
            for at, text in enumerate(line.split(_ARROW)):
                found = _HEADER.search(text, 0, SEARCHED)
                if found and not kinds:
                    message.append(text[found.end():].removeprefix(":").strip())
                if found and (at or not kinds):
                    kinds.append(found[1])
        elif not frames and len(kinds) == 1 and not line.lstrip().startswith("---"):
            message.append(line)
    return Trace("dotnet", kinds[0] if kinds else "", "\n".join(message).strip(), tuple(frames), tuple(kinds[1:]))


def _frame(line: str) -> Frame | None:
    found = _FRAME.match(line)
    if found is None or (found[3] is None and not _PARAMETERS.match(found[2])):
        return None
    owner, dot, function = found[1].rpartition(".")
    if owner.endswith("."):  # a constructor: "Shop.Order..ctor"
        owner, function = owner[:-1], dot + function
    return Frame(function, found[3] or "", number(found[4] or ""), owner)


DOTNET: Final = Language("dotnet", header_at, is_frame, continues, parse)
