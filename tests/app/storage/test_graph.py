"""Topologies and release markers in the store, counts of errors by service, and a purge that reaches their names."""

import pytest

from app.domain import Entry, NotFound
from app.storage.graph import Topology

SHOP = Topology(0, "shop.json", "ada", 1.0, (("orders", "service"), ("db", "database")), ((0, 1, "sql", 0, 1.0),))


def test_a_topology_comes_back_and_can_go(store):
    first = store.graph.add_topology(SHOP)
    second = store.graph.add_topology(SHOP)
    found = store.graph.topology(first)
    assert (found.services, found.calls, found.name) == (SHOP.services, SHOP.calls, "shop.json")
    assert [item.id for item in store.graph.topologies()] == [second, first]
    before = store.graph.version()
    store.graph.remove_topology(second)
    assert store.graph.version() != before
    with pytest.raises(NotFound):
        store.graph.topology(second)


def test_the_same_release_is_one_marker(store):
    first = store.graph.add_deploy("orders", "4.12.0", 100.0, "ada")
    assert store.graph.add_deploy("orders", "4.12.0", 100.0, "bob") == first
    assert store.graph.add_deploy("orders", "4.12.0", 200.0, "ada") != first
    assert [deploy.at for deploy in store.graph.deploys()] == [200.0, 100.0]
    assert [deploy.at for deploy in store.graph.deploys(since=150.0)] == [200.0]
    store.graph.remove_deploy(first)
    assert len(store.graph.deploys()) == 1
    with pytest.raises(NotFound):
        store.graph.remove_deploy(first)


def test_counts_are_by_minute_service_and_severity(store, put):
    put(store, "disk full", "disk full", time=1000.0)
    put(store, "disk full", time=1075.0)
    put(store, "connection refused by db", time=1075.0, service="cart")
    put(store, "too late", time=2000.0)
    rows = store.graph.counts(1000.0, 1900.0)
    assert sorted((row.minute, row.service, row.n, row.first) for row in rows) == [
        (0, "orders", 2, 1000.0), (1, "cart", 1, 1075.0), (1, "orders", 1, 1075.0),
    ]  # fmt: skip
    assert {(row.severity, row.category) for row in rows} == {("high", "network")}
    mentions, texts = store.graph.mentions(1000.0, 1900.0)
    assert sum(row.n for row in mentions) == 4
    assert {texts[row.signature_id] for row in mentions if row.service == "cart"} == {"connection refused by db"}
    assert store.graph.span() == (1000.0, 2000.0)
    assert store.graph.services() == ["orders", "cart"]
    assert [line.time for line in store.graph.lines(2)] == [1075.0, 2000.0]


def test_a_purge_takes_a_secret_out_of_names(store):
    secret = "hunter2-hunter2"
    number = store.graph.add_topology(
        Topology(
            0,
            f"{secret}.csv",
            secret,
            1.0,
            ((f"svc-{secret}", "service"), ("db", "database")),
            ((0, 1, secret, 0, 1.0),),
        )
    )
    store.graph.add_deploy(f"svc-{secret}", secret, 1.0, secret)
    store.purging.purge([secret], [], {}, Entry("k", 1.0, "ada", "purge"), lambda raw: raw)
    found = store.graph.topology(number)
    assert secret not in f"{found} {store.graph.deploys()}"
    assert found.services[1] == ("db", "database") and found.services[0][1] == "service"
