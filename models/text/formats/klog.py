"""klog and glog (Kubernetes, TensorFlow): "E0304 05:06:07.250000    1234 server.go:42] text"."""

import re
from typing import Final

from models.text.formats.head import DIGITS, Head, Reader
from models.text.times import Times

NAME: Final = "klog"

_LINE: Final = re.compile(
    r"([IWEF])(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{1,9}) {1,8}\d{1,10} ([\w.\-/<>?]{1,200}):\d{1,7}\] ?", re.ASCII)
_LEVELS: Final = {"I": "info", "W": "warning", "E": "error", "F": "critical"}


def read(line: str, times: Times) -> Head | None:
    found = _LINE.match(line) if line[1:2] in DIGITS else None
    if found is None:
        return None
    letter, month, day, clock, file = found.groups()
    return Head(line[found.end():], times.read(f"{month}-{day} {clock}"), _LEVELS[letter], logger=file, format=NAME)


READERS: Final[tuple[Reader, ...]] = (Reader(NAME, frozenset("IWEF"), read, mark="] "),)
