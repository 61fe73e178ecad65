"""The readers that are compared: what the product uses and its rivals, all fitted on the same rendered corpus.

The rivals' settings (C of the logistic regressions, words and pairs of words) were chosen on the corpus by
leave-technologies-out, as the product's own were.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from models.analyse.corpus_classifier import CorpusClassifier, Training, fit
from models.analyse.corpus_reader import CorpusReader
from models.records import Reading

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answers:
    """What was read of n texts; `confidence` (n,) in [0, 1]. `action` is the first, "" where the reader has none."""

    severity: NDArray[np.str_]
    category: NDArray[np.str_]
    confidence: NDArray[np.float64]
    action: NDArray[np.str_]


#: Reads vectors (n, d) and what the encoder saw of each text.
Read = Callable[[Floats, Sequence[str]], Answers]


def kernel(training: Training) -> Read:
    """The kernel reader, fitted on a part of the corpus: the product's other half, or all of it (`app.evaluation.deep`)."""
    state = fit(training)
    reader = CorpusClassifier(training.templates, training.vectors, training.other_vectors, state, "corpus-kernel")
    return lambda vectors, texts: of_readings(reader.read(vectors, texts))


def minilm_knn(training: Training) -> Read:
    reader = CorpusReader(training.templates, training.vectors, "corpus-knn")
    return lambda vectors, texts: of_readings(reader.read(vectors))


def minilm_logreg(training: Training) -> Read:
    severity, category = _logistic(training.vectors, training, C=1.0)
    return lambda vectors, texts: _of_models(severity, category, vectors)


def tfidf_logreg(training: Training) -> Read:
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    severity, category = _logistic(words.fit_transform(training.texts), training, C=3.0)
    return lambda vectors, texts: _of_models(severity, category, words.transform(texts))


def majority(training: Training) -> Read:
    """The most frequent severity and the most frequent category; as sure as they are frequent together."""
    severity = [template.severity for template in training.templates]
    category = [template.category for template in training.templates]
    best, other = max(set(severity), key=severity.count), max(set(category), key=category.count)
    both = sum((s, c) == (best, other) for s, c in zip(severity, category, strict=True)) / len(severity)
    return lambda vectors, texts: Answers(*(np.full(len(texts), value) for value in (best, other, both, "")))


RIVALS: Final[dict[str, Callable[[Training], Read]]] = {
    "tfidf_logreg": tfidf_logreg, "minilm_logreg": minilm_logreg, "minilm_knn": minilm_knn, "majority": majority,
}


def of_readings(readings: Sequence[Reading]) -> Answers:
    return Answers(
        np.array([reading.severity for reading in readings], dtype=np.str_),
        np.array([reading.category for reading in readings], dtype=np.str_),
        np.array([reading.confidence for reading in readings], dtype=np.float64),
        np.array([reading.actions[0][0] for reading in readings], dtype=np.str_),
    )


def part(training: Training, templates: NDArray[np.int64], others: NDArray[np.int64]) -> Training:
    """The training of some templates and some non-errors only."""
    rows = (templates[:, None] * training.renderings + np.arange(training.renderings)).ravel()
    return Training(
        [training.templates[template] for template in templates.tolist()],
        training.vectors[rows], [training.texts[row] for row in rows.tolist()],
        training.other_vectors[others], [training.other_texts[other] for other in others.tolist()],
    )


def _logistic(rows: Any, training: Training, *, C: float) -> tuple[LogisticRegression, LogisticRegression]:  # noqa: N803
    def fitted(labels: list[str]) -> LogisticRegression:
        return LogisticRegression(C=C, max_iter=1000).fit(rows, np.repeat(labels, training.renderings))

    return fitted([t.severity for t in training.templates]), fitted([t.category for t in training.templates])


def _of_models(severity: LogisticRegression, category: LogisticRegression, rows: Any) -> Answers:
    """Both by their most likely class; as sure as the product of the two probabilities."""
    one, other = severity.predict_proba(rows), category.predict_proba(rows)
    return Answers(severity.classes_[one.argmax(axis=1)], category.classes_[other.argmax(axis=1)],
                   one.max(axis=1) * other.max(axis=1), np.full(len(one), ""))
