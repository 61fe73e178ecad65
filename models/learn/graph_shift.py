"""Windows that differ from all that was trained on, made from simulated ones: where the mixture of net and rules is chosen.

A net is sure of itself on systems like those it learnt from, and validation on such systems would leave nothing to the rules. Real
systems differ in ways that nobody has listed. So the choice is made under changes that are stronger than, and of other kinds
than, those of the training: a cascade that hardly shows, normal time that is another day's, errors that are always there,
alerts that mean nothing, and an effect in the struck service's resources alone.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.analyse.graph_reading import Signals
from models.learn.graph_truth import Example

Floats = NDArray[np.float64]


def shifted(example: Example, seed: int) -> Example:
    """The same incident, seen in a stranger's system."""
    rng = np.random.default_rng((seed, 0x5F))
    signals, root = example.signals, example.truth.root
    if signals.metrics is not None and signals.usual_metrics is not None:
        signals = _metrics(signals, root, rng)
    return replace(example, signals=_errors(signals, rng))


def _metrics(signals: Signals, root: int, rng: np.random.Generator) -> Signals:
    """What others feel of it is weak; every metric stands off its normal time by some spreads, and jumps now and then."""
    assert signals.metrics is not None and signals.usual_metrics is not None  # noqa: S101
    mean, spread = signals.usual_metrics
    minutes, n, k = signals.metrics.shape
    felt = np.full((n, 1), rng.uniform(0.02, 0.5))
    if root >= 0:
        felt[root] = rng.uniform(0.2, 1.0)
    metrics = mean + (signals.metrics - mean) * felt
    size = np.maximum(spread, 0.02 * np.abs(mean)) * np.exp(rng.normal(0, 0.7, (n, k)))
    metrics = metrics + size * np.clip(rng.standard_t(1.5, (minutes, n, k)), -30, 30) * rng.uniform(0.3, 1.0)
    metrics += size * rng.standard_t(2.0, (n, k)) * rng.uniform(0.0, 2.0)
    if root >= 0:
        column, ago = int(rng.choice((0, 2, 3, 4))), int(rng.integers(1, max(minutes, 2)))
        metrics[-ago:, root, column] += rng.choice((1, 1, -1)) * size[root, column] * np.exp(rng.uniform(1, 3.5))
    return replace(signals, metrics=metrics)


def _errors(signals: Signals, rng: np.random.Generator) -> Signals:
    """Errors of no meaning are added at most services, of which the usual knows a part, and half of what is there is lost."""
    minutes, n, _ = signals.counts.shape
    counts = rng.binomial(signals.counts.astype(np.int64), rng.uniform(0.3, 1.0)).astype(np.float64)
    if signals.counts.any():
        level = np.exp(rng.normal(rng.uniform(-3, 0), 1.5, n)) * (1.0 if minutes > 1 else 3.0)
        counts[:, :, 1] += rng.poisson(level, (minutes, n))
        known = level * rng.uniform(0.5, 1.5, n) * (minutes > 1)
    else:
        known = np.zeros(n)
    loud = counts.sum(axis=2) > 0
    first = np.where(loud.any(axis=0) & (minutes > 1), loud.argmax(axis=0) + 0.5, np.nan)
    blames = signals.blames[rng.random(len(signals.blames)) < 0.7]
    return replace(signals, counts=counts, usual=signals.usual + known, first=first, blames=blames)
