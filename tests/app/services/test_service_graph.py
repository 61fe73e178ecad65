"""GraphService over a real store: given and guessed graphs, readings of moments, the trend, and what follows from a failure."""

import json

import numpy as np
import pytest

from app.domain import InvalidInput, Unavailable
from app.services import service_graph
from app.services.service_graph import GUESSED, GraphService, example
from tests.graph_fakes import FakeReader, fake_what_if

SHOP = json.dumps(
    {
        "services": ["gateway", "orders", "cart", {"name": "orders-db", "kind": "database"}],
        "edges": [["gateway", "orders"], ["gateway", "cart"], ["orders", "orders-db"]],
    }
).encode()


def log(service, minutes, text="could not save order", level="ERROR"):
    return "".join(
        json.dumps(
            {"time": f"2026-05-01T10:{minute:02}:00Z", "level": level, "service": service, "msg": f"{text} {minute}"}
        )
        + "\n"
        for minute in minutes
    )


INCIDENT = (
    log("orders-db", range(20, 40), "no space left on device")
    + log("orders", range(25, 40), "connection to orders-db refused")
    + log("cart", (3, 33), "coupon not found")
    + log("gateway", (0,), "started", "INFO")
)


@pytest.fixture
def graph(parts):
    return GraphService(parts.store, FakeReader, fake_what_if, clock=lambda: 1_777_700_000.0)


@pytest.fixture
def filled(parts, graph):
    parts.ingest.text(INCIDENT, actor="ada")
    graph.give(SHOP, name="shop.json", actor="ada")
    return graph


def names(picture, places):
    return [picture.graph.names[place] for place in places]


def test_an_empty_store_has_no_picture_and_an_example_has_one(graph):
    assert graph.known() is None and graph.picture() is None and graph.trend(None) == []
    picture = graph.read(example("four services"))
    assert len(picture.graph) == 4 and picture.at is None
    assert picture.signals.counts.sum() == 0


def test_a_given_topology_is_used_and_services_that_only_log_are_added(parts, filled):
    parts.ingest.text(log("lonely", (1,)), actor="ada")
    known = filled.known()
    assert (known.source, set(known.graph.names)) == ("shop.json", {"gateway", "orders", "cart", "orders-db", "lonely"})
    assert known.graph.edges.shape == (2, 3)
    filled.use(None)
    assert filled.known().source == GUESSED
    filled.use(known.id)
    assert filled.known().id == known.id
    filled.remove(known.id)
    assert filled.known().source == GUESSED


def test_a_picture_counts_each_window_by_service_and_minute(filled):
    picture = filled.picture()
    place = {name: number for number, name in enumerate(picture.graph.names)}
    assert picture.errors(place["orders-db"]) == 20 and picture.errors(place["orders"]) == 15
    assert picture.errors(place["cart"]) == 1 and picture.errors(place["gateway"]) == 0
    signals = picture.signals
    assert signals.counts.shape == (service_graph_window(), 4, 4)
    assert signals.first[place["orders-db"]] < signals.first[place["orders"]]
    assert np.isnan(signals.first[place["gateway"]])
    assert signals.categories.sum(axis=1).round(6).tolist() == [float(picture.errors(s) > 0) for s in range(4)]
    assert signals.blames.tolist() == [[place["orders"], place["orders-db"], 15]]
    assert signals.usual[place["cart"]] == pytest.approx(1 / 10) and signals.usual[place["orders"]] == 0


def service_graph_window():
    from app.services.graph_signals import WINDOW

    return WINDOW


def test_an_earlier_moment_knows_nothing_of_what_comes_later(filled, parts):
    early = filled.picture(1_777_629_600.0 + 20 * 60 + 30)
    place = early.graph.names.index("orders-db")
    assert early.errors(place) == 1
    assert early.errors(early.graph.names.index("orders")) == 0
    later = filled.picture(2e9)
    assert later.at == filled.picture().at
    assert later.errors(place) == 20


def test_the_trend_falls_when_things_break_and_agrees_with_the_pictures(filled):
    seen = []
    points = filled.trend(None, points=10, progress=seen.append)
    assert points[0].health > points[-1].health
    assert [point.at for point in points] == sorted({point.at for point in points})
    assert seen[-1] == 1.0
    for point in (points[3], points[-1]):
        assert point.health == filled.picture(point.at).reading.system_health
    assert points[-1].worst in ("cart", "orders-db")


def test_readings_are_kept_until_something_changes(parts, filled):
    filled.picture()
    filled.trend(None)
    reads = filled._loaded().reads
    filled.picture()
    filled.trend(None)
    assert filled._loaded().reads == reads
    filled.deploy("orders", "4.12.0", at=1_777_629_600.0, actor="ada")
    picture = filled.picture()
    assert filled._loaded().reads > reads
    deployed = picture.signals.deployed[picture.graph.names.index("orders")]
    assert deployed == pytest.approx((picture.at - 1_777_629_600.0) / 60)
    assert np.isnan(picture.signals.deployed).sum() == 3


def test_the_service_that_pulls_the_system_down_is_the_one_it_is_better_without(filled):
    picture = filled.picture()
    pull = filled.pull(picture)
    assert picture.graph.names[pull.service] == "orders-db"
    assert pull.without > picture.reading.system_health


def test_services_alike_are_others_best_first(filled):
    picture = filled.picture()
    found = filled.alike(picture, 0)
    assert len(found) == 3 and 0 not in dict(found)
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)


def test_what_if_names_who_is_hit_likeliest_first(filled):
    picture = filled.picture()
    hits = filled.what_if(picture, [picture.graph.names.index("orders-db")])
    assert names(picture, [hit.service for hit in hits]) == ["orders", "gateway"]
    assert hits[0].probability > hits[1].probability and hits[0].seconds < hits[1].seconds
    assert filled.what_if(picture, edges=[0])
    for wrong in ({"services": [9]}, {"edges": [-1]}):
        with pytest.raises(InvalidInput):
            filled.what_if(picture, **wrong)


def test_the_four_service_example_says_what_the_client_says(graph):
    picture = graph.read(example("four services"))
    place = {name: number for number, name in enumerate(picture.graph.names)}
    chance = {
        broken: {picture.graph.names[hit.service]: hit.probability for hit in graph.what_if(picture, [place[broken]])}
        for broken in place
    }
    assert chance["database"]["queue"] > 0.6
    assert 0.2 < chance["cache"]["api"] < 0.5 < chance["database"]["queue"]
    assert set(chance["api"]) == {"database", "cache", "queue"}


@pytest.mark.slow
def test_the_shipped_reader_reads_the_example_as_the_client_does(parts):
    """The database hits the queue with a high probability, the cache the API with a moderate one, the API everyone."""
    picture = parts.graph.read(example("four services"))
    place = {name: number for number, name in enumerate(picture.graph.names)}
    chance = {
        broken: {
            picture.graph.names[hit.service]: hit.probability for hit in parts.graph.what_if(picture, [place[broken]])
        }
        for broken in place
    }
    assert chance["database"]["queue"] >= 0.5 > chance["cache"]["api"] >= 0.2
    assert set(chance["api"]) == {"database", "cache", "queue"}


@pytest.mark.slow
def test_the_shipped_reader_finds_the_root_of_a_small_incident(parts):
    parts.ingest.text(INCIDENT, actor="ada")
    parts.graph.give(SHOP, name="shop.json", actor="ada")
    picture = parts.graph.picture()
    first = picture.reading.causes[0]
    assert picture.graph.names[first.service] == "orders-db" and first.evidence
    assert 0 <= picture.reading.system_health < parts.graph.trend(None)[0].health


def test_a_guess_takes_its_edges_from_the_logs_and_holds_for_a_while(parts, graph):
    parts.ingest.text(INCIDENT, actor="ada")
    known = graph.known()
    pairs = {(known.graph.names[a], known.graph.names[b]) for a, b in known.graph.edges.T.tolist()}
    assert known.source == GUESSED and ("orders", "orders-db") in pairs
    assert set(known.graph.known_by) <= {"traces", "named in a log", "seen together"}
    parts.ingest.text(log("billing", (41,), "calling service cart failed"), actor="ada")
    again = graph.known()
    assert "billing" in again.graph.names
    assert again.graph.edges.shape == known.graph.edges.shape  # the guess itself is some minutes old


@pytest.mark.parametrize(
    ("service", "version", "at", "actor"),
    [
        ("", "1", 1.0, "ada"),
        ("a", "1", -1.0, "ada"),
        ("a", "1", 9e9, "ada"),
        ("a", "x" * 201, 1.0, "ada"),
        ("a", "1", 1.0, " "),
    ],
)
def test_a_release_that_cannot_be_is_refused(graph, service, version, at, actor):
    with pytest.raises(InvalidInput):
        graph.deploy(service, version, at=at, actor=actor)


def test_missing_weights_name_the_command_that_makes_them(monkeypatch, tmp_path):
    monkeypatch.setattr(service_graph, "PRETRAINED", tmp_path)
    with pytest.raises(Unavailable, match="stacklens train graph"):
        service_graph.shipped_reader()


def test_what_is_no_topology_is_refused_and_nothing_is_stored(graph):
    with pytest.raises(InvalidInput, match="topology"):
        graph.give(b"hello", name="x", actor="ada")
    assert graph.topologies() == []
