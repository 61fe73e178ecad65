"""POST /cascade."""

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.api.application import build_api
from app.api.cascade import EXAMPLE
from app.bootstrap import Services, services
from app.services.cascade import CascadeService
from tests.cascade_fakes import RuleReader


@pytest.fixture
def client(parts: Services) -> Iterator[TestClient]:
    object.__setattr__(parts, "cascade", CascadeService(parts.store, parts.analysis, parts.encoder.dims, RuleReader))
    api = build_api(parts.settings)
    api.dependency_overrides[services] = lambda: parts
    with TestClient(api) as client:
        yield client


def test_the_documented_example_is_answered(client: TestClient) -> None:
    answer = client.post("/api/v1/cascade", json=EXAMPLE).json()
    assert answer["sentence"].startswith("orders is failing already. orders is expected to fail in about 10 min (5 to 15)")
    assert (answer["minutes"], len(answer["hazard"]), len(answer["steps"])) == (
        {"low": 5, "median": 10, "high": 15},
        30,
        3,
    )
    assert answer["incident"]["resource_exhaustion"] == 0.6
    assert EXAMPLE in client.get("/openapi.json").json()["components"]["schemas"]["CascadeRequest"]["examples"]


def test_the_stores_own_errors_are_read_where_none_are_sent(client: TestClient) -> None:
    assert client.post("/api/v1/cascade", json={}).status_code == 422
    client.post("/api/v1/events", json={"text": "2026-05-01 10:00:00,123 ERROR [main] a.B: disk full"})
    answer = client.post("/api/v1/cascade", json={}).json()
    assert [item["issue"] for item in answer["next_errors"]] == [1]
    assert answer["minutes"] is None
    assert "No service is expected to fail" in answer["sentence"]
    client.post("/api/v1/events", json={"text": "2026-05-01 10:20:00,123 ERROR [main] a.B: disk full"})
    assert len(client.post("/api/v1/cascade", json={"recent": 10}).json()["steps"]) == 1
    assert len(client.post("/api/v1/cascade", json={"recent": 30}).json()["steps"]) == 2


@pytest.mark.parametrize(
    "body", [{"events": []}, {"events": [{"text": ""}]}, {"unknown": 1}, {"at": "soon"}, {"recent": 0}]
)
def test_what_makes_no_sense_is_refused(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/api/v1/cascade", json=body).status_code == 422


def test_what_follows_an_issue_is_answered(client: TestClient, parts: Services) -> None:
    lines = [
        json.dumps({"time": 1_777_629_600 + 10_800 * turn + 60 * minute, "level": "error", "message": message})
        for turn in range(8)
        for minute, message in ((0, "no space left on device"), (7, "write-ahead log cannot be flushed"))
    ]
    parts.ingest.text("\n".join(lines), actor="ada")
    issues = {issue.title: issue.id for issue in parts.store.issues.by_id(range(1, 10)).values()}
    first, second = issues["no space left on device"], issues["write-ahead log cannot be flushed"]
    answer = client.get(f"/api/v1/issues/{first}/following").json()
    assert answer["occurrences"] == 8
    assert [(item["issue"], item["times"], item["minutes"]) for item in answer["followers"]] == [(second, 8, 7.0)]
    assert client.get("/api/v1/issues/999/following").status_code == 404
