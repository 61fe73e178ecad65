"""POST /graph and POST /deploys: the stored graph and one that is sent, what-if, and words for what cannot be read."""

import json
from typing import get_args

import pytest
from fastapi.testclient import TestClient

from app.api.application import build_api
from app.api.graph import EXAMPLE, State
from app.bootstrap import services
from app.services.service_graph import GraphService
from models.taxonomy import HEALTH
from tests.graph_fakes import FakeReader, fake_what_if

V1 = "/api/v1"
LOG = "".join(
    json.dumps({"time": f"2026-05-01T10:00:{second:02}Z", "level": "ERROR", "service": "orders-db", "msg": "disk full"})
    + "\n"
    for second in range(9)
)


@pytest.fixture
def client(parts, settings):
    object.__setattr__(parts, "graph", GraphService(parts.store, FakeReader, fake_what_if))
    api = build_api(settings)
    api.dependency_overrides[services] = lambda: parts
    return TestClient(api, raise_server_exceptions=False)


def post(client, route, status=200, **body):
    answer = client.post(f"{V1}/{route}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_states_are_those_of_the_taxonomy():
    assert get_args(State) == HEALTH


def test_the_example_of_the_description_is_answered_without_a_store(client):
    schema = client.get("/openapi.json").json()
    assert EXAMPLE in schema["components"]["schemas"]["GraphRequest"]["examples"]
    answer = post(client, "graph", **EXAMPLE)
    assert (answer["system_health"], answer["at"], answer["pulled_down_by"], answer["causes"]) == (1.0, None, None, [])
    assert {service["name"]: service["kind"] for service in answer["services"]} == {
        "orders-db": "database", "gateway": "gateway", "orders": "service",
    }  # fmt: skip
    assert {(edge["from"], edge["to"], edge["protocol"], edge["known_by"]) for edge in answer["edges"]} == {
        ("gateway", "orders", "http", "given"), ("orders", "orders-db", "sql", "given"),
    }  # fmt: skip
    assert [(hit["service"], hit["path"]) for hit in answer["what_if"]] == [
        ("orders", ["orders-db", "orders"]), ("gateway", ["orders-db", "orders", "gateway"]),
    ]  # fmt: skip


def test_what_the_store_has_seen_is_read_into_the_graph(client):
    client.post(f"{V1}/events", json={"text": LOG})
    answer = post(client, "graph", **EXAMPLE)
    (database,) = [service for service in answer["services"] if service["name"] == "orders-db"]
    assert (database["errors"], database["health"], database["probabilities"]["failed"]) == (9, "failed", 1.0)
    assert answer["causes"][0]["service"] == "orders-db" and answer["causes"][0]["evidence"]
    assert answer["pulled_down_by"]["service"] == "orders-db"
    assert answer["pulled_down_by"]["system_health_without_its_errors"] > answer["system_health"]
    stored = post(client, "graph")
    assert [service["name"] for service in stored["services"]] == ["orders-db"]
    before = post(client, "graph", at=0.0)
    assert before["services"][0]["errors"] == 0


def test_an_edge_can_be_broken(client):
    answer = post(client, "graph", topology=EXAMPLE["topology"], break_edges=[{"from": "orders", "to": "orders-db"}])
    assert [hit["service"] for hit in answer["what_if"]] == ["orders", "gateway"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "no service is known"),
        ({"topology": {}}, "names no service"),
        ({"topology": {"edges": [{"from": "a", "to": "\u200b"}]}}, "no name"),
        (EXAMPLE | {"break_services": ["nobody"]}, "nobody"),
        (EXAMPLE | {"break_edges": [{"from": "orders", "to": "gateway"}]}, "does not call"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(client, body, says):
    answer = client.post(f"{V1}/graph", json=body)
    assert answer.status_code in (400, 422)
    assert says in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [{"nonsense": 1}, {"topology": {"edges": [{"from": "a"}]}}, {"at": "now"}])
def test_misspelt_fields_are_refused(client, body):
    answer = client.post(f"{V1}/graph", json=body)
    assert answer.status_code == 422 and answer.json()["error"]["message"]


def test_a_release_is_marked_once_and_is_seen(client, parts):
    first = post(client, "deploys", 201, service="orders-db", version="16.4", at=1_777_629_600.0)
    assert post(client, "deploys", 201, service="orders-db", version="16.4", at=1_777_629_600.0) == first
    assert [deploy.version for deploy in parts.store.graph.deploys()] == ["16.4"]
    client.post(f"{V1}/events", json={"text": LOG})
    assert parts.graph.picture().signals.deployed.tolist() == [pytest.approx(1.0)]
    assert client.delete(f"{V1}/deploys/{first['id']}").status_code == 204
    assert parts.graph.picture().signals.deployed.tolist() != [pytest.approx(1.0)]
    assert client.delete(f"{V1}/deploys/{first['id']}").status_code == 404
    post(client, "deploys", 201, service="cart")
    assert client.post(f"{V1}/deploys", json={"service": "cart", "at": -5}).status_code in (400, 422)
