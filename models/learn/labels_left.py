"""How many labels are left to a target accuracy: a power law through the learning curve, with an honest interval.

Error after n labels is taken as floor + scale * n ** -slope (Hestness et al. 2017; the form of Viering and Loog's survey,
2022). The points are cross-validated accuracies with growing parts of the labels that there are. Labelled items are drawn
anew for the interval, so that few labels, or a flat curve, give a wide one or none: then it says so instead of a number.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

#: Fewer labels say nothing about the way on.
LEAST: Final = 40
DRAWS: Final = 200
#: More labels than this from now on count as "not with labels alone".
MOST: Final = 100_000
_SLOPES: Final = np.array([0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5])


@dataclass(frozen=True, slots=True)
class Left:
    """Labels left from now, with a 90 % interval; `high` None where labels alone may never do, all None where nothing can be said.

    `accuracy` is the present one, cross-validated; `why` is for people.
    """

    accuracy: float
    left: int | None
    low: int | None
    high: int | None
    why: str


def labels_left(sizes: NDArray[np.int64], hits: Doubles, *, target: float, seed: int) -> Left:
    """`sizes` (k,) numbers of labels taught with, growing; `hits` (k, n): share of its readings that were right, for each item.

    The last size is all labels. The target is an accuracy in (0, 1].
    """
    now = float(hits[-1].mean()) if hits.size else float("nan")
    n = hits.shape[1] if hits.ndim == 2 else 0
    if n < LEAST:
        return Left(now, None, None, None, f"too few labels to say: {n} of at least {LEAST}")
    if now >= target:
        return Left(now, 0, 0, 0, "reached, as far as these labels tell")
    rng = np.random.default_rng(seed)
    drawn = [_needed(sizes, hits[:, rng.integers(n, size=n)].mean(axis=1), target) for _ in range(DRAWS)]
    left = np.maximum(np.array(drawn) - float(sizes[-1]), 0)
    middle, low, high = (float(np.quantile(left, q, method="inverted_cdf")) for q in (0.5, 0.05, 0.95))
    if low > MOST:
        return Left(now, None, None, None, f"not with labels alone: the curve stays below {target:.2f}")
    bounded = [None if value > MOST else round(value) for value in (middle, low, high)]
    why = (
        "from the learning curve of these labels"
        if bounded[2] is not None
        else "the curve is too flat for an upper bound"
    )
    return Left(now, bounded[0], bounded[1], bounded[2], why)


def _needed(sizes: NDArray[np.int64], accuracy: Doubles, target: float) -> float:
    """The number of labels at which the fitted curve meets the target; infinite where it never does.

    For each slope, floor and scale are least squares, neither below 0; the slope with the smallest residual is taken.
    """
    error, best, needed = 1 - accuracy, np.inf, np.inf
    for slope in _SLOPES.tolist():
        x = sizes.astype(np.float64) ** -slope
        floor, scale = _line(x, error)
        residual = float(((floor + scale * x - error) ** 2).sum())
        if residual < best - 1e-15:
            reach = 1 - target - floor
            best, needed = residual, (scale / reach) ** (1 / slope) if reach > 0 and scale > 0 else np.inf
    return needed


def _line(x: Doubles, y: Doubles) -> tuple[float, float]:
    """Floor and scale of y = floor + scale * x by least squares, neither below 0."""
    dx = x - x.mean()
    scale = max(float((dx * (y - y.mean())).sum() / (dx**2).sum()), 0.0)
    floor = float(y.mean()) - scale * float(x.mean())
    if floor < 0:
        return 0.0, max(float((x * y).sum() / (x**2).sum()), 0.0)
    return floor, scale
