"""A reader of service graphs and a what-if that keep their contracts by the simplest rules: fast, and no weights."""

import numpy as np

from models.analyse.graph_reading import Cause, GraphReading, Hit

PROPAGATION = {"database": 0.9, "cache": 0.5}


class FakeReader:
    """A service with five errors a window has failed, with one it is degraded; the first to fail is the cause."""

    version = "fake@1"

    def __init__(self):
        self.reads = 0

    def read(self, graph, signals):
        n, m = len(graph), graph.edges.shape[1]
        assert signals.counts.shape[1:] == (n, 4) and signals.first.shape == signals.usual.shape == (n,)
        assert signals.categories.shape == (n, 10) and signals.blames.shape[1] == 3
        self.reads += 1
        errors = signals.counts.sum(axis=(0, 2))
        health = np.eye(5)[np.where(errors >= 5, 3, np.where(errors >= 1, 1, 0))]
        order = sorted(range(n), key=lambda service: (np.nan_to_num(signals.first[service], nan=1e9), -errors[service]))
        weights = np.array([1 / (place + 1) for place in range(n)]) * (errors[order] > 0)
        causes = tuple(
            Cause(service, float(weight / weights.sum()), ("failed first", f"{errors[service]:.0f} errors"))
            for service, weight in zip(order, weights, strict=True)
            if weight
        )
        return GraphReading(
            health=health,
            propagation=np.array([PROPAGATION.get(graph.kinds[callee], 0.8) for callee in graph.edges[1]]),
            delay=np.full(m, 20.0),
            system_health=float(np.exp(-0.1 * (errors > 0).sum() - 0.01 * errors.sum())),
            causes=causes,
            embeddings=np.column_stack([errors, *np.eye(5)[:, errors.astype(int) % 5]]).astype(np.float32),
            model=self.version,
        )


def fake_what_if(graph, reading, services=(), edges=()):
    """The likeliest path of each service that calls a broken one, directly or not; over a broken edge the caller is hit."""
    best = {service: (1.0, 0.0, (service,)) for service in services}
    chance = reading.propagation * graph.certainty
    for edge in edges:
        caller, callee = graph.edges[:, edge].tolist()
        best.setdefault(caller, (float(chance[edge]), float(reading.delay[edge]), (callee, caller)))
    for _ in range(len(graph)):
        for edge, (caller, callee) in enumerate(graph.edges.T.tolist()):
            if callee in best and caller not in services:
                probability, seconds, path = best[callee]
                new = (
                    probability * float(chance[edge]),
                    seconds + float(reading.delay[edge]),
                    (*path, caller),
                )
                if caller not in path and new[0] > best.get(caller, (0.0,))[0]:
                    best[caller] = new
    return tuple(Hit(service, *found) for service, found in best.items() if service not in services)
