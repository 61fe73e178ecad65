"""Why a service is suspected, in words: what was seen of it and of its neighbours, the most telling first."""

from typing import Final

import numpy as np

from models.analyse.graph_reading import ServiceGraph, Signals
from models.analyse.graph_symptoms import EXCESS, OFF, Symptoms, normal

#: Reasons given for one suspect at most.
MOST: Final = 5
_WORDS: Final = ("requests", "error rate", "latency", "processor", "memory")
#: How telling each kind of reason is, beside its size.
_FIRST, _NAMED, _RELEASE, _ERRORS, _METRIC, _QUIET, _CALLERS, _BLAMES = 5.0, 4.0, 4.5, 2.5, 2.5, 2.0, 1.5, 1.0


def evidence(graph: ServiceGraph, signals: Signals, found: Symptoms, service: int) -> tuple[str, ...]:
    """At most MOST reasons, strongest first; empty where nothing speaks for the service."""
    reasons = [
        *_errors(signals, found, service), *_first(found, service), *_named(graph, signals, service),
        *_release(signals, found, service), *_metrics(signals, found, service), *_neighbours(graph, found, service),
    ]  # fmt: skip
    return tuple(words for _, words in sorted(reasons, key=lambda reason: -reason[0])[:MOST])


Reasons = list[tuple[float, str]]


def _errors(signals: Signals, found: Symptoms, service: int) -> Reasons:
    errors, usual = found.errors[service], float(np.nan_to_num(signals.usual[service])) * len(signals.counts)
    if found.excess[service] <= EXCESS:
        return []
    rise = f", usually {usual:.0f}" if usual >= 0.5 else ", usually none"
    return [(_ERRORS + np.log10(1 + found.excess[service]), f"{_counted(errors, 'error')} in the window{rise}")]


def _first(found: Symptoms, service: int) -> Reasons:
    """The first sign of trouble, compared with the others'."""
    since = found.since
    mine, others = since[service], np.delete(since, service)
    if np.isnan(mine) or np.isnan(others).all():
        return []
    lead = float(np.nanmin(others) - mine)
    if lead >= 1:
        return [(_FIRST + np.log1p(lead), f"first sign of trouble {lead:.0f} min before any other service")]
    if lead == 0:
        return [(_FIRST - 2, "among the first with signs of trouble")]
    return []


def _named(graph: ServiceGraph, signals: Signals, service: int) -> Reasons:
    rows = signals.blames[signals.blames[:, 1] == service]
    if not len(rows):
        return []
    rows = rows[np.argsort(-rows[:, 2], kind="stable")]
    top = graph.names[rows[0, 0]]
    more = f" and {_counted(len(rows) - 1, 'other service')}" if len(rows) > 1 else ""
    return [(_NAMED + np.log10(1 + rows[:, 2].sum()), f"named by {_counted(rows[:, 2].sum(), 'error')} of {top}{more}")]


def _release(signals: Signals, found: Symptoms, service: int) -> Reasons:
    minutes, since = signals.deployed[service], found.since[service]
    if np.isnan(minutes):
        return []
    before = minutes - (len(signals.counts) - since)  # release to first sign
    if not np.isnan(since) and -1 <= before <= 30:
        return [(_RELEASE - before / 30, f"released {max(before, 0):.0f} min before its first sign of trouble")]
    return [(0.5, f"released {minutes:.0f} min ago")] if minutes <= 60 else []


def _metrics(signals: Signals, found: Symptoms, service: int) -> Reasons:
    if found.peak[service] <= OFF or signals.metrics is None:
        return []
    z = np.nan_to_num(found.z[:, service])
    minute, metric = np.unravel_index(np.abs(z).argmax(), z.shape)
    mean, _ = normal(signals)
    value, usual = float(signals.metrics[minute, service, metric]), float(mean[service, metric])
    way = "up" if z[minute, metric] > 0 else "down"
    size = f"{_WORDS[metric]} {way} to {value:.3g} (normally {usual:.3g}), {abs(z[minute, metric]):.0f} standard deviations"
    return [(_METRIC + np.log10(1 + found.peak[service]), size)]


def _neighbours(graph: ServiceGraph, found: Symptoms, service: int) -> Reasons:
    callers, callees = graph.edges
    below, above_ = callees[callers == service], callers[callees == service]
    reasons: Reasons = []
    if found.abnormal[service] and len(below):
        bad = [graph.names[place] for place in below[found.abnormal[below]]]
        if not bad:
            reasons.append((_QUIET, "the services that it calls are quiet"))
        else:
            reasons.append((_BLAMES, f"but it calls {_listed(bad)}, in trouble too"))
    hit = [graph.names[place] for place in above_[found.abnormal[above_]]]
    if hit:
        reasons.append((_CALLERS + len(hit) / len(above_), f"its callers {_listed(hit)} are in trouble" if len(hit) > 1
                        else f"its caller {hit[0]} is in trouble"))  # fmt: skip
    return reasons


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _counted(number: float, what: str) -> str:
    return f"{number:,.0f} {what}{'' if round(number) == 1 else 's'}"
