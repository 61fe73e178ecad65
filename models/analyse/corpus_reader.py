"""Reads an error by its nearest neighbours in the corpus: severity, category, actions, confidence.

The corpus is rendered a few times, normalised and embedded like any error. A text's similarity to
a template is its largest cosine over the template's renderings; the k nearest templates vote with
weight exp((similarity - best) / temperature). Confidence is a logistic regression on how near, how
unanimous and how clear the vote is, fitted on the corpus itself with whole technologies left out,
to predict that severity and category are both right.

Simple on purpose: it stays as the rival that every trained model has to beat.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from models.corpus import Template
from models.records import Reading
from models.taxonomy import ACTIONS, CATEGORIES, SEVERITIES

Floats = NDArray[np.float32]

#: Chosen by leave-technology-out accuracy on the corpus (see tests/benchmarks/RESULTS.md).
NEIGHBOURS = 12
TEMPERATURE = 0.06
FOLDS = 5
EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class _Vote:
    severity: NDArray[np.float64]  # (n, 4), rows sum to 1
    category: NDArray[np.float64]  # (n, 10)
    actions: NDArray[np.float64]  # (n, 10)
    nearest: NDArray[np.int64]  # (n, k) template numbers, most alike first
    similarity: NDArray[np.float64]  # (n, k)

    def features(self) -> NDArray[np.float64]:
        """(n, 6): what the confidence is estimated from."""
        top_severity, top_category = self.severity.max(axis=1), self.category.max(axis=1)
        second = np.sort(self.category, axis=1)[:, -2]
        best, last = self.similarity[:, 0], self.similarity[:, -1]
        features: NDArray[np.float64] = np.stack([best, best - last, top_severity, top_category, top_category - second,
                         top_severity * top_category], axis=1)
        return features


class CorpusReader:
    """Fitted at construction; reading is one matrix product.

    `vectors` (t * r, d) float32 with unit rows: r renderings of each of the t templates, template
    by template. `version` names corpus, encoder and normaliser in what is stored.
    """

    def __init__(self, templates: Sequence[Template], vectors: Floats, version: str) -> None:
        if not templates or len(vectors) % len(templates):
            raise ValueError(f"{len(vectors)} vectors do not share out over {len(templates)} templates")
        self.version = version
        self._templates = list(templates)
        self._renderings = len(vectors) // len(templates)
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._severity = np.array([SEVERITIES.index(t.severity) for t in templates])
        self._category = np.array([CATEGORIES.index(t.category) for t in templates])
        self._actions = np.stack([_action_votes(t) for t in templates])
        self._confidence = self._fit_confidence()

    def read(self, vectors: Floats) -> list[Reading]:
        """One Reading per row of `vectors` (n, d), unit rows."""
        if not len(vectors):
            return []
        vote = self._vote(vectors, np.arange(len(self._templates)))
        confidence = self._confidence.predict_proba(vote.features())[:, 1]
        return [self._reading(vote, row, float(confidence[row])) for row in range(len(vectors))]

    def leave_technologies_out(self) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Features (t, 6), severity right (t,) and category right (t,), each template read without its technology."""
        features = np.zeros((len(self._templates), 6))
        right_severity = np.zeros(len(self._templates), dtype=bool)
        right_category = np.zeros(len(self._templates), dtype=bool)
        groups = np.array([t.technology for t in self._templates])
        folds = min(FOLDS, len(set(groups)))
        for train, test in GroupKFold(n_splits=folds).split(groups, groups=groups) if folds > 1 else ():
            vote = self._vote(self._vectors[test * self._renderings], train)
            features[test] = vote.features()
            right_severity[test] = vote.severity.argmax(axis=1) == self._severity[test]
            right_category[test] = vote.category.argmax(axis=1) == self._category[test]
        return features, right_severity, right_category

    def _vote(self, vectors: Floats, among: NDArray[np.int64]) -> _Vote:
        """The vote of the templates numbered in `among` over each row."""
        rows = (among[:, None] * self._renderings + np.arange(self._renderings)).ravel()
        similarity = (vectors @ self._vectors[rows].T).reshape(len(vectors), len(among), self._renderings).max(axis=2)
        k = min(NEIGHBOURS, len(among))
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        near = np.take_along_axis(similarity, order, axis=1).astype(np.float64)
        weight = np.exp((near - near[:, :1]) / TEMPERATURE)
        weight /= weight.sum(axis=1, keepdims=True)
        nearest = among[order]
        return _Vote(
            _tally(weight, self._severity[nearest], len(SEVERITIES)),
            _tally(weight, self._category[nearest], len(CATEGORIES)),
            np.einsum("nk,nka->na", weight, self._actions[nearest]),
            nearest, near,
        )

    def _fit_confidence(self) -> LogisticRegression:
        features, right_severity, right_category = self.leave_technologies_out()
        right = right_severity & right_category
        if right.all() or not right.any():  # a corpus too small to be wrong, or right, even once
            features = np.concatenate([features, np.zeros((1, features.shape[1]))])
            right = np.append(right, not right.any())
        return LogisticRegression(C=1.0, max_iter=1000).fit(features, right)

    def _reading(self, vote: _Vote, row: int, confidence: float) -> Reading:
        order = np.argsort(-vote.actions[row], kind="stable")
        return Reading(
            severity=SEVERITIES[int(vote.severity[row].argmax())],
            category=CATEGORIES[int(vote.category[row].argmax())],
            confidence=round(confidence, 4),
            severity_probabilities=tuple(round(float(p), 4) for p in vote.severity[row]),
            category_probabilities=tuple(round(float(p), 4) for p in vote.category[row]),
            actions=tuple((ACTIONS[a], round(float(vote.actions[row, a]), 4)) for a in order),
            model=self.version,
            evidence=tuple((self._templates[t].id, round(float(s), 4)) for t, s in
                           zip(vote.nearest[row, :EVIDENCE], vote.similarity[row, :EVIDENCE], strict=True)),
        )


def _action_votes(template: Template) -> NDArray[np.float64]:
    """(10,) weights that sum to 1: the best action counts twice the second, and so on."""
    votes = np.zeros(len(ACTIONS))
    for place, action in enumerate(template.actions):
        votes[ACTIONS.index(action)] = 0.5**place
    votes /= votes.sum()
    return votes


def _tally(weight: NDArray[np.float64], labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """(n, classes): the weights (n, k) summed per label (n, k)."""
    tally = np.zeros((len(weight), classes))
    np.add.at(tally, (np.arange(len(weight))[:, None], labels), weight)
    return tally
