"""`python tests/benchmarks/graph_size.py`: seconds and memory for one reading of 10,000 services with 50,000 calls."""

import json
import re
import time
from pathlib import Path

import numpy as np

from app.services.service_graph import PRETRAINED
from models.analyse.graph_reading import ServiceGraph, Signals
from models.analyse.service_graph import NetReader, load_reader
from models.analyse.what_if import what_if

SERVICES, CALLS, MINUTES = 10_000, 50_000, 30


def system(seed: int = 0) -> tuple[ServiceGraph, Signals]:
    """A tenth of the services logs errors, each names a few of those that it calls; all are measured."""
    rng = np.random.default_rng(seed)
    callers, callees = rng.integers(0, SERVICES, (2, CALLS))
    edges = np.stack([np.minimum(callers, callees), np.maximum(callers, callees)])
    counts = np.zeros((MINUTES, SERVICES, 4))
    busy = rng.choice(SERVICES, SERVICES // 10, replace=False)
    counts[:, busy, 1] = rng.poisson(1, (MINUTES, len(busy)))
    first = np.where(counts.any(axis=(0, 2)), counts.sum(axis=2).argmax(axis=0) + 0.5, np.nan)
    categories = np.zeros((SERVICES, 10))
    categories[busy, rng.integers(0, 10, len(busy))] = 1
    usual = np.tile([10.0, 0.001, 0.05, 0.3, 0.4], (SERVICES, 1))
    metrics = usual * np.exp(0.1 * rng.normal(size=(MINUTES, SERVICES, 5)))
    blames = np.column_stack([edges[:, :5000].T, np.ones(5000, dtype=np.int64)])
    graph = ServiceGraph(
        tuple(f"service-{number}" for number in range(SERVICES)), ("service",) * SERVICES, edges, ("http",) * CALLS,
        ("given",) * CALLS, np.ones(CALLS),
    )  # fmt: skip
    return graph, Signals(
        counts, np.zeros(SERVICES), first, categories, blames, metrics, np.full(SERVICES, np.nan), np.stack([usual, 0.1 * usual])
    )  # fmt: skip


def peak_mb() -> int:
    """Most resident memory (MiB) of this program, Linux. `getrusage` carries over what the process held before exec."""
    status = Path("/proc/self/status").read_text()
    return round(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024)  # type: ignore[index]


def measure(reader: NetReader, runs: int = 5) -> dict[str, float]:
    graph, signals = system()
    seconds, cpu = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        reading = reader.read(graph, signals)
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
    began = time.perf_counter()
    hits = what_if(graph, reading, services=(SERVICES - 1,))
    return {
        "services": SERVICES, "calls": CALLS, "seconds_best": round(min(seconds), 3),
        "seconds_median": round(float(np.median(seconds)), 3),
        "cpu_seconds_best": round(min(cpu), 3), "what_if_seconds": round(time.perf_counter() - began, 3), "hits": len(hits),
        "peak_mb": peak_mb(),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(measure(load_reader(PRETRAINED))))
