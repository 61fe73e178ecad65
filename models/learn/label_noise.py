"""Labels that are suspected to be wrong: confident learning (Northcutt, Jiang, Chuang 2021).

A class's threshold is the mean probability that the reader gives it on items labelled so. An item whose probability of
another class reaches that class's threshold is counted there in the confident joint; off the diagonal, it is suspected. The
probabilities must come from a reader that had not seen the item's own label (`cross_validated`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS: Final = 5
#: Teaches with the rows of the first, and gives probabilities (n, classes) of the rows of the second.
Read = Callable[[Ints, Ints], Doubles]


@dataclass(frozen=True, slots=True)
class Suspect:
    """Item by place; `better` is the class that it seems to be; `margin` in (0, 1], higher = more suspicious."""

    item: int
    better: int
    margin: float


def suspects(labels: Ints, probabilities: Doubles) -> list[Suspect]:
    """The suspected of n labels (n,) by probabilities (n, classes), most suspicious first."""
    if not len(labels):
        return []
    classes = probabilities.shape[1]
    rows = np.arange(len(labels))
    given = probabilities[rows, labels]
    threshold = np.array([given[labels == one].mean() if (labels == one).any() else np.inf for one in range(classes)])
    above = np.where(probabilities >= threshold, probabilities, -1.0)
    better = above.argmax(axis=1)
    found = (above[rows, better] > 0) & (better != labels) & (probabilities[rows, better] > given)
    margin = probabilities[rows, better] - given
    listed = [Suspect(int(row), int(better[row]), round(float(margin[row]), 4)) for row in np.flatnonzero(found)]
    return sorted(listed, key=lambda suspect: (-suspect.margin, suspect.item))


def cross_validated(n: int, read: Read, *, seed: int, folds: int = FOLDS) -> tuple[Ints, Doubles]:
    """Items (n,) in their order and probabilities (n, classes), each by a reader taught with the other folds."""
    order = np.random.default_rng(seed).permutation(n)
    parts = [part for part in np.array_split(order, min(folds, n)) if len(part)]
    given = [(part, read(np.setdiff1d(order, part), part)) for part in parts]
    rows = np.concatenate([part for part, _ in given])
    back = np.argsort(rows)
    return rows[back].astype(np.int64), np.concatenate([probabilities for _, probabilities in given])[back]
