"""Syslog: of RFC 3164 (also with rsyslog's ISO times) and of RFC 5424."""

import re
from typing import Final

from models.text.formats.head import CAPITALS, DIGITS, Head, Reader, level_of, syslog_level
from models.text.formats.plain import front_level
from models.text.times import NO_TIME, Times

NAME: Final = "syslog"
NEW: Final = "rfc5424"

_NAMED: Final = r"[A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,6})?"
_ISO: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_LINE: Final = re.compile(
    rf"(?:<(\d{{1,3}})>)?({_NAMED}|{_ISO}) (?:([\w.:\-@]{{1,255}}) )?"
    r"([^\s:\[\]]{1,100}(?: \(\w{1,60}\))?)(?:\[([^\]\s]{0,60})\])?: ?", re.ASCII)
#: A line without a program: "last message repeated 2 times".
_BARE: Final = re.compile(
    rf"(?:<(\d{{1,3}})>({_NAMED}|{_ISO})|()({_NAMED})(?= \S{{1,255}} (?:last )?message repeated)) "
    r"([\w.:\-@]{1,255}) (?=\S)", re.ASCII)
#: PostgreSQL numbers its messages and their lines, since syslog may drop or split them: "[12-1] ERROR:  text".
_NUMBERED: Final = re.compile(r"\[\d{1,7}-\d{1,5}\] ")
#: <34>1 2026-03-04T05:06:07Z host app 7 ID47 [data@1 key="value"] text
_NEW: Final = re.compile(
    r"<(\d{1,3})>1 (\S{1,64}) (\S{1,255}) (\S{1,128}) \S{1,128} \S{1,64} "
    r"(?:-|(?:\[(?:[^\]\"\\\n]|\"(?:[^\"\\\n]|\\.){0,2000}\"){0,1000}\]){1,20}) ?",
    re.ASCII)


def read(line: str, times: Times) -> Head | None:
    first = line[0]
    if first in CAPITALS:
        if line[3:4] != " ":
            return None
    elif first in DIGITS and (line[10:11] != "T" or ("]: " not in line[:200] and " kernel:" not in line[:200])):
        return None
    found = _LINE.match(line)
    if found is None:
        return _bare(line, times)
    priority, time, host, program, process = found.groups()
    if not priority and time[0] in DIGITS and not (host and (process or program == "kernel")):
        return None  # an ISO time and a word with a colon are no syslog yet
    if level_of(program) or (host and level_of(host)):
        return None  # "Jan  2 03:04:05 ERROR db: text" has a level where syslog has the host
    if "(" in program or program[0] == "/":  # "sshd(pam_unix)", "/usr/sbin/cron"
        program = program.partition("(")[0].strip().rpartition("/")[2] or program
    message = line[found.end():]
    numbered = _NUMBERED.match(message)
    if numbered:
        message = message[numbered.end():]
    level = syslog_level(int(priority)) if priority else front_level(message)[0]
    return Head(message, times.read(time), level, program, host or "", format=NAME)


def _bare(line: str, times: Times) -> Head | None:
    found = _BARE.match(line)
    if found is None:
        return None
    priority, time, _, other, host = found.groups()
    level = syslog_level(int(priority)) if priority else ""
    return Head(line[found.end():], times.read(time or other), level, host=host, format=NAME)


def read_new(line: str, times: Times) -> Head | None:
    found = _NEW.match(line) if ">1 " in line[2:7] else None
    if found is None:
        return None
    priority, time, host, program = found.groups()
    stamp = NO_TIME if time == "-" else times.read(time)
    return Head(line[found.end():], stamp, syslog_level(int(priority)), "" if program == "-" else program,
                "" if host == "-" else host, format=NEW)


READERS: Final[tuple[Reader, ...]] = (
    Reader(NEW, frozenset("<"), read_new),
    Reader(NAME, CAPITALS | DIGITS | frozenset("<"), read),
)
