"""What a format reads from the front of a line, and the reasons it may give for not reading it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from models.records import Trace
from models.taxonomy import LEVEL_WORDS
from models.text.times import NO_TIME, Stamp, Times

#: The reasons an event may carry in `problem`. They are counted, so the set is small and fixed.
NOT_THE_FORMAT: Final = "not in the named format"
BROKEN_JSON: Final = "broken JSON"
BROKEN_ROW: Final = "row unlike its header"
BAD_TIME: Final = "impossible time"
LONG_LINE: Final = "line cut at 1 MiB"
LONG_EVENT: Final = "event cut at its largest size"
PROBLEMS: Final = (NOT_THE_FORMAT, BROKEN_JSON, BROKEN_ROW, BAD_TIME, LONG_LINE, LONG_EVENT)


class Head(NamedTuple):
    """The parts of a line. A named tuple, since one is made for every line and a dataclass is slower.

    `message` keeps its leading spaces: they say whether it continues a trace. `body` is where a trace would begin,
    None where that is the message ("Error: x" has the level "error" and the body "Error: x").
    `complete` lines take no continuation; `prefixed` ones own the indented lines below them.
    `more` holds the raw text and head of every record, this first one too, where a line holds several.
    """

    message: str
    stamp: Stamp = NO_TIME
    level: str = ""
    service: str = ""
    host: str = ""
    logger: str = ""
    trace: Trace | None = None
    body: str | None = None
    complete: bool = False
    prefixed: bool = True
    problem: str = ""
    format: str = "plain"
    more: "tuple[tuple[str, Head], ...]" = ()


#: Characters at the front of a line in which a Reader's mark is looked for.
MARKED: Final = 80


@dataclass(frozen=True, slots=True)
class Reader:
    """One layout of a format.

    `first` are the characters its lines can start with; `leveled` ones have a level word near the front, and all have
    `mark` among their first MARKED characters. These tests are cheap and save most lines most of the expressions.
    """

    format: str
    first: frozenset[str]
    read: Callable[[str, Times], Head | None]
    leveled: bool = False
    mark: str = ""


DIGITS: Final = frozenset("0123456789")
CAPITALS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
BRACKET: Final = frozenset("[")

#: Spellings beside the taxonomy's: Serilog, zerolog, .NET's console, Log4j's odd ones, Google's.
_SHORT: Final = {
    "ftl": "critical", "wrn": "warning", "inf": "info", "vrb": "trace", "trc": "trace", "fail": "error",
    "eror": "error", "deb": "debug", "default": "info", "unknown": "", "warnings": "warning", "emer": "critical",
}
_WORDS: Final = LEVEL_WORDS | _SHORT
_SPELT: Final = {spelt: level for word, level in _WORDS.items() for spelt in (word, word.upper(), word.capitalize())}

_FIELDS: Final = ("time", "level", "service", "host", "logger")
_NAMED: Final = re.compile(r"\(\?P<(\w+)>")

#: pino and bunyan count levels in tens.
_TENS: Final = ((10, "trace"), (20, "debug"), (30, "info"), (40, "warning"), (50, "error"))
#: Syslog severities 0 (emergency) to 7 (debug).
_SYSLOG: Final = ("critical", "critical", "critical", "error", "warning", "notice", "info", "debug")

#: The level words that programs print in a fixed column.
LEVEL: Final = (r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|SEVERE|CONFIG|FINE(?:R|ST)?|ALERT"
                r"|EMERGENCY|Trace|Debug|Info|Notice|Warn(?:ing)?|Error|Critical|Fatal)")
_STEMS: Final = ("INFO", "ERROR", "WARN", "DEBUG", "FATAL", "TRACE", "SEVERE", "CRITICAL", "NOTICE", "FINE", "CONFIG", "ALERT",
                 "EMERGENCY", "Trace", "Debug", "Info", "Notice", "Warn", "Error", "Critical", "Fatal", "NOTSET", "SUCCESS",
                 "AUDIT")


def has_level(line: str) -> bool:
    """Whether a level word as in LEVEL stands near the front: cheap, and often saves trying many layouts."""
    front = line[:200]
    return any(stem in front for stem in _STEMS)


def level_of(word: str) -> str:
    """The level of a word in any case, "" where it is none."""
    level = _SPELT.get(word)
    return _WORDS.get(word.strip().lower(), "") if level is None else level


def syslog_level(severity: int) -> str:
    """The level of a syslog severity, 0 (most urgent) to 7, or of a whole priority value."""
    return _SYSLOG[severity & 7]


def number_level(number: float) -> str:
    """The level of a number as pino and bunyan write it (10 to 60), or as syslog does (0 to 7)."""
    if 0 <= number <= 7:
        return _SYSLOG[int(number)]
    return next((level for bound, level in _TENS if number <= bound), "critical")


def layouts(format: str, first: frozenset[str], front: str, *tails: str) -> Reader:
    """A Reader for lines of `front` and one of `tails`, regular expressions; one expression of all is the fastest.

    Named groups are the fields of Head: time, level, service, host, logger; what follows the match is the message.
    """
    parts = (_NAMED.sub(rf"(?P<\1_{at}>", tail) + f"(?P<end_{at}>)" for at, tail in enumerate(tails))
    compiled = re.compile(f"{front}(?:{'|'.join(parts)})", re.ASCII)
    match, places = compiled.match, compiled.groupindex
    # The empty group at the end of each tail tells which one it was, and stands for the fields it lacks.
    picks = {f"end_{at}": tuple(places.get(name, places.get(f"{name}_{at}", places[f"end_{at}"])) for name in _FIELDS)
             for at in range(len(tails))}

    def read(line: str, times: Times) -> Head | None:
        found = match(line)
        if found is None:
            return None
        time, level, service, host, logger = found.group(*picks[found.lastgroup or ""])
        return Head(line[found.end():], times.read(time) if time else NO_TIME, _SPELT.get(level, ""),
                    service.strip() if service else "", host or "", logger.strip() if logger else "", format=format)

    return Reader(format, first, read, leveled=any(name.startswith("level") for name in places))
