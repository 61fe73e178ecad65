"""Go panics and the stacks of goroutines; of several the first, which is the one that failed."""

import re
from collections.abc import Sequence
from typing import Final

from models.records import Frame, Trace
from models.text.traces.language import Language, number

_HEADER: Final = re.compile(r"(?<![\w-])(panic|fatal error): ")
_GOROUTINE: Final = re.compile(r"goroutine \d{1,12} (?:gp=\S{1,40} m=\S{1,40} (?:mp=\S{1,40} )?)?\[[^\]\n]{1,200}\]:")
_PLACE: Final = re.compile(r"\s{1,8}((?:[A-Za-z]:)?[^\s:]{1,400}\.(?:go|s)):(\d{1,9})(?: \+0x[0-9a-f]{1,16})?\s?$")
_FUNCTION: Final = re.compile(
    r"(?:created by )?([^\s()]{1,300}(?:\(\*?[A-Za-z_][\w\[\].]{0,100}\))?[^\s()]{0,200})(?:\(|$| in goroutine)")
#: A function stands alone above its place in stacks without a panic (zap's): "github.com/shop/pay.Pay".
_ALONE: Final = re.compile(r"[\w.\-/]{1,300}\.(?:\(\*?\w{1,100}\)\.)?\w{1,200}(?:\([^\n]{0,400}\))?$")
_TAILS: Final = ("created by ", "exit status ", "[signal ", "panic: ", "goroutine ", "runtime stack:", "Process exited")


def header_at(line: str) -> int:
    found = _HEADER.search(line[:400])
    if found:
        return found.start()
    return 0 if _ALONE.match(line) else -1


def is_frame(line: str) -> bool:
    return _GOROUTINE.match(line) is not None or _PLACE.match(line) is not None


def continues(line: str, previous: str, after_blank: bool) -> bool:
    if after_blank:
        return _GOROUTINE.match(line) is not None or line.startswith(("exit status ", "[signal ", "runtime stack:"))
    if line.startswith(_TAILS):
        return True
    function = _FUNCTION.match(line)
    return function is not None and "." in function[1] and is_frame(previous)


def parse(lines: Sequence[str]) -> Trace:
    """Frames are pairs of lines, the function and below it the place, innermost first."""
    kind, message = "", ""
    frames: list[Frame] = []
    seen = 0
    for before, line in zip(("", *lines), lines, strict=False):
        if _GOROUTINE.match(line):
            seen += 1
            if seen > 1 and frames:
                break
        elif place := _PLACE.match(line):
            frames.append(_frame(before, place))
        elif not kind and not frames and (found := _HEADER.search(line[:400])):
            kind, message = found[1], line[found.end():]
    return Trace("go", kind, message.strip(), tuple(frames))


def _frame(call: str, place: re.Match[str]) -> Frame:
    """ "main.(*Cart).Add(0xc0000…)" is the method (*Cart).Add of the package main."""
    found = _FUNCTION.match(call)
    path, _, name = found[1].rpartition("/") if found else ("", "", "")
    package, _, function = name.partition(".")
    module = f"{path}/{package}" if path else package
    return Frame(function or package, place[1], number(place[2]), module if function else "")


GO: Final = Language("go", header_at, is_frame, continues, parse)
