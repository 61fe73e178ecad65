"""Points on the map to families: HDBSCAN (Campello, Moulavi, Sander 2013), each named by its own words.

Names are by class-based tf-idf (Grootendorst 2022): a word counts for a family as often as it stands in its texts,
and the less the more it stands in all. Placeholders of the normaliser and words without letters name nothing.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: The label of a point that belongs to no family.
NONE: Final = -1
#: Fewer points are read one by one.
_FEWEST: Final = 8
_WORDS: Final = 3
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{2,40}")
#: Words of grammar, which say nothing of an error even where a family has them to itself.
_GRAMMAR: Final = frozenset(
    {"the", "and", "for", "with", "from", "not", "has", "was", "are", "can", "could", "its", "this", "that", "after"}
)


def families(points: NDArray[np.float32]) -> NDArray[np.int32]:
    """(n,) int32: the family of each point (n, 2), counted from 0 by size, largest first; NONE for a lone one."""
    if len(points) < _FEWEST:
        return np.full(len(points), NONE, dtype=np.int32)
    from sklearn.cluster import HDBSCAN

    labels = HDBSCAN(min_cluster_size=max(4, round(sqrt(len(points)) / 2)), copy=True).fit_predict(points)
    found, sizes = np.unique(labels[labels >= 0], return_counts=True)
    order = found[np.argsort(-sizes, kind="stable")]
    by_size = {int(label): rank for rank, label in enumerate(order)}
    return np.array([by_size.get(int(label), NONE) for label in labels], dtype=np.int32)


def names(texts: Sequence[str], labels: NDArray[np.int32]) -> dict[int, str]:
    """A name for each family, different from all others; `texts` are normalised, one a point."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for text, label in zip(texts, labels.tolist(), strict=True):
        if label != NONE:
            counts[label].update(set(_words(text)))
    everywhere = Counter[str]()
    for words in counts.values():
        everywhere.update(words)
    mean = sum(everywhere.values()) / max(len(counts), 1)
    taken: Counter[str] = Counter()
    named: dict[int, str] = {}
    for label in sorted(counts):
        score = {word: n * log(1 + mean / everywhere[word]) for word, n in counts[label].items()}
        best = sorted(score, key=lambda word: (-score[word], word))[:_WORDS]
        name = " ".join(best) or "no words"
        taken[name] += 1
        named[label] = name if taken[name] == 1 else f"{name} ({taken[name]})"
    return named


def _words(text: str) -> list[str]:
    found = (word.lower() for word in _WORD.findall(text.replace("<*>", " ")))
    return [word for word in found if word not in _GRAMMAR]
