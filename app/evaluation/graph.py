"""`evaluate graph`: where an incident began, how each service is and what travels over each call, beside one-line rules.

PATH is `servicegraph/`, a part of it, or `sim:SEED`. The net and the mixture are the shipped ones, made on the simulator only
(on systems that `sim:` never draws). Metrics of the product are of its mixture; the net alone has a row of its own.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domain import InvalidInput
from app.evaluation import metrics as stats
from app.evaluation import ranking
from app.evaluation.report import Interval, Metrics, Report, Request
from app.evaluation.run import SIMULATED
from app.evaluation.service_graphs import Case, read_cases
from app.services.service_graph import PRETRAINED
from app.settings import SAMPLE_DATA
from models.analyse.graph_rules import RULES, place
from models.analyse.service_graph import Look, NetReader, load_reader
from models.corpus import read_corpus
from models.learn.graph_examples import examples
from models.learn.graph_truth import Example
from models.taxonomy import HEALTH

Floats = NDArray[np.float64]

#: First seed that `sim:` draws from, apart from all that training draws from; incidents of a run, three windows each.
FIRST_SEED: Final = 2_000_000_000
INCIDENTS: Final = 150
#: Derived labels: a metric is off from so many standard deviations on, in so many minutes.
OFF: Final = 5.0
MINUTES: Final = 2
#: States of the product as the derived labels know them.
COARSE: Final = {
    "healthy": "healthy",
    "degraded": "degraded",
    "failing": "failed",
    "failed": "failed",
    "recovering": "degraded",
}
WAYS: Final = ("product", "gnn", *RULES)


@dataclass(slots=True)
class Marks:
    """What is scored, a row for each incident, service or call; `unit` of a service or call is its incident."""

    system: list[str]
    unit: list[str]
    rank: dict[str, list[float]]
    ms: list[float]
    health: list[tuple[str, str, str]]  # unit, true, predicted
    edges: list[tuple[str, float, float]]  # unit, carried, predicted


def measure(request: Request) -> Report:
    """InvalidInput where PATH holds no incidents."""
    reader = load_reader(PRETRAINED)
    if str(request.data).startswith(SIMULATED):
        return _simulated(request, reader)
    cases = read_cases(request.data)
    marks = _empty()
    for case in cases:
        _mark_case(case, reader, marks)
    return _report(marks, request, reader, len(cases), (
        "trained on the simulator only; nothing is fitted on these systems. Where metrics or alerts are read the product is a "
            "vote of the net and three rules: decided after the net alone had fallen behind the rules on the development systems",
        "health and propagation are scored on derived labels: failed = the root cause, degraded = a metric beyond 5 standard "
        "deviations in two minutes, a call carries if both its ends are off; alerts have no metrics and are left out there",
        "services of equal score share the places that they take; in alerts max_z has no metric to look at and takes the errors",
    ))  # fmt: skip


def _empty() -> Marks:
    return Marks([], [], {name: [] for name in WAYS}, [], [], [])


def _mark_case(case: Case, reader: NetReader, marks: Marks) -> None:
    began = time.perf_counter()
    reader.read(case.graph, case.signals)
    marks.ms.append((time.perf_counter() - began) * 1000)
    look = reader.look(case.graph, case.signals)
    scores = {name: look.suspicion[name] for name in ("product", "gnn")} | _rivals(case, look)
    marks.system.append(case.system)
    marks.unit.append(case.incident)
    for name, values in scores.items():
        best = np.full(len(case.services), -np.inf)
        np.maximum.at(best, case.service_of, values)
        marks.rank[name].append(place(best, case.root))
    if case.raw.shape[2]:
        off = _off(case)
        truth = np.where(off, "degraded", "healthy").astype(object)
        truth[case.root] = "failed"
        said = [COARSE[HEALTH[state]] for state in look.net.health.argmax(axis=1)]
        marks.health += [(case.incident, true, called) for true, called in zip(truth, said, strict=True)]
        bad = truth != "healthy"
        carried = bad[case.graph.edges[0]] & bad[case.graph.edges[1]]
        marks.edges += [(case.incident, float(t), float(p)) for t, p in zip(carried, look.net.carries, strict=True)]


def _off(case: Case) -> NDArray[np.bool_]:
    minutes = (np.abs(np.nan_to_num(case.raw)) > OFF).sum(axis=0)  # (n, K)
    return np.asarray((minutes >= MINUTES).any(axis=1))


def _rivals(case: Case, look: Look) -> dict[str, Floats]:
    """The rules on all metrics under their own names, not on the product's five."""
    found = look.symptoms
    if case.raw.shape[2]:
        peak = np.abs(np.nan_to_num(case.raw)).max(axis=(0, 2), initial=0.0)
        found = replace(found, z=case.raw, peak=peak, abnormal=_off(case))
    return {name: rule(case.graph, found) for name, rule in RULES.items()}


def _simulated(request: Request, reader: NetReader) -> Report:
    text = str(request.data)[len(SIMULATED) :]
    if not text.isdigit():
        raise InvalidInput(f"sim: takes a whole number as its seed, not {text!r}")
    first = FIRST_SEED + 1000 * int(text)
    corpus = read_corpus(sorted((SAMPLE_DATA / "corpus").glob("*.jsonl")))
    seeds = range(first, first + (request.seeds or INCIDENTS))
    marks, worn = _empty(), _empty()
    for system, into in (("seen", marks), ("worn", worn)):
        for number, example in enumerate(examples(seeds, corpus, worn=system == "worn")):
            _mark_example(example, f"{number // 3}", system, reader, into)
    report = _report(marks, request, reader, len(seeds), (
        f"{len(seeds)} incidents on topologies of their own, three windows each; truth is the simulator's",
        "rows without suffix: as the simulator logs and measures; worn: a part of logs, metrics and calls lost, noise added",
    ))  # fmt: skip
    more = _metrics(worn, "product", request.seed)
    rivals = {name: _metrics(worn, name, request.seed) for name in WAYS if name != "product"}
    return replace(
        report, metrics={**report.metrics, **{f"{key}_worn": value for key, value in more.items()}},
        baselines={name: {**values, **{f"{key}_worn": value for key, value in rivals[name].items()}}
                   for name, values in report.baselines.items()},
    )  # fmt: skip


def _mark_example(example: Example, unit: str, system: str, reader: NetReader, marks: Marks) -> None:
    began = time.perf_counter()
    reader.read(example.graph, example.signals)
    marks.ms.append((time.perf_counter() - began) * 1000)
    look, truth = reader.look(example.graph, example.signals), example.truth
    if truth.root >= 0 and look.symptoms.abnormal.any():
        marks.system.append(system)
        marks.unit.append(unit)
        for name in WAYS:
            marks.rank[name].append(place(look.suspicion[name], truth.root))
    marks.health += [
        (unit, HEALTH[true], HEALTH[said])
        for true, said in zip(truth.health, look.net.health.argmax(axis=1), strict=True)
    ]
    known = ~np.isnan(truth.carried)
    marks.edges += [
        (unit, float(t), float(p)) for t, p in zip(truth.carried[known], look.net.carries[known], strict=True)
    ]


def _report(marks: Marks, request: Request, reader: NetReader, n: int, notes: tuple[str, ...]) -> Report:
    return Report(
        n=n, model=reader.version, metrics=_metrics(marks, "product", request.seed),
        baselines={name: _metrics(marks, name, request.seed) for name in WAYS if name != "product"},
        notes=(*notes, *_differences(marks, request.seed)),
    )  # fmt: skip


def _metrics(marks: Marks, way: str, seed: int) -> Metrics:
    places = np.array(marks.rank[way])
    found: dict[str, Interval] = {}
    systems = sorted(set(marks.system))
    for name, values in _hits(places).items():
        found[name] = stats.bootstrap(_macro(values, marks.system), len(places), seed=seed, units=marks.unit)
        for system in systems if len(systems) > 1 else ():
            mine = np.array(marks.system) == system
            units = [unit for unit, own in zip(marks.unit, mine, strict=True) if own]
            found[f"{name}_{system}"] = stats.bootstrap(
                stats.mean(values[mine]), int(mine.sum()), seed=seed, units=units
            )
    if way != "product":
        return found
    found["ms_per_incident"] = Interval(float(np.median(marks.ms)))
    if marks.health:
        unit, truth, said = zip(*marks.health, strict=True)
        labels = [state for state in HEALTH if state in set(truth)]
        found["health_macro_f1"] = stats.bootstrap(
            stats.macro_f1(list(truth), list(said), labels), len(unit), seed=seed, units=unit, draws=200
        )
    if marks.edges:
        unit, carried, called = zip(*marks.edges, strict=True)
        statistic = ranking.auroc(carried, np.round(called, 3))
        found["propagation_auc"] = stats.bootstrap(statistic, len(unit), seed=seed, units=unit, draws=200)
    return found


def _hits(places: Floats) -> dict[str, Floats]:
    """Whether the cause comes first, among three, and the reciprocal of its place; a shared place counts by its chance."""
    return {"top1": (places < 1.25).astype(float), "top3": (places <= 3).astype(float), "mrr": 1 / places}


def _macro(values: ArrayLike, system: Sequence[str]) -> stats.Statistic:
    """The mean over systems of the mean over their incidents."""
    array = np.asarray(values, dtype=np.float64)
    member = (np.asarray(system)[:, None] == np.array(sorted(set(system)))).astype(float)  # (n, S)

    def statistic(weights: Floats) -> Floats:
        size = weights @ member
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.nanmean((weights * array) @ member / size, axis=1))

    return statistic


def _differences(marks: Marks, seed: int) -> list[str]:
    ours = _hits(np.array(marks.rank["product"]))
    notes = []
    for name in ("gnn", "max_z", "traversal", "alert_count"):
        theirs = _hits(np.array(marks.rank[name]))
        for metric in ("top1", "top3"):
            paired: Callable[[Floats], Floats] = stats.difference(
                _macro(ours[metric], marks.system), _macro(theirs[metric], marks.system)
            )
            interval = stats.bootstrap(paired, len(ours[metric]), seed=seed, units=marks.unit)
            notes.append(f"product minus {name}, macro {metric}: {interval}")
    return notes
