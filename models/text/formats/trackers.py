"""JSON of the error trackers and collectors that hold more than a flat object: Sentry events, OpenTelemetry logs."""

import json
from collections.abc import Iterator
from typing import Any, Final

from models.records import Frame, Trace
from models.text.formats.fields import Fields, head_of
from models.text.formats.head import Head, level_of
from models.text.times import NO_TIME, Times, epoch

#: Records of one OpenTelemetry document that are read; an export holds a few hundred.
_MAX_RECORDS: Final = 100_000


def sentry(fields: Fields, text: str, times: Times, format: str) -> Head | None:
    """The head of a Sentry event, None where the object is none."""
    values = _get(fields, "exception", "values")
    if not isinstance(values, list) or not any(isinstance(value, dict) for value in values):
        return None
    flat = {name: value for name, value in fields.items() if name != "exception"}
    entry = fields.get("logentry")
    flat["message"] = _text(entry, "formatted") or _text(entry, "message") or fields.get("message")
    flat["host"] = fields.get("server_name")
    head = head_of(flat, "", times, format)
    trace = _sentry_trace([value for value in values if isinstance(value, dict)], str(fields.get("platform") or ""))
    return head._replace(trace=trace, message=head.message)


def _sentry_trace(values: list[Fields], platform: str) -> Trace:
    """Sentry lists the root cause first and the frames of each outermost first."""
    frames: list[Frame] = []
    for value in values:
        stack = _get(value, "stacktrace", "frames")
        inner = [_frame(frame) for frame in stack if isinstance(frame, dict)] if isinstance(stack, list) else []
        frames.extend(reversed(inner))
    kinds = [_text(value, "type") for value in values]
    causes = tuple(kind for kind in reversed(kinds[:-1]) if kind)
    return Trace(platform, kinds[-1], _text(values[-1], "value"), tuple(frames), causes)


def _frame(frame: Fields) -> Frame:
    line = frame.get("lineno")
    return Frame(_text(frame, "function"), _text(frame, "filename") or _text(frame, "abs_path"),
                 line if isinstance(line, int) and 0 < line < 10**9 else 0, _text(frame, "module"))


def otel(fields: Fields, times: Times, format: str) -> list[tuple[str, Head]]:
    """The records of an OpenTelemetry log document, each with a document of its own as raw text."""
    found: list[tuple[str, Head]] = []
    for resource, scope, record in _records(fields):
        raw = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": [record]}]}]},
                         ensure_ascii=False)
        found.append((raw, _record(resource, scope, record, times, format)))
        if len(found) == _MAX_RECORDS:
            break
    return found


def _records(fields: Fields) -> Iterator[tuple[Any, Any, Fields]]:
    for logs in _objects(fields, "resourceLogs"):
        for part in (*_objects(logs, "scopeLogs"), *_objects(logs, "instrumentationLibraryLogs")):
            for record in _objects(part, "logRecords"):
                yield logs.get("resource"), part.get("scope"), record


def _record(resource: Any, scope: Any, record: Fields, times: Times, format: str) -> Head:
    flat: Fields = _attributes(resource) | _attributes(record)
    body = _value(record.get("body"))
    flat["message"] = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
    head = head_of(flat, "", times, format)
    nanoseconds = _number(record.get("timeUnixNano")) or _number(record.get("observedTimeUnixNano"))
    level = level_of(_text(record, "severityText")) or _severity(_number(record.get("severityNumber")))
    return head._replace(stamp=epoch(nanoseconds) if nanoseconds else NO_TIME, level=level or head.level,
                         logger=_text(scope, "name") or head.logger)


def _severity(number: float) -> str:
    """OpenTelemetry counts from 1 (trace) to 24 (fatal), four to a level."""
    return ("trace", "debug", "info", "warning", "error", "critical")[int(number - 1) // 4] if 1 <= number <= 24 else ""


def _attributes(holder: Any) -> Fields:
    pairs = holder.get("attributes") if isinstance(holder, dict) else None
    if not isinstance(pairs, list):
        return {}
    return {pair["key"]: _value(pair.get("value")) for pair in pairs
            if isinstance(pair, dict) and isinstance(pair.get("key"), str)}


def _value(value: Any) -> Any:
    """The value in OpenTelemetry's wrapping: {"stringValue": "x"}."""
    if not isinstance(value, dict):
        return value
    return next((value[kind] for kind in ("stringValue", "intValue", "doubleValue", "boolValue") if kind in value), value or None)


def _number(value: Any) -> float:
    """A number, also one written as text (64 bits in JSON); 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 25:
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300 else 0.0


def _objects(holder: Fields, name: str) -> list[Fields]:
    values = holder.get(name)
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _get(holder: Fields, *path: str) -> Any:
    value: Any = holder
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(holder: Any, name: str) -> str:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""
