"""Reads service graphs with injected faults (`servicegraph/`) as windows that the product can read: one `Case` an incident.

Metrics of many names become the five of the product: each name belongs to one, and of a minute's values the one furthest
from normal, in its standard deviations, stands for all. Normal is the system's fault-free time. Nothing is fitted.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.domain import InvalidInput
from models.analyse.graph_reading import ServiceGraph, Signals
from models.analyse.topology_build import kind_of
from models.taxonomy import CATEGORIES, SEVERITIES

Floats = NDArray[np.float64]

#: The user-facing entry is no service; seconds after the fault's end in which its effect still shows.
ENTRY: Final = "entry"
AFTER: Final = 120
#: Names of metrics for each of simulate.incident.METRICS, the first found gives the unit; what it is divided by; 100 - x first.
FAMILIES: Final = (
    ("ops", "requests", "span_count", "net_rx_bytes", "net_tx_bytes"),
    ("success_pct", "availability_pct"),
    ("server_p90_s", "latency_p90_s", "latency_avg_s", "span_mean_ms", "server_p99_s", "client_p90_s", "latency_p50_s",
     "latency_p99_s", "span_p95_ms"),
    ("cpu_pct", "cpu_millicores", "cpu", "load"),
    ("memory_pct", "mem_bytes"),
)  # fmt: skip
_PERCENT: Final = ("success_pct", "availability_pct", "cpu_pct", "memory_pct")
_REVERSED: Final = ("success_pct", "availability_pct")
_LOGS: Final = {"log_error": SEVERITIES.index("high"), "log_warn": SEVERITIES.index("medium")}
#: Smallest standard deviation, as a share of the mean, so that a constant does not divide by zero.
_LEAST: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Case:
    """One incident: what the product is given, and what the rivals are given and is known.

    `raw` (T, n, K): all metrics under their own names in standard deviations from normal, NaN where not measured; K = 0 for
    alerts. `service_of` (n,): which service each node is an instance of, as a place in `services`; `root` another such place.
    """

    system: str
    incident: str
    graph: ServiceGraph
    signals: Signals
    raw: Floats
    services: tuple[str, ...]
    service_of: NDArray[np.int64]
    root: int


def read_cases(data: Path) -> list[Case]:
    """Of a folder of systems, of one system's folder, or of an alerts file. InvalidInput where there is nothing to read."""
    if data.is_file():
        return list(_alerts(data))
    folders = [data] if (data / "incidents.csv.gz").exists() else sorted(data.glob("*/incidents.csv.gz"))
    found = [case for place in folders for case in _system(place if place.is_dir() else place.parent)]
    for file in sorted(data.glob("alerts.jsonl*")):
        found += _alerts(file)
    if not found:
        raise InvalidInput(f"{data} holds neither incidents.csv.gz nor alerts.jsonl.gz")
    return found


def _system(folder: Path) -> Iterator[Case]:
    series = pd.read_csv(folder / "series.csv.gz")
    incidents = pd.read_csv(folder / "incidents.csv.gz")
    edges = pd.read_csv(folder / "edges.csv.gz")
    kinds = dict(pd.read_csv(folder / "services.csv.gz")[["service", "kind"]].itertuples(index=False, name=None))
    names = tuple(sorted(name for name in kinds if name != ENTRY))
    series = series[series["service"].isin(names)]
    normal = series[series["incident"].str.startswith("normal")]
    usual_logs = _usual_logs(series, incidents)
    for row in incidents.to_dict("records"):
        mine = edges if "scenario" not in edges else edges[edges["scenario"] == row["scenario"]]
        graph = _graph(
            names,
            [kind_of(name.split("_")[0], str(kinds[name])) for name in names],
            mine[["source", "target"]].to_numpy(),
        )
        window = series[
            (series["incident"] == row["incident"]) & series["timestamp"].between(row["start"], row["end"] + AFTER)
        ]
        signals, raw = _signals(window, _normal_of(normal, row), names, usual_logs)
        yield Case(
            str(row["system"]), str(row["incident"]), graph, signals, raw, names, np.arange(len(names)),
            names.index(row["root_cause_service"]),
        )  # fmt: skip


def _normal_of(normal: pd.DataFrame, row: dict[str, Any]) -> pd.DataFrame:
    """The normal time of the incident itself or of its scenario where there is one, else all normal time."""
    for key in (row["incident"], row.get("scenario", "")):
        own = normal[normal["incident"] == f"normal-{key}"]
        if len(own):
            return own
    return normal


def _usual_logs(series: pd.DataFrame, incidents: pd.DataFrame) -> dict[str, float]:
    """Logged errors and warnings a minute of each service, in the minutes before the faults that have logs."""
    start = dict(incidents[["incident", "start"]].itertuples(index=False, name=None))
    before = series[series["timestamp"] <= series["incident"].map(start)]
    minutes = before.loc[before["metric"] == "log_lines", ["incident", "timestamp"]].drop_duplicates().shape[0]
    logs = before[before["metric"].isin(list(_LOGS))]
    return {str(name): float(total) / max(minutes, 1) for name, total in logs.groupby("service")["value"].sum().items()}


def _graph(names: tuple[str, ...], kinds: list[str], pairs: NDArray[Any]) -> ServiceGraph:
    place = {name: number for number, name in enumerate(names)}
    known = sorted({(place[a], place[b]) for a, b in pairs if a in place and b in place and a != b})
    m = len(known)
    edges = np.array(known, dtype=np.int64).reshape(-1, 2).T
    return ServiceGraph(names, tuple(kinds), edges, ("",) * m, ("given",) * m, np.ones(m))


def _signals(
    window: pd.DataFrame, normal: pd.DataFrame, names: tuple[str, ...], usual_logs: dict[str, float]
) -> tuple[Signals, Floats]:
    times = sorted(window["timestamp"].unique())
    metrics = sorted(set(window["metric"]) - set(_LOGS))
    values, logs = _table(window, times, names, metrics), _table(window, times, names, list(_LOGS))
    mean, spread = _moments(normal, names, metrics)
    spread = np.maximum(spread, _LEAST * np.abs(mean) + 1e-9)
    raw = (values - mean) / spread
    five, usual = _families(raw, mean, spread, metrics)
    counts = np.zeros((len(times), len(names), len(SEVERITIES)))
    for number, severity in enumerate(_LOGS.values()):
        counts[:, :, severity] = np.nan_to_num(logs[:, :, number])
    return _window(counts, np.array([usual_logs.get(name, 0.0) for name in names]), five, usual), raw


def _window(
    counts: Floats,
    usual: Floats,
    metrics: Floats | None,
    usual_metrics: Floats | None,
    blames: NDArray[np.int64] | None = None,
) -> Signals:
    n, busy = counts.shape[1], counts.sum(axis=2) > 0
    timed = len(counts) > 1
    return Signals(
        counts=counts, usual=usual, first=np.where(busy.any(axis=0) & timed, busy.argmax(axis=0) + 0.5, np.nan),
        categories=np.zeros((n, len(CATEGORIES))), blames=np.empty((0, 3), dtype=np.int64) if blames is None else blames,
        metrics=metrics, deployed=np.full(n, np.nan), usual_metrics=usual_metrics,
    )  # fmt: skip


def _table(rows: pd.DataFrame, times: list[int], names: tuple[str, ...], metrics: list[str]) -> Floats:
    """(T, n, K) values, NaN where there is none."""
    table = np.full((len(times), len(names), len(metrics)), np.nan)
    at, who, what = (pd.Index(index).get_indexer(rows[column]) for index, column in
                     ((times, "timestamp"), (list(names), "service"), (metrics, "metric")))  # fmt: skip
    known = (at >= 0) & (who >= 0) & (what >= 0)
    table[at[known], who[known], what[known]] = rows["value"].to_numpy()[known]
    return table


def _moments(normal: pd.DataFrame, names: tuple[str, ...], metrics: list[str]) -> tuple[Floats, Floats]:
    """(n, K) each: mean and standard deviation in normal time, NaN where never measured."""
    grouped = normal.groupby(["service", "metric"])["value"]
    index = pd.MultiIndex.from_product([names, metrics])
    shape = (len(names), len(metrics))
    return (
        grouped.mean().reindex(index).to_numpy().reshape(shape),
        grouped.std(ddof=0).reindex(index).to_numpy().reshape(shape),
    )


def _families(raw: Floats, mean: Floats, spread: Floats, metrics: list[str]) -> tuple[Floats, Floats]:
    """(T, n, 5) values in the unit of each family's first metric, and (2, n, 5) their mean and spread in normal time."""
    minutes, n, _ = raw.shape
    values, usual = np.full((minutes, n, len(FAMILIES)), np.nan), np.full((2, n, len(FAMILIES)), np.nan)
    for family, members in enumerate(FAMILIES):
        for service in range(n):
            columns = [
                metrics.index(name)
                for name in members
                if name in metrics and not np.isnan(mean[service, metrics.index(name)])
            ]
            if not columns:
                continue
            first = metrics[columns[0]]
            share = 0.01 if first in _PERCENT else 1e-3 if first.endswith("_ms") else 1.0
            sign = -1.0 if first in _REVERSED else 1.0
            centre = mean[service, columns[0]] * share
            usual[:, service, family] = (
                (1 - centre if first in _REVERSED else centre),
                spread[service, columns[0]] * share,
            )
            z = sign * raw[:, service, columns]  # (T, k)
            furthest = np.nan_to_num(np.abs(z), nan=-1.0).argmax(axis=1)
            values[:, service, family] = (
                usual[0, service, family] + usual[1, service, family] * z[np.arange(minutes), furthest]
            )
    return values, usual


def _alerts(file: Path) -> Iterator[Case]:
    """Alerts of instances: a metric's alert counts as a warning, a log's as an error, a call's as an error of the caller that
    names the callee. Nothing has a time."""
    of = _instances(file.parent / "alerts_services.csv.gz")
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream if line.strip()]
    for row in rows:
        names = tuple(row["nodes"])
        place = {name: number for number, name in enumerate(names)}
        graph = _graph(
            names,
            [kind_of(of.get((row["system"], name), name)) for name in names],
            np.array(row["edges"]).reshape(-1, 2),
        )
        counts = np.zeros((1, len(names), len(SEVERITIES)))
        blames: dict[tuple[int, int], int] = defaultdict(int)
        for kind, severity in (("metric_alerts", "medium"), ("log_alerts", "high")):
            for alert in row[kind]:
                if alert["node"] in place:
                    counts[0, place[alert["node"]], SEVERITIES.index(severity)] += 1
        for alert in row["edge_alerts"]:
            source, target = (place.get(alert[end], -1) for end in ("source", "target"))
            speaker = source if source >= 0 else target  # calls from the outside world have no other witness
            if speaker >= 0:
                counts[0, speaker, SEVERITIES.index("high")] += 1
            if source >= 0 and target >= 0 and source != target:
                blames[source, target] += 1
        services = tuple(sorted({of.get((row["system"], name), name) for name in names} | {row["root_cause_service"]}))
        yield Case(
            row["system"], row["incident"], graph,
            _window(counts, np.zeros(len(names)), None, None,
                    np.array([(*pair, number) for pair, number in blames.items()], dtype=np.int64).reshape(-1, 3)),
            np.zeros((0, len(names), 0)), services,
            np.array([services.index(of.get((row["system"], name), name)) for name in names]),
            services.index(row["root_cause_service"]),
        )  # fmt: skip


def _instances(file: Path) -> dict[tuple[str, str], str]:
    """(system, instance) to its service."""
    if not file.exists():
        return {}
    rows = pd.read_csv(file)[["system", "instance", "service"]]
    return {
        (str(system), str(instance)): str(service)
        for system, instance, service in rows.itertuples(index=False, name=None)
    }
