"""The rules for a root cause on a small system, the mixture, and what a window holds."""

from dataclasses import replace

import numpy as np
import pytest

from models.analyse.graph_rules import RULES, blended, view
from models.analyse.graph_sums import depth, rank, walk
from models.analyse.graph_symptoms import symptoms
from tests.graph_windows import DB, ORDERS, SHOP, database_fails, graph, measured, quiet


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_finds_the_failing_database(name):
    system, signals = graph(), measured(database_fails())
    scores = RULES[name](system, symptoms(system, signals))
    assert scores.shape == (5,) and scores.argmax() == DB


def test_traversal_goes_no_deeper_than_trouble():
    system, signals = graph(), database_fails()
    signals.counts[:, DB] = 0
    signals = replace(signals, blames=np.array([[SHOP, ORDERS, 16]]))
    assert RULES["traversal"](system, symptoms(system, signals)).argmax() == ORDERS


def test_the_mixture_weighs_the_net_and_the_ranks():
    net, rules = np.array([0.7, 0.2, 0.1]), {"max_z": np.array([1.0, 5.0, 9.0])}
    assert blended(net, rules, {"net": 1.0}) == pytest.approx(net)
    mixed = blended(net, rules, {"net": 1.0, "max_z": 4.0})
    assert mixed.argmax() == 2 and mixed.sum() == pytest.approx(1)


def test_views_by_what_is_there():
    logs = database_fails()
    assert [view(each) for each in (quiet(minutes=1), logs, measured(logs), measured(quiet()))] == [
        "alerts", "logs", "both", "metrics"]  # fmt: skip


def test_sums_by_hand():
    edges = graph().edges
    assert depth(edges, 5).tolist() == [0, 1, 2, 2, 0]
    assert rank(np.array([3.0, np.nan, 1.0, 3.0])).tolist() == pytest.approx([0.75, 0, 0, 0.75])
    assert rank(np.array([2.0, 2.0])).tolist() == [0, 0]
    placed = walk(edges, np.array([1.0, 2.0, 4.0, 0.0, 0.0]))
    assert placed.sum() == pytest.approx(1) and placed.argmax() == DB and placed[3] < 0.01
