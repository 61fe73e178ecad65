"""A topology guessed from logs: traces, names, and what follows what; and what must not be taken for a call."""

import time
from collections import namedtuple

import numpy as np
import pytest

from models.analyse import topology_guess
from models.analyse.service_names import ServiceNames
from models.analyse.topology_guess import guess
from models.simulate.shop_incident import SAMPLE_SEED, generate
from models.simulate.shop_topology import CALLS

Line = namedtuple("Line", "time service text wrong")
DAY = 86_400.0


def edges(graph):
    names = graph.names
    return {
        (names[caller], names[callee]): (how, float(sure))
        for (caller, callee), how, sure in zip(graph.edges.T.tolist(), graph.known_by, graph.certainty, strict=True)
    }


def traced(number, *services, wrong=False):
    return [
        Line(100.0 * number + place, service, f'msg="work" trace_id={number:032x} took=3ms', wrong)
        for place, service in enumerate(services)
    ]


def test_services_of_a_trace_call_each_other_in_the_order_of_their_first_lines():
    lines = [line for number in range(20) for line in traced(number, "gateway", "orders", "store")]
    found = edges(guess(lines))
    assert set(found) == {("gateway", "orders"), ("orders", "store")}  # what orders explains is left out
    assert {how for how, _ in found.values()} == {"traces"}
    assert all(0.8 < sure < 1 for _, sure in found.values())


def test_among_errors_of_a_trace_who_fails_first_is_called():
    lines = [line for number in range(20) for line in traced(number, "store", "orders", wrong=True)]
    assert set(edges(guess(lines))) == {("orders", "store")}


def test_an_order_that_changes_from_trace_to_trace_says_nothing():
    lines = [line for number in range(20) for line in traced(number, *(("a", "b") if number % 2 else ("b", "a")))]
    assert edges(guess(lines)) == {}


NAMES = ("gateway", "orders", "cart", "orders-db", "cache", "host", "mail")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('POST "http://orders.shop.internal:8080/api/v1": read timed out', {"orders": True}),
        ("calling service cart failed", {"cart": True}),
        ("CircuitBreaker 'orders' is OPEN", {"orders": True}),
        ("dial tcp: lookup mail: no such host", {"mail": True}),
        ("FATAL: orders-db is in recovery mode", {"orders-db": True}),
        ("connection to ORDERS refused", {"orders": True}),
        ('upstream timed out, request: "GET /api/cart/7 HTTP/2.0"', {"cart": True}),
        ("authentication failed for user 'orders'", {"orders": False}),
        ("rejected request from gateway", {"gateway": False}),
        ("redis.exceptions.ConnectionError: Error 111", {"cache": True}),
        ("HikariPool-1 - Connection is not available", {"orders-db": True}),
        ("12 orders in the cart could not be saved to the host", {}),
        ("orders-db-old was removed", {}),
        ("see https://orders.example.com.evil/x and /srv/cart/file", {"orders": True}),
    ],
)
def test_names_count_where_they_cannot_be_words(text, named):
    found = ServiceNames(NAMES).named(text, writer="billing")
    assert {NAMES[item.service]: item.calls for item in found} == named
    assert all(0 < item.certainty < 1 for item in found)


def test_a_service_does_not_name_itself_and_a_database_names_its_clients():
    finder = ServiceNames(NAMES)
    assert finder.named("connection to orders refused", writer="Orders") == []
    lines = [Line(float(second), "orders-db", "connection to orders closed", True) for second in range(9)]
    lines.append(Line(0.0, "orders", "started", False))
    assert set(edges(guess(lines))) == {("orders", "orders-db")}


def coupled(rng, n, lag):
    """`b` fails at random times of a day, `a` soon after each time, `c` as often on its own."""
    times = np.sort(rng.uniform(0, DAY, n))
    lines = [Line(float(at), "b", "failed", True) for at in times]
    lines += [Line(float(at + rng.uniform(1, lag)), "a", "failed", True) for at in times]
    return lines + [Line(float(at), "c", "failed", True) for at in rng.uniform(0, DAY, n)]


@pytest.mark.parametrize("seed", range(3))
def test_what_follows_within_seconds_is_a_call_against_the_order(seed):
    found = edges(guess(coupled(np.random.default_rng(seed), 60, 15.0)))
    assert set(found) == {("a", "b")}
    how, sure = found["a", "b"]
    assert how == "seen together" and 0.3 < sure <= topology_guess.CAP


@pytest.mark.parametrize("seed", range(3))
def test_an_outage_that_hits_everyone_makes_no_calls(seed):
    rng = np.random.default_rng(seed)
    lines = [
        Line(float(at), service, "failed", True)
        for service in "abcdef"
        for at in (*rng.uniform(0, DAY, 40), *rng.uniform(40_000, 43_600, 80))
    ]
    assert edges(guess(lines)) == {}


def test_the_same_lines_give_the_same_guess_in_any_order():
    lines = coupled(np.random.default_rng(5), 40, 10.0)
    one, other = guess(lines), guess(lines[::-1])
    assert edges(one) == edges(other) and one.names == other.names == ("a", "b", "c")


def test_few_or_no_lines_give_no_calls():
    assert len(guess([])) == 0
    assert edges(guess([Line(1.0, "a", "x", True), Line(1.0, "b", "x", True)])) == {}


@pytest.mark.parametrize(
    "text", ["a-" * 2000, "http://" * 600, "call to " * 500, "trace_id=" * 450, "/api/" * 800, "a." * 2000]
)
@pytest.mark.timed
def test_hostile_lines_take_linear_time(text):
    start = time.perf_counter()
    guess([Line(float(number), "a", text, True) for number in range(3)])
    assert time.perf_counter() - start < 1.0


def test_the_sample_incident_is_guessed_with_few_false_calls():
    """Its format names the service by the file; here the lines are read as they are written, one a line."""
    files = generate(SAMPLE_SEED, 1_777_629_600.0).files
    lines = [
        Line(float(number), name.partition(".")[0], line, False)
        for name, text in files.items()
        for number, line in enumerate(text.splitlines())
    ]
    truth = {(call.caller, call.callee) for call in CALLS}
    found = set(edges(guess(lines)))
    assert len(found & truth) / len(found) >= 0.8
    assert len(found & truth) / len(truth) >= 0.4
