"""What came in last."""

from app.storage import arrivals as module


def test_the_last_to_arrive_comes_first_whatever_its_time(store, put):
    put(store, "old thing failed", time=2000.0)
    put(store, "new thing failed", time=1000.0, service="stock")
    assert [(row.title, row.service) for row in store.arrivals.newest()] == [
        ("new thing failed", "stock"), ("old thing failed", "orders"),
    ]  # fmt: skip


def test_filters_and_the_list_as_it_stood(store, put):
    put(store, "a failed")
    put(store, "b failed", service="stock")
    first = store.arrivals.newest()[-1].id
    assert [row.title for row in store.arrivals.newest(service="stock")] == ["b failed"]
    assert [row.title for row in store.arrivals.newest(until_id=first)] == ["a failed"]
    assert store.arrivals.newest(severities=("low",)) == []
    assert len(store.arrivals.newest(severities=("high",))) == 2


def test_only_the_last_events_are_looked_through(store, put, monkeypatch):
    put(store, "a failed", service="rare")
    put(store, "b failed", "c failed")
    monkeypatch.setattr(module, "LOOKED_THROUGH", 2)
    assert store.arrivals.newest(service="rare") == []
    assert len(store.arrivals.newest()) == 2


def test_the_rate_counts_by_the_events_own_time(store, put):
    put(store, "a failed", "b failed", time=1000.0)
    assert (store.arrivals.rate(1030.0), store.arrivals.rate(1100.0), store.arrivals.rate(900.0)) == (2, 0, 0)


def test_an_empty_store_has_none(store):
    assert store.arrivals.newest() == []
