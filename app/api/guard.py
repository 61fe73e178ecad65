"""Who may ask what of the API: a token where tokens are on, and no page of another site.

Without tokens (the default, for one machine) everybody who reaches the address may do everything. A browser on that machine
reaches it too, whatever page it shows: a request that carries the Origin of another site is refused, but for the doors of
Sentry's SDKs and OpenTelemetry, which pages of other sites use on purpose and which only add events.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import clients, errors
from app.services.tokens import NotAllowed, TokenNeeded, TokenService

_INGEST: Final = re.compile(r"^/api/v1/(?:events|deploys)$")
_FEEDBACK: Final = re.compile(r"^/api/v1/feedback$")
_ADMIN: Final = re.compile(r"^/api/v1/purge$")
#: What anybody may ask: whether all is well, as a load balancer does.
_OPEN: Final = re.compile(r"^/api/v1/health$")
_SENTRY_KEY: Final = re.compile(r"sentry_key=([\w\-]+)")


def scope_of(method: str, path: str) -> str:
    """What a token must be for; "" where none is needed."""
    if _OPEN.match(path):
        return ""
    if method == "DELETE" or _ADMIN.match(path):
        return "admin"
    if clients.PATHS.match(path) or (method == "POST" and _INGEST.match(path)):
        return "ingest"
    return "feedback" if _FEEDBACK.match(path) else "read"


class Guarded:
    """ASGI middleware. `tokens` gives the service, or None where tokens are off."""

    def __init__(self, app: ASGIApp, tokens: Callable[[], TokenService | None]) -> None:
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(("/api/", "/v1/", "/metrics")):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if _of_another_site(headers) and not clients.PATHS.match(path):
            refused = errors.shape(403, "other_site", "a page of another site may not ask this")
            await refused(scope, receive, send)
            return
        tokens, needed = self._tokens(), scope_of(scope["method"], path)
        if tokens is not None and needed:
            try:
                await run_in_threadpool(tokens.check, _secret(headers, scope["query_string"].decode("latin-1")), needed)
            except TokenNeeded as error:
                answer = errors.shape(401, error.code, str(error), headers={"WWW-Authenticate": "Bearer"})
                await answer(scope, receive, send)
                return
            except NotAllowed as error:
                await errors.shape(403, error.code, str(error))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _of_another_site(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc != headers.get("host", "")


def _secret(headers: Mapping[str, str], query: str) -> str:
    """As a bearer; of Sentry's SDKs the public key of the DSN, in its header or in the query."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given:
        return given.strip()
    key = _SENTRY_KEY.search(headers.get("x-sentry-auth", ""))
    return key.group(1) if key else (parse_qs(query).get("sentry_key") or [""])[0]
