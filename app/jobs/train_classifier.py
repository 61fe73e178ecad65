"""`stacklens train classifier`: the StackLensTransformer's heads on the frozen trunk, and its blend with the kernel reader.

Measured and shipped are two fits of one recipe. Measured: a network trained on the training families of the split
(`models.corpus_split`) reads the validation families, on which blend and confidence are fitted, and the test families,
once. Shipped: the network is fitted again on all families; its blend and confidence are fitted on what the first one
read of validation and test families together, because only there it meets what it has not seen.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation import metrics as m
from app.evaluation.product import load_encoder
from app.evaluation.report import Interval
from app.jobs import classifier_course as course_of
from app.jobs.classifier_course import Course, Say, Seen
from app.services.reading import CLASSIFIER, ReadingService
from app.settings import SAMPLE_DATA, Settings
from models.analyse.blend import BlendState, blended, of_network
from models.analyse.token_head import CARD, TERMS, WEIGHTS
from models.corpus_split import split
from models.learn.classifier import Recipe, Trained, logits, use_threads
from models.records import Reading
from models.taxonomy import CATEGORIES, SEVERITIES
from models.vectors.weights import resolve

Ints = NDArray[np.int64]

METHOD: Final = "stacklens-transformer-1"
#: Shares of the training templates in the learning curve; the whole is measured anyway.
CURVE: Final = (0.25, 0.5, 0.75)
FIGURES: Final = "figures.json"


def train(settings: Settings, seed: int, data: Path | None, progress: Say, folder: Path = CLASSIFIER) -> dict[str, Any]:
    """Trains, measures and writes model.safetensors, terms.txt, card.json and figures.json; what the card says."""
    use_threads(settings.threads)
    encoder = load_encoder(settings)
    reading = ReadingService(data or SAMPLE_DATA / "corpus", encoder, settings.cache_dir, classifier=None)
    work = settings.cache_dir / "training"
    work.mkdir(parents=True, exist_ok=True)
    course = course_of.prepare(reading, encoder, work, seed, progress)
    recipe = Recipe()
    figures, seen = _measured(course, recipe, seed, progress)
    progress("fitting on all families")
    model = course_of.network(course, np.arange(len(course.templates)), recipe, seed, say=progress)
    seen = course_of.with_confidence(course, model, seen)
    blend = course_of.blend_of(course, seen)
    trunk = resolve(settings.encoder).sha256
    return _write(folder, course, model, blend, figures=figures, recipe=recipe, seed=seed, trunk=trunk, reader=reading.version)


def _measured(course: Course, recipe: Recipe, seed: int, say: Say) -> tuple[dict[str, Any], Seen]:
    """The figures, and what both readers said of all families that neither had seen."""
    rows, validation, test = _sides(course, seed)
    numbers = np.arange(len(course.kernel.other_texts))
    model = course_of.network(course, rows, recipe, seed, say=say)
    kernel = course_of.kernel_of(course, rows, numbers[numbers % 2 == 0])
    known = course_of.asked(course, model, kernel, validation, numbers[numbers % 4 == 1])
    unseen = course_of.asked(course, model, kernel, test, numbers[numbers % 4 == 3])
    known = course_of.with_confidence(course, model, known)
    blend = course_of.blend_of(course, known)
    unseen = course_of.confident(course, model, unseen)
    figures = {
        "test": _figures(course, unseen, blend, seed), "validation": _figures(course, known, blend, seed),
        "gain": _json(_gain(course, known, blend, seed)),
        "blend": {name: np.round(value, 4).tolist() for name, value in blend.items()},
        "split": _counts(course, train=rows, validation=validation, test=test),
        "learning_curve": [*_curve(course, rows, test, recipe, seed=seed, say=say), _point(course, model, rows, test, 1.0)],
    }
    return figures, course_of.joined([known, unseen])


def _gain(course: Course, seen: Seen, blend: BlendState, seed: int) -> Interval:
    """Blend minus kernel, share with both right, in pairs: the product blends only where the interval lies above 0."""
    rows = list(zip(course.lesson.severity[seen.rows], course.lesson.category[seen.rows], strict=True))

    def both(readings: Sequence[Reading]) -> list[bool]:
        return [(r.severity, r.category) == (SEVERITIES[s], CATEGORIES[c]) for r, (s, c) in zip(readings, rows, strict=False)]

    mixed = blended(seen.readings, seen.outputs(), blend, "")
    return m.bootstrap(m.difference(m.mean(both(mixed)), m.mean(both(seen.readings))), len(rows), seed=seed)


def _sides(course: Course, seed: int) -> tuple[Ints, Ints, Ints]:
    """Templates of the training, validation and test families."""
    place = {template.id: row for row, template in enumerate(course.templates)}
    parts = split(course.templates, seed, course.kernel.vectors[:: course.kernel.renderings])
    train_rows, validation, test = (np.array([place[t.id] for t in part], dtype=np.int64) for part in parts)
    return train_rows, validation, test


def _curve(course: Course, rows: Ints, test: Ints, recipe: Recipe, *, seed: int, say: Say) -> list[dict[str, float]]:
    """The network's accuracy on the test families from a part of the training templates."""
    points = []
    for share in CURVE:
        some = np.random.default_rng(seed).permutation(rows)[: int(share * len(rows))]
        say(f"learning curve: {len(some):,} templates")
        points.append(_point(course, course_of.network(course, some, recipe, seed), some, test, share))
    return points


def _point(course: Course, model: Trained, rows: Ints, test: Ints, share: float) -> dict[str, float]:
    severity, category, _ = logits(model.network, course.lesson, course.first[test])
    return {"templates": len(rows), "share": share,
            "severity_accuracy": _share(severity.argmax(axis=1) == course.lesson.severity[test]),
            "category_accuracy": _share(category.argmax(axis=1) == course.lesson.category[test])}


def _figures(course: Course, seen: Seen, blend: BlendState, seed: int) -> dict[str, Any]:
    """Of the blend, the network and the kernel alone."""
    outputs = seen.outputs()
    answers = {"blend": blended(seen.readings, outputs, blend, ""), "transformer": of_network(outputs, seen.readings, ""),
               "kernel": seen.readings}
    return {name: _of(readings, course, seen, seed) for name, readings in answers.items()}


def _of(readings: Sequence[Reading], course: Course, seen: Seen, seed: int) -> dict[str, Any]:
    n = len(seen.rows)
    severity = np.array([SEVERITIES.index(r.severity) for r in readings[:n]])
    category = np.array([CATEGORIES.index(r.category) for r in readings[:n]])
    sure = np.array([r.confidence for r in readings])
    truth = course.lesson.severity[seen.rows], course.lesson.category[seen.rows]
    names = [SEVERITIES[s] for s in truth[0]], [SEVERITIES[s] for s in severity]
    both = (severity == truth[0]) & (category == truth[1])
    statistics = {
        "severity_accuracy": m.mean(severity == truth[0]), "severity_macro_f1": m.macro_f1(*names, SEVERITIES),
        "critical_precision": m.precision(*names, "critical"), "critical_recall": m.recall(*names, "critical"),
        "category_accuracy": m.mean(category == truth[1]),
        "category_macro_f1": m.macro_f1([CATEGORIES[c] for c in truth[1]], [CATEGORIES[c] for c in category], CATEGORIES),
        "both_accuracy": m.mean(both), "ece": m.calibration_error(sure[:n], both),
        "risk_at_80_coverage": m.risk_at_coverage(sure[:n], both)}
    found: dict[str, Any] = {name: _json(m.bootstrap(statistic, n, seed=seed)) for name, statistic in statistics.items()}
    return {**found, "n": n, "reliability": _reliability(sure[:n], both), "errors_confidence": np.round(sure[:n], 3).tolist(),
            "others_confidence": np.round(sure[n:], 3).tolist(),
            "severity_confusion": _confusion(truth[0], severity, len(SEVERITIES)),
            "category_confusion": _confusion(truth[1], category, len(CATEGORIES))}


def _confusion(truth: Ints, read: Ints, classes: int) -> list[list[int]]:
    """(classes, classes): rows are the truth, columns what was read, in the taxonomy's order."""
    table = np.zeros((classes, classes), dtype=int)
    np.add.at(table, (truth, read), 1)
    rows: list[list[int]] = table.tolist()
    return rows


def _reliability(sure: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15) -> list[dict[str, float]]:
    """Bins of equal mass: mean confidence, share right, and how many."""
    parts = [rows for rows in np.array_split(np.argsort(sure, kind="stable"), bins) if len(rows)]
    return [{"confidence": _share(sure[rows]), "right": _share(right[rows]), "n": len(rows)} for rows in parts]


def _counts(course: Course, **sides: Ints) -> dict[str, int]:
    groups = course.lesson.groups
    counts = {f"{name}_templates": len(rows) for name, rows in sides.items()}
    counts |= {f"{name}_families": len(set(groups[rows])) for name, rows in sides.items()}
    return {**counts, "dropped_as_near_duplicates": len(groups) - sum(len(rows) for rows in sides.values())}


def _json(interval: Interval) -> dict[str, float | None]:
    return interval.to_json() if np.isfinite(interval.value) else {"value": None, "low": None, "high": None}


def _share(values: NDArray[Any]) -> float:
    return round(float(values.mean()), 4)


def _write(
    folder: Path, course: Course, model: Trained, blend: BlendState, *,
    figures: dict[str, Any], recipe: Recipe, seed: int, trunk: str, reader: str,
) -> dict[str, Any]:
    """The weights and terms, then the card that names their hashes."""
    from safetensors.numpy import save

    weights = save(course_of.tensors(model, blend))
    terms = ("\n".join(course.vocabulary.terms) + "\n").encode()
    digest = hashlib.sha256(weights).hexdigest()
    test = figures["test"]["blend"]
    card = {
        "name": "classifier", "version": f"{METHOD}@{digest[:8]}", "class": "StackLensTransformer",
        "trunk_sha256": trunk, "heads": model.network.attention.heads, "dims": course.lesson.states.dims,
        "terms": len(course.vocabulary), "masked_terms_guessed": round(course.guessed, 4),
        "files": {WEIGHTS: digest, TERMS: hashlib.sha256(terms).hexdigest()},
        "data": f"{len(course.templates)} templates and {len(course.kernel.other_texts)} texts that are no errors, all our own",
        "corpus": reader, "seed": seed, "recipe": asdict(recipe), "split": figures["split"],
        "metrics": {name: test[name] for name in ("severity_accuracy", "category_accuracy", "both_accuracy", "ece")},
        "product": "blend" if figures["gain"]["low"] > 0 else "kernel",
        "note": "metrics are of a fit that never saw the test families; the weights are the same recipe fitted on all families",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(weights)
    (folder / TERMS).write_bytes(terms)
    (folder / FIGURES).write_text(course_of.dumped(figures), encoding="utf-8")
    (folder / CARD).write_text(course_of.dumped(card), encoding="utf-8")
    return card
