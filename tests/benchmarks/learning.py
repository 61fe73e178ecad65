"""What labels of a store are worth: the shipped reader and ways of teaching it, on errors that it had not seen.

    python tests/benchmarks/learning.py DATA [--real]

Without --real: the corpus. The kernel is fitted on the training and validation families; the test families are the store. Half
of their templates are labelled, a few at a time, the other half is read. The settings of `models/analyse/learned.py` were chosen
here. With --real: labelled/real_errors.jsonl by the shipped reader, with those settings; and what its labels break of the corpus.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.evaluation.data import read_rows
from app.evaluation.product import load_encoder
from app.evaluation.readers import part
from app.services.reading import ReadingService, prepared, rendered_texts
from app.settings import SAMPLE_DATA, current
from models.analyse.corpus_classifier import CorpusClassifier, fit
from models.analyse.learned import GAMMA, PRIOR, SUPPORT, Labelled, LearnedReader
from models.corpus_split import split
from models.records import Reading
from models.taxonomy import CATEGORIES, SEVERITIES

Doubles = NDArray[np.float64]
#: Labels' vectors, truth (one-hot) and shipped probabilities; vectors and shipped probabilities of what is read.
Teach = Callable[[Doubles, Doubles, Doubles, Doubles, Doubles], Doubles]
SIZES = (10, 25, 50, 100, 200)
SEEDS = 20


def shipped(known: Doubles, truth: Doubles, before: Doubles, vectors: Doubles, prior: Doubles) -> Doubles:
    return prior


def smoothed(gamma: float, weight: float, support: float) -> Teach:
    def teach(known: Doubles, truth: Doubles, before: Doubles, vectors: Doubles, prior: Doubles) -> Doubles:
        kernel = _kernel(vectors @ known.T, gamma, support)
        return (weight * prior + kernel @ truth) / (weight + kernel.sum(axis=1, keepdims=True))

    return teach


def residual(gamma: float, weight: float, support: float) -> Teach:
    def teach(known: Doubles, truth: Doubles, before: Doubles, vectors: Doubles, prior: Doubles) -> Doubles:
        kernel = _kernel(vectors @ known.T, gamma, support)
        return prior + kernel @ (truth - before) / (weight + kernel.sum(axis=1, keepdims=True))

    return teach


def ridge(gamma: float, weight: float) -> Teach:
    def teach(known: Doubles, truth: Doubles, before: Doubles, vectors: Doubles, prior: Doubles) -> Doubles:
        square = _kernel(known @ known.T, gamma, -1.0) + weight * np.eye(len(known))
        return prior + _kernel(vectors @ known.T, gamma, -1.0) @ np.linalg.solve(square, truth - before)

    return teach


def logistic(penalty: float) -> Teach:
    def teach(known: Doubles, truth: Doubles, before: Doubles, vectors: Doubles, prior: Doubles) -> Doubles:
        from sklearn.linear_model import LogisticRegression

        classes = truth.argmax(axis=1)
        if len(set(classes.tolist())) < 2:
            return prior
        rows, others = (np.hstack([3 * one, np.log(p + 1e-3)]) for one, p in ((known, before), (vectors, prior)))
        head = LogisticRegression(C=penalty, max_iter=2_000).fit(rows, classes)
        found = np.zeros_like(prior)
        found[:, head.classes_] = head.predict_proba(others)
        return found

    return teach


WAYS: dict[str, Teach] = {
    "shipped": shipped,
    f"smoothed {GAMMA:.0f} {PRIOR} {SUPPORT} (product)": smoothed(GAMMA, PRIOR, SUPPORT),
    **{f"smoothed {g} {w} {s}": smoothed(g, w, s) for g in (5, 10, 20) for w in (0.1, 0.3, 1.0) for s in (-1.0, 0.5)},
    **{f"residual {g} {w} 0.5": residual(g, w, 0.5) for g in (5, 10, 20) for w in (0.1, 0.3, 1.0)},
    **{f"ridge {g} {w}": ridge(g, w) for g in (2, 4, 8) for w in (0.3, 1.0)},
    **{f"logistic {c}": logistic(c) for c in (0.03, 0.3)},
}


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--real", action="store_true")
    given = arguments.parse_args()
    settings = current()
    encoder = load_encoder(settings)
    reading = ReadingService(SAMPLE_DATA / "corpus", encoder, settings.cache_dir)
    if not given.real:
        _table("corpus", *_corpus(reading))
        return
    rows = [row for row in read_rows(given.data / "labelled" / "real_errors.jsonl") if row.get("is_error", True)]
    texts = [prepared(row["text"]) for row in rows]
    vectors, outputs = encoder.encode_tokens(texts, reading.head)  # type: ignore[attr-defined]
    truth = np.array([(SEVERITIES.index(row["severity"]), CATEGORIES.index(row["category"])) for row in rows])
    _table("real errors", vectors, truth, reading.shipped(vectors, texts, outputs))
    _frozen(reading, vectors, truth)


def _corpus(reading: ReadingService) -> tuple[NDArray[np.float32], NDArray[np.int64], list[Reading]]:
    training = reading.training()
    sides = split(training.templates, 0, reading.reference())
    number = {id(template): place for place, template in enumerate(training.templates)}
    known = np.array([number[id(template)] for template in (*sides.train, *sides.validation)])
    held = np.array([number[id(template)] for template in sides.test])
    side = part(training, known, np.arange(len(training.other_texts)))
    reader = CorpusClassifier(side.templates, side.vectors, side.other_vectors, fit(side), "kernel")
    first = held * training.renderings
    vectors = training.vectors[first]
    truth = np.array([(SEVERITIES.index(training.templates[place].severity), CATEGORIES.index(training.templates[place].category))
                      for place in held.tolist()])  # fmt: skip
    return vectors, truth, reader.read(vectors, [training.texts[row] for row in first.tolist()])


def _table(name: str, vectors: NDArray[np.float32], truth: NDArray[np.int64], readings: list[Reading]) -> None:
    rows = vectors.astype(np.float64)
    for column, (what, classes) in enumerate((("severity", 4), ("category", 10))):
        prior = np.array(
            [one.severity_probabilities if what == "severity" else one.category_probabilities for one in readings]
        )
        answers = np.eye(classes)[truth[:, column]]
        print(f"\n{name}, {what}: share right after {', '.join(map(str, SIZES))} labels, {SEEDS} draws")
        for way, teach in WAYS.items():
            shares = []
            for size in SIZES:
                right = []
                for seed in range(SEEDS):
                    order = np.random.default_rng(seed).permutation(len(rows))
                    read, labelled = order[: len(order) // 2], order[len(order) // 2 :][:size]
                    found = teach(rows[labelled], answers[labelled], prior[labelled], rows[read], prior[read])
                    right.append((found.argmax(axis=1) == truth[read, column]).mean())
                shares.append(float(np.mean(right)))
            print(f"  {way:34s} " + " ".join(f"{share:.3f}" for share in shares), flush=True)


def _frozen(reading: ReadingService, vectors: NDArray[np.float32], truth: NDArray[np.int64]) -> None:
    """What labels of real errors, all of them, change of the corpus that the shipped kernel reads right."""
    keys = tuple(f"{place:032x}" for place in range(len(truth)))
    learned = LearnedReader(Labelled(keys, vectors, truth[:, 0], truth[:, 1]))
    reference = reading.reference()
    before = reading.kernel(reference, rendered_texts(reading.templates, 1))
    after = learned.read(reference, before)
    for what in ("severity", "category"):
        wanted = [getattr(template, what) for template in reading.templates]
        right = [
            [getattr(one, what) == word for one, word in zip(some, wanted, strict=True)] for some in (before, after)
        ]
        lost = sum(was and not now for was, now in zip(*right, strict=True))
        print(f"corpus, {what}: {lost} of {len(wanted)} lost by {len(truth)} labels of real errors")


def _kernel(cosine: Doubles, gamma: float, support: float) -> Doubles:
    return np.where(cosine >= support, np.exp(gamma * (cosine - 1)), 0.0)


if __name__ == "__main__":
    main()
