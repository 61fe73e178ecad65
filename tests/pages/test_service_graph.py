"""The Service graph page: empty, with an example, over a store; a link chooses a service, what-if names who is hit."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services.service_graph import GraphService
from app.settings import Settings
from components.graph_view import picked, word
from models.vectors.hashing import HashingEncoder
from tests.graph_fakes import FakeReader, fake_what_if

ROOT = Path(__file__).resolve().parents[2]
SHOP = json.dumps({"edges": [["gateway", "orders"], ["orders", "orders-db"], ["cart", "<b>cache</b>"]]}).encode()
LOG = "\n".join(
    json.dumps(
        {"time": f"2026-05-01T{hour}:{minute:02}:00Z", "level": "ERROR", "service": service, "msg": f"failed {minute}"}
    )
    for service, hour, first in (("orders-db", 10, 40), ("orders", 10, 45), ("cart", "08", 58))
    for minute in range(first, 60)
)


@pytest.fixture
def parts(tmp_path: Path, corpus_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bootstrap.Services]:
    built = bootstrap.build(Settings(data_dir=tmp_path, cache_dir=corpus_cache), encoder=HashingEncoder())
    monkeypatch.setattr(bootstrap, "_services", built)
    yield built
    built.close()
    st.cache_resource.clear()


@pytest.fixture
def graph(parts: bootstrap.Services) -> GraphService:
    made = GraphService(parts.store, FakeReader, fake_what_if)
    object.__setattr__(parts, "graph", made)
    return made


@pytest.fixture
def filled(parts: bootstrap.Services, graph: GraphService) -> GraphService:
    parts.ingest.text(LOG, actor="test")
    graph.give(SHOP, name="shop.json", actor="ada")
    return graph


def run(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    app.query_params.update(query)
    app.switch_page("../pages/service_graph.py").run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return " ".join(item.value for kind in (app.markdown, app.caption) for item in kind).replace("\\", "")


def test_an_empty_store_has_words_and_the_example(graph: GraphService) -> None:
    app = run()
    assert "No service is known yet" in app.info[0].value
    app.button(key="graph_show_example").click().run()
    assert not app.exception
    assert "the drawing is taken" in texts(app)
    app.button(key="graph_try_database").click().run()
    assert not app.exception
    hits = app.dataframe[-1].value
    assert (hits["Service"].iloc[0], hits["How likely"].iloc[0]) == ("queue", "high")
    app.button(key="graph_try_cache").click().run()
    hits = dict(zip(app.dataframe[-1].value["Service"], app.dataframe[-1].value["How likely"], strict=True))
    assert hits["api"] == "moderate"
    app.button(key="graph_try_api").click().run()
    assert set(app.dataframe[-1].value["Service"]) == {"database", "cache", "queue"}
    app.button(key="graph_back").click().run()
    assert not app.exception
    assert "No service is known yet" in app.info[0].value


def test_the_first_glance_is_health_in_a_word_who_pulls_it_down_and_why(filled: GraphService) -> None:
    app = run()
    metric = app.metric[0]
    assert "System health" in metric.label and metric.value == "0.58 ◆ failing" and metric.delta.startswith("-")
    said = texts(app)
    assert "orders-db pulls it down" in said.replace("**", "")
    assert "Most likely cause: orders-db" in said.replace("**", "") and "because failed first" in said
    app.button(key="graph_suspect_2").click().run()
    assert app.selectbox(key="graph_service").value == "orders"


def test_another_moment_is_another_reading(filled: GraphService) -> None:
    app = run()
    slider = app.select_slider[0]
    slider.set_value(slider.options[0] if not isinstance(slider.value, int) else 0).run()
    assert not app.exception
    assert "orders-db" not in texts(app)
    app.button(key="graph_worst").click().run()
    assert not app.exception
    assert "orders-db" in texts(app)


def test_a_link_chooses_a_service_and_shows_its_errors(filled: GraphService) -> None:
    app = run(graph_service="orders")
    assert app.selectbox(key="graph_service").value == "orders"
    said = texts(app)
    assert "calls: orders-db" in said and "is called by: gateway" in said and "15 errors in the" in said
    assert "Services like this one" in said
    assert run(graph_service="nobody").selectbox(key="graph_service").value is None


def test_what_if_by_service_and_by_call(filled: GraphService) -> None:
    app = run()
    app.multiselect(key="graph_break").set_value(["orders-db"]).run()
    assert not app.exception
    assert "2 would be hit" in texts(app)
    app.multiselect(key="graph_break").set_value(["gateway"]).run()
    assert "Nobody would be hit" in app.info[0].value
    app.multiselect(key="graph_break").set_value([]).run()
    app.multiselect(key="graph_break_calls").set_value(["orders → orders-db"]).run()
    assert not app.exception
    assert "2 would be hit, orders first" in texts(app).replace("**", "")


def test_a_topology_is_given_used_and_taken_back(parts: bootstrap.Services, graph: GraphService) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run()
    app.session_state["actor"] = "Ada"
    app.file_uploader(key="graph_file").set_value(("shop.json", SHOP, "application/json")).run()
    assert not app.exception
    assert "5 services, 3 calls" in texts(app)
    app.button(key="graph_use_file").click().run()
    assert not app.exception
    assert [topology.actor for topology in graph.topologies()] == ["Ada"]
    assert app.selectbox(key="graph_topology").value == graph.in_use()
    app.button(key="graph_guess").click().run()
    assert graph.in_use() is None
    app.selectbox(key="graph_topology").set_value(graph.topologies()[0].id).run()
    assert graph.in_use() == graph.topologies()[0].id
    app.button(key="graph_remove").click().run()
    assert not app.exception
    assert graph.topologies() == []


def test_of_a_large_graph_what_is_near_one_service_is_drawn(graph: GraphService) -> None:
    calls = "\n".join(f"s{number // 3},s{number}" for number in range(1, 900))
    graph.give(f"caller,callee\n{calls}".encode(), name="large.csv", actor="ada")
    drawn = next(item.value for item in run(graph_service="s100").caption if "of 900 services" in item.value)
    assert 4 < int(drawn.split(" ")[0]) <= 120


def test_a_file_that_is_no_topology_is_refused_in_words(parts: bootstrap.Services, graph: GraphService) -> None:
    app = run()
    app.file_uploader(key="graph_file").set_value(("x.json", b"{", "application/json")).run()
    assert not app.exception
    assert "cannot be read" in app.error[0].value.replace("\\", "")


def test_a_release_is_marked(parts: bootstrap.Services, filled: GraphService) -> None:
    app = run()
    app.session_state["actor"] = "Ada"
    app.selectbox(key="graph_release_service").set_value("orders")
    app.text_input(key="graph_release_version").set_value("4.12.0")
    next(button for button in app.button if button.label == "Mark").click().run()
    assert not app.exception
    assert [(deploy.service, deploy.version, deploy.actor) for deploy in parts.store.graph.deploys()] == [
        ("orders", "4.12.0", "Ada")
    ]
    next(button for button in app.run().button if button.label == "Take out").click().run()
    assert not app.exception and parts.store.graph.deploys() == []


def test_a_click_names_a_service_and_nothing_else() -> None:
    point = {"customdata": [3, "orders"]}
    assert picked({"selection": {"points": [{"customdata": None}, point, {"x": 1}]}}) == "orders"
    assert picked({"selection": {"points": []}}) is None and picked(None) is None
    assert [word(health) for health in (1.0, 0.8, 0.5, 0.0)] == ["healthy", "degraded", "failing", "failed"]
