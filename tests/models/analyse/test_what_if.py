"""What if: the likeliest path, against a search over all paths; broken calls; circles; the example of four services."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from models.analyse.graph_reading import GraphReading, ServiceGraph
from models.analyse.what_if import what_if


def system(edges, chance, delay=None, certainty=None):
    n, m = 1 + max(max(pair) for pair in edges), len(edges)
    graph = ServiceGraph(
        tuple(map(str, range(n))), ("service",) * n, np.array(edges, dtype=np.int64).T, ("",) * m, ("given",) * m,
        np.ones(m) if certainty is None else np.array(certainty),
    )  # fmt: skip
    reading = GraphReading(
        np.tile([1.0, 0, 0, 0, 0], (n, 1)), np.array(chance), np.full(m, 10.0) if delay is None else np.array(delay), 1.0, (),
        np.zeros((n, 1), dtype=np.float32), "test",
    )  # fmt: skip
    return graph, reading


def best_by_search(edges, chance, start, goal):
    """Over every simple path from the broken service to the other one, against the calls."""
    known = {(callee, caller): p for (caller, callee), p in zip(edges, chance, strict=True)}
    others = sorted({place for pair in edges for place in pair} - {start, goal})
    best = 0.0
    for size in range(len(others) + 1):
        for middle in permutations(others, size):
            path = (start, *middle, goal)
            best = max(best, np.prod([known.get(step, 0.0) for step in pairwise(path)]))
    return best


@pytest.mark.parametrize("seed", range(5))
def test_probabilities_are_those_of_the_likeliest_path(seed):
    rng = np.random.default_rng(seed)
    edges = sorted({(int(a), int(b)) for a, b in rng.integers(0, 6, (14, 2)) if a != b} | {(5, 0)})
    chance = rng.uniform(0.3, 1, len(edges)).tolist()
    hits = what_if(*system(edges, chance), services=(0,))
    assert all(hit.probability == pytest.approx(best_by_search(edges, chance, 0, hit.service)) for hit in hits)
    assert {hit.service for hit in hits} == {
        goal for goal in range(1, 6) if best_by_search(edges, chance, 0, goal) >= 0.01
    }
    assert [hit.probability for hit in hits] == sorted((hit.probability for hit in hits), reverse=True)
    for hit in hits:
        assert (
            hit.path[0] == 0 and hit.path[-1] == hit.service and hit.seconds == pytest.approx(10 * (len(hit.path) - 1))
        )


def test_a_broken_call_hits_its_caller_but_not_what_it_calls():
    graph, reading = system([(0, 1), (1, 2), (3, 2)], [0.5, 0.8, 0.9], delay=[10, 20, 30])
    hits = what_if(graph, reading, edges=(1,))
    assert [(hit.service, hit.path, hit.seconds) for hit in hits] == [(1, (2, 1), 20), (0, (2, 1, 0), 30)]
    assert hits[0].probability == pytest.approx(0.8) and hits[1].probability == pytest.approx(0.4)


def test_what_is_broken_is_not_hit_and_guesses_carry_less():
    graph, reading = system([(0, 1), (1, 2)], [0.8, 0.8], certainty=[0.5, 1.0])
    assert [hit.service for hit in what_if(graph, reading, services=(1, 2))] == [0]
    assert what_if(graph, reading, services=(1,))[0].probability == pytest.approx(0.4)
    assert what_if(graph, reading) == ()


def test_numbers_that_the_graph_has_not_are_refused():
    with pytest.raises(ValueError, match="3 services"):
        what_if(*system([(0, 1), (1, 2)], [1, 1]), services=(3,))
    with pytest.raises(ValueError, match="2 calls"):
        what_if(*system([(0, 1), (1, 2)], [1, 1]), edges=(-1,))
