"""Topologies from files: every format gives the same graph; what is no topology, or is hostile, is refused in words."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.analyse.topology_build import MAX_SERVICES, Call, TopologyError, graph_of, kind_of, with_services
from models.analyse.topology_inputs import read_topology

ROOT = Path(__file__).resolve().parents[3]
CALLS = {("gateway", "orders"), ("orders", "orders-db"), ("orders", "mail")}


def span(trace, number, parent="", kind=2, **attributes):
    listed = [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in attributes.items()]
    return {"traceId": trace, "spanId": number, "parentSpanId": parent, "kind": kind, "attributes": listed}


def resource(service, *spans):
    about = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resource": about, "scopeSpans": [{"spans": list(spans)}]}


OTLP = {
    "resourceSpans": [
        resource("gateway", span("t1", "a"), span("t1", "b", "a", 3), span("t2", "a")),
        resource(
            "orders",
            span("t1", "c", "b"),
            span("t1", "d", "c", 3, db__system="postgresql", server__address="orders-db"),
            span("t1", "e", "c", 3, peer__service="mail"),
        ),
        resource("orders", span("t2", "c", "b")),  # its parent is of another trace
        {"resource": {}, "scopeSpans": [{"spans": [span("t1", "z", "a")]}]},
    ]
}
SAME = {
    "csv": "caller,callee,protocol\ngateway,orders,http\norders,orders-db,\norders,mail,https\n",
    "csv with other words": "\ufeffSource;Target\r\ngateway;orders\r\norders;orders-db\r\norders;mail\r\n",
    "csv without a header": "gateway,orders\norders,orders-db\norders,mail\n",
    "json": json.dumps(
        {
            "services": [{"name": "gateway", "kind": "web"}, "orders"],
            "calls": [{"from": "gateway", "to": "orders"}, ["orders", "orders-db"], ["orders", "mail", "https"]],
        }
    ),
    "list": json.dumps([{"caller": caller, "callee": callee} for caller, callee in sorted(CALLS)]),
    "json lines": "\n".join(json.dumps({"from": caller, "to": callee}) for caller, callee in sorted(CALLS)),
    "adjacency": json.dumps({"gateway": ["orders"], "orders": ["orders-db", "mail", "orders"]}),
    "jaeger": json.dumps({"data": [{"parent": a, "child": b, "callCount": 3} for a, b in sorted(CALLS)]}),
    "otlp": json.dumps(OTLP),
    "otlp lines": json.dumps(OTLP) + "\n" + json.dumps(OTLP) + "\n",
}


def pairs(graph):
    return {(graph.names[caller], graph.names[callee]) for caller, callee in graph.edges.T.tolist()}


@pytest.mark.parametrize("name", list(SAME))
def test_every_format_gives_the_same_graph(name):
    graph = read_topology(SAME[name].encode())
    assert pairs(graph) == CALLS
    assert set(graph.names) == {"gateway", "orders", "orders-db", "mail"}
    assert graph.kinds[graph.names.index("gateway")] == "gateway"
    assert graph.kinds[graph.names.index("orders-db")] == "database"
    assert (graph.edges.dtype, graph.edges.shape, graph.certainty.tolist()) == (np.int64, (2, 3), [1.0, 1.0, 1.0])
    assert set(graph.known_by) == {"traces" if name.startswith(("jaeger", "otlp")) else "given"}


def test_the_shipped_topologies_are_read():
    incident = read_topology((ROOT / "sample_data" / "incident" / "topology.json").read_bytes())
    assert (len(incident), incident.edges.shape[1]) == (17, 26)
    assert incident.kinds[incident.names.index("cache")] == "cache"
    example = read_topology((ROOT / "sample_data" / "topologies" / "four_services.json").read_bytes())
    assert pairs(example) == {
        ("database", "api"), ("cache", "api"), ("api", "cache"), ("queue", "database"), ("queue", "cache"),
    }  # fmt: skip


def test_a_file_may_say_how_sure_a_call_is():
    for data in (
        b"from,to,certainty\na,b,0.5\nb,c,\n",
        b'[{"from": "a", "to": "b", "weight": 0.5}, {"from": "b", "to": "c"}]',
    ):
        graph = read_topology(data)
        assert graph.certainty.tolist() == [0.5, 1.0]


def test_services_without_calls_are_kept():
    assert read_topology(b"service,kind\norders,\norders-db,db\n").kinds == ("service", "database")
    assert read_topology(b"from,to,kind\norders,cache,\nlonely,,queue\n").names == ("lonely", "orders", "cache")
    assert with_services(graph_of([Call("a", "b")]), ["b", "c", "c"]).names == ("a", "b", "c")


def test_a_consumer_depends_on_the_producer():
    spans = {"resourceSpans": [resource("shop", span("t", "1", kind=4)), resource("mailer", span("t", "2", "1", 5))]}
    assert pairs(read_topology(json.dumps(spans).encode())) == {("mailer", "shop")}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"   \n ", "empty"),
        (b"{", "cannot be read"),
        (b'{"a": 1}', "a topology is CSV"),
        (b'{"services": [], "edges": []}', "no service"),
        (b'{"edges": [{"from": "a"}]}', "edge 1"),
        (b'{"edges": [{"from": "a", "to": 7}]}', "edge 1"),
        (b'{"edges": [7]}', "edge 1"),
        (b'{"edges": {"a": "b"}}', "lists"),
        (b'{"services": [{"kind": "db"}]}', "service 1"),
        (b'{"edges": [["a", "  "]]}', "no name"),
        (b'{"edges": [["a", "' + b"x" * 300 + b'"]]}', "200 characters"),
        (b'{"resourceSpans": []}', "no span"),
        (b'{"resourceSpans": [{"resource": 7, "scopeSpans": 7}]}', "no span"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b"12345", "a topology is CSV"),
        (b"\x00\x01\x02\xff", "a topology is CSV"),
        (b"what,ever,else\n1,2,3\n", "a topology is CSV"),
        (b"from,to\n,\n , \n", "no service"),
        (b"from,to,weight\na,b,2\n", "row 2"),
        (b'{"edges": [{"from": "a", "to": "b", "certainty": []}]}', "edge 1"),
        (b'{"edges": [{"from": "a", "to": "b", "certainty": NaN}]}', "edge 1"),
        (b'"' + b"x" * 200_000 + b'",b\n', "cannot be read"),
    ],
)
def test_what_is_no_topology_is_refused_in_words(data, says):
    with pytest.raises(TopologyError, match=says):
        read_topology(data)


def test_what_is_too_large_is_refused():
    rows = "\n".join(f"a{number},b{number}" for number in range(MAX_SERVICES // 2 + 1))
    with pytest.raises(TopologyError, match="10,000 services"):
        read_topology(rows.encode())
    calls = "\n".join(f"a{one},a{two}" for one in range(400) for two in range(400))
    with pytest.raises(TopologyError, match="100,000 calls"):
        read_topology(calls.encode())


def test_names_are_cleaned_of_what_hides_in_them():
    graph = read_topology(json.dumps({"edges": [["a\x1b[31m\u202eb\n c", "<img src=x>"]]}).encode())
    assert graph.names == ("ab c", "<img src=x>")


def test_of_a_call_named_twice_the_surest_stays():
    twice = [Call("a", "b", "", "seen together", 0.9), Call("a", "b", "http", "traces", 0.5)]
    for calls in (twice, twice[::-1]):
        graph = graph_of(calls)
        assert (graph.known_by, graph.protocols, graph.certainty.tolist()) == (("traces",), ("http",), [0.5])


@pytest.mark.parametrize(
    ("name", "said", "kind"),
    [
        ("orders-db", "", "database"), ("redis", "", "cache"), ("kafka2", "", "queue"), ("orders", "", "service"),
        ("x", "PostgreSQL", "database"), ("x", "nonsense", "service"), ("mailgateway", "", "service"),
    ],
)  # fmt: skip
def test_kinds_are_told_from_what_is_said_or_from_the_name(name, said, kind):
    assert kind_of(name, said) == kind


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_it_fail_otherwise(data):
    try:
        graph = read_topology(data)
    except TopologyError:
        return
    assert len(graph) == len(set(graph.names)) > 0
