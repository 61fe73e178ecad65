"""Reads an error by kernel regression on the corpus: severity, category, actions, confidence.

Kernel ridge regression (Saunders, Gammerman, Vovk 1998) on 0/1 targets over the templates. The kernel
adds a Gaussian-like one on embeddings, exp(GAMMA * (cosine - 1)), to the cosine of hashed tf-idf words
and word pairs: what a text means and what it literally says each find errors that the other misses.
Least squares instead of the logistic loss: it has a closed form (a quarter of a second), and on whole
technologies left out it reads as well as or better than logistic regression on either part. Scores
become probabilities by a softmax whose temperature is fitted on predictions for technologies left out.

Confidence is a logistic regression on those same predictions: how likely severity and category are both
right. Texts that are no errors (`sample_data/non_errors.jsonl`) are its negatives, so that prose, dumps
and routine lines, and whatever is far from everything, read as "not sure".

Everything fitted is arrays (`State`), so it can be cached without pickle. SciPy and scikit-learn are imported where they
are used: that takes a second, and the first page reads nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.corpus import Template
from models.records import Reading
from models.taxonomy import ACTIONS, CATEGORIES, SEVERITIES

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
#: Arrays by name: what fitting leaves behind.
State = Mapping[str, NDArray[Any]]

#: Chosen by leave-technologies-out accuracy on the corpus (tests/benchmarks/RESULTS.md); flat around these values.
GAMMA: Final = 4.0
RIDGE: Final = 0.3
FOLDS: Final = 5
EVIDENCE: Final = 3
#: Hashed words and word pairs: the corpus has about 25,000, so that few share a column.
COLUMNS: Final = 1 << 18

_SEVERITY: Final = slice(0, len(SEVERITIES))
_CATEGORY: Final = slice(_SEVERITY.stop, _SEVERITY.stop + len(CATEGORIES))
_ACTIONS: Final = slice(_CATEGORY.stop, _CATEGORY.stop + len(ACTIONS))
_ERROR: Final = _ACTIONS.stop
TARGETS: Final = _ERROR + 1

_WEIGHTS: Final = ("weights", "mean", "temperature", "confidence")
#: The names of what `fit` returns.
STATE: Final = ("idf", "words", "words_indices", "words_indptr", *_WEIGHTS)


@dataclass(frozen=True, slots=True)
class Training:
    """The corpus as the reader sees it.

    `vectors` (t * r, d) float32, unit rows, and `texts` (t * r): r renderings of each of the t templates,
    template by template. `other_vectors` (m, d) and `other_texts` (m): texts that are no errors.
    """

    templates: Sequence[Template]
    vectors: Floats
    texts: Sequence[str]
    other_vectors: Floats
    other_texts: Sequence[str]

    def __post_init__(self) -> None:
        if not self.templates or len(self.vectors) % len(self.templates) or len(self.texts) != len(self.vectors):
            raise ValueError(f"{len(self.vectors)} vectors and {len(self.texts)} texts do not share out over "
                             f"{len(self.templates)} templates")

    @property
    def renderings(self) -> int:
        return len(self.vectors) // len(self.templates)


class CorpusClassifier:
    """Reading is two matrix products, in double precision: the batch shows only far behind the digits that are kept."""

    def __init__(self, templates: Sequence[Template], vectors: Floats, other_vectors: Floats, state: State, version: str) -> None:
        self.version = version
        self._templates = list(templates)
        self._kernel = _Kernel(len(templates), vectors, other_vectors, state)
        self._state = {name: np.asarray(state[name], dtype=np.float64) for name in _WEIGHTS}

    def read(self, vectors: Floats, texts: Sequence[str]) -> list[Reading]:
        """One Reading per row of `vectors` (n, d), unit rows, and the text that each was made of."""
        from scipy.special import expit

        if not len(vectors):
            return []
        seen = self._kernel.of(vectors, texts)
        scores = seen.kernel @ self._state["weights"] + self._state["mean"]
        severity, category = _probabilities(scores, self._state["temperature"])
        features = _features(seen.nearness, scores, severity, category)
        confidence = expit(features @ self._state["confidence"][:-1] + self._state["confidence"][-1])
        rows = zip(severity, category, _shares(scores[:, _ACTIONS]), seen.similarity, confidence, strict=True)
        return [self._reading(*row) for row in rows]

    def _reading(self, severity: Doubles, category: Doubles, actions: Doubles, similarity: Doubles, confidence: float) -> Reading:
        order, nearest = _descending(actions), _descending(similarity)[:EVIDENCE]
        return Reading(
            severity=SEVERITIES[int(severity.argmax())],
            category=CATEGORIES[int(category.argmax())],
            confidence=round(float(confidence), 4),
            severity_probabilities=tuple(round(float(p), 4) for p in severity),
            category_probabilities=tuple(round(float(p), 4) for p in category),
            actions=tuple((ACTIONS[a], round(float(actions[a]), 4)) for a in order),
            model=self.version,
            evidence=tuple((self._templates[t].id, round(float(similarity[t]), 4)) for t in nearest),
        )


def fit(training: Training) -> State:
    """The weights over all templates, and temperatures and confidence from technologies left out; about two seconds."""
    kernel, targets = _Fitted(training), _targets(training)
    weights, mean = _ridge(kernel.square, targets)
    temperature, features, right = _read_left_out(kernel, training, targets)
    return {**kernel.state, "weights": weights, "mean": mean, "temperature": temperature,
            "confidence": _confidence(features, right)}


def _read_left_out(kernel: "_Fitted", training: Training, targets: Doubles) -> tuple[Doubles, Doubles, NDArray[np.bool_]]:
    """Temperature (2,), and of templates and non-errors read without their technology: features (t + m, 9), right (t + m,)."""
    scores, nearness = _left_out(kernel, training, targets)
    temperature = _temperatures(scores, training)
    severity, category = _probabilities(scores, temperature)
    return temperature, _features(nearness, scores, severity, category), _right(severity, category, training)


@dataclass(frozen=True, slots=True)
class _Seen:
    """n texts against the corpus: kernel (n, t + m), largest cosine to each template (n, t), nearness (n, 4)."""

    kernel: Doubles
    similarity: Doubles
    nearness: Doubles


class _Kernel:
    """The kernel between any texts and the t templates and m non-errors; a template is the mean of its renderings."""

    def __init__(self, templates: int, vectors: Floats, other_vectors: Floats, state: State) -> None:
        from scipy.sparse import csr_matrix

        self._templates = templates
        self._vectors = np.ascontiguousarray(np.concatenate([vectors, other_vectors]), dtype=np.float64)
        self._rendered = len(vectors)
        self._idf = np.asarray(state["idf"], dtype=np.float64)
        shape = (COLUMNS, templates + len(other_vectors))
        self._words = csr_matrix((state["words"], state["words_indices"], state["words_indptr"]), shape=shape)
        self._corpus = self._occur(np.arange(templates))

    def of(self, vectors: Floats, texts: Sequence[str], among: NDArray[np.int64] | None = None) -> _Seen:
        """`among`: the rows (templates, then non-errors) that count as known; all of them where it is None."""
        cosine = vectors.astype(np.float64) @ self._vectors.T
        rendered = cosine[:, : self._rendered].reshape(len(vectors), self._templates, -1)
        mean = np.concatenate([rendered.mean(axis=2), cosine[:, self._rendered :]], axis=1)
        counts = _counts(texts)
        shared = np.asarray((_tfidf(counts, self._idf) @ self._words).todense(), dtype=np.float64)
        kernel, similarity, corpus = np.exp(GAMMA * (mean - 1)) + shared, rendered.max(axis=2), self._corpus
        shared = shared[:, : self._templates]
        if among is not None:
            errors = among[among < self._templates]
            kernel, similarity, shared, corpus = kernel[:, among], similarity[:, errors], shared[:, errors], self._occur(errors)
        known = np.asarray((counts > 0) @ corpus).ravel() / np.maximum(np.diff(counts.indptr), 1)
        return _Seen(kernel, similarity, _nearness(similarity, shared, known))

    def _occur(self, errors: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(COLUMNS,) whether a word or pair occurs in those templates."""
        occur: NDArray[np.bool_] = np.asarray(self._words[:, errors].sum(axis=1)).ravel() > 0
        return occur


class _Fitted(_Kernel):
    """The kernel with its words counted from the corpus, and `square` (t + m, t + m): the corpus against itself."""

    def __init__(self, training: Training) -> None:
        t, r, m = len(training.templates), training.renderings, len(training.other_texts)
        counts = _counts([*training.texts, *training.other_texts])
        found = np.asarray((counts > 0).sum(axis=0)).ravel()
        idf = np.where(found > 0, np.log((1 + counts.shape[0]) / (1 + found)) + 1, 0.0)
        rows = _tfidf(counts, idf)
        mean = _mean_of_rows(t, r, m)
        words = (mean @ rows).T.tocsr()
        self.state: dict[str, NDArray[Any]] = {
            "idf": idf, "words": words.data, "words_indices": words.indices, "words_indptr": words.indptr}
        super().__init__(t, training.vectors, training.other_vectors, self.state)
        centres = np.asarray(mean @ np.concatenate([training.vectors, training.other_vectors]).astype(np.float64))
        self.square: Doubles = np.exp(GAMMA * (centres @ centres.T - 1)) + (words.T @ words).toarray()


def _descending(values: Doubles) -> NDArray[np.int64]:
    """The order from the largest on; what differs only by rounding keeps its place, whatever the batch."""
    return np.argsort(-np.round(values, 9), kind="stable")


def _nearness(similarity: Doubles, shared: Doubles, known: Doubles) -> Doubles:
    """(n, 4): largest cosine, mean of the five largest, largest cosine of words, share of known words."""
    near = np.sort(similarity, axis=1)[:, -5:]
    nearness: Doubles = np.stack([near[:, -1], near.mean(axis=1), shared.max(axis=1), known], axis=1)
    return nearness


def _counts(texts: Sequence[str]) -> "csr_matrix":
    """(n, COLUMNS) counts of words and pairs of words."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(n_features=COLUMNS, ngram_range=(1, 2), norm=None, alternate_sign=False).transform(texts)


def _tfidf(counts: "csr_matrix", idf: Doubles) -> "csr_matrix":
    """(n, COLUMNS) unit rows with damped counts; words that the corpus does not have are left out."""
    rows = counts.astype(np.float64).tocsr()
    rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows.data /= np.repeat(np.where(length > 0, length, 1.0), np.diff(rows.indptr))
    return rows


def _mean_of_rows(templates: int, renderings: int, others: int) -> "csr_matrix":
    """(t + m, t * r + m): averages the renderings of each template, leaves the others alone."""
    from scipy.sparse import csr_matrix

    row = np.concatenate([np.repeat(np.arange(templates), renderings), templates + np.arange(others)])
    value = np.concatenate([np.full(templates * renderings, 1 / renderings), np.ones(others)])
    return csr_matrix((value, (row, np.arange(len(row)))))


def _targets(training: Training) -> Doubles:
    """(t + m, TARGETS); a non-error says nothing of severity, category and actions: the mean of the errors."""
    t = len(training.templates)
    targets = np.zeros((t + len(training.other_texts), TARGETS))
    for row, template in enumerate(training.templates):
        targets[row, SEVERITIES.index(template.severity)] = 1
        targets[row, _CATEGORY.start + CATEGORIES.index(template.category)] = 1
        targets[row, _ACTIONS] = _action_shares(template)
        targets[row, _ERROR] = 1
    targets[t:, :_ERROR] = targets[:t, :_ERROR].mean(axis=0)
    return targets


def _action_shares(template: Template) -> Doubles:
    """(10,) weights that sum to 1: the best action counts twice the second, and so on."""
    shares = np.zeros(len(ACTIONS))
    for place, action in enumerate(template.actions):
        shares[ACTIONS.index(action)] = 0.5**place
    return shares / float(shares.sum())


def _ridge(square: Doubles, targets: Doubles) -> tuple[Doubles, Doubles]:
    """Weights (rows, TARGETS) over the kernel, and the mean (TARGETS,) to add."""
    mean = targets.mean(axis=0)
    weights: Doubles = np.linalg.solve(square + RIDGE * np.eye(len(square)), targets - mean)
    return weights, mean


def _folds(training: Training) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows (train, test) with whole technologies on one side; every non-error is its own technology."""
    from sklearn.model_selection import GroupKFold

    groups = [template.technology for template in training.templates] + [f"\0{i}" for i in range(len(training.other_texts))]
    folds = min(FOLDS, len(set(groups)))
    return list(GroupKFold(n_splits=folds).split(groups, groups=groups)) if folds > 1 else []


def _left_out(kernel: "_Fitted", training: Training, targets: Doubles) -> tuple[Doubles, Doubles]:
    """Scores (t + m, TARGETS) and nearness (t + m, 4) of each first rendering and non-error by a fit without its fold."""
    vectors = np.concatenate([training.vectors[:: training.renderings], training.other_vectors])
    texts = [*training.texts[:: training.renderings], *training.other_texts]
    scores, nearness = np.tile(targets.mean(axis=0), (len(targets), 1)), np.zeros((len(targets), 4))
    for train, test in _folds(training):
        seen = kernel.of(vectors[test], [texts[row] for row in test], among=train)
        weights, mean = _ridge(kernel.square[np.ix_(train, train)], targets[train])
        scores[test], nearness[test] = seen.kernel @ weights + mean, seen.nearness
    return scores, nearness


def _probabilities(scores: Doubles, temperature: Doubles) -> tuple[Doubles, Doubles]:
    """Severity (n, 4) and category (n, 10), rows sum to 1."""
    from scipy.special import softmax

    severity: Doubles = softmax(scores[:, _SEVERITY] / temperature[0], axis=1)
    category: Doubles = softmax(scores[:, _CATEGORY] / temperature[1], axis=1)
    return severity, category


def _shares(scores: Doubles) -> Doubles:
    """(n, 10) action scores, none negative, rows sum to 1, in the order of `scores`."""
    positive = np.maximum(scores, 1e-6)
    shares: Doubles = positive / positive.sum(axis=1, keepdims=True)
    return shares


def _temperatures(scores: Doubles, training: Training) -> Doubles:
    """(2,): of severity and category, by the log-likelihood of the templates' own classes."""
    from scipy.optimize import minimize_scalar
    from scipy.special import softmax

    severity = np.array([SEVERITIES.index(t.severity) for t in training.templates])
    category = np.array([CATEGORIES.index(t.category) for t in training.templates])
    rows = np.arange(len(severity))

    def fitted(part: Doubles, truth: NDArray[np.int64]) -> float:
        def loss(log_temperature: float) -> float:
            return -float(np.log(softmax(part / np.exp(log_temperature), axis=1)[rows, truth] + 1e-12).mean())

        return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 1.0), method="bounded").x))

    return np.array([fitted(scores[rows, _SEVERITY], severity), fitted(scores[rows, _CATEGORY], category)])


def _features(nearness: Doubles, scores: Doubles, severity: Doubles, category: Doubles) -> Doubles:
    """(n, 9): what the confidence is estimated from."""
    sure_severity, ordered = severity.max(axis=1), np.sort(category, axis=1)
    sureness = np.stack([scores[:, _ERROR], sure_severity, ordered[:, -1], ordered[:, -1] - ordered[:, -2],
                         sure_severity * ordered[:, -1]], axis=1)
    return np.concatenate([nearness, sureness], axis=1)


def _right(severity: Doubles, category: Doubles, training: Training) -> NDArray[np.bool_]:
    """(t + m,) whether severity and category are both right; never for a non-error."""
    read = [(SEVERITIES[s], CATEGORIES[c]) for s, c in zip(severity.argmax(axis=1), category.argmax(axis=1), strict=True)]
    truth = [(template.severity, template.category) for template in training.templates]
    return np.array([*(one == other for one, other in zip(read, truth, strict=False)), *[False] * len(training.other_texts)])


def _confidence(features: Doubles, right: NDArray[np.bool_]) -> Doubles:
    """(10,) coefficients of the features as they are, the intercept last."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    if right.all() or not right.any():  # a corpus too small to be wrong, or right, even once
        features, right = np.concatenate([features, np.zeros((1, features.shape[1]))]), np.append(right, not right.any())
    scale = StandardScaler().fit(features)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(scale.transform(features), right)
    slope = model.coef_[0] / scale.scale_
    return np.append(slope, model.intercept_[0] - slope @ scale.mean_)


