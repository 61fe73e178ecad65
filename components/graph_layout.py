"""Where services lie in the drawing, pure: layered by call direction, the same from run to run, and what lies near a service."""

from collections.abc import Collection
from functools import lru_cache
from typing import Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from models.analyse.graph_reading import ServiceGraph

#: Sweeps that move each service above the middle of whom it calls, and below the middle of who calls it.
_SWEEPS: Final = 8
#: Services in one row at most, as a multiple of the square root of their number; a wider layer takes several rows.
_WIDE: Final = 1.8


def positions(graph: ServiceGraph) -> NDArray[np.float64]:
    """(n, 2) x and y: callers above whom they call, services without any call in rows of their own at the bottom.

    Services that call each other in a ring share a layer. Rows are one apart in y; x runs from -1 to 1 in the widest row.
    """
    return _positions(graph.names, graph.edges.tobytes())


@lru_cache(maxsize=16)
def _positions(names: tuple[str, ...], edges: bytes) -> NDArray[np.float64]:
    pairs = np.frombuffer(edges, dtype=np.int64).reshape(2, -1)
    calls = nx.DiGraph()
    calls.add_nodes_from(range(len(names)))
    calls.add_edges_from(pairs.T.tolist())
    layers = _ordered(_layers(calls), calls, names)
    widest = max(6, round(_WIDE * len(names) ** 0.5))
    rows = [row for layer in layers for row in _rows(layer, widest)]
    drawn = nx.Graph()
    for number, row in enumerate(rows):
        drawn.add_nodes_from(row, row=number)
    placed = nx.multipartite_layout(drawn, subset_key="row", align="horizontal")
    found = np.array([placed[service] for service in range(len(names))], dtype=np.float64).reshape(-1, 2)
    widths = {service: len(row) for row in rows for service in row}
    row_of = {service: number for number, row in enumerate(rows) for service in row}
    longest = max(map(len, rows), default=1)
    for row in rows:
        for place, service in enumerate(row):
            step = 2 / max(longest - 1, 1) * min(2.4, longest / max(len(row), 1))
            step = min(step, 2 / max(widths[service] - 1, 1))
            # Every other row is shifted a little, so that a call does not run through the service between.
            found[service, 0] = (place - (len(row) - 1) / 2) * step + (0.2 * step if row_of[service] % 2 else 0.0)
            found[service, 1] = -row_of[service]
    found.setflags(write=False)
    return found


def near(graph: ServiceGraph, service: int, hops: int) -> NDArray[np.bool_]:
    """(n,) the services within so many calls of one, in either direction, itself included."""
    inside = np.zeros(len(graph), dtype=bool)
    inside[service] = True
    for _ in range(hops):
        callers, callees = graph.edges
        reached = inside.copy()
        reached[callees[inside[callers]]] = True
        reached[callers[inside[callees]]] = True
        inside = reached
    return inside


def nearest(graph: ServiceGraph, service: int, most: int, within: Collection[int] = (1, 2, 3)) -> int:
    """The largest number of hops that shows at most so many services, else the smallest offered."""
    fitting = [hops for hops in within if near(graph, service, hops).sum() <= most]
    return max(fitting, default=min(within))


def part(graph: ServiceGraph, shown: NDArray[np.bool_]) -> tuple[ServiceGraph, NDArray[np.int64], NDArray[np.int64]]:
    """The graph of the `shown` (n,) services alone, and the numbers that its services and its edges have in the whole."""
    services = np.flatnonzero(shown)
    edges = np.flatnonzero(shown[graph.edges].all(axis=0))
    place = np.full(len(graph), -1, dtype=np.int64)
    place[services] = np.arange(len(services))
    made = ServiceGraph(
        names=tuple(graph.names[service] for service in services),
        kinds=tuple(graph.kinds[service] for service in services),
        edges=np.ascontiguousarray(place[graph.edges[:, edges]]),
        protocols=tuple(graph.protocols[edge] for edge in edges),
        known_by=tuple(graph.known_by[edge] for edge in edges),
        certainty=graph.certainty[edges],
    )
    return made, services, edges


def _layers(calls: nx.DiGraph) -> list[list[int]]:
    """Each service one layer below its lowest caller; those without any call last."""
    lone = [service for service in calls if not calls.degree(service)]
    rings = nx.condensation(calls.subgraph(service for service in calls if calls.degree(service)))
    layers = [
        sorted(service for ring in generation for service in rings.nodes[ring]["members"])
        for generation in nx.topological_generations(rings)
    ]
    return [*layers, lone] if lone else layers


def _ordered(layers: list[list[int]], calls: nx.DiGraph, names: tuple[str, ...]) -> list[list[int]]:
    """Each layer in the order of the middle of its neighbours (Sugiyama, Tagawa, Toda, 1981), by name at first."""
    order = [sorted(layer, key=lambda service: names[service]) for layer in layers]
    at = {service: (place + 0.5) / len(layer) for layer in order for place, service in enumerate(layer)}
    for sweep in range(_SWEEPS):
        neighbours = calls.predecessors if sweep % 2 == 0 else calls.successors
        for layer in order if sweep % 2 == 0 else reversed(order):
            middle = {
                service: float(np.mean([at[other] for other in neighbours(service)] or [at[service]]))
                for service in layer
            }
            layer.sort(key=lambda service: (round(middle[service], 9), names[service]))
            at |= {service: (place + 0.5) / len(layer) for place, service in enumerate(layer)}
    return order


def _rows(layer: list[int], widest: int) -> list[list[int]]:
    """A layer cut into rows; neighbours in the order stay near each other."""
    number = -(-len(layer) // widest)
    return [layer[place::number] for place in range(number)]
