"""Which unlabelled items are worth a question: scikit-activeml's strategies behind one name.

All of them see the same: unit vectors of the candidates, the class probabilities that the present reader gives them, and
the vectors that are labelled already. They answer with places in the candidates, the one to ask first at the front.

- `random`: every item alike; what every other one has to beat.
- `margin`, `entropy`, `least_confident`: uncertainty sampling (Settles 2009); `margin` asks where two classes are closest.
- `badge`: k-means++ on the gradients of the last layer (Ash et al. 2020): uncertain ones that differ from each other.
- `falcun`: margin and distance between the probabilities (Gilhuber et al. 2024).
- `clue`: k-means weighted by entropy (Prabhu et al. 2021).
- `typiclust`: the typical item of each cluster that holds no label yet (Hacohen et al. 2022); needs no probabilities.

scikit-activeml takes seconds to import, so it is imported at the first question.
"""

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

STRATEGIES: Final = ("random", "margin", "entropy", "least_confident", "badge", "falcun", "clue", "typiclust")
#: Candidates that the strategies with clusters or gradients look at, the closest margins first: their cost grows with these.
LOOKED_AT: Final = 1_000
_UNCERTAINTY: Final = {"margin": "margin_sampling", "entropy": "entropy", "least_confident": "least_confident"}


def choose(
    strategy: str, vectors: Floats, probabilities: Doubles, *, n: int, seed: int, labelled: Floats | None = None
) -> NDArray[np.int64]:
    """Places (min(n, c),) int64 in the c candidates, best first, each once; the same seed gives the same places.

    `vectors` (c, d) unit rows, `probabilities` (c, classes) rows that sum to 1, `labelled` (l, d) unit rows.
    ValueError for a strategy that is not one of STRATEGIES.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"unknown strategy {strategy!r}; one of {', '.join(STRATEGIES)}")
    n = min(n, len(vectors))
    if not n:
        return np.empty(0, dtype=np.int64)
    if strategy == "random":
        return np.random.default_rng(seed).permutation(len(vectors))[:n]
    if strategy in _UNCERTAINTY:
        return np.argsort(-uncertainty(probabilities, strategy), kind="stable")[:n]
    near = np.argsort(-uncertainty(probabilities), kind="stable")[: max(LOOKED_AT, n)]
    if strategy == "typiclust":
        near = np.random.default_rng(seed).permutation(len(vectors))[: max(LOOKED_AT, n)]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # k-means says so where there are fewer distinct texts than clusters; that is no fault
        chosen = _asked(strategy, vectors[near], probabilities[near], n=n, seed=seed, labelled=labelled)
    # Equal candidates have no distance between them: `badge` then names one twice, and the next in order takes its place.
    places = np.fromiter(dict.fromkeys([*chosen.tolist(), *range(len(near))]), dtype=np.int64)[:n]
    return near[places]


def uncertainty(probabilities: Doubles, strategy: str = "margin") -> Doubles:
    """(c,) higher = less certain: by the gap of the two likeliest classes, by entropy, or by the likeliest class."""
    from skactiveml.pool import uncertainty_scores

    scores: Doubles = uncertainty_scores(normalised(probabilities), method=_UNCERTAINTY[strategy])
    return scores


def normalised(probabilities: Doubles) -> Doubles:
    """Rows that sum to 1 exactly: what is stored is rounded."""
    rows: Doubles = np.maximum(np.asarray(probabilities, dtype=np.float64), 1e-9)
    rows /= rows.sum(axis=1, keepdims=True)
    return rows


def _asked(
    strategy: str, vectors: Floats, probabilities: Doubles, *, n: int, seed: int, labelled: Floats | None
) -> NDArray[np.int64]:
    from skactiveml.pool import Badge, Clue, Falcun, TypiClust

    rows, unknown = np.asarray(vectors, dtype=np.float64), np.full(len(vectors), np.nan)
    if strategy == "typiclust":
        known = np.empty((0, rows.shape[1])) if labelled is None else np.asarray(labelled, dtype=np.float64)
        every, labels = np.concatenate([rows, known]), np.append(unknown, np.zeros(len(known)))
        picked = TypiClust(random_state=seed).query(every, labels, candidates=np.arange(len(rows)), batch_size=n)
    else:
        reader = _reader(normalised(probabilities))
        if strategy == "clue":
            picked = Clue(random_state=seed, cluster_algo_dict={"random_state": seed, "n_init": 1}).query(
                rows, unknown, reader, fit_estimator=False, batch_size=n
            )
        else:
            query = Badge(random_state=seed) if strategy == "badge" else Falcun(random_state=seed)
            picked = query.query(rows, unknown, reader, fit_clf=False, batch_size=n)
    return np.asarray(picked, dtype=np.int64)


def _reader(probabilities: Doubles) -> Any:
    """A classifier as scikit-activeml asks for one; it answers what the reader said of the candidates already."""
    from skactiveml.base import SkactivemlClassifier

    class Said(SkactivemlClassifier):  # type: ignore[misc]
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: N803 - scikit-activeml's name
            return self

        def predict_proba(self, X: Any) -> Doubles:  # noqa: N803 - scikit-activeml's name
            return probabilities

    said = Said(classes=list(range(probabilities.shape[1])))
    said.classes_ = np.arange(probabilities.shape[1])
    return said
