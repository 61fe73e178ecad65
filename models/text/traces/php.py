"""PHP traces: "Uncaught Exception: … in file:line", then the calls, each with the place it was called from."""

import re
from collections.abc import Sequence
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import SEARCHED, Language, number

_HEADER: Final = re.compile(
    r"(?:PHP )?(?:Fatal error:\s{1,4})?Uncaught (?:exception ')?(\\?[A-Za-z_][\w\\]{0,200})(?=[:'( ])"
    r"|(?:Next )(\\?[A-Z][\w\\]{0,200}(?:Exception|Error))(?=[:'( ])")
_PLACE: Final = re.compile(r" in ([^\s:][^:\n]{0,400}?):(\d{1,9})\s{0,8}$")
_CALL: Final = re.compile(r"\s{0,8}#\d{1,5} (?:(\{main\})|\[internal function\]: (.{1,500})|(.{1,400}?)\((\d{1,9})\): (.{1,500}))")
_TAILS: Final = ("Stack trace:", "[stacktrace]", "Next ", "  thrown in", "thrown in ", '"}')


def header_at(line: str) -> int:
    found = _HEADER.search(line, 0, SEARCHED)
    return found.start() if found else -1


def is_frame(line: str) -> bool:
    return line.lstrip()[:1] == "#" and _CALL.match(line) is not None


def continues(line: str, previous: str, after_blank: bool) -> bool:
    return line.startswith(_TAILS) or is_frame(line)


def parse(lines: Sequence[str]) -> Trace:
    """The exception printed last ("Next …") is the one that reached the top; the first is the root cause."""
    kinds: list[str] = []
    messages: list[list[str]] = []
    places: list[tuple[str, int]] = []
    frames: list[Frame] = []
    in_message, place = False, ("", 0)
    for line in lines:
        header, call = _HEADER.search(line, 0, SEARCHED), _CALL.match(line)
        if call:
            frame, place = _frame(call, place)
            frames.append(frame)
            in_message = False
        elif header and (not kinds or header[2]):
            text, place = _text(line[header.end():])
            kinds.append((header[1] or header[2]).lstrip("\\"))
            messages.append([text])
            places.append(place)
            in_message = True
        elif line.startswith(("Stack trace:", "[stacktrace]")):
            in_message = False
        elif in_message:
            text, place = _text(line)
            messages[-1].append(text)
    if kinds and not frames and places[-1][0]:
        frames.append(Frame("", *places[-1]))
    message = "\n".join(messages[-1]).strip() if messages else ""
    return Trace("php", kinds[-1] if kinds else "", message, tuple(frames), tuple(reversed(kinds[:-1])))


def _text(line: str) -> tuple[str, tuple[str, int]]:
    """The message and, where it ends the line, the place: ": no stock in /srv/cart.php:42"."""
    found = _PLACE.search(line, max(0, len(line) - 450))
    text = line[: found.start()] if found else line
    return text.lstrip("':( ").rstrip(), (found[1], number(found[2])) if found else ("", 0)


def _frame(call: re.Match[str], place: tuple[str, int]) -> tuple[Frame, tuple[str, int]]:
    """A call names the place it was made from; that is the place of the next frame."""
    if call[1]:
        return Frame("{main}", *place), ("", 0)
    name = (call[2] or call[5]).partition("(")[0]
    split = "->" if "->" in name else "::"
    module, _, function = name.rpartition(split)
    return Frame(function, *place, module), (call[3] or "", number(call[4] or ""))


PHP: Final = Language("php", header_at, is_frame, continues, parse)
