"""Has what comes in changed? Two-sample tests on embeddings, on shares of categories and on the rate of never-seen errors.

Embeddings: maximum mean discrepancy (Gretton et al. 2012) in the principal components of both samples together, by two kernels:
the linear one on components of unit variance (a shift of the mean in Mahalanobis' distance, however small the part that moved) and
a Gaussian one at the median distance (a change of shape). The larger of the two, each in its standard deviations
over the permutations, is the statistic; its p-value is a permutation's and so exact: components, bandwidth and scales do not
depend on which sample a row is of. An alarm at p <= 0.01 is false once in a hundred windows where nothing has moved.

A domain classifier (Lopez-Paz, Oquab 2017) and Kolmogorov-Smirnov tests on the components are its rivals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Components that both samples are compared in, and permutations of a test: the smallest p-value is 1 / 400.
COMPONENTS: Final = 16
PERMUTATIONS: Final = 399
#: An alarm, one false in a hundred windows.
LEVEL: Final = 0.01
#: Rows that are named as those that moved most.
NAMED: Final = 12
_ROUNDING: Final = 1e-9
#: Smallest expected count of a class that is tested by itself.
_EXPECTED: Final = 5.0


@dataclass(frozen=True, slots=True)
class Shift:
    """`p_value` in (0, 1], small = moved. `strangest`: rows of the window that point most where it moved, first those."""

    p_value: float
    strangest: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ShareShift:
    """`changes`: (place of the class, share before, share now), the largest change in standard deviations first."""

    p_value: float
    changes: tuple[tuple[int, float, float], ...]


def embedding_shift(
    reference: Floats, window: Floats, rng: np.random.Generator, permutations: int = PERMUTATIONS
) -> Shift:
    """Compares two samples of vectors, (n, d) and (m, d) with n, m >= 2; ValueError for less."""
    rows, n = _together(reference, window)
    parts, scale = _components(rows)
    scaled = parts / scale
    drawn = np.zeros((permutations + 1, len(rows)), dtype=np.float32)
    drawn[0, :n] = 1
    drawn[1:] = rng.permuted(np.tile(drawn[0], (permutations, 1)), axis=1)
    sums = drawn @ scaled
    means = sums / n - (scaled.sum(axis=0) - sums) / (len(rows) - n)  # (P + 1, k)
    statistic = np.maximum(_standardised((means**2).sum(axis=1)), _standardised(_gaussian(parts, drawn, n)))
    p_value = float((1 + (statistic[1:] >= statistic[0] - _ROUNDING).sum()) / len(statistic))
    towards = -(scaled[n:] @ means[0])  # the window lies where the difference of means is negative
    return Shift(p_value, tuple(np.argsort(-towards, kind="stable")[:NAMED].tolist()))


def domain_classifier(reference: Floats, window: Floats, seed: int = 0) -> Shift:
    """Can a logistic regression tell the samples apart on rows that it was not fitted on (Mann and Whitney's test)?"""
    from scipy.stats import mannwhitneyu
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    rows, n = _together(reference, window)
    parts, scale = _components(rows)
    inputs, truth = parts / scale, np.arange(len(rows)) >= n
    score = np.empty(len(rows))
    for train, test in StratifiedKFold(2, shuffle=True, random_state=seed).split(inputs, truth):
        score[test] = LogisticRegression(C=0.1, max_iter=200).fit(inputs[train], truth[train]).decision_function(inputs[test])
    p_value = float(mannwhitneyu(score[n:], score[:n], alternative="greater").pvalue)
    return Shift(p_value, tuple(np.argsort(-score[n:], kind="stable")[:NAMED].tolist()))


def ks_components(reference: Floats, window: Floats) -> Shift:
    """The smallest p-value of Kolmogorov and Smirnov's tests over the components, times their number (Bonferroni)."""
    from scipy.stats import ks_2samp

    rows, n = _together(reference, window)
    parts, _ = _components(rows)
    p_values = [ks_2samp(parts[:n, k], parts[n:, k]).pvalue for k in range(parts.shape[1])]
    return Shift(float(min(1.0, min(p_values) * len(p_values))))


def share_shift(before: Sequence[int], now: Sequence[int]) -> ShareShift:
    """Counts of the same classes before and now: the G-test of homogeneity; 1 where either is empty."""
    from scipy.stats import chi2_contingency

    table = np.array([before, now], dtype=np.float64)
    seen = np.flatnonzero(table.sum(axis=0) > 0)
    if (table.sum(axis=1) == 0).any() or len(seen) < 2:
        return ShareShift(1.0, ())
    tested = _with_enough(table[:, seen])
    p_value = float(chi2_contingency(tested, lambda_="log-likelihood", correction=False).pvalue) if tested.shape[1] > 1 else 1.0
    share = table / table.sum(axis=1, keepdims=True)
    pooled = table.sum(axis=0) / table.sum()
    spread = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / table[0].sum() + 1 / table[1].sum()))
    order = sorted(seen.tolist(), key=lambda k: -abs(share[1, k] - share[0, k]) / spread[k])
    return ShareShift(p_value, tuple((k, float(share[0, k]), float(share[1, k])) for k in order))


def _with_enough(table: Doubles) -> Doubles:
    """The rare classes as one: the test's distribution holds from an expected count of five on (Cochran 1954)."""
    expected = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    rare = expected < _EXPECTED
    merged = np.concatenate([table[:, ~rare], table[:, rare].sum(axis=1, keepdims=True)], axis=1) if rare.any() else table
    found: Doubles = merged[:, merged.sum(axis=0) > 0]
    return found


def rate_shift(before: tuple[int, int], now: tuple[int, int]) -> float:
    """The p-value of "the rate has risen" for (hits, of how many) before and now: Fisher's exact test, one-sided."""
    from scipy.stats import fisher_exact

    table = [[now[0], now[1] - now[0]], [before[0], before[1] - before[0]]]
    return float(fisher_exact(table, alternative="greater").pvalue)


def _together(reference: Floats, window: Floats) -> tuple[Floats, int]:
    if min(len(reference), len(window)) < 2:
        raise ValueError("each of the samples needs at least two rows")
    rows = np.concatenate([reference, window]).astype(np.float32)
    return rows - rows.mean(axis=0), len(reference)


def _components(rows: Floats) -> tuple[Floats, Floats]:
    """(n, k) principal components of centred rows, the largest first, and their standard deviations (k,)."""
    variance, directions = np.linalg.eigh(rows.T @ rows / len(rows))
    kept = slice(-1, -1 - min(COMPONENTS, len(rows) - 1, rows.shape[1]), -1)
    scale = np.sqrt(np.maximum(variance[kept], 1e-9))
    return np.ascontiguousarray(rows @ directions[:, kept]), scale.astype(np.float32)


def _gaussian(parts: Floats, drawn: Floats, n: int) -> Floats:
    """(P,) the unbiased discrepancy by a Gaussian kernel for each draw (P, N) of the n rows of the first sample."""
    m = len(parts) - n
    length = (parts**2).sum(axis=1)
    distance = np.maximum(length[:, None] + length[None] - 2 * parts @ parts.T, 0)
    apart = distance[distance > _ROUNDING]
    kernel = np.exp(-distance / (2 * (np.median(apart[:: 1 + len(apart) // 20_000]) if len(apart) else 1.0)))
    np.fill_diagonal(kernel, 0)
    to_all = drawn @ kernel
    within, of_first = (to_all * drawn).sum(axis=1), to_all.sum(axis=1)
    between = of_first - within
    other = kernel.sum() - 2 * of_first + within
    found: Floats = within / (n * (n - 1)) + other / (m * (m - 1)) - 2 * between / (n * m)
    return found


def _standardised(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-12))
