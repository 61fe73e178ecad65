"""Text of strangers made fit for a page, and times and numbers as people read them."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from models.text.decode import clean

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&^=@/])")
_CODE = re.compile(r":(?=\S)")
_STEPS = (
    (60, "s", 1),
    (3600, "min", 60),
    (48 * 3600, "h", 3600),
    (60 * 86400, "d", 86400),
    (float("inf"), "months", 30 * 86400),
)


def markdown(text: str, limit: int = 300) -> str:
    """One line of text that Markdown shows as it is: no markup, no HTML, no directive, no emoji code."""
    line = one_line(text, limit)
    # A zero-width word joiner after a colon breaks ":red[…]", ":smile:" and "http://", which no backslash does.
    return _MARKUP.sub(r"\\\1", _CODE.sub(":\u2060", line))


def one_line(text: str, limit: int = 300) -> str:
    """Plain text on one line, at most `limit` characters, without control characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def ago(at: float, now: float) -> str:
    """How long ago, in the largest unit that says enough: "40 s", "12 min", "5 h", "3 d"."""
    seconds = max(now - at, 0.0)
    for bound, unit, size in _STEPS:
        if seconds < bound:
            return f"{int(seconds / size)} {unit} ago"
    raise AssertionError("the last step has no bound")


def moment(at: float, zone: str) -> datetime:
    """A time in a zone, for widgets that format it themselves; without the zone, which they would convert away."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)


def clock(at: float, zone: str) -> str:
    """An absolute time, to the second."""
    return moment(at, zone).strftime("%Y-%m-%d %H:%M:%S")


def count(number: int, one: str, many: str = "") -> str:
    """ "1 issue", "1,204 issues"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
