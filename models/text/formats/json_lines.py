"""JSON: one object a line, an array of objects on one line, and objects that hold several records."""

import json
from typing import Any, Final

from models.text.formats import trackers
from models.text.formats.fields import Fields, head_of
from models.text.formats.head import BROKEN_JSON, Head, Reader
from models.text.times import Times

NAME: Final = "json"

_AFTER_BRACE: Final = frozenset("\"} \t")
_DECODER: Final = json.JSONDecoder()


def read(line: str, times: Times) -> Head | None:
    """A Head for every line that opens like an object with a named field, else None."""
    text = line.strip()
    if text[1:2] not in _AFTER_BRACE:
        return None
    fields = load(text)
    if fields is None:
        return Head(text, problem=BROKEN_JSON, prefixed=False) if text[1:].lstrip()[:1] == '"' else None
    return object_head(fields, text, times)


def load(text: str) -> Fields | None:
    """The object of a JSON text, which may have a comma behind it; None for anything else, however broken or deep."""
    try:
        value = json.loads(text.removesuffix(",") if text[-1:] == "," else text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def object_head(fields: Fields, text: str, times: Times) -> Head:
    """The head of an object, with the heads of all its records in `more` where it holds several."""
    if "resourceLogs" in fields:
        records = trackers.otel(fields, times, NAME)
        if records:
            return records[0][1]._replace(more=tuple(records) if len(records) > 1 else ())
    elif "exception" in fields:
        head = trackers.sentry(fields, text, times, NAME)
        if head is not None:
            return head
    elif isinstance(fields.get("MESSAGE"), list):  # journald writes bytes that are no text as numbers
        fields["MESSAGE"] = _bytes(fields["MESSAGE"])
    return head_of(fields, text, times, NAME)


def read_array(line: str, times: Times) -> Head | None:
    """An array of objects on one line: the first's head, with all of them in `more`."""
    text = line.strip()
    if text[-1:] != "]" or text[1:].lstrip()[:1] != "{":
        return None
    found: list[tuple[str, Head]] = []
    at = 1
    try:
        while text[at:at + 1] and text[at] != "]":
            if text[at] in ", \t":
                at += 1
                continue
            value, end = _DECODER.raw_decode(text, at)
            if not isinstance(value, dict):
                return None
            head = object_head(value, text[at:end], times)
            found.extend(head.more or ((text[at:end], head),))
            at = end
    except (ValueError, RecursionError):
        return None
    return found[0][1]._replace(more=tuple(found)) if found else None


def _bytes(values: list[Any]) -> str:
    known = all(isinstance(value, int) and 0 <= value < 256 for value in values)
    return bytes(values).decode(errors="replace") if known else ""


READERS: Final[tuple[Reader, ...]] = (Reader(NAME, frozenset("{"), read), Reader(NAME, frozenset("["), read_array))
