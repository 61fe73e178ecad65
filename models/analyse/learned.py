"""The reader of one store: the shipped reader, taught by the labels that people gave here.

The shipped reader's probabilities p0(x) count as PRIOR labels of a text x; every label y_i of a text x_i counts as
k(x, x_i) = exp(GAMMA * (cos(x, x_i) - 1)), and as nothing below the cosine SUPPORT:

    p(x) = (PRIOR * p0(x) + sum_i k(x, x_i) y_i) / (PRIOR + sum_i k(x, x_i))

Dirichlet smoothing of a Nadaraya-Watson vote. Nothing is iterated: a label counts at once, in any order, and its undoing
gives exactly the reading from before. What has no label near it reads as shipped, to the last digit and by the shipped
version's name. A text that is labelled itself reads as its label. Severity and category are taught apart: a correction of
one says nothing of the other.

GAMMA, PRIOR and SUPPORT were chosen on families of the corpus that the kernel had not seen, among residual and ridge forms
and a logistic head (tests/benchmarks/learning.py has the table); around these values it is flat.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.records import Reading
from models.taxonomy import CATEGORIES, SEVERITIES

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

GAMMA: Final = 10.0
PRIOR: Final = 0.2
SUPPORT: Final = 0.5
#: From this cosine on a text is the labelled one itself: rounding of the encoder's float32.
SAME: Final = 1 - 1e-5
#: What a label counts for its own text.
OWN: Final = 1_000.0
#: Stands between the shipped version and what the labels add to it.
MARK: Final = "+labels"
#: Labels named as evidence of a reading.
NAMED: Final = 2
#: A label that does not say one of the two.
NONE: Final = -1


@dataclass(frozen=True, slots=True)
class Labelled:
    """l labels. `keys` name their signatures; `vectors` (l, d) unit rows; `severity` and `category` (l,) by place in the
    taxonomy, NONE where the label does not say."""

    keys: tuple[str, ...]
    vectors: Floats
    severity: Ints
    category: Ints


class LearnedReader:
    """Teaches readings of the shipped reader; `version` names the labels, whatever their order."""

    def __init__(self, labels: Labelled) -> None:
        self.labels = labels
        self._vectors = labels.vectors.astype(np.float64)
        self._hashes = np.array([_hash(*one) for one in self._rows()], dtype=np.uint64)
        self.version = f"{MARK}-{len(labels.keys)}@{int(self._hashes.sum(dtype=np.uint64)):016x}"

    def suffixes(self, vectors: Floats) -> list[str]:
        """(n,) what the labels near each row add to the version of its reading; "" where there is none."""
        near = self._weights(vectors) > 0
        return [
            f"{MARK}-{count}@{digest:016x}" if count else "" for count, digest in zip(*self._named(near), strict=True)
        ]

    def read(self, vectors: Floats, readings: Sequence[Reading]) -> list[Reading]:
        """The readings (n) of the shipped reader as the labels have them; `vectors` (n, d) are of the same texts."""
        return self._read(self._weights(vectors), vectors, readings)

    def left_out(self, readings: Sequence[Reading]) -> list[Reading]:
        """Each label's text, by its shipped reading (l), read without its own label: what the labels are worth."""
        return self._read(self.between(), self.labels.vectors, readings)

    def between(self) -> Doubles:
        """(l, l) what each label counts for each other one's text; nothing for its own."""
        weights = self._weights(self.labels.vectors)
        np.fill_diagonal(weights, 0.0)
        return weights

    def _read(self, weights: Doubles, vectors: Floats, readings: Sequence[Reading]) -> list[Reading]:
        """By what each label counts for each row (n, l)."""
        if not readings:
            return []
        counts, digests = self._named(weights > 0)
        cosines = vectors.astype(np.float64) @ self._vectors.T
        severity, one = _said(weights, [r.severity_probabilities for r in readings], self.labels.severity)
        category, other = _said(weights, [r.category_probabilities for r in readings], self.labels.category)
        taught = []
        for row, reading in enumerate(readings):
            if not counts[row]:
                taught.append(reading)
                continue
            share = max(one[row], other[row])
            sure = (1 - share) * reading.confidence + share * severity[row].max() * category[row].max()
            nearest = np.argsort(-np.round(np.where(weights[row] > 0, cosines[row], -2), 9), kind="stable")[
                :NAMED
            ].tolist()
            named = [
                (f"label {self.labels.keys[i][:8]}", round(float(cosines[row, i]), 4))
                for i in nearest
                if weights[row, i] > 0
            ]
            taught.append(
                replace(
                    reading,
                    severity=SEVERITIES[int(severity[row].argmax())],
                    category=CATEGORIES[int(category[row].argmax())],
                    severity_probabilities=tuple(round(float(p), 4) for p in severity[row]),
                    category_probabilities=tuple(round(float(p), 4) for p in category[row]),
                    confidence=round(float(sure), 4),
                    model=f"{reading.model}{MARK}-{counts[row]}@{digests[row]:016x}",
                    evidence=(*named, *reading.evidence),
                    untaught=reading,
                )
            )
        return taught

    def _weights(self, vectors: Floats) -> Doubles:
        """(n, l) what each label counts for each row."""
        cosine = vectors.astype(np.float64) @ self._vectors.T
        weights = np.where(cosine >= SUPPORT, np.exp(GAMMA * (cosine - 1)), 0.0)
        return np.where(cosine >= SAME, OWN, weights)

    def _named(self, near: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
        """How many labels are near each row, and the sum of their hashes."""
        digests = [int(self._hashes[row].sum(dtype=np.uint64)) for row in near]
        return near.sum(axis=1).tolist(), digests

    def _rows(self) -> list[tuple[str, int, int]]:
        labels = self.labels
        return list(zip(labels.keys, labels.severity.tolist(), labels.category.tolist(), strict=True))


def untaught(reading: Reading) -> Reading:
    """The reading as the shipped reader gave it."""
    return reading.untaught or reading


def taught(weights: Doubles, prior: Doubles, truth: Ints) -> tuple[Doubles, Doubles]:
    """Probabilities (n, classes), rows sum to 1, and the labels' share of each row (n,) in [0, 1).

    `weights` (n, l) what each label counts, `prior` (n, classes) as shipped, `truth` (l,) the labels' classes.
    """
    votes = weights @ np.eye(prior.shape[1])[truth]
    mass = votes.sum(axis=1, keepdims=True)
    return (PRIOR * prior + votes) / (PRIOR + mass), (mass / (PRIOR + mass)).ravel()


def _said(weights: Doubles, prior: Sequence[Sequence[float]], truth: Ints) -> tuple[Doubles, Doubles]:
    """The same with the labels that say it alone."""
    return taught(weights[:, truth != NONE], np.asarray(prior, dtype=np.float64), truth[truth != NONE])


def _hash(key: str, severity: int, category: int) -> int:
    digest = hashlib.blake2b(f"{key}\0{severity}\0{category}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
