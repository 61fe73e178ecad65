"""One log entry -> its lines, in the layout in which the software really writes them.

Zone is UTC everywhere. Formats: "spring" (Spring Boot 3 console), "logback" (pattern of the logback
manual), "python" (logging with asctime - name - levelname - message), "pino" (JSON lines), "nginx"
(error log), "rabbitmq", "syslog" (RFC 3164 as files hold it, without the priority) and "postgres"
(syslog with PostgreSQL's sequence numbers; `syslog_ident` is the service's name).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What a service wants to log.

    `milliseconds` UTC since the epoch; `level` of `taxonomy.LEVELS`; `source` is the logger, or for
    syslog the program; `number` is any whole number in [0, 65535] that stands for process, thread or
    sequence; `text` may have several lines; `trace` is a stack trace or "".
    """

    milliseconds: int
    service: str
    host: str
    level: str
    source: str
    text: str
    trace: str = ""
    fields: tuple[tuple[str, str | int | float], ...] = ()
    number: int = 0


#: Process numbers of daemons, which stay the same all day; other programs have a number a run.
_DAEMONS: Final = {"systemd": 1, "cache": 947, "monit": 812, "chronyd": 640}
_PINO_LEVELS: Final = {"debug": 20, "info": 30, "notice": 30, "warning": 40, "error": 50, "critical": 60}
_JAVA_LEVELS: Final = {"debug": "DEBUG", "info": "INFO", "notice": "INFO", "warning": "WARN", "error": "ERROR",
                       "critical": "ERROR"}
_NGINX_LEVELS: Final = {"debug": "debug", "info": "info", "notice": "notice", "warning": "warn", "error": "error",
                        "critical": "crit"}


def _stamp(entry: LogEntry, pattern: str) -> str:
    return datetime.fromtimestamp(entry.milliseconds // 1000, UTC).strftime(pattern)


def _millis(entry: LogEntry) -> str:
    return f"{entry.milliseconds % 1000:03d}"


def _with_trace(head: str, entry: LogEntry) -> str:
    return "\n".join(part for part in (head + entry.text, entry.trace) if part) + "\n"


def spring(entry: LogEntry) -> str:
    """Spring Boot 3: thread cut to its last 15 characters, logger padded to 40."""
    thread = f"nio-8080-exec-{entry.number % 24 + 1}"[-15:]
    level = _JAVA_LEVELS[entry.level]
    stamp = f"{_stamp(entry, '%Y-%m-%dT%H:%M:%S')}.{_millis(entry)}Z"
    return _with_trace(f"{stamp} {level:>5} 1 --- [{entry.service}] [{thread:>15}] {entry.source:<40} : ", entry)


def logback(entry: LogEntry) -> str:
    """`%d [%thread] %-5level %logger{36} - %msg%n`."""
    thread = f"http-nio-8080-exec-{entry.number % 24 + 1}"
    stamp = f"{_stamp(entry, '%Y-%m-%d %H:%M:%S')}.{_millis(entry)}"
    return _with_trace(f"{stamp} [{thread}] {_JAVA_LEVELS[entry.level]:<5} {entry.source} - ", entry)


def python(entry: LogEntry) -> str:
    """`%(asctime)s - %(name)s - %(levelname)s - %(message)s`."""
    stamp = f"{_stamp(entry, '%Y-%m-%d %H:%M:%S')},{_millis(entry)}"
    return _with_trace(f"{stamp} - {entry.source} - {entry.level.upper()} - ", entry)


def pino(entry: LogEntry) -> str:
    """One JSON object a line; `time` in milliseconds, the trace in `err.stack`."""
    row: dict[str, object] = {"level": _PINO_LEVELS[entry.level], "time": entry.milliseconds, "pid": 1,
                              "hostname": entry.host, "service": entry.service, **dict(entry.fields)}
    if entry.trace:
        kind, _, message = entry.trace.partition("\n")[0].partition(": ")
        row["err"] = {"type": kind, "message": message, "stack": entry.trace}
    row["msg"] = entry.text
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def nginx(entry: LogEntry) -> str:
    """Error log of nginx: whole seconds, worker process number twice."""
    process = 29 + entry.number % 4
    return f"{_stamp(entry, '%Y/%m/%d %H:%M:%S')} [{_NGINX_LEVELS[entry.level]}] {process}#{process}: {entry.text}\n"


def rabbitmq(entry: LogEntry) -> str:
    """RabbitMQ 3.9 and later: every line of a message repeats the prefix."""
    stamp = f"{_stamp(entry, '%Y-%m-%d %H:%M:%S')}.{_millis(entry)}{entry.number % 1000:03d}+00:00"
    prefix = f"{stamp} [{entry.level}] <0.{entry.number % 30000 + 200}.0> "
    return "".join(f"{prefix}{line}\n" for line in entry.text.split("\n"))


def syslog(entry: LogEntry) -> str:
    """RFC 3164: no year, day padded with a blank; the kernel has no process number."""
    when = datetime.fromtimestamp(entry.milliseconds // 1000, UTC)
    process = _DAEMONS.get(entry.source, entry.number % 32000 + 1000)
    program = entry.source if entry.source == "kernel" else f"{entry.source}[{process}]"
    prefix = f"{when:%b} {when.day:>2} {when:%H:%M:%S} {entry.host} {program}: "
    return "".join(f"{prefix}{line}\n" for line in entry.text.split("\n"))


def postgres(entry: LogEntry) -> str:
    """PostgreSQL to syslog: each line of a message is numbered, "[12-2]" is the second of message 12."""
    number = entry.number % 90 + 1
    lines = (f"[{number}-{part}] {line}" for part, line in enumerate(entry.text.split("\n"), start=1))
    numbered = "\n".join(lines)
    return syslog(LogEntry(entry.milliseconds, entry.service, entry.host, entry.level, entry.source, numbered,
                           number=entry.number))


WRITERS: Final[dict[str, Callable[[LogEntry], str]]] = {
    "spring": spring, "logback": logback, "python": python, "pino": pino, "nginx": nginx, "rabbitmq": rabbitmq,
    "syslog": syslog, "postgres": postgres,
}
