"""C and C++: reports of the sanitizers, gdb's backtraces of a core dump or a signal; of several stacks the first."""

import re
from collections.abc import Sequence
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import Language, number

_SANITIZER: Final = re.compile(r"==\d{1,10}==\s?(?:ERROR|WARNING): (\w{1,20}Sanitizer): (\S{1,100})\s?")
_SIGNAL: Final = re.compile(r"(?:Program|Thread [^\n]{1,100}) (?:received|terminated with) signal (SIG\w{1,10}), ?")
#: "    #0 0x4b3a in add(int) /src/cart.c:42:5", "    #2 0x7f12 (/lib/libc.so.6+0x29d8f)"
_REPORT: Final = re.compile(
    r"\s{1,8}#(\d{1,5}) 0x[0-9a-f]{1,16}(?: in (\S.{0,600}))?(?: \((\S{1,400})\+0x[0-9a-f]{1,16}\))?")
#: "#1  0x00007f12 in add (x=1) at cart.c:42", "#2  main () at main.c:10", "#0  raise () from /lib/libc.so.6"
_GDB: Final = re.compile(
    r"#(\d{1,5}) {1,3}(?:0x[0-9a-f]{1,16} in )?(\S{1,400}) \([^\n]{0,600}?\)"
    r"(?: (?:at ([^\s:]{1,400}):(\d{1,9})|from (\S{1,400})))?\s{0,4}$")
_PLACE: Final = re.compile(
    r" ((?:/|[A-Za-z]:\\|\.{0,2}/|[\w.\-]{1,100}\.[ch])[^\s:]{0,400})(?::(\d{1,9}))?(?::\d{1,9})?$")
_TAILS: Final = (
    "READ of size", "WRITE of size", "0x", "freed by", "previously ", "allocated by", "SUMMARY: ", "==", "Shadow ", "=>0x", "  ",
    "Direct leak", "Indirect leak", "Address ", "HINT: ", "The signal is", "Core was", "[Current", "#", "AddressSanitizer",
    "Previous ", "Location ", "Thread ",
)


def header_at(line: str) -> int:
    found = _SANITIZER.search(line[:400]) or _SIGNAL.search(line[:400])
    return found.start() if found else -1


def is_frame(line: str) -> bool:
    if "#" not in line[:9]:
        return line.startswith("==") and _SANITIZER.match(line) is not None
    return _frame(line) is not None


def continues(line: str, previous: str, after_blank: bool) -> bool:
    return line.startswith(_TAILS) and (not after_blank or not line.startswith("#"))


def parse(lines: Sequence[str]) -> Trace:
    kind, message = "", ""
    frames: list[Frame] = []
    for line in lines:
        frame = _frame(line)
        if frame is None:
            if not kind:
                kind, message = _named(line)
            continue
        if frames and frame[0] == 0:
            break
        frames.append(frame[1])
    return Trace("c", kind, message, tuple(frames))


def _frame(line: str) -> tuple[int, Frame] | None:
    """The depth (0 innermost) and the frame of a line."""
    if found := _REPORT.match(line):
        return number(found[1]), _reported(found[2] or "", found[3] or "")
    if found := _GDB.match(line):
        return number(found[1]), Frame(found[2], found[3] or "", number(found[4] or ""), found[5] or "")
    return None


def _named(line: str) -> tuple[str, str]:
    if found := _SANITIZER.search(line[:400]):
        return found[2].rstrip(":"), line[found.end():].strip()
    if found := _SIGNAL.search(line[:400]):
        return found[1], line[found.end():].strip(" .")
    return "", ""


def _reported(text: str, library: str) -> Frame:
    """`text` is the function with its place or its library behind it."""
    place = _PLACE.search(text)
    if place:
        return Frame(text[: place.start()], place[1], number(place[2] or ""))
    return Frame(text.partition(" (/")[0], module=library)


NATIVE: Final = Language("c", header_at, is_frame, continues, parse)
