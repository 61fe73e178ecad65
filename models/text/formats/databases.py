"""The logs of PostgreSQL, MySQL and Redis. (MongoDB writes JSON.)"""

import re
from dataclasses import replace
from typing import Final

from models.text.formats.head import DIGITS, Head, Reader, layouts
from models.text.times import Times

_ISO: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?"
#: 7:M 04 Mar 2026 05:06:07.250 # text
_REDIS: Final = re.compile(r"\d{1,8}:[MSCX] (\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?:\.\d{1,6})?) ([.\-*#]) ", re.ASCII)
_MARKS: Final = {".": "debug", "-": "info", "*": "notice", "#": "warning"}


def redis(line: str, times: Times) -> Head | None:
    found = _REDIS.match(line) if ":" in line[1:9] else None
    if found is None:
        return None
    return Head(line[found.end():], times.read(found[1]), _MARKS[found[2]], "redis", format="redis")


#: 2026-03-04 05:06:07.250 UTC [7] shop@orders FATAL:  text
_POSTGRES: Final = layouts(
    "postgres", DIGITS, rf"(?P<time>{_ISO} [A-Z]{{3,4}}) \[\d{{1,10}}\](?:-\d{{1,10}})? {{0,2}}(?:\S{{1,100}}@\S{{1,100}} )?",
    r"(?P<level>LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG|DETAIL|HINT|STATEMENT|CONTEXT|QUERY)\d?: {1,2}")
#: What PostgreSQL says of the line above in lines of their own.
_MORE: Final = re.compile(r"\b(?:DETAIL|HINT|STATEMENT|CONTEXT|QUERY): {1,2}")


def postgres(line: str, times: Times) -> Head | None:
    """A line that says more of the one above has its word in the body, which tells `joining` so."""
    head = _POSTGRES.read(line, times)
    if head is None or head.level:
        return head
    word = _MORE.search(line, 0, len(line) - len(head.message))
    return head._replace(body=line[word.start():]) if word else head


#: 2026-03-04T05:06:07.250000Z 7 [ERROR] [MY-010119] [Server] text
_MYSQL: Final = layouts(
    "mysql", DIGITS, rf"(?P<time>{_ISO}Z?) \d{{1,10}} \[(?P<level>ERROR|Error|Warning|WARNING|Note|System)\] ",
    r"(?:\[MY-\d{4,8}\] )?(?:\[(?P<logger>\w{1,40})\] )?")

READERS: Final[tuple[Reader, ...]] = (
    replace(_POSTGRES, read=postgres, leveled=False, mark="] "),  # LOG and DETAIL are no words of other formats
    replace(_MYSQL, leveled=False, mark="] "),
    Reader("redis", DIGITS, redis),
)
