"""From OpenTelemetry's exports over HTTP (OTLP, protobuf or JSON) to the log text that they hold: one JSON document a line.

Logs are passed on as the document they are, in OTLP's JSON. Of traces, a span that failed is an error: its recorded exceptions,
else its status. https://opentelemetry.io/docs/specs/otlp/
"""

import json
from collections.abc import Iterator
from typing import Any, Final, Literal

from app.domain import InvalidInput

Kind = Literal["logs", "traces"]
#: Ids travel as base64 in protobuf's JSON and as hex in OTLP's.
_IDS: Final = frozenset(("traceId", "spanId", "parentSpanId"))
_FAILED: Final = (2, "STATUS_CODE_ERROR")


def read_export(kind: Kind, body: bytes, *, protobuf: bool) -> list[str]:
    """The lines of an export; InvalidInput where the bytes are none."""
    document = _from_protobuf(kind, body) if protobuf else _from_json(body)
    lines = [document] if kind == "logs" and document.get("resourceLogs") else list(_failures(document))
    return [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines]


def answer(kind: Kind) -> bytes:
    """The protobuf answer to an export that was taken whole."""
    return bytes(_messages(kind)[1]().SerializeToString())


def _messages(kind: Kind) -> tuple[Any, Any]:
    """The request and response classes; imported when the first export comes."""
    if kind == "logs":
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs

        return logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

    return traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse


def _from_protobuf(kind: Kind, body: bytes) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError

    try:
        message = _messages(kind)[0].FromString(body)
    except DecodeError as error:
        raise InvalidInput(f"this is no OTLP export of {kind}: {error}") from error
    document: dict[str, Any] = _with_hex_ids(MessageToDict(message))
    return document


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_hex_ids(item) for item in value]
    if isinstance(value, dict):
        return {name: _hex(item) if name in _IDS else _with_hex_ids(item) for name, item in value.items()}
    return value


def _hex(text: Any) -> Any:
    import base64
    import binascii

    try:
        return base64.b64decode(str(text), validate=True).hex()
    except binascii.Error:
        return text


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"this is no OTLP export: {error}") from error
    if not isinstance(document, dict):
        raise InvalidInput("this is no OTLP export: an object was expected")
    return document


def _failures(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in _objects(document, "resourceSpans"):
        about = _attributes(resource.get("resource"))
        for scope in _objects(resource, "scopeSpans"):
            for span in _objects(scope, "spans"):
                yield from _of_span(span, about)


def _of_span(span: dict[str, Any], about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    common = {
        "level": "error",
        "service": about.get("service.name"),
        "host": about.get("host.name"),
        "operation": span.get("name"),
        "trace_id": span.get("traceId"),
        "span_id": span.get("spanId"),
    }
    common = {name: value for name, value in common.items() if value}
    exceptions = [event for event in _objects(span, "events") if event.get("name") == "exception"]
    for event in exceptions:
        said = _attributes(event)
        yield {
            "timestamp": event.get("timeUnixNano"),
            "message": said.get("exception.message") or said.get("exception.type") or span.get("name"),
            "error.type": said.get("exception.type", ""),
            "exception.stacktrace": said.get("exception.stacktrace", ""),
        } | common
    status = span.get("status")
    if not exceptions and isinstance(status, dict) and status.get("code") in _FAILED:
        message = status.get("message") or f"{span.get('name') or 'a span'} failed"
        yield {"timestamp": span.get("endTimeUnixNano"), "message": message} | common


def _attributes(holder: Any) -> dict[str, Any]:
    return {
        str(pair.get("key")): next(iter(pair["value"].values()), None)
        for pair in _objects(holder, "attributes")
        if isinstance(pair.get("value"), dict)
    }


def _objects(holder: Any, name: str) -> list[dict[str, Any]]:
    values = holder.get(name) if isinstance(holder, dict) else None
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
