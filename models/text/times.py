"""Timestamps: from the common spellings to UTC seconds, with a note on what had to be assumed.

A log repeats its seconds, so each second is worked out once; the fraction is added to it.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

NO_ZONE: Final = "no zone: UTC assumed"
NO_DATE: Final = "no date: only a time of day"
UNREADABLE: Final = "not a possible time"

DAY: Final = 86_400.0
#: Remembered texts; a stream in order needs few, a hostile one must not fill the memory.
_REMEMBERED: Final = 4_096
#: Characters of the longest timestamp.
_LONGEST: Final = 64
#: Zone names that loggers print. Ambiguous ones (CST, IST) as most logs mean them; hence the note.
_ZONES: Final = {"Z": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
                 "PST": -8, "PDT": -7, "CET": 1, "CEST": 2, "BST": 1, "JST": 9}
_MONTHS: Final = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}

_ZONE: Final = r"Z|UTC|GMT|[+-]\d\d(?::?\d\d)?|[A-Z]{3,4}"
_REST: Final = re.compile(rf"(?:[.,:](\d{{1,9}}))?(?: ?({_ZONE}))?", re.ASCII)
_ISO: Final = re.compile(r"(\d{4})[-/.](\d\d)[-/.](\d\d)[T ,_-](\d\d)[:.](\d\d)[:.](\d\d)", re.ASCII)

#: A timestamp at the front of a line that starts with a digit. Every part is bounded.
DIGITS_FIRST: Final = (
    r"\d{4}[-/.]\d\d[-/.]\d\d[T ,_-]\d\d[:.]\d\d[:.]\d\d(?:[.,:]\d{1,9})?(?: ?(?:Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b))?"
    r"|\d{8}[T-]\d\d:?\d\d:?\d\d(?:[.,:]\d{1,9})?Z?|\d\d/\d\d/\d{2,4} \d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"|\d{1,2}[-/][A-Z][a-z]{2}[-/]\d{4}[: ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: (?:[+-]\d{4}|UTC|GMT)\b)?"
    r"|\d\d[-.]\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?|\d{6} \d{6}\b|\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"|(?:\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}|\d{19})(?=[\s\]|])"
)
#: The same for a line that starts with the name of a day or a month.
LETTERS_FIRST: Final = (
    r"(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: [A-Z]{3,4})?(?: \d{4}\b)?"
    r"|[A-Z][a-z]{2} [ \d]?\d \d{4} \d\d:\d\d:\d\d(?:\.\d{1,9})?"
    r"|[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?: (?:GMT|UTC|[+-]\d{4}))?"
    r"|[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d(?: [AP]M)?"
)


class Stamp(NamedTuple):
    """UTC seconds since the epoch, None where unknown, and what was assumed ("" for nothing)."""

    time: float | None = None
    note: str = ""


NO_TIME: Final = Stamp()


class Times:
    """Reads timestamps against one `now` (UTC seconds), which only completes times without a year."""

    def __init__(self, now: float) -> None:
        self._now = now if 0.0 <= now < 2.5e11 else 0.0
        self._year = datetime.fromtimestamp(self._now, UTC).year
        self._seconds: dict[str, float | None] = {}
        self._stamps: dict[str, Stamp] = {}

    def read(self, text: str) -> Stamp:
        """The time of a text that is one timestamp; `UNREADABLE` is noted where it is none."""
        if len(text) > 18 and text[4] in "-/." and text[13] in ":.":
            return self._iso(text)
        text = text[:_LONGEST]
        stamp = self._stamps.get(text)
        if stamp is None:
            if len(self._stamps) >= _REMEMBERED:
                self._stamps.clear()
            stamp = self._stamps[text] = self._other(text.strip())
        return stamp

    def _iso(self, text: str) -> Stamp:
        key = text[:19]
        seconds = self._seconds.get(key)
        if seconds is None:
            if len(self._seconds) >= _REMEMBERED:
                self._seconds.clear()
            found = _ISO.fullmatch(key)
            seconds = self._seconds[key] = _civil(*map(int, found.groups())) if found else None
        return _finished(seconds, text[19:])

    def _other(self, text: str) -> Stamp:
        for pattern, make in _KINDS:
            found = pattern.fullmatch(text)
            if found:
                return make(self, found)
        return Stamp(None, UNREADABLE)

    def _without_year(self, month: int, day: int, clock: str) -> Stamp:
        """The newest year that puts the time at most a day after now (29 February may be years back)."""
        hour, minute, second = map(int, clock[:8].split(":"))
        for year in range(self._year + 1, self._year - 9, -1):
            seconds = _civil(year, month, day, hour, minute, second, since=0)
            if seconds is not None and seconds <= self._now + DAY:
                return Stamp(_finished(seconds, clock[8:]).time, f"no year: {year} assumed; {NO_ZONE}")
        return Stamp(None, UNREADABLE)


def epoch(value: float) -> Stamp:
    """The time of a number: seconds, milli-, micro- or nanoseconds since 1970, told apart by size (from 1973 on)."""
    for bound, unit in ((1e8, 0.0), (1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9)):
        if value < bound:
            return Stamp(round(value / unit, 6)) if unit else Stamp(None, UNREADABLE)
    return Stamp(None, UNREADABLE)


def _finished(seconds: float | None, rest: str) -> Stamp:
    """`rest` is what follows the seconds: a fraction, a zone, both or neither."""
    if seconds is None:
        return Stamp(None, UNREADABLE)
    fraction, offset, note = (_rest if len(rest) <= _LONGEST else _rest.__wrapped__)(rest)
    return Stamp(seconds + fraction - offset, note)


@lru_cache(maxsize=_REMEMBERED)
def _rest(text: str) -> tuple[float, int, str]:
    """The fraction of a second, the seconds east of UTC, and what was assumed."""
    found = _REST.fullmatch(text)
    fraction, zone = found.groups() if found else (None, None)
    part = int(fraction) / 10 ** len(fraction) if fraction else 0.0
    return (part, *((0, NO_ZONE) if zone is None else _offset(zone)))


@lru_cache(maxsize=1_000)
def _offset(zone: str) -> tuple[int, str]:
    """Seconds east of UTC of a zone's name or number, and what was assumed."""
    hours = _ZONES.get(zone)
    if hours is not None:
        return 3600 * hours, f"{zone} read as UTC{hours:+d}" if hours else ""
    if zone[0] not in "+-":
        return 0, f"zone {zone} unknown: UTC assumed"
    digits = zone[1:].replace(":", "")
    offset = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return (offset if zone[0] == "+" else -offset), ""


def _civil(*parts: int, since: int = 1970) -> float | None:
    """UTC seconds of year, month, day, hour, minute, second.

    None for a date that does not exist or lies before the year `since` (Go's zero time is year 1).
    """
    year, month, day, hour, minute, second = parts
    leap = second == 60
    if year < since:
        return None
    try:
        return datetime(year, month, day, hour, minute, second - leap, tzinfo=UTC).timestamp() + leap
    except ValueError:
        return None


def _dated(year: str, month: str, day: str, clock: str, *, zone: str | None = None, half: str | None = None) -> Stamp:
    """A date of parts; `month` as number or name, `half` is AM or PM."""
    number = int(month) if month.isdigit() else _MONTHS.get(month.lower(), 0)
    hour, minute, rest = clock.split(":", 2)
    hours = int(hour) % 12 + (12 if half == "PM" else 0) if half else int(hour)
    full = int(year) + (2000 if int(year) < 70 else 1900) if len(year) == 2 else int(year)
    return _finished(_civil(full, number, int(day), hours, int(minute), int(rest[:2])), rest[2:] + (zone or ""))


def _american(found: re.Match[str]) -> Stamp:
    """17/06/09 (Spark) has the year in front; 01/02/2026 is month first unless that cannot be."""
    one, two, three, clock, half = found.groups()
    if len(three) == 2:
        return _dated(one, two, three, clock, half=half)
    month, day = (two, one) if int(one) > 12 else (one, two)
    return _dated(three, month, day, clock, half=half)


def _digits(found: re.Match[str]) -> Stamp:
    whole, fraction = found.groups()
    stamp = epoch(float(whole))
    return Stamp(stamp.time + float("0" + fraction), stamp.note) if fraction and stamp.time is not None else stamp


_Make = Callable[[Times, re.Match[str]], Stamp]
_CLOCK: Final = r"(\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?)"
_SPELLINGS: Final[tuple[tuple[str, _Make], ...]] = (
    (r"(\d{9,19})(\.\d{1,9})?", lambda times, found: _digits(found)),
    (rf"(?:[A-Z][a-z]{{2}} +)?([A-Z][a-z]{{2}}) +(\d{{1,2}}) {_CLOCK}(?: [A-Z]{{3,4}})?",
     lambda times, found: times._without_year(_MONTHS.get(found[1].lower(), 0), int(found[2]), found[3])),
    (rf"(?:[A-Z][a-z]{{2}} +)?([A-Z][a-z]{{2}}) +(\d{{1,2}}) {_CLOCK}( [A-Z]{{3,4}})? (\d{{4}})",
     lambda times, found: _dated(found[5], found[1], found[2], found[3], zone=found[4])),
    (rf"([A-Z][a-z]{{2}}) +(\d{{1,2}}),? (\d{{4}}),? {_CLOCK}(?: ([AP]M))?",
     lambda times, found: _dated(found[3], found[1], found[2], found[4], half=found[5])),
    (rf"(?:[A-Z][a-z]{{2}}, )?(\d{{1,2}})[-/ ]([A-Z][a-z]{{2}})[-/ ](\d{{4}})[: ]{_CLOCK}( ?(?:{_ZONE}))?",
     lambda times, found: _dated(found[3], found[2], found[1], found[4], zone=found[5])),
    (rf"(\d\d)[-.](\d\d) {_CLOCK}", lambda times, found: times._without_year(int(found[1]), int(found[2]), found[3])),
    (rf"(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}|\d\d),? {_CLOCK}(?: ([AP]M))?", lambda times, found: _american(found)),
    (r"(\d\d)(\d\d)(\d\d) (\d\d)(\d\d)(\d\d)",  # HDFS: yymmdd hhmmss
     lambda times, found: _dated(found[1], found[2], found[3], ":".join(found.group(4, 5, 6)))),
    (rf"(\d{{4}})(\d\d)(\d\d)[T-](\d\d):?(\d\d):?(\d\d)((?:[.,:]\d{{1,9}})?(?:{_ZONE})?)",
     lambda times, found: _dated(found[1], found[2], found[3], ":".join(found.group(4, 5, 6)) + found[7])),
    (r"(\d{4})-(\d\d)-(\d\d)", lambda times, found: _dated(found[1], found[2], found[3], "00:00:00")),
    (_CLOCK, lambda times, found: Stamp(None, NO_DATE)),
)
_KINDS: Final = tuple((re.compile(pattern, re.ASCII), make) for pattern, make in _SPELLINGS)
