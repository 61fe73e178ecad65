"""Task `active`: how many labels a query strategy saves against asking at random.

Half of the distinct texts test, the other half is the pool (at most 3,000). Twenty labels to start, drawn at random, then ten at
a time; after each a logistic head is fitted on cached embeddings. A curve meets the target at its first macro-F1 of 95 % of
what the head has with the whole pool. All strategies of a seed share split, start and head, so the ratio is paired; its
interval draws seeds anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from app.domain import InvalidInput
from app.evaluation.data import Row, column, read_rows, texts_of
from app.evaluation.product import load_encoder
from app.evaluation.report import Interval, Metrics, Report, Request
from app.services.reading import prepared
from models.learn.active import choose
from models.vectors.encoder import Encoder

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]

TARGETS: Final = ("category", "severity", "level")
SEEDS: Final = 20
POOL, START, STEP = 3_000, 20, 10
SHARE: Final = 0.95
#: Curves end here: beyond it the pools at hand are above the target, and each step costs more than the last.
LONGEST: Final = 1_200
#: Texts that are embedded and split, a random part where there are more.
MOST: Final = 2 * POOL
RIVALS: Final = ("random", "margin")
#: Inverse strength of the head's penalty, on unit vectors: by the macro-F1 with the whole pool, not by any ratio.
C: Final = 30.0
#: A difference to the majority class below this is no signal that a head could learn.
SIGNAL: Final = 0.1
DRAWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Pool:
    """n distinct texts: unit vectors (n, d) and classes (n,)."""

    vectors: NDArray[np.float32]
    truth: Ints
    classes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Curve:
    """Macro-F1 on the test half after START, START + STEP, … labels; `needed` labels to the target, `met` if it was met."""

    f1: Doubles
    needed: int
    met: bool
    full: float
    majority: float


def measure(request: Request) -> Report:
    pool, target = _read(request)
    strategy: str = request.settings.query_strategy
    seeds = range(request.seed, request.seed + (request.seeds or SEEDS))
    names = list(dict.fromkeys((strategy, *RIVALS)))
    curves = {name: [curve(pool, name, seed) for seed in seeds] for name in names}
    results = {name: _metrics(curves[name], curves["random"], request.seed) for name in names}
    rivals = {name: results[name] for name in RIVALS}
    return Report(
        len(pool.truth),
        f"{strategy}@scikit-activeml",
        results[strategy],
        rivals,
        _notes(pool, target, curves, strategy),
    )


def curve(pool: Pool, strategy: str, seed: int) -> Curve:
    """One learning curve; the same seed gives every strategy the same test half, pool and first labels."""
    order = np.random.default_rng(seed).permutation(len(pool.truth))
    test, rest = order[: len(order) // 2], order[len(order) // 2 :][:POOL]
    full, majority = _f1(pool, rest, test)[0], _majority(pool, rest, test)
    goal, f1, head = SHARE * full, list[float](), None
    taken = np.zeros(len(rest), dtype=bool)
    taken[:START] = True
    while True:
        score, head = _f1(pool, rest[taken], test, head)
        f1.append(score)
        left = np.flatnonzero(~taken)
        if not len(left) or taken.sum() >= LONGEST:
            break
        vectors = pool.vectors[rest[left]]
        probabilities = head.predict_proba(vectors) if head else np.full((len(left), 2), 0.5)
        asked = choose(
            strategy, vectors, probabilities, n=STEP, seed=1_000 * seed + len(f1), labelled=pool.vectors[rest[taken]]
        )
        taken[left[asked]] = True
    met = np.flatnonzero(np.array(f1) >= goal)
    needed = START + STEP * int(met[0]) if len(met) else int(taken.sum())
    return Curve(np.array(f1), min(needed, len(rest)), bool(len(met)), full, majority)


def _read(request: Request) -> tuple[Pool, str]:
    rows = [row for row in read_rows(request.data) if str(row.get("is_error", True)).lower() not in ("false", "0")]
    target = column(rows, TARGETS)
    kept = _distinct(rows, target)
    if len(kept) > MOST:
        chosen = np.sort(np.random.default_rng(request.seed).choice(len(kept), MOST, replace=False))
        kept = [kept[place] for place in chosen.tolist()]
    classes = sorted({label for _, label in kept})
    if len(kept) < 4 * START or len(classes) < 2:
        raise InvalidInput(
            f"needs at least {4 * START} distinct texts of two values of {target}; there are {len(kept)}"
        )
    encoder: Encoder = request.encoder or load_encoder(request.settings)
    vectors = encoder.encode([text for text, _ in kept])
    return Pool(vectors, np.array([classes.index(label) for _, label in kept]), classes), target


def _distinct(rows: Sequence[Row], target: str) -> list[tuple[str, str]]:
    """Texts as the encoder sees them, each once with its first label; rows without either are left out."""
    found: dict[str, str] = {}
    for row, text in zip(rows, texts_of(rows), strict=True):
        label = str(row.get(target) or "").strip()
        if text.strip() and label:
            found.setdefault(prepared(text), label)
    return list(found.items())


def _f1(
    pool: Pool, train: Ints, test: Ints, before: LogisticRegression | None = None
) -> tuple[float, LogisticRegression | None]:
    """Macro-F1 of a head fitted on some rows, and the head; none where they are all of one class.

    It begins at the one from `before` where that knows the same classes: the same optimum in fewer steps.
    """
    truth = pool.truth[train]
    known = np.unique(truth)
    if len(known) < 2:
        return _macro(pool, test, np.full(len(test), truth[0])), None
    head = before
    if head is None or not np.array_equal(head.classes_, known):
        head = LogisticRegression(C=C, tol=1e-3, max_iter=1_000, warm_start=True)
    head.fit(pool.vectors[train], truth)
    return _macro(pool, test, head.predict(pool.vectors[test])), head


def _majority(pool: Pool, train: Ints, test: Ints) -> float:
    return _macro(pool, test, np.full(len(test), np.bincount(pool.truth[train]).argmax()))


def _macro(pool: Pool, test: Ints, called: Ints) -> float:
    return float(f1_score(pool.truth[test], called, average="macro", zero_division=0.0))


def _metrics(curves: Sequence[Curve], random: Sequence[Curve], seed: int) -> Metrics:
    ours, theirs = (np.array([one.needed for one in some], dtype=np.float64) for some in (curves, random))
    drawn = np.random.default_rng(seed).integers(len(ours), size=(DRAWS, len(ours)))
    return {
        "labels_to_95_percent": _interval(float(np.median(ours)), np.median(ours[drawn], axis=1)),
        "labels_to_95_percent_random": _interval(float(np.median(theirs)), np.median(theirs[drawn], axis=1)),
        "ratio": _interval(ours.sum() / theirs.sum(), ours[drawn].sum(axis=1) / theirs[drawn].sum(axis=1)),
        "worst_gap_to_random": Interval(worst_gap(curves, random)),
        "met": Interval(float(np.mean([one.met for one in curves]))),
        "full_pool_macro_f1": _interval(float(np.mean([one.full for one in curves])),
                                        np.array([one.full for one in curves])[drawn].mean(axis=1)),
    }  # fmt: skip


def worst_gap(curves: Sequence[Curve], random: Sequence[Curve]) -> float:
    """How far the median curve falls below that of random, at the worst number of labels; 0 where it never does."""
    one, other = (np.median(np.stack([curve.f1 for curve in some]), axis=0) for some in (curves, random))
    return max(float((other - one).max()), 0.0)


def _interval(value: float, drawn: Doubles) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def _notes(pool: Pool, target: str, curves: dict[str, list[Curve]], strategy: str) -> tuple[str, ...]:
    random = curves["random"]
    gain = float(np.mean([one.full - one.majority for one in random]))
    signal = (
        "a signal to learn"
        if gain >= SIGNAL
        else "hardly a signal to learn: a ratio of label numbers means little here"
    )
    last = START + STEP * (len(random[0].f1) - 1)
    return (
        f"target {target}, {len(pool.classes)} classes; {len(random)} seeds; curves from {START} to {min(last, LONGEST)} labels",
        f"a head on the whole pool is {gain:.3f} of macro-F1 above the majority class: {signal}",
        f"ratio: sum over seeds of the labels that {strategy} needs, by that of random; a curve that never meets the target counts "
        "with its whole length",
    )
