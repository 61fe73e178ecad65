"""What if a service or a call broke: whom that hits, how likely, how soon, and over which services.

Trouble travels against the calls, over each with the propagation probability and the delay of the reading. A service is hit
with the probability of the likeliest path to it (maximum product, Dijkstra 1959 on -log p), not with that of all paths
together: those share calls and run in circles, and adding them as if they were independent promises certain doom to whatever
lies behind a few doubtful calls. So what is said is a lower bound, and it has one path that a person can check.
"""

import heapq
from collections.abc import Sequence
from typing import Final

import numpy as np

from models.analyse.graph_reading import GraphReading, Hit, ServiceGraph

#: Hits less likely than this are left out.
LEAST: Final = 0.01


def what_if(
    graph: ServiceGraph, reading: GraphReading, *, services: Sequence[int] = (), edges: Sequence[int] = ()
) -> tuple[Hit, ...]:
    """Hits in order of probability, then time, if `services` failed and `edges` broke; the broken services are not among them.

    A path begins at the broken service, or at the callee of the broken call, whose caller then feels it as if the callee had
    failed for it alone. A call that is only guessed carries with its certainty. ValueError for what is not in the graph.
    """
    n, m = len(graph), graph.edges.shape[1]
    if any(not 0 <= service < n for service in services) or any(not 0 <= edge < m for edge in edges):
        raise ValueError(f"the graph has {n} services and {m} calls; number them from 0")
    chance = np.clip(reading.propagation * graph.certainty, 0.0, 1.0)
    by_callee = np.argsort(graph.edges[1], kind="stable")
    starts = np.searchsorted(graph.edges[1][by_callee], np.arange(n + 1))
    found: dict[int, Hit] = {}
    broken = set(services)
    queue: list[tuple[float, float, int, tuple[int, ...]]] = [(-1.0, 0.0, place, (place,)) for place in sorted(broken)]
    for edge in edges:
        caller, callee = graph.edges[:, edge].tolist()
        if caller not in broken:
            queue.append((-float(chance[edge]), float(reading.delay[edge]), caller, (callee, caller)))
    heapq.heapify(queue)
    done: set[int] = set()
    while queue:
        minus, seconds, service, path = heapq.heappop(queue)
        if service in done or -minus < LEAST:
            continue
        done.add(service)
        if service not in broken:
            found[service] = Hit(service, -minus, seconds, path)
        for edge in by_callee[starts[service] : starts[service + 1]].tolist():
            caller = int(graph.edges[0, edge])
            if caller not in done and caller not in broken:
                after = seconds + float(reading.delay[edge])
                heapq.heappush(queue, (minus * float(chance[edge]), after, caller, (*path, caller)))
    return tuple(sorted(found.values(), key=lambda hit: (-hit.probability, hit.seconds, hit.service)))
