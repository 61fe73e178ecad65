"""Unit vectors to points on a plane, near where alike: UMAP (McInnes, Healy, Melville 2018), and PCA where there are few.

Deviations from umap-learn's defaults: neighbours are exact (FAISS) instead of approximate, which saves compiling
and seeding an index; it starts from PCA instead of the graph's eigenvectors, which takes no solver and keeps far
apart what is; one thread and a fixed seed, so that the same vectors always give the same map. More vectors than
`MOST` are sampled: the rest is placed beside its neighbours, as later ones are.
"""

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # (n, d), unit rows
Points = NDArray[np.float32]  # (n, 2)

#: Fewer points have no neighbourhoods worth the name: PCA shows them as truly.
FEWEST: Final = 15
#: Largest number that UMAP itself lays out; its time grows with it, see tests/benchmarks/RESULTS.md.
MOST: Final = 20_000
NEIGHBOURS: Final = 15
#: Neighbours that a new point is placed between.
_BESIDE: Final = 5
_SEED: Final = 42
#: Rows of a block when similarities are computed: 512 x 50,000 float32 are 100 MB.
_BLOCK: Final = 512
#: Points on which trustworthiness is measured; it needs all distances between them.
_SAMPLE: Final = 1_500


def project(vectors: Vectors) -> Points:
    """(n, 2) float32, n >= FEWEST: the map by UMAP, in its own unit. Takes seconds to minutes: not for a page."""
    if len(vectors) <= MOST:
        return _umap(vectors)
    chosen = np.sort(np.random.default_rng(_SEED).choice(len(vectors), MOST, replace=False))
    points = np.empty((len(vectors), 2), dtype=np.float32)
    points[chosen] = _umap(vectors[chosen])
    rest = np.setdiff1d(np.arange(len(vectors)), chosen)
    points[rest], _ = place(vectors[rest], vectors[chosen], points[chosen])
    return points


def flat(vectors: Vectors) -> Points:
    """(n, 2) float32 by PCA: at once, for any n; the sign of an axis is fixed by its largest component."""
    if len(vectors) < 2:
        return np.zeros((len(vectors), 2), dtype=np.float32)
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # (d, d), ascending
    axes = axes[:, :-3:-1]  # (d, 2)
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    points: Points = (centred @ axes).astype(np.float32)
    return points


def place(vectors: Vectors, reference: Vectors, points: Points) -> tuple[Points, NDArray[np.int64]]:
    """(m, 2) float32: each vector at the mean of its nearest references' points, nearer ones weighing more; and the nearest.

    `reference` (n, d) unit rows with their `points` (n, 2), n >= 1. An equal vector gets its twin's place.
    The second value (m,) is the row of `reference` that is nearest.
    """
    placed = np.empty((len(vectors), 2), dtype=np.float32)
    beside = np.empty(len(vectors), dtype=np.int64)
    k = min(_BESIDE, len(reference))
    for start in range(0, len(vectors), _BLOCK):
        block = slice(start, start + _BLOCK)
        similarity = vectors[block] @ reference.T  # (b, n)
        nearest = np.argpartition(similarity, -k, axis=1)[:, -k:]  # (b, k)
        alike = np.take_along_axis(similarity, nearest, axis=1)
        weights = np.maximum(1 - alike, 1e-6) ** -2.0
        weights /= weights.sum(axis=1, keepdims=True)
        placed[block] = np.einsum("bk,bkd->bd", weights, points[nearest])
        beside[block] = np.take_along_axis(nearest, alike.argmax(axis=1)[:, None], axis=1)[:, 0]
    return placed, beside


def trustworthiness(vectors: Vectors, points: Points, neighbours: int = 10) -> float:
    """[0, 1], higher = neighbours on the map are neighbours in meaning (Venna, Kaski 2001); nan below four points.

    Measured among a sample of the points with a fixed seed.
    """
    if len(vectors) < 4:
        return float("nan")
    from sklearn.manifold import trustworthiness as measured

    chosen = np.random.default_rng(_SEED).permutation(len(vectors))[:_SAMPLE]
    k = min(neighbours, (len(chosen) - 1) // 2)
    return float(measured(vectors[chosen], points[chosen], n_neighbors=k, metric="cosine"))


def _umap(vectors: Vectors) -> Points:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tensorflow is not installed; the neighbours given cannot place new points
        from umap import UMAP

        fitted: Any = UMAP(
            n_neighbors=min(NEIGHBOURS, len(vectors) - 1),
            metric="cosine",
            init="pca",
            random_state=_SEED,
            n_jobs=1,
            precomputed_knn=_neighbours(vectors, min(NEIGHBOURS, len(vectors) - 1)),
        ).fit(vectors)
    points: Points = np.ascontiguousarray(fitted.embedding_, dtype=np.float32)
    return points


def _neighbours(vectors: Vectors, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Indices and cosine distances (n, k) of the nearest, itself first."""
    import faiss

    index: Any = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    similarity, nearest = index.search(np.ascontiguousarray(vectors), k)
    return nearest, np.maximum(1 - similarity, 0)
