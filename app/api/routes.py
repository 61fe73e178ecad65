"""REST under /api/v1: the same answers as the pages and the command line."""

import io
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ValidationError

from app.api import cascade, graph
from app.api.errors import Down
from app.api.requests import (
    AnalyseRequest,
    AnomaliesQuery,
    EventsQuery,
    EventsRequest,
    FeedbackRequest,
    IssuesQuery,
    PurgeRequest,
    RemovalQuery,
    RequestKey,
    SearchQuery,
    StoredId,
    bodies,
)
from app.bootstrap import Services, services
from app.domain import InvalidInput
from app.services import answers, drift_answers
from app.services.ingest import Origin
from app.services.registry import of_version

router = APIRouter(prefix="/api/v1")

#: The services of this process; tests put their own in place with `dependency_overrides`.
Parts = Annotated[Services, Depends(services)]
Form = TypeVar("Form", bound=BaseModel)


@router.get("/health", summary="Is all well? 503 where something that is needed is down")
def health(parts: Parts) -> dict[str, Any]:
    """`status` is ok or degraded, the worst of the checks; `sentence` says it in words. Down is an error of code `down`."""
    found = parts.health.look()
    if found.state == "down":
        raise Down(found)
    newest = parts.store.issues.newest_event()
    return {
        "status": found.state,
        "sentence": found.sentence,
        "checks": [asdict(check) for check in found.checks],
        "events": newest is not None,
        "newest_event": newest,
        "encoder": parts.embeddings.version,
    }


@router.post("/analyse", summary="One error: what, how bad, how strange, like what, what to do. Nothing is stored")
@router.post("/predict", summary="The same, under the client's name")
def analyse(request: AnalyseRequest, parts: Parts) -> dict[str, Any]:
    return answers.of_analysis(parts.analysis.analyse(request.text), parts.settings.not_sure_below)


@router.post(
    "/events",
    summary="Store log text: parsed, grouped, analysed",
    status_code=201,
    openapi_extra=bodies({"application/json": EventsRequest.model_json_schema(), "text/plain": {"type": "string"}}),
)
async def events(request: Request, parts: Parts, idempotency_key: RequestKey = None) -> dict[str, Any]:
    """Takes JSON ({"text", "name", "format", "actor"}), or the raw text itself as text/plain with the rest as query.

    With an Idempotency-Key what it brought is stored once, however often it is sent: `duplicates` counts what was known.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/plain":
        query = _parsed(EventsQuery, dict(request.query_params))
        body = await request.body()
        if not body.strip():
            raise InvalidInput("there is nothing in it: the text is empty")
        if idempotency_key:
            return await _once(body.decode("utf-8", errors="replace"), query, idempotency_key, parts)
        upload = await run_in_threadpool(
            parts.ingest.stream,
            io.BytesIO(body),
            actor=query.actor,
            name=query.name,
            source="rest",
            format=query.format,
        )
    elif kind in ("application/json", ""):
        sent = _parsed(EventsRequest, await request.body())
        if idempotency_key:
            return await _once(sent.text, sent, idempotency_key, parts)
        upload = await run_in_threadpool(
            parts.ingest.text,
            sent.text,
            actor=sent.actor,
            name=sent.name,
            source="rest",
            source_file=sent.name,
            format=sent.format,
        )
    else:
        raise HTTPException(415, f"{kind} is not read here: send application/json or text/plain")
    return answers.of_upload(upload)


async def _once(text: str, about: EventsQuery, key: str, parts: Services) -> dict[str, Any]:
    if not text.strip():
        raise InvalidInput("there is nothing in it: the text is empty")
    if about.format != "auto":
        raise InvalidInput("with an Idempotency-Key the format is found by itself: leave it out")
    origin = Origin(about.actor, about.name, "rest")
    opened = await run_in_threadpool(parts.ingest.append, [text], origin, None, [f"rest:{key}"])
    return answers.of_upload(opened.upload)


@router.delete("/uploads/{upload_id}", summary="Remove an upload for good; an audit row stays")
def remove_upload(upload_id: StoredId, query: Annotated[RemovalQuery, Query()], parts: Parts) -> dict[str, Any]:
    return {"removed_signatures": parts.ingest.remove(upload_id, actor=query.actor, key=query.key)}


@router.post("/purge", summary="Take a secret out of everything stored, for good; an audit row stays")
def purge(request: PurgeRequest, parts: Parts) -> dict[str, Any]:
    return asdict(parts.purge.purge(request.secret.get_secret_value(), actor=request.actor, key=request.key))


@router.get("/search", summary="Stored errors that resemble a text")
def search(query: Annotated[SearchQuery, Query()], parts: Parts) -> dict[str, Any]:
    found = parts.analysis.find(query.text, top_k=query.top_k, threshold=query.threshold)
    return {"results": [answers.of_similar(item) for item in found]}


@router.get("/issues", summary="Issues, most urgent first")
def issues(query: Annotated[IssuesQuery, Query()], parts: Parts) -> dict[str, Any]:
    return answers.of_page(parts.inbox.page(query.filter(), limit=query.limit, offset=query.offset))


@router.get("/issues/{issue_id}", summary="One issue with its evidence, suggestions and activity")
def issue(issue_id: StoredId, parts: Parts) -> dict[str, Any]:
    return answers.of_detail(parts.inbox.detail(issue_id), parts.settings.not_sure_below)


@router.post("/feedback", summary="What a person says of an issue; stored before this answers", status_code=201)
def feedback(request: FeedbackRequest, parts: Parts) -> dict[str, Any]:
    if request.kind == "undo":
        undone = parts.triage.undo(request.issue, actor=request.actor, key=request.key)
        return {"undone": {"id": undone.id, "kind": undone.kind}}
    row = parts.triage.say(request.kind, request.issue, actor=request.actor, key=request.key, answer=request.answer)
    return {"id": row}


@router.get("/anomalies", summary="Issues by strangeness, strangest first")
def anomalies(query: Annotated[AnomaliesQuery, Query()], parts: Parts) -> dict[str, Any]:
    found = parts.store.issues.strangest(query.at_least, query.limit)
    findings = parts.anomaly.findings(query.since)[: query.limit]
    return {
        "model": parts.anomaly.version,
        "issues": [answers.of_issue(issue) for issue in found],
        "findings": [answers.of_finding(item) for item in findings],
    }


@router.get("/drift", summary="Whether what comes in has changed, and what moved")
def drift(parts: Parts) -> dict[str, Any]:
    return drift_answers.of_monitor(parts.drift)


@router.get("/models", summary="Which version answers")
def models(parts: Parts) -> dict[str, Any]:
    return {"models": parts.health.versions(), "versions": [of_version(one) for one in parts.registry.versions()]}


router.add_api_route(
    "/cascade", cascade.cascade, methods=["POST"], summary="What breaks next: a failure within 30 minutes, the next errors"
)
router.add_api_route(
    "/issues/{issue_id}/following", cascade.following, methods=["GET"], summary="What usually follows an issue"
)
router.add_api_route("/graph", graph.graph, methods=["POST"], summary="Health of every service, root causes, what if")
router.add_api_route("/deploys", graph.deploys, methods=["POST"], status_code=201, summary="Mark a release; the same one once")
router.add_api_route(
    "/deploys/{deploy}", graph.remove_deploy, methods=["DELETE"], status_code=204, summary="Take a release marker out"
)


def _parsed(form: type[Form], sent: bytes | dict[str, str]) -> Form:
    try:
        return form.model_validate_json(sent) if isinstance(sent, bytes) else form.model_validate(sent)
    except ValidationError as error:
        why = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'body'}: {item['msg']}" for item in error.errors())
        raise InvalidInput(f"send JSON with a text, or text/plain: {why}") from error
