"""How strange a text is, seen by several detectors side by side, and why in words.

Vectors (n, d) of texts in, a `Strangeness` each out. Every detector's raw score becomes its percentile among the reference:
0.97 means stranger than 97 % of it. The combined score is the largest of the three, set against the largest of the three
on the reference, so that it is a percentile too; the detector that gave it is the reason.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse import vae_scorer
from models.analyse.isolation import IsolationDetector

ISOLATION, VAE, NEAREST, COMBINED = "isolation_forest", "vae", "nearest_neighbour", "combined"
#: Rows of the reference that calibrate the nearest neighbour: its cost grows with their square.
CALIBRATED: Final = 4_000
BLOCK: Final = 512

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Strangeness:
    """Of one text: percentiles in [0, 1] by detector, higher = stranger; `similarity` is the cosine to the nearest known text."""

    scores: dict[str, float]
    similarity: float

    @property
    def combined(self) -> float:
        return self.scores[COMBINED]

    @property
    def disagreement(self) -> float:
        """The widest gap between two detectors, in [0, 1]."""
        parts = [value for name, value in self.scores.items() if name != COMBINED]
        return max(parts) - min(parts)

    @property
    def reason(self) -> str:
        return reason(self.scores, self.similarity)


class TextDetectors:
    """Isolation Forest, AnomalyVAE and nearest neighbour on one reference of unit vectors (n, d)."""

    def __init__(self, forest: IsolationDetector, reference: Floats, ids: NDArray[np.int64], weights: vae_scorer.Weights) -> None:
        """`forest` is fitted on the reference; `ids` (n,) name its rows, so that a row is no neighbour of itself."""
        self.forest = forest
        self._vectors, self._ids = reference, ids
        self._weights = weights if weights and weights["mean"].shape == reference.shape[1:] else {}
        sample = np.random.default_rng(0).permutation(len(reference))[:CALIBRATED]
        raw = self._raw(reference[sample], ids[sample])
        self._sorted = {name: np.sort(values) for name, values in raw.items()}
        self._largest = np.sort(self._worst(raw))
        digest = hashlib.blake2b(forest.version.encode(), digest_size=4)
        for name in sorted(self._weights):
            digest.update(np.ascontiguousarray(self._weights[name]).tobytes())
        self.version = f"three-detectors@{digest.hexdigest()}"

    def judge(self, vectors: Floats, ids: NDArray[np.int64] | None = None) -> list[Strangeness]:
        """One a row of (n, d); `ids` name rows that may be in the reference."""
        if not len(vectors):
            return []
        raw = self._raw(vectors, np.full(len(vectors), -1) if ids is None else ids)
        shares = self._shares(raw) | {COMBINED: _share(self._largest, self._worst(raw))}
        return [
            Strangeness({name: round(float(values[row]), 4) for name, values in shares.items()}, float(1 - raw[NEAREST][row]))
            for row in range(len(vectors))
        ]

    def _raw(self, vectors: Floats, ids: NDArray[np.int64]) -> dict[str, Doubles]:
        found = {ISOLATION: self.forest.raw(vectors), NEAREST: self._distances(vectors, ids)}
        return found | ({VAE: vae_scorer.score(self._weights, vectors)} if self._weights else {})

    def _shares(self, raw: dict[str, Doubles]) -> dict[str, Doubles]:
        return {name: _share(self._sorted[name], values) for name, values in raw.items()}

    def _worst(self, raw: dict[str, Doubles]) -> Doubles:
        worst: Doubles = np.max(list(self._shares(raw).values()), axis=0)
        return worst

    def _distances(self, vectors: Floats, ids: NDArray[np.int64]) -> Doubles:
        """1 - cosine to the nearest row of the reference that is not the row itself, (n,) in [0, 2]."""
        nearest = np.empty(len(vectors))
        for start in range(0, len(vectors), BLOCK):
            part = slice(start, start + BLOCK)
            cosine = vectors[part] @ self._vectors.T
            cosine[ids[part, None] == self._ids] = -1.0
            nearest[part] = 1 - cosine.max(axis=1)
        return np.clip(nearest, 0, 2)


def reason(scores: dict[str, float], similarity: float) -> str:
    """Why, in words that can be checked; of the detector that finds the text strangest."""
    name = max((name for name in scores if name != COMBINED), key=lambda name: scores[name])
    share = f"{100 * min(scores[name], 0.999):.0f} %" if scores[name] < 0.995 else "over 99 %"
    if name == NEAREST:
        return f"the nearest known error is only {max(similarity, 0):.2f} alike; {share} of known errors have a nearer one"
    if name == VAE:
        return f"its meaning is a mixture not met so far: harder to restore than {share} of known errors"
    return f"set apart more easily than {share} of known errors"


def threshold(base: float, clicks: Iterable[tuple[bool, float]]) -> float:
    """Where alerts begin after clicks, in order: (confirmed, score shown).

    A dismissal moves it half-way up towards just above the dismissed score, a confirmation half-way down to just
    below the confirmed one; a click on the far side of the threshold moves nothing. Stays in [0.5, 0.999].
    """
    value = base
    for confirmed, score in clicks:
        aim = score - MARGIN if confirmed else score + MARGIN
        if (aim < value) if confirmed else (aim > value):
            value += (aim - value) / 2
    return round(min(max(value, 0.5), 0.999), 4)


#: Just above, just below.
MARGIN: Final = 0.01


def _share(ordered: Doubles, values: Doubles) -> Doubles:
    return np.searchsorted(ordered, values, side="right") / len(ordered)
