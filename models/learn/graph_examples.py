"""What SystemGraphGNN learns from: windows of simulated incidents, as seen, and worn down to what real systems show.

A real system logs a part of what the simulator logs, measures some of the metrics or none, has a graph with calls that are
missing or wrong, and faults that show in resources where the simulator's show in errors. Each window is worn at random in
these ways (domain randomisation: Tobin et al. 2017), so that the net cannot lean on one source.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.graph_reading import KNOWN_BY, Signals
from models.analyse.graph_symptoms import standardised
from models.corpus import Template
from models.learn.graph_truth import AFTER, MINUTE, Example, Truth, graph_of, signals_of, truth_of
from models.simulate.incident import Incident, simulate
from models.simulate.topology import KINDS, generate
from models.taxonomy import SEVERITIES

Floats = NDArray[np.float64]

#: Seconds of a simulated stretch, windows taken from each, and lengths of a window in minutes.
SECONDS: Final = 7200.0
WINDOWS: Final = 3
LENGTHS: Final = (5, 10, 20, 30)
#: Share of the windows that stay as the simulator made them although the others are worn.
PLAIN: Final = 0.25


def incidents(
    seeds: Sequence[int], corpus: Sequence[Template], *, sizes: tuple[int, int] = (5, 50)
) -> Iterator[Incident]:
    """One incident a seed on a topology of its own."""
    for seed in seeds:
        rng = np.random.default_rng((seed, 0x6A))
        size = round(float(np.exp(rng.uniform(*np.log(sizes)))))
        yield simulate(seed, corpus, topology=generate(seed, size), seconds=SECONDS)


def examples(
    seeds: Sequence[int], corpus: Sequence[Template], *, worn: bool, sizes: tuple[int, int] = (5, 50)
) -> Iterator[Example]:
    """WINDOWS windows of each seed's incident: at the first one in six before its fault, the others at any time within it."""
    categories = {template.id: template.category for template in corpus}
    for seed, incident in zip(seeds, incidents(seeds, corpus, sizes=sizes), strict=True):
        rng = np.random.default_rng((seed, 0xE4))
        graph, begin = graph_of(incident.topology), incident.faults[0].start / MINUTE
        for number in range(WINDOWS):
            length, end = _window(rng, begin, incident.faults[0].end / MINUTE, quiet=number == 0 and rng.random() < 0.5)
            example = Example(graph, signals_of(incident, categories, end, length), truth_of(incident, end, length))
            yield wear(example, incident, rng) if worn and rng.random() >= PLAIN else example


def _window(rng: np.random.Generator, begin: float, over: float, *, quiet: bool) -> tuple[int, int]:
    """Length and end in minutes: before the fault, or while it runs; the window may begin with the fault, or before it."""
    if quiet:
        return 5, int(rng.integers(9, max(10, int(begin))))
    end = int(np.ceil(rng.uniform(begin + 1, min(over + AFTER, begin + 40, SECONDS / MINUTE - 1))))
    if rng.random() < 0.4:  # the window of someone who knows when it began
        return int(np.clip(end - int(begin), 2, 30)), end
    return int(np.clip(rng.choice(LENGTHS), 2, end - 8)), end


def wear(example: Example, incident: Incident, rng: np.random.Generator) -> Example:
    """The example with a part of its signals and calls lost, noisier metrics, and the cause's print on resources."""
    view = rng.choice(("all", "logs", "metrics", "alerts"), p=(0.25, 0.25, 0.35, 0.15))
    signals = _with_print(example.signals, example.truth, incident, rng)
    if view == "logs":
        signals = replace(signals, metrics=None, usual_metrics=None)
    else:
        signals = _noisy(signals, rng)
        if rng.random() < 0.15 and view == "all":
            signals = replace(signals, usual_metrics=None)
    signals = _quieter(signals, rng, silent=view == "metrics")
    if view == "alerts":
        signals = as_alerts(signals, keep=float(rng.uniform(0.3, 1.0)), rng=rng)
    if rng.random() < 0.4:
        signals = replace(signals, deployed=np.full(len(signals.deployed), np.nan))
    return _worn_graph(Example(example.graph, signals, example.truth), rng)


def as_alerts(signals: Signals, keep: float, rng: np.random.Generator) -> Signals:
    """Only what an alerting system says, in no order of time: one count for each metric that is off and each kind of error."""
    n = len(signals.usual)
    counts = np.zeros((1, n, len(SEVERITIES)))
    watched = np.exp(rng.uniform(0, 2, n))  # metrics of a kind that are watched at each service
    if signals.metrics is not None and signals.usual_metrics is not None:
        off = np.nan_to_num(np.abs(standardised(signals))).max(axis=0) > rng.uniform(3, 6)  # (n, 5)
        counts[0, :, 2] = rng.poisson(off.sum(axis=1) * watched * keep)
    kinds = np.minimum((signals.categories > 0).sum(axis=1) * 2, signals.counts.sum(axis=(0, 2)))
    counts[0, :, 1] = rng.binomial(kinds.astype(np.int64), keep)
    false = rng.random((n, 2)) < rng.uniform(0, 0.5)  # alerts that mean nothing
    counts[0, :, 1:3] += false * rng.poisson(rng.uniform(0.5, 4), (n, 2))
    blames = signals.blames[rng.random(len(signals.blames)) < keep].copy()
    blames[:, 2] = np.minimum(blames[:, 2], rng.integers(1, 3, len(blames)))
    nothing = np.full(n, np.nan)
    return Signals(counts, np.zeros(n), nothing, np.zeros_like(signals.categories), blames, None, nothing)


def _with_print(signals: Signals, truth: Truth, incident: Incident, rng: np.random.Generator) -> Signals:
    """Most real faults show in a resource of the struck service (processor, memory), and its traffic falls."""
    if truth.root < 0 or signals.metrics is None or rng.random() < 0.4:
        return signals
    metrics, (mean, deviation) = signals.metrics.copy(), signals.usual_metrics  # type: ignore[misc]
    ago = len(metrics) - max(1, int(np.ceil(len(metrics) * rng.uniform(0.2, 1.0))))
    for column, chance, sign in ((3, 0.6, 1), (4, 0.35, 1), (0, 0.4, -1), (2, 0.5, 1)):
        if rng.random() < chance:
            size = np.exp(rng.uniform(np.log(2), np.log(60))) * np.maximum(
                deviation[truth.root, column], 0.02 * mean[truth.root, column]
            )
            metrics[ago:, truth.root, column] += sign * size * rng.uniform(0.5, 1.5, len(metrics) - ago)
    return replace(signals, metrics=np.maximum(metrics, 0.0))


def _noisy(signals: Signals, rng: np.random.Generator) -> Signals:
    """Effects weakened; noise of heavy tails and a scale of its own at each metric of each service; metrics missing."""
    metrics, (mean, deviation) = signals.metrics, signals.usual_metrics  # type: ignore[misc]
    assert metrics is not None  # noqa: S101
    minutes, n, k = metrics.shape
    effect = np.exp(rng.uniform(np.log(0.1), 0.0))
    metrics = mean + (metrics - mean) * (effect if rng.random() < 0.6 else 1.0)
    scale = np.exp(rng.uniform(np.log(0.02), np.log(rng.choice((0.1, 0.5, 1.5))), (n, k)))
    size = scale * np.maximum(np.abs(np.nan_to_num(mean)), 1e-3)
    freedom = rng.choice((1.5, 2.0, 3.0, 8.0))
    metrics = metrics + size * np.clip(rng.standard_t(freedom, (minutes, n, k)), -100, 100)
    wanders = rng.random((n, k)) < rng.choice(
        (0.0, 0.05, 0.15, 0.3)
    )  # off for reasons of its own, or another day's load
    metrics += wanders * size * rng.choice((-1, 1), (n, k)) * np.exp(rng.uniform(0, 3, (n, k)))
    load = rng.normal(0, 0.1 if rng.random() < 0.7 else 0.5)  # of the whole system
    metrics[:, :, 0] *= np.exp(load)
    metrics[:, rng.random((n, k)) < rng.choice((0.0, 0.1, 0.4))] = np.nan
    metrics[:, :, rng.random(k) < 0.2] = np.nan
    metrics[rng.random((minutes, n, k)) < 0.05] = np.nan
    # The normal time saw the same noise: its spread is known from a finite stretch.
    seen = np.sqrt(np.nan_to_num(deviation) ** 2 + 3 * size**2) * rng.uniform(0.8, 1.2, (n, k))
    return replace(signals, metrics=metrics, usual_metrics=np.stack([mean, seen]))


def _quieter(signals: Signals, rng: np.random.Generator, *, silent: bool) -> Signals:
    """A part of the errors, of the names in them and of the services that log is lost, or all of them."""
    n = len(signals.usual)
    mute = np.ones(n, dtype=bool) if silent else rng.random(n) < rng.choice((0.0, 0.0, 0.3))
    kept = 1.0 if rng.random() < 0.4 else float(np.exp(rng.uniform(np.log(0.05), 0)))
    counts = rng.binomial(signals.counts.astype(np.int64), kept).astype(float) * ~mute[:, None]
    loud = counts.sum(axis=2) > 0
    first = np.where(loud.any(axis=0), np.fmax(loud.argmax(axis=0) + 0.5, signals.first), np.nan)
    background = np.zeros(n)
    if not silent and rng.random() < 0.3:  # errors that are always there
        background = np.exp(rng.normal(0, 1.5, n)) * (rng.random(n) < 0.4) * ~mute
        more = rng.poisson(background, counts.shape[:2])
        counts[:, :, int(rng.integers(1, 4))] += more
        first = np.fmin(first, np.where((more > 0).any(axis=0), (more > 0).argmax(axis=0) + 0.5, np.nan))
    busy = (counts > 0).any(axis=(0, 2))
    blames = signals.blames[
        ~mute[signals.blames[:, 0]] & (rng.random(len(signals.blames)) < rng.choice((0.0, 0.7, 1.0)))
    ]
    unknown = rng.random() < 0.2
    return replace(
        signals, counts=counts, first=first, usual=(signals.usual * kept * ~mute + background) * (not unknown), blames=blames,
        categories=signals.categories * busy[:, None] * (rng.random() > 0.15),
    )  # fmt: skip


def _worn_graph(example: Example, rng: np.random.Generator) -> Example:
    """Calls lost, or known from a guess with false ones among them, or in both directions; kinds and protocols forgotten."""
    graph, truth = example.graph, example.truth
    n, m = len(graph), graph.edges.shape[1]
    kept = rng.random(m) >= rng.choice((0.0, 0.0, 0.15, 0.4, 1.0), p=(0.4, 0.2, 0.2, 0.15, 0.05))
    extra = np.zeros((2, 0), dtype=np.int64)
    known = rng.choice(KNOWN_BY, p=(0.5, 0.2, 0.15, 0.15))
    if known == "seen together":
        extra = rng.integers(0, n, (2, int(rng.integers(0, m // 2 + 2))))
    if rng.random() < 0.08:
        extra = graph.edges[::-1, kept]
    extra = extra[:, extra[0] != extra[1]]
    pairs = np.concatenate([graph.edges[:, kept], extra], axis=1)
    _, place = np.unique(pairs[0] * n + pairs[1], return_index=True)  # of twins the first: the true call
    of = np.append(np.flatnonzero(kept), np.full(extra.shape[1], -1))[place]
    false = of < 0
    kinds = graph.kinds if rng.random() < 0.7 else ("service",) * n
    if rng.random() < 0.3:  # some are drawn as something else
        kinds = tuple(str(rng.choice(KINDS)) if rng.random() < 0.15 else kind for kind in kinds)
    spoken = rng.random() < 0.7
    return Example(
        replace(
            graph, kinds=kinds, edges=pairs[:, place], known_by=(str(known),) * len(place),
            protocols=tuple(graph.protocols[e] if e >= 0 and spoken else "" for e in of.tolist()),
            certainty=np.where(false, 0.5, 1.0) * (1.0 if known in KNOWN_BY[:2] else rng.uniform(0.4, 1.0, len(place))),
        ),
        example.signals,
        replace(
            truth, carried=_taken(truth.carried, of), reaches=_taken(truth.reaches, of), delay=_taken(truth.delay, of)
        ),
    )  # fmt: skip


def _taken(values: Floats, places: NDArray[np.int64]) -> Floats:
    """The values at the places, NaN at -1."""
    return np.append(values, np.nan)[places]
