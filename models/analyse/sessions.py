"""How strange a session is: the events of one block, request, virtual machine or job, against sessions known to be normal.

Every detector gives scores, higher = stranger, and the leave-one-out scores of its training sessions: what each would have
got had it not been in the training. The largest of those is the threshold, by one rule for all.

What the product uses is `any_of_three`: the events that are new, the length, the distance to the nearest normal session,
each divided by its own threshold, and the largest of the three: the three see different things (what is there, how much, in
which mixture), and the largest names one reason that a person can check. It has no weight to be fitted, but its form was
settled after sums, norms and maxima of the same parts had been looked at on the development data.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Most epochs and parts of the training when the VAE leaves sessions out.
EPOCHS, FOLDS = 300, 5
#: Columns for hashed event counts, beside the mean embedding.
HASHED: Final = 128
#: A threshold is never below: one new event; three standard deviations of log length; one event that the other lacks.
UNITS: Final = {"new_event": 1.0, "length": 3.0, "knn": float(np.log(2))}

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sessions:
    """U sessions. `counts` (U, E) are log(1 + occurrences) of each of E events; `lengths` (U,) log events;
    `inputs` (U, dims + 128) float32: mean embedding of the events' templates beside hashed log counts.
    """

    counts: Doubles
    lengths: Doubles
    inputs: Floats


@dataclass(frozen=True, slots=True)
class Scores:
    """(U,) scores of all sessions and (n,) leave-one-out scores of the training ones; higher = stranger."""

    all: Doubles
    left_out: Doubles

    @property
    def threshold(self) -> float:
        """The largest leave-one-out score: what is above it is an anomaly."""
        return float(self.left_out.max())


#: Of sessions, the places (n,) of the training ones (a place can come several times), and a seed.
Detector = Callable[[Sessions, NDArray[np.int64], int], Scores]


def sessions(sequences: Sequence[Sequence[str]], embeddings: dict[str, Floats]) -> Sessions:
    """Sequences of event ids as numbers; `embeddings` has the vector of each event's template, zeros where none is known."""
    place = {event: number for number, event in enumerate(sorted({event for one in sequences for event in one}))}
    counts = np.zeros((len(sequences), len(place)))
    for row, events in enumerate(sequences):
        np.add.at(counts[row], [place[event] for event in events], 1)
    dims = len(next(iter(embeddings.values())))
    matrix = np.stack([embeddings.get(event, np.zeros(dims, dtype=np.float32)) for event in place])  # (E, dims)
    lengths = np.maximum(counts.sum(axis=1), 1)
    bucket = np.zeros((len(place), HASHED))
    bucket[np.arange(len(place)), [_bucket(event) for event in place]] = 1
    inputs = np.hstack([counts / lengths[:, None] @ matrix, np.log1p(counts @ bucket)]).astype(np.float32)
    return Sessions(np.log1p(counts), np.log(lengths), inputs)


def new_event(data: Sessions, train: NDArray[np.int64], _seed: int) -> Scores:
    """How many kinds of event no training session has."""
    there = data.counts > 0
    having = there[train].sum(axis=0)
    return Scores(there[:, having == 0].sum(axis=1).astype(float), there[train][:, having == 1].sum(axis=1).astype(float))


def length(data: Sessions, train: NDArray[np.int64], _seed: int) -> Scores:
    """Distance of the log length from the training mean, in its standard deviations."""
    known = data.lengths[train]
    others = [np.delete(known, place) for place in range(len(known))]
    left_out = [abs(own - rest.mean()) / _deviation(rest) for own, rest in zip(known, others, strict=True)]
    return Scores(np.abs(data.lengths - known.mean()) / _deviation(known), np.array(left_out))


def knn(data: Sessions, train: NDArray[np.int64], _seed: int) -> Scores:
    """Euclidean distance of log counts to the nearest training session."""
    distances = _distances(data.counts, data.counts[train])  # (U, n)
    among = distances[train].copy()
    np.fill_diagonal(among, np.inf)
    return Scores(distances.min(axis=1), among.min(axis=1))


def new_event_or_length(data: Sessions, train: NDArray[np.int64], seed: int) -> Scores:
    """The larger of the two, each in units of its threshold."""
    return _largest({"new_event": new_event(data, train, seed), "length": length(data, train, seed)})


def any_of_three(data: Sessions, train: NDArray[np.int64], seed: int) -> Scores:
    """The largest of new events, length and distance to the nearest, each in units of its threshold: the product's."""
    return _largest({name: detect(data, train, seed) for name, detect in PARTS.items()})


def isolation_forest(data: Sessions, train: NDArray[np.int64], _seed: int) -> Scores:
    """The client's Isolation Forest on the VAE's input.

    A training session with a twin is scored as it stands (left out, its twin would stand in for it); every other by a
    forest grown without it.
    """
    from models.analyse.isolation import new_forest

    rows = data.inputs[train]
    forest = new_forest().fit(rows)
    left_out = -forest.score_samples(rows)
    for place in _without_twin(train):
        rest = np.delete(rows, place, axis=0)
        left_out[place] = -new_forest().fit(rest).score_samples(rows[place : place + 1])[0]
    return Scores(-forest.score_samples(data.inputs), left_out)


def vae(data: Sessions, train: NDArray[np.int64], seed: int) -> Scores:
    """AnomalyVAE's reconstruction error. Left out by folds: each training session is scored by a net that saw none of its fold."""
    from models.analyse import vae_scorer
    from models.nets.anomaly_vae import train as fit

    rows = data.inputs[train]
    fold = np.random.default_rng(seed).permutation(len(rows)) % min(FOLDS, len(rows))
    left_out = np.zeros(len(rows))
    for number in range(fold.max() + 1):
        held = fold == number
        left_out[held] = vae_scorer.score(fit(rows[~held], seed=seed, epochs=EPOCHS).model.weights(), rows[held])
    return Scores(vae_scorer.score(fit(rows, seed=seed, epochs=EPOCHS).model.weights(), data.inputs), left_out)


def always(data: Sessions, train: NDArray[np.int64], _seed: int) -> Scores:
    """Calls everything strange."""
    return Scores(np.ones(len(data.lengths)), np.zeros(len(train)))


PARTS: Final[dict[str, Detector]] = {"new_event": new_event, "length": length, "knn": knn}
RIVALS: Final[dict[str, Detector]] = {
    "new_event": new_event,
    "length": length,
    "new_event_or_length": new_event_or_length,
    "knn": knn,
    "isolation_forest": isolation_forest,
    "vae": vae,
    "always": always,
}


def _largest(parts: dict[str, Scores]) -> Scores:
    unit = {name: max(scores.threshold, UNITS[name]) for name, scores in parts.items()}
    return Scores(
        np.max([scores.all / unit[name] for name, scores in parts.items()], axis=0),
        np.max([scores.left_out / unit[name] for name, scores in parts.items()], axis=0),
    )


def _deviation(values: Doubles) -> float:
    return max(float(values.std()), 1e-9)


def _distances(rows: Doubles, others: Doubles) -> Doubles:
    squares = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * rows @ others.T
    return np.sqrt(np.where(squares < 1e-9, 0.0, squares))  # what is left of equal rows is rounding


def _without_twin(train: NDArray[np.int64]) -> list[int]:
    """Places in the training of sessions that come once in it."""
    _, inverse, times = np.unique(train, return_inverse=True, return_counts=True)
    return np.flatnonzero(times[inverse] == 1).tolist()


def _bucket(event: str) -> int:
    return int.from_bytes(hashlib.blake2b(event.encode(), digest_size=4).digest(), "big") % HASHED
