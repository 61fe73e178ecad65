"""Clients that exist already, over real HTTP: Sentry's SDK, OpenTelemetry's exporters, shippers; and what is refused."""

import gzip
import json
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi.testclient import TestClient

from app.api.application import build_api
from app.bootstrap import Services, services
from app.services.receiving import Busy
from app.storage.issues import IssueFilter


@pytest.fixture
def client(parts: Services) -> Iterator[TestClient]:
    api = build_api(parts.settings)
    api.dependency_overrides[services] = lambda: parts
    with TestClient(api) as client:
        yield client


@pytest.fixture
def address(parts: Services) -> Iterator[str]:
    """host:port of the API on a real socket; its models are awake, for a client waits a few seconds only."""
    parts.analysis.analyse("something failed")
    api = build_api(parts.settings)
    api.dependency_overrides[services] = lambda: parts
    server = uvicorn.Server(uvicorn.Config(api, host="127.0.0.1", port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def issues(parts: Services):
    return parts.inbox.page(IssueFilter(routine=True, muted=True), limit=100).issues


def fail(amount: int) -> None:
    raise ValueError(f"bad amount {amount}")


def test_the_sentry_sdk_reports_exceptions_messages_and_logs(parts: Services, address: str) -> None:
    import sentry_sdk
    from sentry_sdk import logger as sentry_logger

    sentry_sdk.init(f"http://anykey@{address}/42", server_name="web-1", enable_logs=True, default_integrations=False)
    try:
        for amount in (17, 18):
            try:
                fail(amount)
            except ValueError as error:
                sentry_sdk.capture_exception(error)
        sentry_sdk.capture_message("the disk of orders is nearly full", level="warning")
        sentry_logger.error("the queue of stock is full")
        sentry_sdk.get_client().close(timeout=20)
    finally:
        sentry_sdk.init()  # speaks to nobody any more
    found = {issue.title: issue.count for issue in issues(parts)}
    assert found == {
        "ValueError: bad amount 17": 2, "the disk of orders is nearly full": 1, "the queue of stock is full": 1,
    }  # fmt: skip
    (upload,) = parts.store.uploads.of_source("sentry")
    assert (upload.name, upload.actor, upload.events, upload.signatures) == ("Sentry project 42", "sentry:42", 4, 3)
    error = next(issue for issue in issues(parts) if issue.count == 2)
    assert parts.inbox.detail(error.id).event.frames[0].function == "fail"


def test_opentelemetrys_exporters_report_logs_and_failed_spans(parts: Services, address: str) -> None:
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = Resource.create({"service.name": "payments"})
    logs = LoggerProvider(resource=about, shutdown_on_exit=False)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"http://{address}/v1/logs")))
    record = LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.ERROR, body="could not charge card of order 4711")
    logs.get_logger("payments.charge").emit(record)
    logs.shutdown()

    spans = TracerProvider(resource=about, shutdown_on_exit=False)
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"http://{address}/v1/traces")))
    tracer = spans.get_tracer("test")
    with tracer.start_as_current_span("quiet"):
        pass
    with pytest.raises(ValueError, match="bad amount"), tracer.start_as_current_span("charge"):
        fail(3)
    spans.shutdown()
    found = {issue.title: (issue.count, issue.service) for issue in issues(parts)}
    assert found == {
        "could not charge card of order 4711": (1, "payments"), "ValueError: bad amount 3": (1, "payments"),
    }  # fmt: skip


def test_json_otlp_is_read_like_protobuf(parts: Services, client: TestClient) -> None:
    record = {"timeUnixNano": "1767225600000000000", "severityNumber": 17, "body": {"stringValue": "queue is full"}}
    document = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    assert client.post("/v1/logs", json=document).json() == {}
    assert [issue.title for issue in issues(parts)] == ["queue is full"]


@pytest.mark.parametrize(
    ("body", "events"),
    [
        ('{"level":"error","msg":"a b c"}\n{"level":"error","msg":"d e f"}\n', 2),
        ('[{"level":"error","msg":"a b c"},{"level":"error","msg":"d e f"}]', 2),
        ("2026-05-01 10:00:00,123 ERROR [main] x.Y: broken pipe\n", 1),
        ("[main] not json\nanother line", 2),
        ("", 0),
    ],
)
def test_shippers_send_lines_or_arrays_packed_or_not(parts: Services, client: TestClient, body: str, events: int) -> None:
    packed = client.post("/api/v1/lines?sender=edge-1", content=gzip.compress(body.encode()), headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 200
    assert sum(upload.events for upload in parts.store.uploads.of_source("shipper")) == events
    assert client.post("/api/v1/lines", content=body).status_code == 200


def test_a_retry_stores_a_timed_event_once(parts: Services, client: TestClient) -> None:
    for _ in range(2):
        client.post("/api/v1/lines", json=[{"time": "2026-05-01T10:00:00Z", "level": "error", "msg": "once only"}])
    assert [issue.count for issue in issues(parts)] == [1]


def test_secrets_are_taken_out_of_what_clients_send(parts: Services, client: TestClient) -> None:
    client.post("/api/v1/lines", json=[{"level": "error", "msg": "login failed for https://bob:hunter22@db.example/x"}])
    assert "hunter22" not in issues(parts)[0].title


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/api/1/envelope/", b"not json\n", {}, 422),
        ("/api/1/envelope/", b'{}\n{"type":"event"}\n[]', {}, 422),
        ("/api/1/envelope/", b"x", {"Content-Encoding": "br"}, 415),
        ("/api/1/envelope/", b"x", {"Content-Encoding": "gzip"}, 422),
        ("/api/1/envelope/", gzip.compress(b"{}")[:-4], {"Content-Encoding": "gzip"}, 422),
        ("/api/1/envelope/", gzip.compress(bytes(60_000_000)), {"Content-Encoding": "gzip"}, 413),
        ("/v1/logs", b"\xff\xff", {"Content-Type": "application/x-protobuf"}, 422),
        ("/v1/logs", b"[" * 100_000, {"Content-Type": "application/json"}, 422),
        ("/v1/traces", b"{}", {"Content-Type": "text/plain"}, 415),
        ("/api/a b/envelope/", b"{}", {}, 422),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_one_shape(client: TestClient, path: str, body: bytes, headers, status: int) -> None:
    answer = client.post(path, content=body, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "detail"}


def test_an_envelope_without_events_is_taken_and_stores_nothing(parts: Services, client: TestClient) -> None:
    session = b'{"event_id":"e1"}\n{"type":"session"}\n{"sid":"1"}\n{"type":"attachment","length":5}\nab\ncd\n'
    assert client.post("/api/1/envelope/", content=session).json() == {"id": "e1"}
    assert parts.store.uploads.newest() == []


def test_a_sender_is_asked_to_come_back_when_too_much_waits(parts: Services, client: TestClient, monkeypatch) -> None:
    def full(*_):
        raise Busy("too much is waiting")

    monkeypatch.setattr(parts.receiving, "receive", full)
    answer = client.post("/api/v1/lines", content="x y z")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["error"]["code"]) == (429, "5", "busy")


def test_json_of_the_envelope_survives_with_its_words(parts: Services, client: TestClient) -> None:
    event = {"event_id": "e", "message": "ünïcode \u202e <b>", "level": "error"}
    body = b'{}\n{"type":"event"}\n' + json.dumps(event).encode()
    assert client.post("/api/7/envelope/", content=body).status_code == 200
    assert issues(parts)[0].title == "ünïcode <b>"
