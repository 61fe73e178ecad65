"""Task `group`: do signatures group messages as the gold event ids do?

A predicted group is right if its lines are exactly those of a gold group. grouping_accuracy is the share of
lines in right groups (Zhu et al. 2019, "Tools and benchmarks for automated log parsing"), grouping_f1 counts
groups (Jiang et al. 2024, "A large-scale evaluation for log parsing techniques").
"""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation import metrics as m
from app.evaluation.data import GROUP, by_system, column, read_rows, texts_of
from app.evaluation.report import Interval, Metrics, Report, Request
from models.records import Event
from models.text.signature import VERSION, signature

#: Passes over the data for the lines per second, interleaved between the methods.
PASSES: Final = 3

Grouper = Callable[[Sequence[str]], Sequence[Hashable]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one system: whether each line (n,) lies in a right group, and whether each group of either side (P + G,) is right.

    F1 = 2 right / (P + G): every right group is one of the predicted and one of the gold.
    """

    lines: NDArray[np.bool_]
    groups: NDArray[np.bool_]


def measure(request: Request) -> Report:
    rows = read_rows(request.data)
    gold_column = column(rows, GROUP)
    systems = {name: (texts_of(part), [str(row[gold_column]) for row in part]) for name, part in by_system(rows).items()}
    messages = [texts for texts, _ in systems.values()]
    seconds = _times(messages)
    found = {method: {name: agreement(group(texts), gold) for name, (texts, gold) in systems.items()}
             for method, group in METHODS.items()}
    results = {method: {**_metrics(systems_of, request.seed), "lines_per_second": _speed(len(rows), seconds[method], request.seed)}
               for method, systems_of in found.items()}
    ours = found["product"]
    notes = [f"{len(systems)} systems; intervals of the mean are over systems, of a system over its lines or groups",
             f"lines per second: median of {PASSES} interleaved passes"]
    notes += [f"product minus {method}, mean grouping accuracy: {_gain(ours, other, request.seed)}"
              for method, other in found.items() if method != "product"]
    return Report(len(rows), VERSION, results.pop("product"), results, tuple(notes))


def by_signature(messages: Sequence[str]) -> list[str]:
    """What the product groups by."""
    return [signature(Event(raw=message, message=message, format="plain")).key for message in messages]


def by_text(messages: Sequence[str]) -> list[str]:
    return list(messages)


def by_drain(messages: Sequence[str]) -> list[int]:
    """Drain (He et al. 2017) as drain3 ships it: depth 4, similarity 0.4, usual masks; one tree a system."""
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.drain_depth, config.drain_sim_th, config.profiling_enabled = 4, 0.4, False
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in DRAIN_MASKS]
    miner = TemplateMiner(config=config)
    return [int(miner.add_log_message(message)["cluster_id"]) for message in messages]


#: As in drain3's own examples: ids of hex pairs, addresses, hex numbers, numbers.
DRAIN_MASKS: Final = (
    (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
)

METHODS: Final[dict[str, Grouper]] = {"product": by_signature, "drain3": by_drain, "exact_text": by_text}


def agreement(predicted: Sequence[Hashable], gold: Sequence[Hashable]) -> Agreement:
    """Compares two groupings of the same lines."""
    if not gold:
        return Agreement(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))
    ours, truth = _numbers(predicted), _numbers(gold)
    pair = ours * (int(truth.max()) + 1) + truth
    _, place, together = np.unique(pair, return_inverse=True, return_counts=True)
    shared = together[place]
    lines = (shared == np.bincount(ours)[ours]) & (shared == np.bincount(truth)[truth])
    right = len(set(ours[lines].tolist()))
    groups = len(set(ours.tolist())) + len(set(truth.tolist()))
    return Agreement(lines, np.arange(groups) < 2 * right)


def _numbers(labels: Sequence[Hashable]) -> NDArray[np.int64]:
    number: dict[Hashable, int] = {}
    return np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)


def _metrics(systems: dict[str, Agreement], seed: int) -> Metrics:
    metrics: dict[str, Interval] = {}
    for kind in ("lines", "groups"):
        name = {"lines": "grouping_accuracy", "groups": "grouping_f1"}[kind]
        rights = {system: getattr(result, kind) for system, result in systems.items()}
        metrics[name] = m.bootstrap(m.mean([right.mean() for right in rights.values()]), len(rights), seed=seed)
        for system, right in rights.items():
            metrics[f"{name}_{system}"] = m.bootstrap(m.mean(right), len(right), seed=seed)
    return metrics


def _gain(ours: dict[str, Agreement], other: dict[str, Agreement], seed: int) -> Interval:
    differences = [ours[system].lines.mean() - other[system].lines.mean() for system in ours]
    return m.bootstrap(m.mean(differences), len(differences), seed=seed)


def _times(messages: Sequence[Sequence[str]]) -> dict[str, list[float]]:
    """Seconds of each pass over all systems, the methods in turn."""
    seconds: dict[str, list[float]] = {method: [] for method in METHODS}
    for _ in range(PASSES):
        for method, group in METHODS.items():
            start = time.perf_counter()
            for texts in messages:
                group(texts)
            seconds[method].append(time.perf_counter() - start)
    return seconds


def _speed(lines: int, seconds: Sequence[float], seed: int) -> Interval:
    """Lines a second of the median pass; the bounds are the slowest and the fastest pass."""
    return Interval(lines / max(median(seconds), 1e-9), lines / max(*seconds, 1e-9), lines / max(min(seconds), 1e-9))
