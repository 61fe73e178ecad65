"""Isolation Forest (Liu, Ting, Zhou 2008) on embeddings, calibrated to [0, 1].

Parameters as the client gave them. The raw score has no unit that a person could read; it is shown
as its percentile among the reference set: 0.97 means stranger than 97 % of it. A text outside
the reference may lie beyond its largest score; that is 1.0.

scikit-learn walks its trees one by one, 8 ms for a single text. Here they lie end to end in arrays, and all are walked at
once, a level a step: 0.2 ms, with the same scores.
"""

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.ensemble import IsolationForest

CONTAMINATION: Final = 0.05
TREES: Final = 100
SEED: Final = 42
#: Rows walked at once: 512 x 100 trees fit the cache.
BLOCK: Final = 512


def new_forest() -> "IsolationForest":
    """Not fitted yet; with the client's parameters. scikit-learn is loaded here: a start must not wait for it."""
    from sklearn.ensemble import IsolationForest

    return IsolationForest(contamination=CONTAMINATION, n_estimators=TREES, max_samples="auto", random_state=SEED)


class IsolationDetector:
    """scikit-learn's convention for `predict`: -1 for an anomaly, +1 for normal."""

    def __init__(self) -> None:
        self._forest = new_forest()
        self._reference = np.empty(0)
        self.version = "isolation-forest@unfitted"

    def fit(self, vectors: NDArray[np.float32]) -> "IsolationDetector":
        """`vectors` (n, d) float32: the reference set, n >= 2."""
        self._forest.fit(vectors)
        self._flat = FlatForest(self._forest)
        self._reference = np.sort(self._flat.score(vectors))
        digest = hashlib.blake2b(np.ascontiguousarray(vectors).tobytes(), digest_size=4).hexdigest()
        self.version = f"isolation-forest@{digest}"
        return self

    def predict(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n,) -1 or +1; on the reference itself 5 % are -1."""
        if not len(vectors):
            return np.empty(0, dtype=np.int64)
        return np.where(self._flat.score(vectors) > -self._forest.offset_, -1, 1)

    def raw(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) in (0, 1], higher = stranger: the forest's own score, as yet against no reference."""
        return self._flat.score(vectors)

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) in [0, 1], higher = stranger: the share of the reference that is less strange."""
        if not len(vectors):
            return np.empty(0)
        raw = self.raw(vectors)
        share: NDArray[np.float64] = np.searchsorted(self._reference, raw, side="right") / len(self._reference)
        return share


class FlatForest:
    """The trees of a fitted forest end to end: scores as scikit-learn's, without its walk tree by tree."""

    def __init__(self, forest: "IsolationForest") -> None:
        trees = [estimator.tree_ for estimator in forest.estimators_]
        sizes = np.array([tree.node_count for tree in trees])
        self._roots = np.concatenate([[0], sizes[:-1].cumsum()])  # (T,)
        shift = np.repeat(self._roots, sizes)
        leaf = np.concatenate([tree.children_left for tree in trees]) < 0
        own = np.arange(len(shift))
        self._left = np.where(leaf, own, np.concatenate([tree.children_left for tree in trees]) + shift)
        self._right = np.where(leaf, own, np.concatenate([tree.children_right for tree in trees]) + shift)
        self._feature = np.where(leaf, 0, np.concatenate([tree.feature for tree in trees]))
        self._threshold = np.concatenate([tree.threshold for tree in trees])
        self._levels = max(int(tree.max_depth) for tree in trees)
        self._length = self._depths() + _path_length(np.concatenate([tree.n_node_samples for tree in trees]))
        self._expected = float(len(trees) * _path_length(np.array([forest.max_samples_]))[0])

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) in (0, 1], higher = more easily set apart: 2 ** -(mean path length / expected path length)."""
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        parts = [self._paths(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
        lengths = np.concatenate(parts) if parts else np.empty(0)
        scores: NDArray[np.float64] = 2.0 ** -(lengths / self._expected if self._expected else np.ones(len(lengths)))
        return scores

    def _paths(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) path lengths summed over the trees."""
        node = np.broadcast_to(self._roots, (len(rows), len(self._roots)))
        row = np.arange(len(rows))[:, None]
        for _ in range(self._levels):
            below = rows[row, self._feature[node]] <= self._threshold[node]
            node = np.where(below, self._left[node], self._right[node])
        total: NDArray[np.float64] = self._length[node].sum(axis=1)
        return total

    def _depths(self) -> NDArray[np.float64]:
        """Edges between the root and each node."""
        depth, level = np.zeros(len(self._left)), self._roots
        for step in range(1, self._levels + 1):
            inner = level[self._left[level] != level]
            level = np.concatenate([self._left[inner], self._right[inner]])
            depth[level] = step
        return depth


def _path_length(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Mean depth of an unsuccessful search in a binary search tree of that many samples (Liu et al. 2008, equation 1)."""
    n = samples.astype(np.float64)
    more = np.maximum(n, 3)
    length = 2 * (np.log(more - 1) + np.euler_gamma) - 2 * (more - 1) / more
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, length))
