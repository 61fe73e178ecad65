"""Which lines belong to the event above them.

A line continues the event above it if it is indented deeper and that event has a prefix (a time, a level), or if it is
part of the stack trace there, with or without the prefix repeated on every line.
"""

import re
from typing import Final

from models.text.formats import PLAIN
from models.text.formats.head import Head
from models.text.formats.occurrence import Occurrence
from models.text.traces import language_of, may_open
from models.text.traces.java import JAVA

_INDENT: Final = frozenset(" \t")
POSTGRES: Final = "postgres"
RABBITMQ: Final = "rabbitmq"
#: The number of the process in PostgreSQL's prefix.
_PROCESS: Final = re.compile(r" \[\d{1,10}\]")


def indented(event: Occurrence, number: int, line: str, text: str) -> bool:
    """Whether a line that stands deeper than the event was taken into it."""
    if event.head.complete:
        return False
    language, known = language_of(text), event.language
    if known is not None:
        belongs = event.owner or language is known or (language is None and not event.after_blank) or known.is_frame(text)
        return (belongs or known.continues(text, event.last(), event.after_blank)) and event.join(line, text)
    if language is not None:
        follows = not event.gap or event.owner or event.pending or may_open(event.last())
        return bool(follows) and _with_trace(event, line, text)
    if event.pending or (not event.owner and may_open(event.last())):
        return event.hold(number, line, text)
    detail = event.head.format == POSTGRES and not event.texts[-1]
    return event.owner and event.join(line, "" if detail else text)


def continued(event: Occurrence, number: int, line: str, text: str, head: Head) -> bool:
    """Whether a line that is not indented was taken into the event."""
    if head.format == PLAIN and not head.prefixed:
        return _unprefixed(event, number, line, text)
    if not event.head.prefixed:
        return False
    if event.language is None and _report(event, number, line, text, head):
        return True
    if event.language is None and head.message[:1] not in _INDENT and language_of(head.message) is None:
        return not head.message and may_open(event.last()) and _same(event, head) and event.join(line, "")
    return _prefixed(event, line, head)


def may_go_on(head: Head) -> bool:
    """Whether a line with a prefix, and no part of a trace to see, may still be taken into the event above it."""
    text = head.message
    return text.startswith("** ") or (head.format == POSTGRES and head.body is not None) or may_open(text)


def _report(event: Occurrence, number: int, line: str, whole: str, head: Head) -> bool:
    """A line that says more of what the same process reported right above it, each line with the prefix."""
    text, last = head.message, event.last()
    if event.gap or event.pending or not _same(event, head):
        return False
    if head.format == POSTGRES:  # kept in the raw text only: values and statements differ where the error is the same
        return head.body is not None and _process(line) == _process(event.raws[0]) and event.join(line, "")
    if head.format == RABBITMQ:
        goes_on = not text or text[0] in _INDENT or (text.startswith("** ") and last.startswith("** "))
        return goes_on and head.level == event.head.level and event.join(line, text)
    loud = event.head.level == head.level and head.level in ("error", "critical")
    if loud and not head.complete and not may_open(last) and JAVA.header_at(text) == 0:
        event.cause = text
        return event.hold(number, line, whole)  # one event with the line that logged it, if frames follow
    return False


def _process(line: str) -> str:
    found = _PROCESS.search(line, 0, 100)
    return found[0] if found else ""


def _unprefixed(event: Occurrence, number: int, line: str, text: str) -> bool:
    if event.language is not None and event.language.continues(text, event.last(), event.after_blank):
        return event.join(line, text)
    language = language_of(text)
    if language is not None:
        if language.header_at(text) == 0:  # the opening of a trace, below the line that logged it or for itself
            belongs = event.language is None and event.owner and not event.gap and not event.pending
        else:
            belongs = event.language is language or bool(event.pending) or may_open(event.last())
        return belongs and _with_trace(event, line, text)
    return _named(event, number, line, text)


def _named(event: Occurrence, number: int, line: str, text: str) -> bool:
    """A line that is no part of a trace, but may name an exception or go on with its message."""
    opens, adjacent = may_open(text), not event.gap and not event.pending
    if event.language is None and event.head.prefixed and adjacent and (opens or JAVA.header_at(text) == 0):
        return event.join(line, text)  # the exception without a prefix, below the line that logged it
    if opens:
        return False
    if event.language is not None and event.head.format != PLAIN and adjacent:
        return event.join(line, text)  # where every event has a prefix, this goes on with the message
    return bool(event.pending or event.head.prefixed or may_open(event.last())) and event.hold(number, line, text)


def _prefixed(event: Occurrence, line: str, head: Head) -> bool:
    """A line of a trace that has the event's prefix repeated in front."""
    first, text = event.head, head.message
    if not _same(event, head):
        return False
    known = event.language
    if known is None:
        language = language_of(text)
        if language is None or (language.header_at(text) == 0 and head.level != first.level):
            return False
        return _with_trace(event, line, text)
    belongs = not text or text[0] in _INDENT or known.is_frame(text)
    if belongs or known.continues(text, event.last(), not event.texts[-1]):
        return event.join(line, text)
    return False


def _same(event: Occurrence, head: Head) -> bool:
    """Whether the prefix of a line is the event's, but for the time and the level."""
    first = event.head
    return (head.format, head.service, head.host, head.logger) == (first.format, first.service, first.host, first.logger)


def _with_trace(event: Occurrence, line: str, text: str) -> bool:
    if event.cause and event.pending:
        number, raw, _ = event.pending[0]
        event.pending[0] = number, raw, event.cause
    if not event.join(line, text):
        return False
    event.language = event.language or language_of(text)
    return True
