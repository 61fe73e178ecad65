"""Columns of services and calls: their names and sizes, and what they say of a small system in every state of knowledge."""

from dataclasses import replace

import numpy as np
import pytest

from models.analyse.graph_features import EDGE_COLUMNS, NODE_COLUMNS, features
from tests.graph_windows import DB, ORDERS, SHOP, database_fails, graph, measured, quiet, relabelled


def columns(system, signals):
    nodes, calls, _ = features(system, signals)
    return dict(zip(NODE_COLUMNS, nodes.T, strict=True)), dict(zip(EDGE_COLUMNS, calls.T, strict=True))


def test_there_are_128_and_64_columns_and_no_name_twice():
    assert len(NODE_COLUMNS) == len(set(NODE_COLUMNS)) == 128
    assert len(EDGE_COLUMNS) == len(set(EDGE_COLUMNS)) == 64


@pytest.mark.parametrize("signals", [
    quiet(), database_fails(), measured(database_fails()), replace(measured(database_fails()), usual_metrics=None),
    quiet(minutes=1), replace(measured(quiet()), metrics=np.full((10, 5, 5), np.nan)),
], ids=["quiet", "logs", "all", "no usual", "alerts", "gaps only"])  # fmt: skip
@pytest.mark.parametrize("edges", [((0, 1), (1, 2), (1, 3)), ()], ids=["calls", "no calls"])
def test_columns_are_finite_and_small_whatever_is_missing(signals, edges):
    nodes, calls, _ = features(graph(edges), signals)
    assert nodes.shape == (5, 128) and calls.shape == (len(edges), 64)
    assert nodes.dtype == calls.dtype == np.float32
    assert np.isfinite(nodes).all() and np.isfinite(calls).all()
    assert max(np.abs(nodes).max(), np.abs(calls).max(initial=0)) < 12


def test_what_the_columns_say_of_a_failing_database():
    nodes, calls = columns(graph(), measured(database_fails()))
    assert nodes["first_is_first"].tolist() == [0, 0, 1, 0, 0]
    assert nodes["onset_rank"].argmax() == nodes["peak_rank"].argmax() == nodes["walk"].argmax() == DB
    assert nodes["deepest"].tolist() == [0, 0, 1, 0, 0]
    assert nodes["callees_abnormal"][ORDERS] == pytest.approx(0.5)
    assert (
        nodes["alone"].tolist() == [0, 0, 0, 0, 1] and nodes["is_entry"][SHOP] == 1 and nodes["kind_database"][DB] == 1
    )
    assert nodes["named"][DB] == pytest.approx(np.log1p(20))
    assert calls["blames"] == pytest.approx(np.log1p([16, 20, 0]))
    assert calls["callee_first"].tolist() == [1, 1, 0] and calls["only_callee"].tolist() == [0, 0, 0]
    assert nodes["category_database"][DB] == 1 and nodes["error_rate_level"][DB] == pytest.approx(0.6)


def test_a_release_before_the_first_sign_stands_out():
    signals = replace(database_fails(), deployed=np.array([np.nan, 500.0, 9.0, np.nan, np.nan]))
    nodes, _ = columns(graph(), signals)
    assert nodes["deploy_before_onset"].tolist() == [0, 0, 1, 0, 0] and nodes["deployed"].sum() == 2


def test_the_unit_of_a_metric_and_the_order_of_services_change_nothing():
    signals = measured(database_fails())
    seconds, _, _ = features(graph(), signals)
    other = replace(
        signals, metrics=signals.metrics * [3, 1, 1, 1, 1], usual_metrics=signals.usual_metrics * [3, 1, 1, 1, 1]
    )
    assert np.allclose(features(graph(), other)[0], seconds, atol=0.05)
    order = np.array([3, 0, 4, 2, 1])
    turned, calls, _ = features(*relabelled(signals, graph(), order))
    assert np.allclose(turned, seconds[order], atol=1e-5)
    assert np.allclose(calls, features(graph(), signals)[1], atol=1e-5)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="5 services"):
        features(graph(), quiet(n=4))
    with pytest.raises(ValueError, match="outside"):
        features(graph(), replace(quiet(), blames=np.array([[0, 9, 1]])))
