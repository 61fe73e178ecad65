"""From named fields to a Head: the names that loggers, collectors and clouds give them, flat or nested.

Known: structlog, pino, bunyan, winston, logrus, zap, Serilog, Log4j, Elastic, Google, AWS, Docker, GELF, journald.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from models.records import Trace
from models.text.decode import clean
from models.text.formats.head import Head, level_of, number_level
from models.text.times import NO_TIME, Stamp, Times, epoch
from models.text.traces import read_trace

Fields = dict[str, Any]
#: A field's name and, where it may be nested, the keys on the way to it.
Name = tuple[str, tuple[str, ...]]


def _names(text: str) -> tuple[Name, ...]:
    return tuple((name, tuple(name.split(".")) if "." in name else ()) for name in text.split())


_MESSAGE: Final = _names("""message msg event @message @m @mt Message short_message MESSAGE textPayload log text
    jsonPayload.message jsonPayload.msg body message_text description full_message error.message""")
_LEVEL: Final = _names("""level severity log.level levelname lvl loglevel log_level @level @l severity_text severityText
    level_name levelName Level Severity priority PRIORITY jsonPayload.level s""")
_TIME: Final = _names("""timestamp time @timestamp ts @t t datetime asctime t.$date date eventTime timeMillis Timestamp Time Date
    created created_at start_time dt __REALTIME_TIMESTAMP _SOURCE_REALTIME_TIMESTAMP instant.epochSecond""")
_SERVICE: Final = _names("""service.name service serviceName service_name app application appName app_name
    kubernetes.container_name resource.labels.container_name SYSLOG_IDENTIFIER container_name program logGroup
    function_name Service""")
_HOST: Final = _names("""host.name host hostname HOSTNAME host.hostname _HOSTNAME kubernetes.pod_name
    resource.labels.pod_name pod node instance server Host""")
_LOGGER: Final = _names("""logger log.logger logger_name loggerName logger.name class module caller source_name
    SourceContext scope component Logger""")
#: Where a stack trace stands as text (or as a list of lines).
_STACK: Final = _names("""stack_trace stacktrace stack exception exc_info error.stack_trace error.stack err.stack exc_text
    traceback @x exception.stacktrace exception.stackTrace throwable thrown stackTrace errorVerbose error.stacktrace
    jsonPayload.stack_trace trace Exception""")
_ERROR_TYPE: Final = _names("""error.type exception.type exception.class exception_class exception.exception_class err.type
    error.name err.name exception.name errorType exc_type error.kind thrown.name""")
_ERROR_TEXT: Final = _names("""error.message exception.message exception.exception_message err.message errorMessage exc_value
    thrown.message error err cause""")
_NAME: Final = _names("name")
#: MongoDB writes a letter.
_LETTERS: Final = {"F": "fatal", "E": "error", "W": "warning", "I": "info", "D": "debug", "D1": "debug", "D2": "debug"}


@dataclass(frozen=True, slots=True)
class Known:
    """Which of the known names occur in an object with given keys; worked out once for each set of keys."""

    message: tuple[Name, ...]
    level: tuple[Name, ...]
    time: tuple[Name, ...]
    service: tuple[Name, ...]
    host: tuple[Name, ...]
    logger: tuple[Name, ...]
    stack: tuple[Name, ...]
    error_type: tuple[Name, ...]
    error_text: tuple[Name, ...]
    name: tuple[Name, ...]


def _known(keys: tuple[str, ...]) -> Known:
    there = frozenset(keys)
    return Known(*(
        tuple(name for name in wanted if name[0] in there or (name[1] and name[1][0] in there))
        for wanted in (_MESSAGE, _LEVEL, _TIME, _SERVICE, _HOST, _LOGGER, _STACK, _ERROR_TYPE, _ERROR_TEXT, _NAME)))


#: Objects of one program have the same keys. Long ones are not remembered: the memory must stay small.
_remembered = lru_cache(maxsize=512)(_known)
_LONG: Final = 16_384


def head_of(fields: Fields, text: str, times: Times, format: str) -> Head:
    """What the usual fields say; an object without a message is its own message."""
    known = (_remembered if len(text) < _LONG else _known)(tuple(fields))
    error = first_text(fields, known.error_text)
    message, trace = _trace(fields, known, first_text(fields, known.message))
    if error and trace is None and error not in message:
        message = f"{message}: {error}" if message else error  # logrus and zap: the reason stands apart
    service, logger = first_text(fields, known.service), first_text(fields, known.logger)
    if known.name:
        name = first_text(fields, known.name)
        if "levelname" in fields:  # Python's formatters
            logger = logger or name
        else:  # pino, bunyan
            service = service or name
    return Head(clean(message) or ("" if trace else text), _time(fields, known, times), _level(fields, known), service,
                first_text(fields, known.host), logger, trace, complete=True, format=format)


def _time(fields: Fields, known: Known, times: Times) -> Stamp:
    """The time of the first field that has one: a text or a number (s, ms, us, ns since 1970)."""
    stamp = NO_TIME
    instant = fields.get("instant")
    if isinstance(instant, dict):  # Log4j's: whole seconds, and nanoseconds beside
        whole: Any = instant.get("epochSecond")
        rest: Any = instant.get("nanoOfSecond", 0)
        if _is_number(whole) and _is_number(rest) and 0 <= rest < 1e9 and 0 <= whole < 1e11:
            return epoch(whole + rest / 1e9)
    for value in _values(fields, known.time):
        if isinstance(value, str) and value:
            stamp = times.read(value)
        elif _is_number(value) and -1e300 < value < 1e300:
            stamp = epoch(float(value))
        if stamp.time is not None:
            break
    return stamp


def first_text(fields: Fields, wanted: tuple[Name, ...]) -> str:
    """The first of the fields that is a text (not an empty one) or a number."""
    if not wanted:
        return ""
    for value in _values(fields, wanted):
        if isinstance(value, str):
            if value:
                return clean(value)  # an escape in JSON can be any character, half a surrogate pair too
        elif _is_number(value):
            return str(value)
    return ""


def _values(fields: Fields, wanted: tuple[Name, ...]) -> Iterator[Any]:
    """The values of those fields that are there, written flat ("log.level") or nested."""
    for name, path in wanted:
        if name in fields:
            yield fields[name]
        elif path and path[0] in fields:
            value: Any = fields
            for key in path:
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                yield value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _level(fields: Fields, known: Known) -> str:
    for value in _values(fields, known.level):
        if isinstance(value, str):
            level = number_level(int(value)) if value.isdecimal() and len(value) < 4 else level_of(_LETTERS.get(value, value))
            if level:
                return level
        elif _is_number(value) and -1e9 < value < 1e9:
            return number_level(value)
    return ""


def _trace(fields: Fields, known: Known, message: str) -> tuple[str, Trace | None]:
    """The message without the trace, and the trace of the stack fields, of the message, or of a type and a text."""
    for value in _values(fields, known.stack):
        text = "\n".join(map(str, value)) if isinstance(value, list) else value
        if isinstance(text, str) and "\n" in text:
            _, trace = read_trace(clean(text))
            if trace is not None:
                return message, _named(trace, fields, known)
    if "\n" in message:
        lead, trace = read_trace(clean(message))
        if trace is not None:
            return lead, trace
    kind = first_text(fields, known.error_type)
    return message, Trace("", kind, first_text(fields, known.error_text), ()) if kind else None


def _named(trace: Trace, fields: Fields, known: Known) -> Trace:
    """Stacks without a header (zap's, some of Elastic's) have the type and message in fields of their own."""
    if trace.exception_type:
        return trace
    kind, text = first_text(fields, known.error_type), first_text(fields, known.error_text)
    return Trace(trace.language, kind, trace.message or text, trace.frames, trace.causes)
