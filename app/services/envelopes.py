"""From a Sentry envelope to the log text that it holds: one JSON object a line.

The format is https://develop.sentry.dev/sdk/data-model/envelopes/: a line of JSON about the envelope, then for each item a line
about it and its payload, whose length the line may state. Events (errors and messages) and structured logs are read; sessions,
transactions, profiles and attachments are passed over.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.domain import InvalidInput

#: Items of one envelope that are looked at.
_MAX_ITEMS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Envelope:
    """`event_id` is the sender's name for it, "" where it gives none; `texts` are JSON objects, each on one line."""

    event_id: str
    texts: tuple[str, ...]


def read_envelope(body: bytes) -> Envelope:
    """InvalidInput where the bytes are no envelope."""
    head, _, rest = body.partition(b"\n")
    about = _object(head)
    texts = tuple(text for kind, payload in _items(rest) for text in _texts(kind, payload))
    return Envelope(str(about.get("event_id") or ""), texts)


def read_event(body: bytes) -> Envelope:
    """A bare event, as senders before envelopes post it."""
    event = _object(body)
    return Envelope(str(event.get("event_id") or ""), (_line(event),))


def _items(rest: bytes) -> Iterator[tuple[str, bytes]]:
    for _ in range(_MAX_ITEMS):
        if not rest.strip():
            return
        head, _, rest = rest.partition(b"\n")
        about = _object(head)
        length = about.get("length")
        if isinstance(length, int) and 0 <= length <= len(rest):
            payload, rest = rest[:length], rest[length:].removeprefix(b"\n")
        else:
            payload, _, rest = rest.partition(b"\n")
        yield str(about.get("type") or ""), payload


def _texts(kind: str, payload: bytes) -> Iterator[str]:
    if kind == "event":
        yield _line(_object(payload))
    elif kind == "log":
        items = _object(payload).get("items")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                yield _line(_log(item))


def _log(item: dict[str, Any]) -> dict[str, Any]:
    """A structured log in the names that any JSON logger uses; its attributes are wrapped as {"value", "type"}."""
    wrapped = item.get("attributes")
    items = wrapped.items() if isinstance(wrapped, dict) else ()
    attributes = {
        name: value.get("value") for name, value in items if isinstance(value, dict)
    }
    named = {
        "timestamp": item.get("timestamp"),
        "level": item.get("level"),
        "message": item.get("body"),
        "host": attributes.get("server.address"),
        "logger": attributes.get("logger.name"),
        "trace_id": item.get("trace_id"),
    }
    return {name: value for name, value in named.items() if value is not None} | {"attributes": attributes}


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"this is no Sentry envelope: {error}") from error
    if not isinstance(value, dict):
        raise InvalidInput("this is no Sentry envelope: an object was expected")
    return value
