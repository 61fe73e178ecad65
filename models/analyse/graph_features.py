"""What SystemGraphGNN sees: 128 columns of each service and 64 of each call, by name, from a graph and its signals.

No column depends on the size of the system or on the unit of a metric: ranks and shares within the system, standard
deviations from the usual, minutes relative to the first sign. What is not there (metrics, logs, calls, releases) is 0, and
a column of its own says so. All services and calls at once; 10,000 services take a fraction of a second.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse import graph_sums as sums
from models.analyse.graph_reading import KNOWN_BY, ServiceGraph, Signals
from models.analyse.graph_symptoms import OFF, Symptoms, symptoms
from models.simulate.incident import METRICS
from models.simulate.topology import KINDS, PROTOCOLS
from models.taxonomy import CATEGORIES, SEVERITIES

Floats = NDArray[np.float64]
Columns = dict[str, Floats]

#: What neighbours tell: the largest of the callees and of the callers.
_TOLD: Final = (
    "excess", "burst", "errors_rank", "severe_share", "named_share", "peak", "peak_rank", "error_rate_up", "latency_up",
    "cpu_up", "memory_up", "traffic_down", "deploy_recent", "error_rate_level", "since_rank", "walk",
)  # fmt: skip
_KIND: Final = {name: place for place, name in enumerate(KINDS)}
_PROTOCOL: Final = {name: place for place, name in enumerate(PROTOCOLS)}
_KNOWN: Final = {name: place for place, name in enumerate(KNOWN_BY)}
#: What a call says of both its ends.
_OF_ENDS: Final = (
    "excess", "peak", "abnormal", "error_rate_up", "latency_up", "error_rate_level", "since_known", "deploy_recent", "depth",
)  # fmt: skip
NODE_COLUMNS: Final = (
    "has_errors", "errors", *SEVERITIES, "errors_share", "errors_rank", "excess", "excess_rank", "ratio", "severe_share",
    "rate_now", "trend", "peak_minute", "busy_minutes", "usual", "burst", "errors_last_minute",
    "first_known", "first", "first_after", "first_rank", "first_is_first", "first_lead",
    "onset_known", "onset_after", "onset_rank", "onset_is_first",
    *(f"category_{name}" for name in CATEGORIES),
    "named", "named_share", "namers", "named_rank", "names", "names_share", "named_net", "named_but_silent",
    *(f"{name}_{part}" for name in ("traffic", "error_rate", "latency", "cpu", "memory")
      for part in ("measured", "up", "down", "now")),
    "peak", "peak_rank", "metrics_off", "metric_onset_known", "metric_onset_after", "metric_onset_rank",
    "error_rate_level", "error_rate_before", "error_rate_mean", "latency_ratio",
    "since_known", "since_after", "since_rank",
    "deployed", "deploy_recent", "deploy_before_onset",
    "callers", "callees", "is_leaf", "is_entry", "alone", "depth", *(f"kind_{kind}" for kind in KINDS),
    "abnormal", "share_abnormal", "callees_abnormal", "callers_abnormal", "callees_since", "callers_since", "deepest", "walk",
    *(f"callees_{name}" for name in _TOLD), *(f"callers_{name}" for name in _TOLD[:8]),
)  # fmt: skip
EDGE_COLUMNS: Final = (
    *(f"caller_{kind}" for kind in KINDS), *(f"callee_{kind}" for kind in KINDS),
    *(f"protocol_{name}" for name in PROTOCOLS), "protocol_unknown", *(f"known_{n}" for n in range(len(KNOWN_BY))), "certainty",
    "blames", "blames_of_caller", "blames_of_callee", "blames_back",
    *(f"{end}_{name}" for end in ("caller", "callee") for name in _OF_ENDS),
    "excess_difference", "peak_difference", "since_both", "since_lag", "callee_first", "both_abnormal", "only_callee",
    "callers_share", "callees_share", "together", "callee_leads", "errors_together", "latency_together", "both_ways", "callee_walk",
)  # fmt: skip


def features(graph: ServiceGraph, signals: Signals) -> tuple[NDArray[np.float32], NDArray[np.float32], Symptoms]:
    """(n, 128) and (m, 64) float32 in the order of NODE_COLUMNS and EDGE_COLUMNS, within about [-10, 10]; and the symptoms."""
    found = symptoms(graph, signals)
    nodes = _errors(signals, found) | _first(signals, found) | _blames(signals, found) | _metrics(signals, found)
    nodes |= _releases(signals, found) | _place(graph)
    nodes |= _neighbours(graph, found, nodes)
    edges = _edges(graph, signals, found, nodes)
    return _stacked(nodes, NODE_COLUMNS, len(graph)), _stacked(edges, EDGE_COLUMNS, graph.edges.shape[1]), found


def _stacked(columns: Mapping[str, Floats], names: tuple[str, ...], rows: int) -> NDArray[np.float32]:
    table = np.empty((len(names), rows), dtype=np.float32)
    for place, name in enumerate(names):
        table[place] = columns[name]
    return np.ascontiguousarray(table.T)


def _squash(values: Floats) -> Floats:
    """Signed, about linear to 1 and logarithmic beyond; NaN is 0."""
    return np.arcsinh(np.nan_to_num(values))


def _share(values: Floats, whole: Floats | float) -> Floats:
    return np.asarray(values / np.maximum(whole, 1e-9))


def _errors(signals: Signals, found: Symptoms) -> Columns:
    counts = signals.counts
    minutes, per_minute = max(len(counts), 1), counts.sum(axis=2)
    by_severity = counts.sum(axis=0)  # (n, 4)
    early, late = np.array_split(per_minute, 2) if len(counts) > 1 else (per_minute, per_minute)
    total = found.errors
    usual = np.nan_to_num(signals.usual)
    return {
        "has_errors": (total > 0).astype(float), "errors": np.log1p(total),
        **{name: np.log1p(by_severity[:, place]) for place, name in enumerate(SEVERITIES)},
        "errors_share": _share(total, total.sum()), "errors_rank": sums.rank(total), "excess": _squash(found.excess),
        "excess_rank": sums.rank(found.excess), "ratio": np.log((total / minutes + 0.1) / (usual + 0.1)),
        "severe_share": _share(by_severity[:, :2].sum(axis=1), total), "rate_now": np.log1p(per_minute[-3:].sum(axis=0)),
        "trend": np.log((late.sum(axis=0) + 1) / (early.sum(axis=0) + 1)),
        "peak_minute": np.where(total > 0, per_minute.argmax(axis=0) / minutes, 0.0),
        "busy_minutes": (per_minute > 0).mean(axis=0), "usual": np.log1p(usual),
        "burst": _squash(found.burst), "errors_last_minute": np.log1p(per_minute[-1]),
    }  # fmt: skip


def _first(signals: Signals, found: Symptoms) -> Columns:
    minutes = max(len(signals.counts), 1)
    columns = {"first": np.nan_to_num(signals.first / minutes)}
    for name, times in (
        ("first", signals.first),
        ("onset", found.onset),
        ("metric_onset", found.metric_onset),
        ("since", found.since),
    ):
        known = ~np.isnan(times)
        columns |= {
            f"{name}_known": known.astype(float),
            f"{name}_after": np.log1p(np.nan_to_num(times - np.nanmin(times))) if known.any() else np.zeros(len(times)),
            f"{name}_rank": sums.rank(-times),
            f"{name}_is_first": (times == np.nanmin(times)).astype(float) if known.any() else np.zeros(len(times)),
        }
    ordered = np.sort(signals.first[~np.isnan(signals.first)])
    lead = np.log1p(ordered[1] - ordered[0]) if len(ordered) > 1 else 0.0
    return columns | {"first_lead": lead * columns["first_is_first"]}


def _blames(signals: Signals, found: Symptoms) -> Columns:
    columns = {f"category_{name}": signals.categories[:, place] for place, name in enumerate(CATEGORIES)}
    return columns | {
        "named": np.log1p(found.named), "named_share": _share(found.named, found.named.sum()),
        "namers": np.log1p(found.namers), "named_rank": sums.rank(found.named), "names": np.log1p(found.names),
        "names_share": np.minimum(_share(found.names, found.errors), 1),
        "named_net": (found.named - found.names) / (found.named + found.names + 1),
        "named_but_silent": ((found.named > 0) & (found.errors == 0)).astype(float),
    }  # fmt: skip


def _metrics(signals: Signals, found: Symptoms) -> Columns:
    z, n = found.z, len(found.errors)
    known = ~np.isnan(z)
    up = np.where(known, z, -np.inf).max(axis=0, initial=0.0)
    down = np.where(known, -z, -np.inf).max(axis=0, initial=0.0)
    now, columns = _last(z), Columns()
    for place, name in enumerate(("traffic", "error_rate", "latency", "cpu", "memory")):
        columns |= {
            f"{name}_measured": known[:, :, place].any(axis=0).astype(float), f"{name}_up": _squash(up[:, place]),
            f"{name}_down": _squash(down[:, place]), f"{name}_now": _squash(now[:, place]),
        }  # fmt: skip
    raw = np.zeros((0, n, len(METRICS))) if signals.metrics is None else signals.metrics
    rate = np.clip(raw[:, :, METRICS.index("error_rate")], 0, 1)
    latency_now, latency = _last(raw)[:, 2], (raw[:, :, 2])
    usual = (
        signals.usual_metrics[0, :, 2]
        if signals.usual_metrics is not None
        else _mean(latency[: max(1, len(latency) // 3)])
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log(np.maximum(latency_now, 1e-6) / np.maximum(usual, 1e-6))
    return columns | {
        "peak": _squash(found.peak), "peak_rank": sums.rank(found.peak),
        "metrics_off": (np.maximum(up, down) > OFF).mean(axis=1),
        "error_rate_level": np.nan_to_num(np.clip(_last(raw)[:, 1], 0, 1)), "error_rate_mean": np.nan_to_num(_mean(rate)),
        "error_rate_before": np.nan_to_num(rate[-3:-1]).max(axis=0, initial=0.0),
        "latency_ratio": np.clip(np.nan_to_num(ratio), -5, 5),
    }  # fmt: skip


def _last(rows: Floats) -> Floats:
    """(n, k) the last known row of (T, n, k), NaN without one."""
    if not len(rows):
        return np.full(rows.shape[1:], np.nan)
    known = ~np.isnan(rows)
    place = len(rows) - 1 - known[::-1].argmax(axis=0)
    return np.asarray(np.take_along_axis(rows, place[None], axis=0)[0])


def _mean(rows: Floats) -> Floats:
    number = (~np.isnan(rows)).sum(axis=0)
    return np.where(number > 0, np.nansum(rows, axis=0) / np.maximum(number, 1), np.nan)


def _releases(signals: Signals, found: Symptoms) -> Columns:
    known, minutes = ~np.isnan(signals.deployed), np.nan_to_num(signals.deployed, nan=1e6)
    ago = len(signals.counts) - found.since  # minutes since the first sign
    with np.errstate(invalid="ignore"):
        before = known & (minutes >= ago - 1) & (minutes <= ago + 15)
    return {
        "deployed": known.astype(float), "deploy_recent": np.exp(-minutes / 30), "deploy_before_onset": before.astype(float)
    }  # fmt: skip


def _place(graph: ServiceGraph) -> Columns:
    n, (callers, callees) = len(graph), graph.edges
    called, calls = np.bincount(callees, minlength=n), np.bincount(callers, minlength=n)
    kinds = np.array([_KIND.get(kind, _KIND["service"]) for kind in graph.kinds], dtype=np.int64)
    return {
        "callers": np.log1p(called), "callees": np.log1p(calls), "is_leaf": ((calls == 0) & (called > 0)).astype(float),
        "is_entry": ((called == 0) & (calls > 0)).astype(float), "alone": ((called == 0) & (calls == 0)).astype(float),
        "depth": np.log1p(sums.depth(graph.edges, n)),
        **{f"kind_{kind}": (kinds == place).astype(float) for place, kind in enumerate(KINDS)},
    }  # fmt: skip


def _neighbours(graph: ServiceGraph, found: Symptoms, nodes: Columns) -> Columns:
    n, (callers, callees) = len(graph), graph.edges
    off = found.abnormal.astype(float)
    trouble = np.maximum(np.arcsinh(np.maximum(found.excess, 0)), np.arcsinh(found.peak)) + np.log1p(found.named)
    columns = {
        "abnormal": off, "share_abnormal": np.full(n, off.mean() if n else 0.0),
        "walk": np.arcsinh(sums.walk(graph.edges, trouble) * max(n, 1) / 2),
        "callees_abnormal": sums.mean(callers, off[callees], n), "callers_abnormal": sums.mean(callees, off[callers], n),
        "callees_since": _squash(sums.earliest(callers, found.since[callees], n) - found.since),
        "callers_since": _squash(sums.earliest(callees, found.since[callers], n) - found.since),
        "deepest": (found.abnormal & (sums.largest(callers, off[callees], n) == 0)).astype(float),
    }  # fmt: skip
    told = nodes | columns
    columns |= {f"callees_{name}": sums.largest(callers, told[name][callees], n) for name in _TOLD}
    columns |= {f"callers_{name}": sums.largest(callees, told[name][callers], n) for name in _TOLD[:8]}
    return columns


def _edges(graph: ServiceGraph, signals: Signals, found: Symptoms, nodes: Columns) -> Columns:
    n, (callers, callees) = len(graph), graph.edges
    forth, back = _blamed(graph, signals)
    ends = {"abnormal": found.abnormal.astype(float)} | nodes
    columns: Columns = {}
    for end, places in (("caller", callers), ("callee", callees)):
        columns |= {f"{end}_{kind}": nodes[f"kind_{kind}"][places] for kind in KINDS}
        columns |= {f"{end}_{name}": ends[name][places] for name in _OF_ENDS}
    protocols = np.array([_PROTOCOL.get(name, len(PROTOCOLS)) for name in graph.protocols], dtype=np.int64)
    known = np.array([_KNOWN.get(name, 0) for name in graph.known_by], dtype=np.int64)
    columns |= {
        f"protocol_{name}": (protocols == place).astype(float) for place, name in enumerate((*PROTOCOLS, "unknown"))
    }
    columns |= {f"known_{place}": (known == place).astype(float) for place in range(len(KNOWN_BY))}
    lag = found.since[callers] - found.since[callees]
    off = found.abnormal
    per_minute = signals.counts.sum(axis=2)
    pair = callers * n + callees
    return columns | {
        "certainty": graph.certainty, "blames": np.log1p(forth), "blames_back": np.log1p(back),
        "blames_of_caller": _share(forth, found.names[callers]), "blames_of_callee": _share(forth, found.named[callees]),
        "excess_difference": nodes["excess"][callees] - nodes["excess"][callers],
        "peak_difference": nodes["peak"][callees] - nodes["peak"][callers],
        "since_both": (~np.isnan(lag)).astype(float), "since_lag": _squash(lag),
        "callee_first": (np.nan_to_num(lag) > 0).astype(float), "both_abnormal": (off[callers] & off[callees]).astype(float),
        "only_callee": (off[callees] & ~off[callers]).astype(float),
        "callers_share": 1 / np.maximum(np.bincount(callers, minlength=n)[callers], 1),
        "callees_share": 1 / np.maximum(np.bincount(callees, minlength=n)[callees], 1),
        "together": _alike(per_minute, callers, per_minute, callees),
        "callee_leads": _alike(per_minute[1:], callers, per_minute[:-1], callees),
        "errors_together": _alike(found.z[:, :, 1], callers, found.z[:, :, 1], callees),
        "latency_together": _alike(found.z[:, :, 2], callers, found.z[:, :, 2], callees),
        "callee_walk": nodes["walk"][callees],
        "both_ways": np.isin(pair, callees * n + callers).astype(float),
    }  # fmt: skip


def _blamed(graph: ServiceGraph, signals: Signals) -> tuple[Floats, Floats]:
    """(m,) errors of the caller that name the callee, and of the callee that name the caller."""
    n, (callers, callees) = len(graph), graph.edges
    keys, where = np.unique(signals.blames[:, 0] * n + signals.blames[:, 1], return_inverse=True)
    counts = np.append(np.bincount(where, weights=signals.blames[:, 2], minlength=len(keys)), 0.0)
    keys = np.append(keys, np.iinfo(np.int64).max)  # so that there is one

    def count(pairs: NDArray[np.int64]) -> Floats:
        place = np.minimum(np.searchsorted(keys, pairs), len(keys) - 1)
        return np.where(keys[place] == pairs, counts[place], 0.0)

    return count(callers * n + callees), count(callees * n + callers)


def _alike(one: Floats, left: NDArray[np.int64], other: Floats, right: NDArray[np.int64]) -> Floats:
    """(m,) in [-1, 1]: correlation over time of column left[e] of one table and right[e] of the other; 0 without variation."""
    if len(one) < 3:
        return np.zeros(len(left))

    def unit(table: Floats) -> NDArray[np.float32]:
        centred = np.arcsinh(np.nan_to_num(table))
        centred -= centred.mean(axis=0)
        norm = np.sqrt((centred**2).sum(axis=0))
        return (centred / np.where(norm > 1e-9, norm, np.inf)).T.astype(np.float32)  # (n, T)

    return np.asarray(np.einsum("et,et->e", unit(one)[left], unit(other)[right]), dtype=np.float64)
