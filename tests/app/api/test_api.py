"""REST without the dashboard: every route, one error shape for every failure, nothing hostile gets through."""

import json

import pytest
from fastapi.testclient import TestClient

from app.api.application import SMALL, build_api
from app.bootstrap import build, services
from app.domain import StoreUnavailable
from app.services import answers
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

LOG = (
    "2026-05-01 10:00:00 ERROR connection to orders-db refused\n2026-05-01 10:00:01 ERROR connection to orders-db refused\n"
    "2026-05-01 10:00:02 CRITICAL disk 98 % full\n2026-05-01 10:00:03 INFO started\n"
)
V1 = "/api/v1"


@pytest.fixture
def client(parts, settings):
    api = build_api(Settings(data_dir=settings.data_dir, cache_dir=settings.cache_dir, max_upload_mb=3))
    api.dependency_overrides[services] = lambda: parts
    return TestClient(api, raise_server_exceptions=False)


@pytest.fixture
def filled(client):
    assert client.post(f"{V1}/events", json={"text": LOG, "name": "orders.log"}).status_code == 201
    return client


def error_of(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    assert list(body["error"]) == ["code", "message", "detail"]
    assert body["error"]["code"] and body["error"]["message"]
    return body["error"]


def test_health_of_an_empty_and_of_a_filled_store(client):
    found = client.get(f"{V1}/health").json()
    assert (found["status"], found["sentence"], found["events"]) == ("ok", "All is well.", False)
    assert (found["newest_event"], found["encoder"]) == (None, "hashing-384@1")
    assert {check["name"] for check in found["checks"]} == {"Store", "Disk", "Worker", "Jobs", "Alerts", "Models"}
    client.post(f"{V1}/events", json={"text": LOG})
    assert client.get(f"{V1}/health").json()["newest_event"] == 1777629603.0


def test_health_is_503_while_the_store_cannot_be_written(client, parts, monkeypatch):
    monkeypatch.setattr(parts.store.database, "write", raises(StoreUnavailable("the disk is full")))
    error = error_of(client.get(f"{V1}/health"), 503)
    assert (error["code"], error["message"]) == ("down", "Store: the disk is full.")
    assert error["detail"][0]["state"] == "down"


def raises(error):
    def fail(*_args, **_kwargs):
        raise error

    return fail


def test_a_request_has_an_id_which_the_caller_may_choose(client):
    assert client.get(f"{V1}/health", headers={"x-request-id": "deploy-42"}).headers["x-request-id"] == "deploy-42"
    assert len(client.get(f"{V1}/health", headers={"x-request-id": "a b\x01"}).headers["x-request-id"]) == 16


def test_prometheus_reads_what_was_asked_and_what_is_stored(filled):
    before = numbers(filled.get("/metrics").text)
    filled.get(f"{V1}/issues/1")
    filled.get(f"{V1}/issues/99999")
    found = numbers(filled.get("/metrics").text)
    assert found["stacklens_events"] == 4 and found["stacklens_issues"] == 3
    assert found['stacklens_health{check="store"}'] == 0
    for status in ("200", "404"):
        name = f'stacklens_requests_total{{method="GET",route="/api/v1/issues/{{issue_id}}",status="{status}"}}'
        assert found[name] == before.get(name, 0) + 1
    assert found['stacklens_model_info{model="encoder",version="hashing-384@1"}'] == 1
    assert not [name for name in found if "99999" in name]


def numbers(text):
    return {name: float(value) for line in text.splitlines() if line[:1] != "#" for name, _, value in [line.rpartition(" ")]}


@pytest.mark.parametrize("route", ["analyse", "predict"])
def test_analyse_answers_what_the_service_says_and_stores_nothing(client, parts, route):
    answer = client.post(f"{V1}/{route}", json={"text": "disk 98 % full"}).json()
    expected = answers.of_analysis(parts.analysis.analyse("disk 98 % full"), parts.settings.not_sure_below)
    for each in (answer, expected):
        each.pop("milliseconds")
    assert answer == json.loads(json.dumps(expected))
    assert set(answer) >= {
        "severity",
        "category",
        "confidence",
        "sure",
        "anomaly",
        "similar",
        "suggestions",
        "event",
        "seen",
    }
    assert parts.store.uploads.newest() == []


def test_events_are_stored_once_and_counted(filled):
    again = filled.post(f"{V1}/events", json={"text": LOG, "name": "orders.log"}).json()
    assert (again["events"], again["duplicates"], again["new_signatures"], again["state"]) == (0, 4, 0, "done")
    issue = filled.get(f"{V1}/issues", params={"text": "orders-db"}).json()["issues"][0]
    assert (issue["count"], issue["service"], sum(issue["trend"])) == (2, "orders", 2)


def test_events_as_plain_text(client):
    sent = client.post(
        f"{V1}/events?name=cart.log&actor=bob", content=LOG.encode("utf-16"), headers={"content-type": "text/plain"}
    )
    assert (sent.status_code, sent.json()["events"], sent.json()["name"], sent.json()["actor"]) == (
        201,
        4,
        "cart.log",
        "bob",
    )
    assert client.get(f"{V1}/issues").json()["issues"][0]["service"] == "cart"


def test_issues_are_filtered_and_paged(filled):
    page = filled.get(f"{V1}/issues").json()
    assert page["total"] == 2
    assert filled.get(f"{V1}/issues", params={"routine": True}).json()["total"] == 3
    assert filled.get(f"{V1}/issues", params={"limit": 1, "offset": 1}).json()["issues"] == page["issues"][1:]
    everything = filled.get(
        f"{V1}/issues", params={"severity": ["critical", "high", "medium", "low"], "service": "orders"}
    ).json()
    assert everything["total"] == 2
    assert filled.get(f"{V1}/issues", params={"since": 1777629602.0}).json()["total"] == 1


def test_one_issue_with_everything_about_it(filled):
    detail = filled.get(f"{V1}/issues/1").json()
    assert detail["issue"]["id"] == 1
    assert len(detail["suggestions"]) == 10
    assert detail["activity"] == []
    assert detail["services"] == {"orders": 2}


def test_search_finds_what_is_stored(filled):
    found = filled.get(f"{V1}/search", params={"text": "connection to orders-db refused", "threshold": 0.9}).json()[
        "results"
    ]
    assert [(item["issue"], item["similarity"], item["reason"]) for item in found] == [(1, 1.0, "the same signature")]


def test_feedback_is_stored_once_and_undone(filled):
    said = {"key": "k1", "issue": 1, "kind": "accept", "actor": "ada", "answer": {"action": "scale_out"}}
    first, again = (filled.post(f"{V1}/feedback", json=said) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert filled.get(f"{V1}/issues/1").json()["issue"]["accepted_action"] == "scale_out"
    undo = {"key": "k2", "issue": 1, "kind": "undo", "actor": "ada"}
    assert filled.post(f"{V1}/feedback", json=undo).json() == {"undone": {"id": first.json()["id"], "kind": "accept"}}
    assert filled.post(f"{V1}/feedback", json=undo).json() == {"undone": {"id": first.json()["id"], "kind": "accept"}}
    assert error_of(filled.post(f"{V1}/feedback", json=undo | {"key": "k3"}), 404)["code"] == "not_found"


def test_an_upload_is_removed_for_good(filled):
    removed = filled.delete(f"{V1}/uploads/1", params={"key": "r"}).json()
    assert removed == {"removed_signatures": 3} == filled.delete(f"{V1}/uploads/1", params={"key": "r"}).json()
    assert filled.get(f"{V1}/issues", params={"routine": True}).json()["total"] == 0
    error_of(filled.delete(f"{V1}/uploads/1", params={"key": "other"}), 404)


def test_a_secret_is_purged_for_good_and_once(client, parts):
    client.post(f"{V1}/events", json={"text": "ERROR token zq81Kfa0 was refused"})
    purge = {"secret": "zq81Kfa0", "key": "p", "actor": "ada"}
    first, again = client.post(f"{V1}/purge", json=purge), client.post(f"{V1}/purge", json=purge)
    assert first.status_code == 200
    assert first.json() == {"events": 1, "signatures": 1, "entries": 0, "uploads": 0, "scrubbed": True} == again.json()
    assert "zq81Kfa0" not in client.get(f"{V1}/issues/1").text
    refused = client.post(f"{V1}/purge", json=purge | {"secret": "zq81", "key": "q"})
    assert "tear the texts apart" in error_of(refused, 422)["message"]
    assert "zq81" not in refused.text


def test_anomalies_come_strangest_first(filled):
    found = filled.get(f"{V1}/anomalies", params={"at_least": 0}).json()
    scores = [issue["strangeness"] for issue in found["issues"]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 2
    assert found["model"].startswith("isolation-forest@")


def test_models_name_every_part(filled):
    assert set(filled.get(f"{V1}/models").json()["models"]) == {"encoder", "reader", "anomaly", "resolution"}


FAILURES = [
    ("GET", "/api/v1/nothing", {}, 404),
    ("GET", "/api/v2/issues", {}, 404),
    ("GET", "/api/v1/", {}, 404),
    ("GET", "/api/", {}, 404),
    ("POST", "/api/v1/nothing", {"json": {}}, 404),
    ("GET", "/nothing", {}, 404),
    ("GET", "/api/v1/analyse", {}, 405),
    ("DELETE", "/api/v1/issues/1", {}, 405),
    ("PUT", "/api/v1/events", {"json": {}}, 405),
    ("GET", "/v1/logs", {}, 405),
    ("POST", "/v1/metrics", {}, 404),
    ("GET", "/api/v1/issues/99", {}, 404),
    ("GET", "/api/v1/issues/x", {}, 422),
    ("GET", "/api/v1/issues/-1", {}, 422),
    ("GET", f"/api/v1/issues/{10**30}", {}, 422),
    ("DELETE", "/api/v1/uploads/99?key=a", {}, 404),
    ("DELETE", "/api/v1/uploads/1", {}, 422),
    ("DELETE", "/api/v1/uploads/1?key=a&acter=b", {}, 422),
    ("POST", "/api/v1/analyse", {}, 422),
    ("POST", "/api/v1/analyse", {"json": {}}, 422),
    ("POST", "/api/v1/analyse", {"json": []}, 422),
    ("POST", "/api/v1/analyse", {"json": {"text": 1}}, 422),
    ("POST", "/api/v1/analyse", {"json": {"text": " "}}, 422),
    ("POST", "/api/v1/analyse", {"json": {"text": "x", "more": 1}}, 422),
    ("POST", "/api/v1/analyse", {"json": {"text": "x" * 300_000}}, 422),
    ("POST", "/api/v1/analyse", {"content": b"{", "headers": {"content-type": "application/json"}}, 422),
    ("POST", "/api/v1/analyse", {"content": b"\xff\xfe", "headers": {"content-type": "application/json"}}, 422),
    (
        "POST",
        "/api/v1/analyse",
        {"content": b"text=x", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        422,
    ),
    ("POST", "/api/v1/analyse", {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 400),
    (
        "POST",
        "/api/v1/analyse",
        {"content": b'{"\\ud800": 1, "text": "x"}', "headers": {"content-type": "application/json"}},
        422,
    ),
    ("POST", "/api/v1/analyse", {"content": b"x" * (SMALL + 1), "headers": {"content-type": "application/json"}}, 413),
    ("POST", "/api/v1/events", {"content": b"x" * 3_000_001, "headers": {"content-type": "text/plain"}}, 413),
    (
        "POST",
        "/api/v1/events",
        {"content": (b"x" * 1_000_000 for _ in range(5)), "headers": {"content-type": "text/plain"}},
        413,
    ),
    ("POST", "/api/v1/events", {"content": b"x", "headers": {"content-type": "application/xml"}}, 415),
    ("POST", "/api/v1/events", {"content": b"{", "headers": {"content-type": "application/json"}}, 422),
    ("POST", "/api/v1/events", {"json": {"text": ""}}, 422),
    ("POST", "/api/v1/events", {"json": {"text": "x", "format": "morse"}}, 422),
    ("POST", "/api/v1/events", {"json": {"text": "x", "nme": "y"}}, 422),
    ("POST", "/api/v1/events", {"json": {"text": "x", "actor": ""}}, 422),
    ("POST", "/api/v1/events?nme=x", {"content": b"x", "headers": {"content-type": "text/plain"}}, 422),
    ("POST", "/api/v1/events", {"content": b"\x1f\x8b\x08\x00 zipped", "headers": {"content-type": "text/plain"}}, 422),
    ("POST", "/api/v1/events", {"content": b"  ", "headers": {"content-type": "text/plain"}}, 422),
    ("GET", "/api/v1/search", {}, 422),
    ("GET", "/api/v1/search?text=", {}, 422),
    ("GET", "/api/v1/search?text=%20", {}, 422),
    ("GET", "/api/v1/search?text=x&top_k=0", {}, 422),
    ("GET", "/api/v1/search?text=x&threshold=nan", {}, 422),
    ("GET", "/api/v1/search?text=x&topk=3", {}, 422),
    ("GET", "/api/v1/issues?severity=urgent", {}, 422),
    ("GET", "/api/v1/issues?sevrity=high", {}, 422),
    ("GET", "/api/v1/issues?limit=501", {}, 422),
    ("GET", "/api/v1/issues?since=nan", {}, 422),
    ("GET", "/api/v1/issues?until=inf", {}, 422),
    ("GET", f"/api/v1/issues?upload={10**20}", {}, 422),
    ("GET", f"/api/v1/issues?offset={10**20}", {}, 422),
    ("GET", "/api/v1/anomalies?at_least=2", {}, 422),
    ("POST", "/api/v1/feedback", {"json": {}}, 422),
]


@pytest.fixture(scope="module")
def standing(tmp_path_factory, corpus_cache):
    """A client over a filled store that no test of this module changes."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("standing"), cache_dir=corpus_cache, max_upload_mb=3)
    parts = build(settings, encoder=HashingEncoder())
    parts.ingest.text(LOG, actor="ada")
    api = build_api(settings)
    api.dependency_overrides[services] = lambda: parts
    yield TestClient(api, raise_server_exceptions=False)
    assert [upload.id for upload in parts.store.uploads.newest()] == [1]
    assert parts.store.log.entries() == []
    parts.close()


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"), FAILURES, ids=[f"{f[0]}-{f[1][:40]}-{n}" for n, f in enumerate(FAILURES)]
)
def test_every_failure_has_the_one_shape(standing, method, path, sent, status):
    error_of(standing.request(method, path, **sent), status)


def test_a_wrong_method_says_which_is_right(client):
    response = client.get(f"{V1}/analyse")
    assert response.headers["allow"] == "POST"
    assert "POST" in error_of(response, 405)["message"]


SAID = {"key": "k", "issue": 1, "kind": "acknowledge", "actor": "ada"}


@pytest.mark.parametrize(
    "change",
    [
        {"issue": 99},
        {"issue": 10**30},
        {"kind": "regress"},
        {"kind": "nonsense"},
        {"actor": ""},
        {"actor": "  "},
        {"key": ""},
        {"more": 1},
        {"kind": "accept"},
        {"kind": "accept", "answer": {"action": "reboot"}},
        {"answer": {"note": "x"}},
        {"kind": "mute", "answer": {"per_hour": 10**30}},
        {"kind": "mute", "answer": {"until": "tomorrow"}},
        {"kind": "mute", "answer": {}},
        {"kind": "comment", "answer": {"text": "x" * 10_001}},
        {"kind": "comment", "answer": {"text": ["x"]}},
        {"kind": "comment"},
        {"kind": "assign", "answer": {"to": {"a": 1}}},
        {"kind": "outcome", "answer": {"worked": "perhaps"}},
    ],
)
def test_feedback_that_cannot_be_is_refused_and_leaves_no_trace(standing, change):
    error_of(standing.post(f"{V1}/feedback", json=SAID | change), 404 if change.get("issue") == 99 else 422)


@pytest.mark.parametrize("answer", ['{"text": "\\ud800"}', '{"text": NaN}'])
def test_half_characters_and_no_numbers_are_refused(filled, answer):
    body = '{"key": "k", "issue": 1, "kind": "comment", "actor": "ada", "answer": ' + answer + "}"
    error_of(filled.post(f"{V1}/feedback", content=body, headers={"content-type": "application/json"}), 422)


HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE events; --",
    "\x00\x01\x02",
    "\u202e\u200b",
    "=cmd()",
    "{{7*7}}",
    "%s%n",
    "x" * 200_000,
    '{"message": "\\ud800", "service": "\\udfff", "level": "error"}',
    "日本語",
    "\n".join(["at x.y(z.java:1)"] * 2000),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_answered_as_text(client, text):
    sent = client.post(f"{V1}/events", json={"text": text, "name": text[:100]})
    assert sent.status_code == 201
    assert client.post(f"{V1}/analyse", json={"text": text}).status_code == 200
    page = client.get(f"{V1}/issues", params={"routine": True})
    assert page.status_code == 200
    assert client.get(f"{V1}/issues/{page.json()['issues'][0]['id']}").status_code == 200
    query = text[:1000]
    assert client.get(f"{V1}/issues", params={"text": query}).status_code == 200
    assert client.get(f"{V1}/search", params={"text": query}).status_code == 200


def test_a_half_character_in_json_is_refused_or_replaced(client):
    for path in ("analyse", "events"):
        sent = client.post(
            f"{V1}/{path}", content=b'{"text": "\\ud800 boom"}', headers={"content-type": "application/json"}
        )
        assert sent.status_code in (200, 201, 422)


def test_what_was_not_foreseen_is_logged_and_not_shown(client, parts, monkeypatch, caplog):
    def fail(text):
        raise RuntimeError("password of the store")

    monkeypatch.setattr(parts.analysis, "analyse", fail)
    error = error_of(client.post(f"{V1}/analyse", json={"text": "x"}), 500)
    assert "password" not in json.dumps(error)
    assert "password of the store" in caplog.text


def test_the_description_names_every_route(client):
    paths = client.get("/openapi.json").json()["paths"]
    of_clients = {"/metrics", "/v1/logs", "/v1/traces", "/api/{project}/envelope/", "/api/{project}/store/"}
    assert {path for path in paths if not path.startswith(V1)} == of_clients
    assert set(paths) >= {
        f"{V1}/{name}"
        for name in ("analyse", "predict", "events", "search", "issues", "feedback", "anomalies", "models", "health")
    }
    assert client.get("/docs").status_code == 200


@pytest.mark.parametrize("plain", [False, True])
def test_a_request_with_a_key_that_is_sent_again_stores_nothing_more(client, parts, plain):
    """Lines without a time of their own: nothing else tells that they are the same."""
    text = "ERROR disk full\nERROR disk full\nERROR connection refused"

    def send(key):
        headers = {"idempotency-key": key}
        if plain:
            return client.post(f"{V1}/events", content=text, headers=headers | {"content-type": "text/plain"})
        return client.post(f"{V1}/events", json={"text": text}, headers=headers)

    first, again, other = send("a"), send("a"), send("b")
    assert [answer.status_code for answer in (first, again, other)] == [201, 201, 201]
    assert (first.json()["events"], again.json()["events"], again.json()["duplicates"]) == (3, 0, 3)
    assert other.json()["events"] == 3
    assert sum(issue.count for issue in parts.store.issues.by_id(range(1, 9)).values()) == 6
    error_of(client.post(f"{V1}/events", json={"text": " "}, headers={"idempotency-key": "c"}), 422)
    error_of(client.post(f"{V1}/events", json={"text": text}, headers={"idempotency-key": "k" * 201}), 422)


def test_shippers_lines_with_a_key_are_stored_once(client, parts):
    records = [{"message": "disk full"}, {"message": "disk full"}]
    for _ in range(2):
        answer = client.post(f"{V1}/lines", json=records, headers={"idempotency-key": "k1"})
        assert answer.json() == {"lines": 2}
    assert sum(issue.count for issue in parts.store.issues.by_id(range(1, 9)).values()) == 2
