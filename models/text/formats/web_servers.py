"""The error logs of Apache and nginx."""

import re
from typing import Final

from models.text.formats.head import BRACKET, DIGITS, Head, Reader, level_of
from models.text.times import Times

#: [Wed Mar 04 05:06:07.250000 2026] [core:error] [pid 7:tid 9] [client 10.0.0.7:5012] AH00128: text
_APACHE: Final = re.compile(
    r"\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})? \d{4})\] \[(?:(\w{1,40}):)?([a-z]{3,8})\d?\] "
    r"(?:\[pid [^\]\n]{1,60}\] )?(?:\[client [^\]\n]{1,100}\] )?", re.ASCII)
#: 2026/03/04 05:06:07 [error] 12#12: *3 text
_NGINX: Final = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[([a-z]{4,6})\] \d{1,10}#\d{1,10}: (?:\*\d{1,20} )?", re.ASCII)


def apache(line: str, times: Times) -> Head | None:
    found = _APACHE.match(line)
    if found is None:
        return None
    return Head(line[found.end():], times.read(found[1]), level_of(found[3]), "apache", logger=found[2] or "", format="apache")


def nginx(line: str, times: Times) -> Head | None:
    found = _NGINX.match(line)
    if found is None:
        return None
    return Head(line[found.end():], times.read(found[1]), level_of(found[2]), format="nginx")


READERS: Final[tuple[Reader, ...]] = (Reader("apache", BRACKET, apache, mark="] ["), Reader("nginx", DIGITS, nginx, mark="#"))
