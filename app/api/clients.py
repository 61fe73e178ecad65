"""Doors for clients that exist already: Sentry's SDKs, OpenTelemetry's exporters over HTTP, log shippers that post lines.

Each answers once what it sent is stored, so that a client may forget it; a client that is told 429 or 503 comes back.
"""

import json
import re
import zlib
from typing import Annotated, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from app.api.requests import RequestKey, bodies
from app.bootstrap import Services, services
from app.domain import InvalidInput
from app.services import envelopes, otlp
from app.services.ingest import Origin

router = APIRouter()
Parts = Annotated[Services, Depends(services)]
Project = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.\-]{1,60}$", description="the last part of the DSN")]

#: Bytes of a body once unpacked, and as it is sent.
UNPACKED: Final = 50_000_000
#: Paths of these doors, whose bodies may be larger than those of the rest of the API.
PATHS: Final = re.compile(r"^/(?:api/[\w.\-]+/(?:envelope|store)/?|api/v1/lines|v1/(?:logs|traces))$")
_PROTOBUF: Final = "application/x-protobuf"
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_OTLP: Final = bodies({"application/json": {"type": "object"}, _PROTOBUF: _BINARY["schema"]}) | {
    "responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}, _PROTOBUF: _BINARY}}}
}


@router.post(
    "/api/{project}/envelope/",
    summary="Sentry's SDKs: http://any-key@HOST:PORT/PROJECT as the DSN",
    tags=["clients"],
    openapi_extra=bodies({"application/x-sentry-envelope": {}}),
)
async def envelope(project: Project, request: Request, parts: Parts) -> dict[str, str]:
    return await _sentry(project, envelopes.read_envelope(await _body(request)), parts)


@router.post(
    "/api/{project}/store/",
    summary="Sentry's SDKs from before envelopes",
    tags=["clients"],
    openapi_extra=bodies({"application/json": {"type": "object"}}),
)
async def store(project: Project, request: Request, parts: Parts) -> dict[str, str]:
    return await _sentry(project, envelopes.read_event(await _body(request)), parts)


@router.post(
    "/v1/logs", summary="OpenTelemetry logs over HTTP, protobuf or JSON", tags=["clients"], openapi_extra=_OTLP
)
async def logs(request: Request, parts: Parts) -> Response:
    return await _otlp("logs", request, parts)


@router.post(
    "/v1/traces",
    summary="OpenTelemetry traces over HTTP: failed spans are errors",
    tags=["clients"],
    openapi_extra=_OTLP,
)
async def traces(request: Request, parts: Parts) -> Response:
    return await _otlp("traces", request, parts)


@router.post(
    "/api/v1/lines",
    summary="Log shippers (Fluent Bit, Vector): lines of text or JSON, or a JSON array",
    tags=["clients"],
    openapi_extra=bodies(
        {"text/plain": {"type": "string"}, "application/x-ndjson": {}, "application/json": {}}, required=False
    ),
)
async def lines(
    request: Request, parts: Parts, sender: str = "shipper", idempotency_key: RequestKey = None
) -> dict[str, int]:
    text = (await _body(request)).decode("utf-8", errors="replace")
    taken = _records(text)
    if taken:
        ids = [f"{idempotency_key}:{number}" for number in range(len(taken))] if idempotency_key else ()
        name = f"{sender[:100]}, with keys" if ids else sender[:100]
        await run_in_threadpool(parts.receiving.receive, taken, Origin(sender[:100], name, "shipper"), ids)
    return {"lines": len(taken)}


async def _sentry(project: str, sent: envelopes.Envelope, parts: Services) -> dict[str, str]:
    if sent.texts:
        origin = Origin(actor=f"sentry:{project}", name=f"Sentry project {project}", source="sentry")
        await run_in_threadpool(parts.receiving.receive, sent.texts, origin)
    return {"id": sent.event_id}


async def _otlp(kind: otlp.Kind, request: Request, parts: Services) -> Response:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in (_PROTOBUF, "application/json"):
        raise HTTPException(415, f"{media or 'nothing'} is not read here: send {_PROTOBUF} or application/json")
    texts = otlp.read_export(kind, await _body(request), protobuf=media == _PROTOBUF)
    if texts:
        await run_in_threadpool(parts.receiving.receive, texts, Origin("otlp", f"OpenTelemetry {kind}", "otlp"))
    return Response(otlp.answer(kind), media_type=_PROTOBUF) if media == _PROTOBUF else JSONResponse({})


def _records(text: str) -> list[str]:
    """One text a record: the elements of a JSON array as objects on a line each, else the text as it is."""
    if text.lstrip()[:1] != "[":
        return [text] if text.strip() else []
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return [text]  # a line that begins with a bracket
    if not isinstance(values, list):
        return [text]
    return [json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value) for value in values]


async def _body(request: Request) -> bytes:
    """The body, unpacked if it says that it is packed; refused where it would be too large."""
    data = await request.body()
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing in ("", "identity"):
        return data
    if packing not in ("gzip", "deflate"):
        raise HTTPException(415, f"{packing} is not read here: send it plain, or as gzip or deflate")
    unpacker = zlib.decompressobj(wbits=47)  # gzip or zlib, by its header
    try:
        plain = unpacker.decompress(data, UNPACKED)
    except zlib.error as error:
        raise InvalidInput(f"the body is no {packing}: {error}") from error
    if unpacker.unconsumed_tail:
        raise HTTPException(413, f"the body unpacks to more than {UNPACKED // 1_000_000} MB")
    if not unpacker.eof:
        raise InvalidInput(f"the body breaks off inside its {packing}")
    return plain
