"""Reading issues: filters alone and together, full-text search of hostile words, order, trends, empty stores."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import Entry, NotFound
from app.storage.issues import IssueFilter
from models.records import Reading
from models.taxonomy import ACTIONS

NOW = 10_000.0


def reading(severity, category, confidence=0.9):
    return Reading(
        severity, category, confidence, (0.25,) * 4, (0.1,) * 10, tuple((a, 0.1) for a in ACTIONS), "reader@1"
    )


def found(store, **wanted):
    return {issue.title for issue in store.issues.page(IssueFilter(**wanted), NOW)[0]}


def say(store, kind, issue, **answer):
    return store.log.append(
        Entry(key=f"{kind}{issue}{answer}", at=NOW, actor="ada", kind=kind, issue_id=issue, answer=answer)
    )


@pytest.fixture
def filled(store, put):
    put(store, "alpha one", time=100.0, service="orders", reading=reading("critical", "storage"))
    put(store, "beta two", "beta two", time=200.0, service="cart", reading=reading("high", "network", 0.2))
    put(store, "gamma three", time=300.0, service="orders", level="warning", reading=reading("low", "code"))
    put(store, "delta four", time=400.0, level="info", reading=reading("low", "code"))  # routine
    put(store, "beta two", time=500.0, service="orders", reading=reading("high", "network", 0.2))
    return store


ALL = {"alpha one", "beta two", "gamma three"}


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        ({}, ALL),
        ({"routine": True}, ALL | {"delta four"}),
        ({"severities": ("critical", "high")}, {"alpha one", "beta two"}),
        ({"categories": ("code",)}, {"gamma three"}),
        ({"services": ("cart",)}, {"beta two"}),
        ({"services": ("orders", "cart")}, ALL),
        ({"statuses": ("resolved",)}, set()),
        ({"not_sure_below": 0.5}, {"beta two"}),
        ({"upload_id": 1}, {"alpha one"}),
        ({"upload_id": 99}, set()),
        ({"since": 250.0}, {"beta two", "gamma three"}),
        ({"until": 250.0}, {"alpha one", "beta two"}),
        ({"since": 250.0, "until": 350.0}, {"gamma three"}),
        ({"since": 600.0}, set()),
        ({"severities": ("high",), "services": ("orders",), "since": 450.0, "text": "BETA"}, {"beta two"}),
        ({"severities": ("high",), "categories": ("code",)}, set()),
        ({"assignee": "bob"}, set()),
    ],
)
def test_filters_alone_and_together(filled, wanted, titles):
    assert found(filled, **wanted) == titles


def test_counts_and_times_are_those_within_the_range(filled):
    (inside,) = filled.issues.page(IssueFilter(text="beta", until=450.0), NOW)[0]
    (whole,) = filled.issues.page(IssueFilter(text="beta"), NOW)[0]
    assert (inside.count, inside.first_seen, inside.last_seen) == (2, 200.0, 201.0)
    assert (whole.count, whole.first_seen, whole.last_seen) == (3, 200.0, 500.0)


def test_the_most_urgent_first_and_resolved_or_muted_last(filled):
    def order():
        return [issue.id for issue in filled.issues.page(IssueFilter(muted=True), NOW)[0]]

    assert order() == [1, 2, 3]
    say(filled, "resolve", 1)
    say(filled, "mute", 2, per_hour=9)
    assert order() == [3, 2, 1]
    assert found(filled) == {"alpha one", "gamma three"}


def test_a_mute_ends_with_its_time(filled):
    say(filled, "mute", 1, until=NOW + 1)
    assert "alpha one" not in found(filled)
    assert {issue.id for issue in filled.issues.page(IssueFilter(), NOW + 2)[0]} == {1, 2, 3}


def test_pages_do_not_overlap_and_count_all(filled):
    pages = [filled.issues.page(IssueFilter(routine=True), NOW, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [total for _, total in pages] == [4, 4, 4]
    assert [issue.id for page, _ in pages for issue in page] == [1, 2, 4, 3]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("ECONNREFUSED", True),
        ("connref", True),
        ("100%", True),
        ("_id", True),
        ("o'br", True),
        ('"x"', True),
        ("ab", True),
        ("%", True),
        ("_", True),
        ("\\", True),
        ("pool.py", True),
        ("ECONN pool", True),
        ("ECONN missing", False),
        ("zz", False),
        ("50%", False),
        ("AND", False),
        ("NEAR(", False),
        ('"', True),
        ("a*", False),
        ("x\x00y", False),
        ("\ud800", True),
        ("-pool", False),
        ("ord", True),
        ("  ", True),
        ("日本語", True),
        ("本", True),
        ("w " * 2000, True),
    ],
)
def test_search_takes_words_as_they_are(store, put, text, hit):
    put(store, 'ECONNREFUSED 100% at user_id o\'brien "x" ab C:\\pool.py 日本語 w', service="orders")
    put(store, "nothing of the kind here")
    assert ('ECONNREFUSED 100% at user_id o\'brien "x" ab C:\\pool.py 日本語 w' in found(store, text=text)) is hit


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_search_text_raises(filled, text):
    filled.issues.page(IssueFilter(text=text), NOW)


def test_an_empty_store_answers_everything(store):
    assert store.issues.page(IssueFilter(text="x", since=1.0), NOW) == ([], 0)
    assert store.issues.of_signatures([1]) == {}
    assert store.issues.trends([], 0.0, 1.0) == {}
    assert store.issues.services() == []
    assert store.issues.newest_event() is None
    assert store.issues.strangest(0.0, 5) == []
    assert store.overview.totals(NOW, 0.0, NOW).events == 0
    assert store.overview.by_severity(0.0, NOW) == []
    assert store.signatures.vectors("any")[0].shape == (0,)
    assert store.log.rebuild() == 0
    for missing in (store.issues.get, store.signatures.get, store.uploads.get):
        with pytest.raises(NotFound):
            missing(1)


def test_trends_count_every_event_of_the_range_once(filled):
    trend = filled.issues.trends([2, 3], 200.0, 500.0, buckets=3)
    assert trend == {2: [2, 0, 1], 3: [0, 1, 0]}
    assert filled.issues.trends([2], 500.0, 500.0, buckets=3) == {2: [1, 0, 0]}


def test_events_come_newest_first(filled):
    assert [event.time for event in filled.issues.events(2)] == [500.0, 201.0, 200.0]
    assert [event.time for event in filled.issues.events(2, limit=1, offset=1)] == [201.0]
    assert filled.issues.services(2) == [("cart", 2), ("orders", 1)]


def test_the_overview_counts_what_sql_counts_by_hand(filled):
    totals = filled.overview.totals(NOW, 150.0, 450.0)
    assert (totals.events, totals.signatures, totals.issues, totals.need_you, totals.errors) == (4, 3, 2, 1, 2)
    cells = {(cell.name, cell.severity): cell.n for cell in filled.overview.by_severity(0.0, NOW)}
    assert cells == {
        ("issues", "critical"): 1,
        ("events", "critical"): 1,
        ("issues", "high"): 1,
        ("events", "high"): 3,
        ("issues", "low"): 1,
        ("events", "low"): 1,
    }
    assert sum(cell.n for cell in filled.overview.by_service(0.0, NOW)) == 5
    assert sum(cell.n for cell in filled.overview.by_time(100.0, 500.0)) == 5
    assert filled.overview.span() == (100.0, 500.0)


def test_followers_are_urgent_and_soon(filled):
    assert filled.issues.followers(3, minutes=30) == [(2, "beta two", 1.0)]
    assert filled.issues.followers(2, minutes=30) == []
