"""What every request leaves: an id (given back as `X-Request-ID`), a line in the log, and its counts for Prometheus."""

import logging
import re
import time
from typing import Final
from uuid import uuid4

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.logs import request_id

REGISTRY: Final = CollectorRegistry()
REQUESTS: Final = Counter(
    "stacklens_requests_total", "Requests of the API", ["route", "method", "status"], registry=REGISTRY
)
SECONDS: Final = Histogram(
    "stacklens_request_seconds", "Time until the answer was sent", ["route"], registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
_LOG = logging.getLogger("stacklens.requests")
_ID: Final = re.compile(r"[\w.\-]{1,64}")


class Observed:
    """ASGI middleware around the API; the dashboard's own traffic passes by."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/api/", "/v1/", "/metrics")):
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        id = given if _ID.fullmatch(given) else uuid4().hex[:16]
        token, start, status = request_id.set(id), time.perf_counter(), 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            seconds = time.perf_counter() - start
            route = getattr(scope.get("route"), "path", "") or "unknown"  # a template: ids in it would be labels without end
            REQUESTS.labels(route, scope["method"], str(status)).inc()
            SECONDS.labels(route).observe(seconds)
            fields = {"method": scope["method"], "route": route, "status": status, "ms": round(seconds * 1e3, 1)}
            _LOG.info("answered", extra={"fields": fields})
            request_id.reset(token)
