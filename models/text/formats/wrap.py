"""Prefixes that a collector puts before every line of a program's output: what is inside has a format of its own.

CRI (Kubernetes nodes), Docker Compose, GitHub Actions and Azure Pipelines, Jenkins with time stamps.
"""

import re
from typing import Final, NamedTuple

from models.text.formats.head import CAPITALS, DIGITS

CRI: Final = "cri"
COMPOSE: Final = "compose"
CI: Final = "ci"
WRAPPERS: Final = (CRI, COMPOSE, CI)

_ISO: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
_CRI: Final = re.compile(rf"({_ISO}\.\d{{1,9}}(?:Z|[+-]\d\d:\d\d)) (?:stdout|stderr) ([FP]) ?", re.ASCII)
#: Seven digits of a second are .NET's, which the runners of GitHub and Azure are written in.
_RUNNER: Final = re.compile(rf"(?:([^\t\n]{{1,200}})\t[^\t\n]{{0,200}}\t)?({_ISO}\.\d{{7}}Z) ?", re.ASCII)
_JENKINS: Final = re.compile(rf"\[({_ISO}\.\d{{3}}Z)\] ?", re.ASCII)
_COMPOSE: Final = re.compile(r"([\w.\-]{1,80}?)([-_]\d{1,3})?(\s{0,60})\| ?", re.ASCII)


class Wrapped(NamedTuple):
    """A line without its prefix. `service` is the container or job, `time` as written.

    `partial`: the runtime cut a long line here, the next one goes on with it.
    """

    format: str
    text: str
    time: str = ""
    service: str = ""
    partial: bool = False
    bar: int = 0
    replica: str = ""

    @property
    def source(self) -> tuple[str, str, str]:
        return self.format, self.service, self.replica


def unwrap(line: str, previous: Wrapped | None) -> Wrapped | None:
    """The line without a collector's prefix, None where it has none. `previous` is how the line before was wrapped."""
    first = line[0]
    if first in DIGITS:
        if line[10:11] != "T":
            return None
        found = _CRI.match(line) if " std" in line[20:40] else None
        if found:
            return Wrapped(CRI, line[found.end():], found[1], partial=found[2] == "P")
        return _runner(line) if line[27:28] == "Z" else None
    if first == "[":
        found = _JENKINS.match(line) if line[11:12] == "T" else None
        return Wrapped(CI, line[found.end():], found[1]) if found else None
    if "|" in line[:150]:
        return _compose(line, previous)
    return _runner(line) if "\t" in line[:400] and first in _NAME else None


def _runner(line: str) -> Wrapped | None:
    found = _RUNNER.match(line)
    return Wrapped(CI, line[found.end():], found[2], found[1] or "") if found else None


def _compose(line: str, previous: Wrapped | None) -> Wrapped | None:
    """ "web_1  | text": a bar after a name means it only with the number of the container, or below such a line."""
    found = _COMPOSE.match(line)
    if found is None:
        return None
    bar = found.end(3)
    below = previous is not None and previous.format == COMPOSE and previous.bar == bar
    return Wrapped(COMPOSE, line[found.end():], service=found[1], bar=bar, replica=found[2] or "") if found[2] or below else None


_NAME: Final = CAPITALS | frozenset("abcdefghijklmnopqrstuvwxyz")
