"""GET /metrics: StackLens itself in Prometheus's text form. Sizes are read when asked, nothing is counted twice."""

import time
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from app.api.observing import REGISTRY
from app.bootstrap import Services, services
from app.services.health import STATES

router = APIRouter()
Parts = Annotated[Services, Depends(services)]


class _Store(Collector):
    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        health, store = self._parts.health, self._parts.store
        for name, value in health.figures().items():
            yield GaugeMetricFamily(f"stacklens_{name}", _HELP[name], value)
        for name, value in store.overview.sizes(time.time()).items():
            yield GaugeMetricFamily(f"stacklens_{name}", _HELP[name], value)
        yield GaugeMetricFamily("stacklens_jobs_waiting", "Jobs that wait for the worker", len(store.jobs.queued()))
        yield GaugeMetricFamily("stacklens_alerts_failing", "Alerts that could not be delivered", store.alerts.failing())
        states = GaugeMetricFamily("stacklens_health", "0 ok, 1 degraded, 2 down", labels=["check"])
        for check in health.look().checks:
            states.add_metric([check.name.lower()], STATES.index(check.state))
        yield states
        models = InfoMetricFamily("stacklens_model", "The version that answers", labels=["model"])
        for name, version in health.versions().items():
            models.add_metric([name], {"version": version})
        yield models


_HELP = {
    "store_bytes": "Size of the store and its index",
    "free_bytes": "Free where the store grows",
    "uptime_seconds": "Since this process started",
    "events": "Events stored",
    "signatures": "Kinds of errors stored",
    "issues": "Issues stored",
    "issues_need_you": "Urgent issues that nobody answered",
}


@router.get("/metrics", summary="StackLens itself, for Prometheus", tags=["operate"], response_class=Response)
def metrics(parts: Parts) -> Response:
    own = CollectorRegistry()
    own.register(_Store(parts))
    return Response(generate_latest(REGISTRY) + generate_latest(own), media_type=CONTENT_TYPE_LATEST)
