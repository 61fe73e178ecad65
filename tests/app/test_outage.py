"""PostgreSQL goes down and comes back: one clear sentence meanwhile, and everything goes on without a restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from fastapi.testclient import TestClient
from sqlalchemy.engine import make_url
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.api.application import build_api
from app.domain import Unavailable
from app.settings import ROOT, Settings
from models.vectors.hashing import HashingEncoder
from tests.postgres_server import PostgresServer
from tests.severed import Proxy


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    url = make_url(postgres.url)
    running = Proxy(url.host or "127.0.0.1", url.port or 5432)
    yield running
    running.cut()


@pytest.fixture
def parts(
    proxy: Proxy, postgres: PostgresServer, tmp_path: Path, corpus_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[bootstrap.Services]:
    url = make_url(postgres.emptied()).set(host="127.0.0.1", port=proxy.port, password="s3cret")
    settings = Settings(
        data_dir=tmp_path, cache_dir=corpus_cache, sample=False, database_url=url.render_as_string(hide_password=False)
    )
    built = bootstrap.build(settings, encoder=HashingEncoder())
    monkeypatch.setattr(bootstrap, "_services", built)
    yield built
    built.close()
    st.cache_resource.clear()


def test_the_store_says_so_and_goes_on(parts, proxy):
    parts.store.notes.mark("before", "1")
    proxy.cut()
    for _ in range(2):  # the connection that broke, and a new one that is refused
        with pytest.raises(Unavailable, match="cannot be reached") as said:
            parts.store.notes.mark("meanwhile", "1")
        assert "s3cret" not in str(said.value)
        with pytest.raises(Unavailable):
            parts.store.notes.marked("before")
    proxy.mend()
    assert parts.store.notes.marked("before") == "1"
    assert parts.store.notes.marked("meanwhile") == ""
    parts.store.notes.mark("after", "1")


def test_a_connection_that_breaks_in_the_middle_of_a_transaction_leaves_nothing(parts, proxy):
    with pytest.raises(Unavailable, match="cannot be reached"), parts.store.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO meta(key, value) VALUES ('half', '1')")
        proxy.cut()
        connection.exec_driver_sql("INSERT INTO meta(key, value) VALUES ('other half', '1')")
    proxy.mend()
    assert parts.store.notes.marked("half") == ""


def test_rest_answers_503_in_the_one_shape_and_goes_on(parts, proxy):
    api = build_api(parts.settings)
    api.dependency_overrides[bootstrap.services] = lambda: parts
    client = TestClient(api, raise_server_exceptions=False)
    assert client.get("/api/v1/health").status_code == 200
    proxy.cut()
    for method, path in (("GET", "/api/v1/health"), ("GET", "/api/v1/issues"), ("POST", "/api/v1/events")):
        answer = client.request(method, path, json={"text": "disk full"} if method == "POST" else None)
        assert answer.status_code == 503, answer.text
        assert answer.json()["error"]["code"] == ("down" if path.endswith("health") else "store_unavailable")
        assert "cannot be reached" in answer.json()["error"]["message"]
        assert int(answer.headers["Retry-After"]) > 0
    proxy.mend()
    assert client.post("/api/v1/events", json={"text": "ERROR disk full"}).status_code == 201
    assert client.get("/api/v1/issues").json()["total"] == 1


def test_a_page_shows_the_sentence_and_goes_on(parts, proxy):
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    parts.ingest.text("ERROR disk full", actor="ada", name="a.log")
    app.run().switch_page("../pages/overview.py").run()
    assert not app.exception
    titles = [one.value for one in app.title]
    proxy.cut()
    app.run()
    assert not app.exception
    assert any("cannot be reached" in one.value for one in app.error)
    proxy.mend()
    app.run()
    assert not app.error
    assert [one.value for one in app.title] == titles


def test_a_start_without_the_server_is_one_sentence(tmp_path, corpus_cache):
    settings = Settings(data_dir=tmp_path, cache_dir=corpus_cache, database_url="postgresql://ada:s3cret@127.0.0.1:9/none")
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9/none cannot be reached") as said:
        bootstrap.build(settings, encoder=HashingEncoder())
    assert "s3cret" not in str(said.value)
    assert "\n" not in str(said.value)
