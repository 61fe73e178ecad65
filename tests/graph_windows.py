"""Windows of a small system for the readers of service graphs: shop -> orders -> db, orders -> cache, and a lonely service."""

from dataclasses import replace

import numpy as np

from models.analyse.graph_reading import ServiceGraph, Signals

NAMES = ("shop", "orders", "db", "cache", "mail")
KINDS = ("gateway", "service", "database", "cache", "service")
SHOP, ORDERS, DB, CACHE, MAIL = range(5)


def graph(edges=((SHOP, ORDERS), (ORDERS, DB), (ORDERS, CACHE))):
    m = len(edges)
    pairs = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    return ServiceGraph(NAMES, KINDS, pairs, ("http", "sql", "redis")[:m], ("given",) * m, np.ones(m))


def quiet(n=5, minutes=10):
    return Signals(
        np.zeros((minutes, n, 4)), np.zeros(n), np.full(n, np.nan), np.zeros((n, 10)), np.empty((0, 3), dtype=np.int64), None,
        np.full(n, np.nan),
    )  # fmt: skip


def database_fails():
    """The database logs errors from minute 3 on, orders from 5 and shop from 6; both name the one that they call."""
    signals = quiet()
    for service, start in ((DB, 3), (ORDERS, 5), (SHOP, 6)):
        signals.counts[start:, service, 1] = 4
        signals.first[service] = start + 0.2
        signals.categories[service, 1] = 1
    return replace(signals, blames=np.array([[ORDERS, DB, 20], [SHOP, ORDERS, 16]]))


def measured(signals, seed=0):
    """With metrics: steady, but the database's latency and error rate are up from minute 3 on."""
    rng = np.random.default_rng(seed)
    minutes, n = signals.counts.shape[:2]
    usual = np.tile([50.0, 0.001, 0.05, 0.3, 0.4], (n, 1))
    spread = np.tile([5.0, 0.002, 0.005, 0.02, 0.02], (n, 1))
    metrics = usual + spread * rng.normal(size=(minutes, n, 5))
    metrics[3:, DB, 2], metrics[3:, DB, 1] = 2.0, 0.6
    return replace(signals, metrics=np.maximum(metrics, 0), usual_metrics=np.stack([usual, spread]))


def relabelled(window, system, order):
    """The same system with its services in another order: `order` (n,) says which service comes at each place."""
    place = np.argsort(order)
    new_graph = replace(
        system, names=tuple(system.names[old] for old in order), kinds=tuple(system.kinds[old] for old in order),
        edges=place[system.edges],
    )  # fmt: skip
    blames = window.blames.copy()
    blames[:, :2] = place[window.blames[:, :2]]
    signals = Signals(
        window.counts[:, order], window.usual[order], window.first[order], window.categories[order], blames,
        None if window.metrics is None else window.metrics[:, order], window.deployed[order],
        None if window.usual_metrics is None else window.usual_metrics[:, order],
    )  # fmt: skip
    return new_graph, signals
