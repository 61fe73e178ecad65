"""RabbitMQ, since release 3.7: "2026-03-04 05:06:07.250000+00:00 [error] <0.123.0> text"."""

import re
from typing import Final

from models.text.formats.head import DIGITS, Head, Reader, level_of
from models.text.times import Times

NAME: Final = "rabbitmq"

#: The number in angle brackets is the Erlang process that wrote the line, another one for every connection.
_LINE: Final = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,6}(?:Z|[+-]\d\d:\d\d)?) \[([a-z]{4,9})\] (<\d{1,9}\.\d{1,9}\.\d{1,9}>) ?", re.ASCII)


def read(line: str, times: Times) -> Head | None:
    found = _LINE.match(line)
    if found is None:
        return None
    time, level, process = found.groups()
    return Head(line[found.end():], times.read(time), level_of(level), logger=process, format=NAME)


READERS: Final[tuple[Reader, ...]] = (Reader(NAME, DIGITS, read, mark="] <"),)
