"""One JSON error shape for every failure: {"error": {"code", "message", "detail"}}."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.domain import InvalidInput, NotFound, StackLensError, StoreUnavailable, Unavailable
from app.services.health import Health
from app.services.receiving import RETRY_SECONDS, Busy

_STATUS: dict[type[StackLensError], int] = {
    NotFound: 404,
    InvalidInput: 422,
    Unavailable: 503,
    StoreUnavailable: 503,
    Busy: 429,
}
_CODES = {
    400: "invalid_input",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
_LOG = logging.getLogger(__name__)


class Problem(BaseModel):
    code: Annotated[str, Field(description="for programs: not_found, invalid_input, store_unavailable …")]
    message: Annotated[str, Field(description="for people: what was wrong, and what to send instead")]
    detail: Annotated[Any, Field(description="of invalid_input: a list of {at, why}")] = None


class ErrorAnswer(BaseModel):
    """The answer to every failure."""

    error: Problem


#: What any route may answer beside its own, for the description of the API.
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ErrorAnswer, "description": words}
    for status, words in {
        400: "It cannot be read",
        401: "A token is needed (STACKLENS_TOKENS)",
        403: "The token is not for this, or a page of another site asks",
        404: "It is not stored",
        405: "Another method does",
        413: "It is too large",
        415: "It is of a kind that is not read here",
        422: "It does not have the expected form, or cannot be used as it is",
        429: "Too much waits: come back after Retry-After seconds",
        500: "Something failed inside StackLens",
        503: "The store, or a part that is needed, is down: come back after Retry-After seconds",
    }.items()
}


class Down(Exception):  # noqa: N818 - reads as what is the case
    """Something that is needed does not work; `found` says what."""

    def __init__(self, found: Health) -> None:
        super().__init__(found.sentence)
        self.found = found


class _AsciiResponse(JSONResponse):
    """Escapes what is not ASCII: what a caller sent may hold half a character, and comes back in the message."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False).encode("ascii")


def shape(
    status: int, code: str, message: str, detail: Any = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer to a failure."""
    content = {"error": {"code": code, "message": message, "detail": detail}}
    return _AsciiResponse(content, status_code=status, headers=headers)


def install(api: FastAPI) -> None:
    """Answers every exception of the API in the one shape; what was not foreseen is logged, not shown."""

    @api.exception_handler(StackLensError)
    async def _ours(_request: Request, error: StackLensError) -> JSONResponse:
        headers = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, Busy | Unavailable) else None
        return shape(_STATUS.get(type(error), 400), error.code, str(error), headers=headers)

    @api.exception_handler(Down)
    async def _down(_request: Request, error: Down) -> JSONResponse:
        checks = [asdict(check) for check in error.found.checks]
        return shape(503, "down", str(error), checks, {"Retry-After": str(RETRY_SECONDS)})

    @api.exception_handler(RequestValidationError)
    async def _validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        detail = [{"at": ".".join(str(part) for part in item["loc"]), "why": item["msg"]} for item in error.errors()]
        return shape(422, "invalid_input", "the request does not have the expected form", detail)

    @api.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "error")
        return shape(error.status_code, code, str(error.detail), headers=error.headers)

    @api.exception_handler(Exception)
    async def _unforeseen(_request: Request, error: Exception) -> JSONResponse:
        _LOG.error("unforeseen failure of the API", exc_info=error)
        return shape(500, "internal", "something failed inside StackLens; the log of the server says what")
