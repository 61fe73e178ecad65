"""The simulator: what it is told to do happens, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from models.corpus import Template, read_corpus
from models.simulate import faults, propagation
from models.simulate.incident import METRICS, simulate
from models.simulate.topology import SHAPES, generate
from models.taxonomy import HEALTH, INCIDENTS

CORPUS = Path(__file__).resolve().parents[3] / "sample_data" / "corpus"


@pytest.fixture(scope="module")
def corpus() -> list[Template]:
    return read_corpus(sorted(CORPUS.glob("*.jsonl")))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [5, 12, 200])
def test_a_topology_has_the_size_asked_for_and_every_service_takes_part(shape: str, size: int) -> None:
    topology = generate(1, size, shape)
    assert len(topology) == size
    assert len(set(topology.names)) == size
    assert set(np.unique(topology.edges)) == set(range(size))


@pytest.mark.parametrize("seed", range(12))
def test_without_a_fault_everything_stays_healthy(seed: int) -> None:
    course = propagation.run(generate(seed), [], 60)
    assert not course.health.any()


def test_the_same_seed_gives_the_same_incident(corpus: list[Template]) -> None:
    one, other = simulate(3, corpus, seconds=2400), simulate(3, corpus, seconds=2400)
    assert one.events == other.events
    assert simulate(4, corpus, seconds=2400).events != one.events


def test_a_crash_fails_the_service_and_its_caller_after_it(corpus: list[Template]) -> None:
    topology = generate(2, 8, "chain")
    incident = simulate(5, corpus, topology=topology, fault="crash")
    root = incident.root
    assert incident.faults[0].start <= incident.failure_time[root] <= incident.faults[0].start + 30
    into = topology.edges[1] == root
    callers = topology.edges[0][into & (incident.edge_onset == incident.edge_onset)]
    assert all(
        incident.failure_time[caller] >= incident.failure_time[root]
        for caller in callers
        if incident.failure_time[caller] > 0
    )
    assert incident.kind == "dependency_failure"


def test_trouble_travels_only_over_calls(corpus: list[Template]) -> None:
    """A service from which no path of calls leads to the fault stays healthy."""
    for seed in range(6):
        incident = simulate(seed, corpus, seconds=2400)
        callers, callees = incident.topology.edges
        reached = {incident.root}
        while True:
            more = {int(a) for a, b in zip(callers, callees, strict=True) if int(b) in reached}
            more |= {int(b) for a, b in zip(callers, callees, strict=True) if int(a) in reached}  # retries load callees
            if more <= reached:
                break
            reached |= more
        off = (incident.course.health > 0).any(axis=0).nonzero()[0]
        assert set(off.tolist()) <= reached


def test_a_repaired_service_recovers() -> None:
    topology = generate(2, 8, "chain")
    fault = faults.Fault(faults.BY_NAME["crash"], 3, 100.0, 0.0, 400.0)
    health = propagation.run(topology, [fault], 120).health[:, 3]
    assert health[20] == HEALTH.index("failed")
    assert HEALTH.index("recovering") in health[40:60]
    assert health[-1] == HEALTH.index("healthy")


def test_a_full_queue_takes_minutes_to_hurt_its_publishers() -> None:
    """Consumers down: messages wait first."""
    seed = next(seed for seed in range(200) if _has_publisher_and_worker(seed))
    topology = generate(seed)
    kinds = np.array(topology.kinds)
    workers = np.unique(
        topology.edges[0][(kinds[topology.edges[1]] == "queue") & (kinds[topology.edges[0]] == "worker")]
    )
    down = [faults.Fault(faults.BY_NAME["crash"], int(worker), 0.0, 0.0, 1e9) for worker in workers]
    course = propagation.run(topology, down, 120)
    publishes = (kinds[topology.edges[1]] == "queue") & (kinds[topology.edges[0]] != "worker")
    carried = course.carried[:, publishes].max(axis=1)
    assert carried[:20].max() < 0.05
    assert carried[60:].max() > carried[:20].max()


def _has_publisher_and_worker(seed: int) -> bool:
    topology = generate(seed)
    kinds = np.array(topology.kinds)
    to_queue = kinds[topology.edges[1]] == "queue"
    worker = kinds[topology.edges[0]] == "worker"
    consumed = set(topology.edges[1][to_queue & worker].tolist())
    hidden = topology.hidden[to_queue & ~worker]
    published = set(topology.edges[1][to_queue & ~worker].tolist())
    return bool(consumed & published) and consumed >= published and bool((hidden < 0.5).any())


def test_measures_and_truth_have_the_shapes_that_they_promise(corpus: list[Template]) -> None:
    incident = simulate(7, corpus, seconds=1800)
    steps, n, m = 180, len(incident.topology), incident.topology.edges.shape[1]
    assert incident.metrics.shape == (steps, n, len(METRICS))
    assert incident.course.health.shape == (steps, n)
    assert incident.edge_onset.shape == (m,)
    assert incident.kind in INCIDENTS
    assert all(0 <= event.time < 1800 and 0 <= event.service < n for event in incident.events)
    assert [event.time for event in incident.events] == sorted(event.time for event in incident.events)


def test_no_fault_is_no_incident(corpus: list[Template]) -> None:
    incident = simulate(7, corpus, seconds=1800, count=0)
    assert (incident.kind, incident.root) == ("no_incident", -1)
    assert not incident.course.health.any()


def test_sizes_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="5 to 10,000"):
        generate(0, 4)
