"""The REST application by itself: routes, errors in one shape, and a bound on what is read."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import clients, errors, metrics
from app.api.guard import Guarded
from app.api.observing import Observed
from app.api.routes import router
from app.bootstrap import services
from app.services.tokens import TokenService
from app.settings import Settings

#: Bytes of a request that carries no log: the longest error, every character escaped, and room for the rest.
SMALL = 2_000_000
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build_api(settings: Settings, lifespan: Callable[[FastAPI], Any] | None = None) -> FastAPI:
    """The API without the dashboard. `lifespan` opens and closes what it needs."""
    api = FastAPI(title="StackLens", version="1", lifespan=lifespan, responses=errors.RESPONSES)
    errors.install(api)
    api.include_router(router)
    api.include_router(clients.router)
    api.include_router(metrics.router)
    for place in ("/api/{path:path}", "/v1/{path:path}"):  # what must not fall through to the dashboard's page
        api.add_api_route(place, _unknown, methods=_METHODS, include_in_schema=False)
    api.add_middleware(_BoundedBody, large=settings.max_upload_mb * 1_000_000)

    def tokens() -> TokenService | None:
        return api.dependency_overrides.get(services, services)().tokens if settings.tokens else None

    api.add_middleware(Guarded, tokens=tokens)
    api.add_middleware(Observed)
    return api


def _unknown(request: Request, path: str) -> None:
    """Everything else under /api and OpenTelemetry's /v1."""
    known = (*router.routes, *clients.router.routes)
    routes = [route for route in known if isinstance(route, APIRoute) and route.path_regex.match(request.url.path)]
    allowed = sorted({method for route in routes for method in route.methods or ()})
    if allowed:
        raise HTTPException(
            405, f"{request.method} does not work here; {', '.join(allowed)} does", {"Allow": ", ".join(allowed)}
        )
    raise HTTPException(404, f"there is nothing at {request.url.path}; /docs lists what there is")


class _BoundedBody:
    """Stops reading a body of the API that is larger than it may be, whatever its header says."""

    def __init__(self, app: ASGIApp, large: int) -> None:
        self._app = app
        self._large = large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        of_client = bool(clients.PATHS.match(path))
        if scope["type"] != "http" or not (of_client or path.startswith("/api/")):
            await self._app(scope, receive, send)
            return
        limit = self._large if path == "/api/v1/events" else clients.UNPACKED if of_client else SMALL
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if stated.isdigit() and int(stated) > limit:
            await errors.shape(413, "too_large", _too_large(limit))(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, limit), send)


def _bounded(receive: Receive, limit: int) -> Receive:
    read = 0

    async def next_part() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return next_part


def _too_large(limit: int) -> str:
    return (
        f"the body is larger than {limit // 1_000_000} MB (for /api/v1/events, STACKLENS_MAX_UPLOAD_MB sets how large)"
    )
