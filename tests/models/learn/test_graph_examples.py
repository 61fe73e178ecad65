"""Training windows: only what was before their end, the truth of the simulator, and wearing that leaves both whole."""

import numpy as np
import pytest

from app.settings import SAMPLE_DATA
from models.analyse.graph_features import features
from models.corpus import read_corpus
from models.learn import graph_examples as made
from models.learn import graph_truth as truths
from models.learn.graph_shift import shifted
from models.simulate.incident import simulate
from models.simulate.topology import generate


@pytest.fixture(scope="module")
def corpus():
    return read_corpus(sorted((SAMPLE_DATA / "corpus").glob("*.jsonl")))[:400]


@pytest.fixture(scope="module")
def incident(corpus):
    return simulate(7, corpus, topology=generate(7, 12), seconds=made.SECONDS, fault="crash")


def test_a_window_counts_its_own_minutes_and_sees_nothing_later(incident, corpus):
    categories = {template.id: template.category for template in corpus}
    end = int(incident.faults[0].start / 60) + 5
    signals = truths.signals_of(incident, categories, end, 10)
    inside = [event for event in incident.events if (end - 10) * 60 <= event.time < end * 60]
    assert inside and signals.counts.sum() == len(inside)
    first = min(event.time for event in inside)
    assert np.nanmin(signals.first) == pytest.approx(first / 60 - (end - 10))
    assert signals.blames[:, 2].sum() == sum(event.callee >= 0 for event in inside)
    assert signals.metrics.shape == (10, 12, 5) and signals.usual_metrics.shape == (2, 12, 5)
    assert signals.usual.sum() * (end - 10) == pytest.approx(
        sum(event.time < (end - 10) * 60 for event in incident.events)
    )


def test_the_truth_is_the_simulators(incident):
    end = int(incident.faults[0].start / 60) + 5
    truth = truths.truth_of(incident, end, 10)
    assert truth.root == incident.root and truth.health[incident.root] == 3
    assert truth.health.tolist() == incident.course.health[end * 6 - 1].tolist()
    before = truths.truth_of(incident, int(incident.faults[0].start / 60) - 1, 5)
    assert before.root == -1 and before.system > 0.9 > truth.system and before.carried.sum() == 0
    into = incident.topology.edges[1] == incident.root
    assert (
        not np.isnan(truth.reaches[into]).any()
        and np.isnan(truth.reaches[np.isnan(incident.failure_time)[incident.topology.edges[1]]]).all()
    )


def test_worn_windows_can_be_read_and_keep_their_truth(corpus):
    seeds = range(50, 62)
    plain, worn = (list(made.examples(seeds, corpus, worn=flag, sizes=(5, 12))) for flag in (False, True))
    again = list(made.examples(seeds, corpus, worn=True, sizes=(5, 12)))
    assert len(plain) == len(worn) == 3 * len(seeds)
    views = set()
    for one, other, twin in zip(plain, worn, again, strict=True):
        nodes, calls, _ = features(other.graph, other.signals)
        assert np.isfinite(nodes).all() and np.isfinite(calls).all()
        assert np.array_equal(nodes, features(twin.graph, twin.signals)[0])
        m = other.graph.edges.shape[1]
        assert len(other.truth.carried) == len(other.truth.reaches) == len(other.graph.protocols) == m
        assert len(other.truth.health) == len(other.graph) == len(one.graph) and -1 <= other.truth.root < len(
            other.graph
        )
        views.add((len(other.signals.counts) == 1, other.signals.metrics is None, m < one.graph.edges.shape[1]))
    assert len(views) >= 4


def test_shifted_windows_keep_their_truth_and_can_be_read(corpus):
    for seed, one in enumerate(made.examples(range(50, 54), corpus, worn=True, sizes=(5, 12))):
        other = shifted(one, seed)
        nodes, calls, _ = features(other.graph, other.signals)
        assert np.isfinite(nodes).all() and np.isfinite(calls).all()
        assert other.truth is one.truth and other.graph is one.graph
        assert np.array_equal(nodes, features(other.graph, shifted(one, seed).signals)[0])
        if one.signals.metrics is not None:
            assert np.array_equal(np.isnan(other.signals.metrics), np.isnan(one.signals.metrics))
