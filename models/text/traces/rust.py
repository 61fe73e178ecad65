"""Rust panics, of old and new layout, with or without a backtrace."""

import re
from collections.abc import Sequence
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import Language, number

_HEADER: Final = re.compile(
    r"thread '[^'\n]{0,200}'(?: \(\d{1,12}\))? panicked at (?:'(.{0,1500})', )?([^\s:']{1,400}):(\d{1,9}):\d{1,9}:?\s{0,4}")
_FUNCTION: Final = re.compile(r"\s{1,8}\d{1,4}: (?:0x[0-9a-f]{1,16} - )?(\S.{0,400})")
_PLACE: Final = re.compile(r"\s{4,40}at ([^\s:]{1,400}):(\d{1,9})(?::\d{1,9})?\s{0,4}$")
_TAILS: Final = ("stack backtrace:", "note: ", "note: run with", "thread caused non-unwinding panic")
#: The machinery of the panic itself, above where it was raised.
_MACHINERY: Final = ("rust_begin_unwind", "core::panicking::", "std::panicking::", "core::option::", "core::result::", "std::panic",
                     "<std::", "core::ops::function", "__rust")


def header_at(line: str) -> int:
    return line.find("thread '") if " panicked at " in line[:300] else -1


def is_frame(line: str) -> bool:
    if line.startswith("thread '"):
        return _HEADER.match(line) is not None
    found = _PLACE.match(line)
    return found is not None and found[1].endswith(".rs")


def continues(line: str, previous: str, after_blank: bool) -> bool:
    """The message stands below a header that ends on a colon."""
    if line.startswith(_TAILS):
        return True
    return not after_blank and previous.startswith("thread '") and previous.rstrip().endswith(":") and is_frame(previous)


def parse(lines: Sequence[str]) -> Trace:
    """Without a backtrace the only frame is the place of the panic."""
    message: list[str] = []
    frames: list[Frame] = []
    place = ("", 0)
    in_message = False
    for line in lines:
        if found := _HEADER.search(line):
            place = (found[2], number(found[3]))
            message, in_message = [found[1] or ""], True
        elif line.startswith(_TAILS):
            in_message = False
        elif in_message:
            message.append(line)
        elif found := _FUNCTION.match(line):
            module, _, function = found[1].rpartition("::")
            frames.append(Frame(function, module=module))
        elif frames and (found := _PLACE.match(line)):
            last = frames[-1]
            frames[-1] = Frame(last.function, found[1], number(found[2]), last.module)
    while frames and f"{frames[0].module}::{frames[0].function}".lstrip(":").startswith(_MACHINERY):
        del frames[0]
    if not frames and place[0]:
        frames.append(Frame("", *place))
    return Trace("rust", "panic" if place[0] else "", "\n".join(message).strip(), tuple(frames))


RUST: Final = Language("rust", header_at, is_frame, continues, parse)
