"""Calls between services from OpenTelemetry spans in OTLP JSON: a span whose parent is of another service is a call.

A client span that no other service answered is a call too, to what its attributes name: the peer, a database, a queue or a
host (semantic conventions, https://opentelemetry.io/docs/specs/semconv/).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from models.analyse.topology_build import Call, TopologyError

MAX_SPANS: Final = 1_000_000
_CLIENT: Final = (3, "3", "SPAN_KIND_CLIENT")
_PRODUCER: Final = (4, "4", "SPAN_KIND_PRODUCER")
_CONSUMER: Final = (5, "5", "SPAN_KIND_CONSUMER")
_PEER: Final = ("peer.service", "server.address", "net.peer.name", "db.system", "db.system.name", "messaging.system")


class _Span(NamedTuple):
    service: str
    parent: str
    kind: Any
    attributes: dict[str, str]


def calls_of_spans(documents: Iterable[Mapping[str, Any]]) -> tuple[list[Call], dict[str, str]]:
    """The calls, and the kind of each service (name to kind, "" unknown). TopologyError where no span has a service."""
    spans: dict[tuple[str, str], _Span] = {}
    for trace, number, span in _spans(documents):
        spans[trace, number] = span
        if len(spans) > MAX_SPANS:
            raise TopologyError(f"more than {MAX_SPANS:,} spans: give the traces of some minutes")
    if not spans:
        raise TopologyError("no span with a service.name is in resourceSpans")
    kinds = {span.service: "" for span in spans.values()}
    calls, answered = [], set()
    for (trace, _), span in spans.items():
        parent = spans.get((trace, span.parent))
        if parent is None or parent.service == span.service:
            continue
        answered.add((trace, span.parent))
        if span.kind in _CONSUMER:  # the broker is between them; who consumes depends on who produces
            calls.append(Call(span.service, parent.service, "consume", "traces"))
        else:
            calls.append(Call(parent.service, span.service, _protocol(parent.attributes), "traces"))
    for key, span in spans.items():
        if span.kind in (*_CLIENT, *_PRODUCER) and key not in answered:
            calls.extend(_unanswered(span, kinds))
    return calls, kinds


def _unanswered(span: _Span, kinds: dict[str, str]) -> Iterator[Call]:
    name = next((span.attributes[key] for key in _PEER if span.attributes.get(key)), "")
    if not name or name == span.service:
        return
    kinds.setdefault(name, _kind(span.attributes))
    yield Call(span.service, name, _protocol(span.attributes), "traces")


def _kind(attributes: Mapping[str, str]) -> str:
    system = attributes.get("db.system") or attributes.get("db.system.name")
    if system:
        return "cache" if system in ("redis", "memcached") else "database"
    return "queue" if "messaging.system" in attributes else "external"


def _protocol(attributes: Mapping[str, str]) -> str:
    system = attributes.get("db.system") or attributes.get("db.system.name")
    if system:
        return "redis" if system == "redis" else "sql"
    if "messaging.system" in attributes:
        return "amqp"
    return "grpc" if attributes.get("rpc.system") == "grpc" else "http"


def _spans(documents: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, _Span]]:
    """(trace id, span id, span) of every well-formed span whose resource names a service."""
    for document in documents:
        for resource in _objects(document.get("resourceSpans")):
            about = resource.get("resource")
            service = _attributes(about if isinstance(about, Mapping) else {}).get("service.name", "")
            if not service:
                continue
            scopes = resource.get("scopeSpans") or resource.get("instrumentationLibrarySpans")
            for scope in _objects(scopes):
                for span in _objects(scope.get("spans")):
                    trace, number, parent = (str(span.get(key) or "") for key in ("traceId", "spanId", "parentSpanId"))
                    if trace and number:
                        yield trace, number, _Span(service, parent, span.get("kind"), _attributes(span))


def _attributes(holder: Mapping[str, Any]) -> dict[str, str]:
    """The text attributes of a resource or a span."""
    found = {}
    for item in _objects(holder.get("attributes")):
        value = item.get("value")
        text = value.get("stringValue") if isinstance(value, Mapping) else None
        if isinstance(text, str) and isinstance(item.get("key"), str):
            found[item["key"]] = text
    return found


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())
