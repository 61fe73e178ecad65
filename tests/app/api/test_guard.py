"""The API with tokens on: every route asks for one and for what it is for; without, no page of another site gets through."""

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app.api import clients, metrics, routes
from app.api.application import build_api
from app.api.guard import scope_of
from app.bootstrap import services
from app.services.tokens import SCOPES

ROUTES = [
    (method, route.path)
    for router in (routes.router, clients.router, metrics.router)
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]


@pytest.fixture
def client(parts, settings):
    api = build_api(settings.model_copy(update={"tokens": True}))
    api.dependency_overrides[services] = lambda: parts
    return TestClient(api, raise_server_exceptions=False)


@pytest.fixture
def secrets(parts):
    return {scope: parts.tokens.create(scope, [scope], actor="ada")[0] for scope in SCOPES}


def filled(path):
    return path.replace("{project}", "1").replace("{issue_id}", "1").replace("{upload_id}", "1").replace("{deploy}", "1")


def bearer(secret):
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_asks_for_a_token_that_is_for_it(client, secrets, method, path):
    path, needed = filled(path), scope_of(method, filled(path))
    if path == "/api/v1/health":
        assert client.request(method, path).status_code == 200
        return
    missing = client.request(method, path)
    assert missing.status_code == 401 and missing.json()["error"]["code"] == "token_needed"
    assert missing.headers["www-authenticate"] == "Bearer"
    wrong = next(scope for scope in ("read", "ingest") if scope != needed)
    refused = client.request(method, path, headers=bearer(secrets[wrong]))
    assert refused.status_code == 403 and needed in refused.json()["error"]["message"]
    for scope in (needed, "admin"):
        assert client.request(method, path, headers=bearer(secrets[scope])).status_code not in (401, 403)


def test_what_removes_needs_admin_and_what_stores_ingest():
    assert scope_of("DELETE", "/api/v1/uploads/3") == scope_of("POST", "/api/v1/purge") == "admin"
    assert scope_of("POST", "/api/v1/events") == scope_of("POST", "/v1/logs") == scope_of("POST", "/api/7/envelope/") == "ingest"
    assert scope_of("GET", "/api/v1/issues") == scope_of("GET", "/metrics") == scope_of("POST", "/api/v1/analyse") == "read"
    assert scope_of("PATCH", "/api/v1/nothing") == "read"


def test_sentrys_key_is_the_token_in_its_header_and_in_the_query(client, secrets):
    event = {"event_id": "a" * 32, "message": "disk full"}
    header = {"x-sentry-auth": f"Sentry sentry_version=7, sentry_key={secrets['ingest']}, sentry_client=x"}
    assert client.post("/api/1/store/", json=event, headers=header).status_code == 200
    assert client.post(f"/api/1/store/?sentry_key={secrets['ingest']}", json=event).status_code == 200
    assert client.post("/api/1/store/?sentry_key=anykey", json=event).status_code == 401


def test_a_revoked_token_does_not_get_in(client, parts, secrets):
    assert client.get("/api/v1/issues", headers=bearer(secrets["read"])).status_code == 200
    parts.tokens.revoke(next(token.id for token in parts.tokens.all() if token.name == "read"), actor="ada")
    assert client.get("/api/v1/issues", headers=bearer(secrets["read"])).status_code == 401


def test_a_page_of_another_site_may_not_ask_with_or_without_tokens(parts, settings):
    api = build_api(settings)
    api.dependency_overrides[services] = lambda: parts
    client = TestClient(api)
    body = {"secret": "hunter2hunter2", "actor": "eve", "key": "k"}
    refused = client.post("/api/v1/purge", json=body, headers={"origin": "https://evil.example"})
    assert refused.status_code == 403 and refused.json()["error"]["code"] == "other_site"
    assert client.get("/api/v1/issues", headers={"origin": "null"}).status_code == 403
    assert client.get("/api/v1/issues", headers={"origin": "http://testserver"}).status_code == 200
    event = {"event_id": "a" * 32, "message": "disk full"}
    assert client.post("/api/1/store/", json=event, headers={"origin": "https://shop.example"}).status_code == 200
