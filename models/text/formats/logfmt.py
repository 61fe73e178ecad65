"""logfmt: 'time=… level=error msg="no stock" order=17' (logrus, Go kit, Grafana, Heroku)."""

import re
from typing import Final

from models.text.formats.fields import head_of
from models.text.formats.head import CAPITALS, DIGITS, Head, Reader
from models.text.times import Times

NAME: Final = "logfmt"

_PAIR: Final = re.compile(r'([\w.\-@/]{1,80})=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s"]*))(?=\s|$)\s?', re.ASCII)
#: One of these makes pairs of names and values a log line.
_TELLING: Final = ("level=", "lvl=", "msg=", "severity=", "desc=")
#: 2026-03-04T05:06:07.250000+00:00 heroku[router]: at=error code=H12 desc="Request timeout"
_HEROKU: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) (?:heroku|app)\[([\w.\-]{1,80})\]: ", re.ASCII)
_MAX_PAIRS: Final = 200
_ESCAPE: Final = re.compile(r"\\(.)")


def read(line: str, times: Times) -> Head | None:
    """A Head where the whole line is pairs and one of them is a level or a message."""
    equals = line.find("=", 0, 81)
    if equals < 0 or " " in line[:equals] or not any(word in line for word in _TELLING):
        return None
    fields: dict[str, str] = {}
    at = 0
    while at < len(line) and len(fields) < _MAX_PAIRS:
        found = _PAIR.match(line, at)
        if found is None:
            return None
        name, quoted, bare = found.groups()
        fields.setdefault(name, _unescaped(quoted) if quoted is not None else bare)
        at = found.end()
    if "desc" in fields and "at" in fields:  # Heroku's router: at=error code=H12 desc="Request timeout"
        fields.setdefault("msg", f"{fields['code']}: {fields['desc']}" if fields.get("code") else fields["desc"])
        fields.setdefault("level", fields["at"])
        fields.pop("service", None)  # the milliseconds of the program
    return head_of(fields, line, times, NAME)._replace(complete=False)


def heroku(line: str, times: Times) -> Head | None:
    """The router's line in `heroku logs`; what the programs print there is of any format."""
    found = _HEROKU.match(line)
    head = read(line[found.end():], times) if found else None
    return None if found is None or head is None else head._replace(stamp=times.read(found[1]), service=head.service or found[2])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text) if "\\" in text else text


READERS: Final[tuple[Reader, ...]] = (
    Reader(NAME, CAPITALS | frozenset("abcdefghijklmnopqrstuvwxyz@_"), read, mark="="),
    Reader(NAME, DIGITS, heroku, mark="]: "),
)
