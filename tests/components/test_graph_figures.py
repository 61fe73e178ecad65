"""The drawing: layered, the same from run to run, every service once, names never markup; and what lies near a service."""

from typing import Any

import numpy as np
import pytest

from app.services.graph_signals import nothing
from app.services.service_graph import Known, Picture, Point
from app.storage.graph import Deploy
from components import graph_layout
from components.graph_figures import MOST_NAMED, Marks, network, trend
from components.graph_layout import near, nearest, part, positions
from components.graph_what_if import soon, strength
from models.analyse.graph_reading import ServiceGraph
from models.analyse.topology_build import Call, graph_of
from models.simulate.topology import generate
from tests.graph_fakes import FakeReader


def simulated(size: int, shape: str = "mesh", seed: int = 3) -> ServiceGraph:
    made = generate(seed, size, shape)
    return graph_of(
        (
            Call(made.names[a], made.names[b], "http", "given" if a % 2 else "seen together", 0.5)
            for a, b in made.edges.T
        ),
        dict(zip(made.names, made.kinds, strict=True)),
    )


def picture(graph: ServiceGraph, failing: int = 0) -> Picture:
    signals = nothing(graph)
    signals.counts[0, :failing, 0] = 9
    return Picture(Known(graph, "test"), signals, FakeReader().read(graph, signals), 60.0)


def traces(figure: Any, mode: str) -> list[Any]:
    return [trace for trace in figure.data if trace.mode == mode]


@pytest.mark.parametrize("size", [12, 50, 500])
def test_callers_lie_above_whom_they_call_and_no_two_services_on_each_other(size: int) -> None:
    graph = simulated(size)
    places = positions(graph)
    callers, callees = graph.edges
    assert (places[callers, 1] > places[callees, 1]).all()
    assert len(np.unique(places.round(4), axis=0)) == size
    gaps = [
        np.diff(np.sort(places[places[:, 1] == row, 0])).min()
        for row in np.unique(places[:, 1])
        if (places[:, 1] == row).sum() > 1
    ]
    assert min(gaps) > 0.04


def test_positions_are_the_same_from_run_to_run() -> None:
    graph = simulated(50)
    first = positions(graph).copy()
    graph_layout._positions.cache_clear()
    assert np.array_equal(first, positions(graph))


def test_rings_and_lone_services_have_a_place() -> None:
    graph = graph_of([Call("a", "b"), Call("b", "a"), Call("b", "c")], {"lonely": ""})
    places = dict(zip(graph.names, positions(graph), strict=True))
    assert places["a"][1] == places["b"][1] > places["c"][1] > places["lonely"][1]
    assert positions(graph_of([], {"one": ""})).shape == (1, 2)


@pytest.mark.parametrize("size", [12, 50, 500])
def test_every_service_is_drawn_once_with_its_name_where_there_is_room(size: int) -> None:
    read = picture(simulated(size), failing=size // 4)
    figure = network(read, np.ones(size, dtype=bool), Marks(chosen=1, suspect=0, broken=(2,), hits={3: 0.9}))
    drawn = [data for trace in traces(figure, "markers+text") for data in trace.customdata]
    assert sorted(number for number, _ in drawn) == list(range(size))
    assert all(read.graph.names[number] == name for number, name in drawn)
    named = [text for trace in traces(figure, "markers+text") for text in trace.text if text]
    assert len(named) == size if size <= 50 else 1 < len(named) <= MOST_NAMED
    dashes = {trace.line.dash for trace in traces(figure, "lines")}
    assert dashes == {"dash", "solid"}
    assert len(figure.to_json()) < 1_000_000


def test_arrows_run_from_the_callee_to_the_caller() -> None:
    read = picture(graph_of([Call("caller", "callee")]))
    (arrows,) = [
        trace for trace in network(read, np.ones(2, dtype=bool), Marks()).data if trace.marker.symbol == "arrow"
    ]
    y = dict(zip(read.graph.names, positions(read.graph)[:, 1], strict=True))
    assert y["callee"] < arrows.y[0] < arrows.y[1] < y["caller"]
    assert "trouble of callee reaches caller: 80 %" in arrows.hovertext[1]


def test_names_are_no_markup() -> None:
    read = picture(graph_of([Call("<b>x</b>", "<img src=x onerror=alert(1)>")]), failing=1)
    figure = network(read, np.ones(2, dtype=bool), Marks(chosen=0))
    shown = [text for trace in figure.data for text in (*(trace.text or ()), *(trace.hovertext or ()))]
    assert not any("<b>x" in text or "<img" in text for text in shown)
    points = [Point(0.0, 1.0, "<b>x"), Point(60.0, 0.5, "<b>x")]
    assert "<b>x" not in str(trend(points, [Deploy(1, "<b>x", "<i>", 30.0, "ada")], "UTC", 0))


def test_near_counts_calls_in_both_directions_and_part_keeps_their_numbers() -> None:
    graph = graph_of([Call("a", "b"), Call("b", "c"), Call("d", "c"), Call("d", "e")])
    a = graph.names.index("a")
    reached = [{graph.names[place] for place in np.flatnonzero(near(graph, a, hops))} for hops in range(4)]
    assert reached == [{"a"}, {"a", "b"}, {"a", "b", "c"}, {"a", "b", "c", "d"}]
    small, services, edges = part(graph, near(graph, a, 2))
    assert small.names == tuple(graph.names[place] for place in services)
    for number, (caller, callee) in zip(edges, small.edges.T, strict=True):
        whole = graph.edges[:, number]
        assert (small.names[caller], small.names[callee]) == (graph.names[whole[0]], graph.names[whole[1]])
    assert nearest(graph, a, 3) == 2 and nearest(graph, a, 1) == 1


def test_probabilities_and_times_in_words() -> None:
    assert [strength(value) for value in (0.9, 0.3, 0.1)] == ["high", "moderate", "low"]
    assert [soon(value) for value in (40.0, 600.0)] == ["40 s", "10 min"]
