"""Task `classify`: severity and category of labelled texts, or of the corpus with whole technologies left out.

"Right" of calibration, risk and confidence is: severity and category both right.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from app.domain import InvalidInput
from app.evaluation import metrics as m
from app.evaluation import readers
from app.evaluation.data import Row, column, read_rows, texts_of
from app.evaluation.product import Parts, product
from app.evaluation.readers import Answers, Read
from app.evaluation.report import Interval, Metrics, Report, Request
from app.services.reading import ReadingService, prepared, principal
from models.analyse.corpus_classifier import Training
from models.analyse.judgement import judge
from models.taxonomy import CATEGORIES, SEVERITIES, SEVERITY_WORDS
from models.text.signature import signature

FOLDS: Final = 5
#: Rows of a class below which its F1 says nothing.
ENOUGH: Final = 10


@dataclass(frozen=True, slots=True)
class Truth:
    """The labels of n errors: the first of each, and every label that counts as right."""

    severity: Sequence[str]
    category: Sequence[str]
    severities: Sequence[frozenset[str]]
    categories: Sequence[frozenset[str]]
    actions: Sequence[frozenset[str]]


def measure(request: Request) -> Report:
    return _on_corpus(request) if request.data.is_dir() else _on_labelled(request)


def _on_labelled(request: Request) -> Report:
    """Labelled rows as a page would answer them; nothing of the rows is trained on."""
    rows = read_rows(request.data)
    column(rows, ("severity",)), column(rows, ("category",))
    mask, seed = np.array([_is_error(row) for row in rows]), request.seed
    truth = _truth([row for row in rows if _is_error(row)])
    with product(request) as parts:
        answers, shown = _as_a_page_answers(parts, texts_of(rows))
        rivals = {name: _kept(read, mask) for name, read in (
            _as_parts_answer(parts, texts_of(rows)) | _as_rivals_answer(parts, texts_of(rows))).items()}
        version, floor = parts.reading.version, request.settings.not_sure_below
    ours, others = _kept(answers, mask), _kept(answers, ~mask)
    with_level = m.bootstrap(m.mean(_hits(shown[mask], truth.severities)), len(truth.severity), seed=seed)
    found = {**_metrics(ours, truth, seed), **_flags(ours.confidence, others.confidence, floor, seed),
             "severity_accuracy_with_level": with_level}
    notes = (f"{mask.sum()} errors and {(~mask).sum()} texts that are none; nothing of the data is trained on",
             f"not sure below {floor}", *_rare(truth), *_differences(ours, rivals, truth, seed))
    return Report(int(mask.sum()), version, found, _each(rivals, truth, seed), notes)


def _on_corpus(request: Request) -> Report:
    """Every template read by readers that saw nothing of its technology, and of its part of the non-errors."""
    with product(request) as parts:
        reading, version = _corpus(request.data, parts, request), parts.reading.version
        training = reading.training()
        folds = _folds(training)
        deep = _deep(reading, parts, folds, request)
        blends = parts.reading.asks_head is not None
    kernel = _left_out(readers.kernel, training, folds)
    ours, others = deep["blend"] if blends else kernel
    rivals = {name: answers for name, (answers, _) in (deep | {"kernel": kernel}).items() if deep and answers is not ours}
    rivals |= {name: _left_out(make, training, folds)[0] for name, make in readers.RIVALS.items()}
    truth = _truth_of(training)
    floor, seed = request.settings.not_sure_below, request.seed
    found = {**_metrics(ours, truth, seed), **_flags(ours.confidence, others.confidence, floor, seed)}
    notes = [f"{len(folds)} folds, whole technologies left out; one rendering of each template scored",
             f"not sure below {floor}; {_best_floor(ours.confidence, others.confidence)}",
             *_differences(ours, rivals, truth, seed)]
    return Report(len(training.templates), version, found, _each(rivals, truth, seed), tuple(notes))


def _as_a_page_answers(parts: Parts, texts: Sequence[str]) -> tuple[Answers, NDArray[np.str_]]:
    """The answers to texts, as for a text without level, and the severities (n,) when the text's own level counts too."""
    events = [principal(text) for text in texts]
    examined = parts.analysis.examine([signature(event) for event in events])
    answers = readers.of_readings([item.reading for item in examined])
    pairs = list(zip(events, examined, strict=True))

    def judged(level: Callable[[int], str]) -> NDArray[np.str_]:
        return np.array([judge(item.reading.severity, item.reading.confidence, level(i), event.trace is not None).severity
                         for i, (event, item) in enumerate(pairs)], dtype=np.str_)

    plain = Answers(judged(lambda i: ""), answers.category, answers.confidence, answers.action)
    return plain, judged(lambda i: events[i].level)


def _as_parts_answer(parts: Parts, texts: Sequence[str]) -> dict[str, Answers]:
    """The network and the kernel reader, each alone, where there is a network for the encoder."""
    if parts.reading.head is None:
        return {}
    seen = [prepared(text) for text in texts]
    vectors = parts.embeddings.get_embeddings(seen)
    alone = {"transformer": parts.reading.network(vectors, seen), "kernel": parts.reading.kernel(vectors, seen)}
    return {name: readers.of_readings(readings) for name, readings in alone.items()}


def _deep(
    reading: ReadingService, parts: Parts, folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], request: Request
) -> dict[str, tuple[Answers, Answers]]:
    """The blend and the network trained anew for every fold (minutes); nothing where the product reads by the kernel alone."""
    if parts.reading.head is None:
        return {}
    from app.evaluation.deep import left_out
    from app.jobs.classifier_course import prepare

    course = prepare(reading, parts.encoder, request.settings.cache_dir / "training", request.seed, lambda line: None)
    return left_out(course, folds, request.seed)


def _as_rivals_answer(parts: Parts, texts: Sequence[str]) -> dict[str, Answers]:
    """Every rival fitted on the product's own corpus, asked about the same texts as the encoder sees them."""
    training, seen = parts.reading.training(), [prepared(text) for text in texts]
    vectors = parts.embeddings.get_embeddings(seen)
    return {name: make(training)(vectors, seen) for name, make in readers.RIVALS.items()}


def _each(rivals: dict[str, Answers], truth: Truth, seed: int) -> dict[str, Metrics]:
    return {name: _metrics(answers, truth, seed) for name, answers in rivals.items()}


def _metrics(answers: Answers, truth: Truth, seed: int) -> Metrics:
    severity, category = _hits(answers.severity, truth.severities), _hits(answers.category, truth.categories)
    both = severity & category
    true_severity, true_category = _nearest(answers.severity, truth.severities, truth.severity), _nearest(
        answers.category, truth.categories, truth.category)
    statistics = {
        "severity_accuracy": m.mean(severity),
        "severity_macro_f1": m.macro_f1(true_severity, answers.severity, _common(truth.severity, SEVERITIES)),
        "critical_precision": m.precision(true_severity, answers.severity, "critical"),
        "critical_recall": m.recall(true_severity, answers.severity, "critical"),
        "category_accuracy": m.mean(category),
        "category_macro_f1": m.macro_f1(true_category, answers.category, _common(truth.category, CATEGORIES)),
        "both_accuracy": m.mean(both),
        "ece": m.calibration_error(answers.confidence, both),
        "risk_at_80_coverage": m.risk_at_coverage(answers.confidence, both),
    }
    if all(answers.action) and all(truth.actions):
        statistics["action_accepted"] = m.mean(_hits(answers.action, truth.actions))
    return {name: m.bootstrap(statistic, len(both), seed=seed) for name, statistic in statistics.items()}


def _flags(errors: NDArray[np.float64], others: NDArray[np.float64], floor: float, seed: int) -> Metrics:
    """The shares answered "not sure" of rows that are errors and of rows that are none."""
    return {"error_flagged": m.bootstrap(m.mean(errors < floor), len(errors), seed=seed),
            "non_error_flagged": m.bootstrap(m.mean(others < floor), len(others), seed=seed)}


def _differences(ours: Answers, rivals: dict[str, Answers], truth: Truth, seed: int) -> list[str]:
    """One note a rival: the product minus it, in pairs."""
    def hits(answers: Answers) -> dict[str, NDArray[np.bool_]]:
        severity, category = _hits(answers.severity, truth.severities), _hits(answers.category, truth.categories)
        return {"severity": severity, "category": category, "both": severity & category}

    mine = hits(ours)
    return [f"product minus {name}, accuracy: " + ", ".join(
        f"{kind} {_gain(mine[kind], theirs, seed)}" for kind, theirs in hits(answers).items()) for name, answers in rivals.items()]


def _gain(mine: NDArray[np.bool_], theirs: NDArray[np.bool_], seed: int) -> Interval:
    return m.bootstrap(m.difference(m.mean(mine), m.mean(theirs)), len(mine), seed=seed)


def _best_floor(errors: NDArray[np.float64], others: NDArray[np.float64]) -> str:
    """The confidence that parts errors from non-errors best (Youden's index), in words."""
    floors = np.arange(0.01, 1.0, 0.01)
    gain = np.array([(others < floor).mean() - (errors < floor).mean() if len(others) else 0.0 for floor in floors])
    return f"errors and non-errors part best at {floors[gain.argmax()]:.2f} (Youden's index {gain.max():.2f})"


def _rare(truth: Truth) -> list[str]:
    counts = {label: list(truth.severity).count(label) for label in SEVERITIES} | {
        label: list(truth.category).count(label) for label in CATEGORIES}
    rare = [f"{label} {count}" for label, count in counts.items() if count < ENOUGH]
    return [f"classes with fewer than {ENOUGH} rows are not in macro F1: {', '.join(rare)}"] if rare else []


def _common(labels: Sequence[str], order: Sequence[str]) -> list[str]:
    """The labels with enough rows; all that occur where none has."""
    counts = {label: list(labels).count(label) for label in order}
    return [label for label, count in counts.items() if count >= ENOUGH] or [label for label, count in counts.items() if count]


def _hits(answers: NDArray[np.str_], accepted: Sequence[frozenset[str]]) -> NDArray[np.bool_]:
    return np.array([answer in right for answer, right in zip(answers.tolist(), accepted, strict=True)], dtype=bool)


def _nearest(answers: NDArray[np.str_], accepted: Sequence[frozenset[str]], first: Sequence[str]) -> NDArray[np.str_]:
    """The label that a row counts under: the answer where that is accepted, else the first annotator's."""
    return np.array([answer if answer in right else label
                     for answer, right, label in zip(answers.tolist(), accepted, first, strict=True)], dtype=np.str_)


def _kept(answers: Answers, mask: NDArray[np.bool_]) -> Answers:
    return Answers(answers.severity[mask], answers.category[mask], answers.confidence[mask], answers.action[mask])


def _is_error(row: Row) -> bool:
    return str(row.get("is_error", True)).lower() not in ("false", "0")


def _truth(rows: Sequence[Row]) -> Truth:
    if not rows:
        raise InvalidInput("no row of the data is a labelled error")
    severity = [_word(row, "severity", SEVERITY_WORDS) for row in rows]
    category = [_word(row, "category", dict(zip(CATEGORIES, CATEGORIES, strict=True))) for row in rows]
    also_severity = [SEVERITY_WORDS.get(str(row.get("also_severity")).lower(), s) for row, s in zip(rows, severity, strict=True)]
    also_category = [row.get("also_category") or c for row, c in zip(rows, category, strict=True)]
    return Truth(severity, category, [frozenset(pair) for pair in zip(severity, also_severity, strict=True)],
                 [frozenset(pair) for pair in zip(category, also_category, strict=True)],
                 [frozenset(row.get("actions") or ()) for row in rows])


def _word(row: Row, name: str, words: dict[str, str]) -> str:
    word = str(row.get(name) or "").lower()
    if word not in words:
        raise InvalidInput(f"{name} {word!r} is none of {', '.join(words)}")
    return words[word]


def _truth_of(training: Training) -> Truth:
    severity, category = [t.severity for t in training.templates], [t.category for t in training.templates]
    return Truth(severity, category, [frozenset((s,)) for s in severity], [frozenset((c,)) for c in category],
                 [frozenset(t.actions) for t in training.templates])


def _corpus(folder: Path, parts: Parts, request: Request) -> ReadingService:
    """The corpus in the folder, rendered and embedded; the installed one comes from the cache."""
    reading = ReadingService(folder, parts.encoder, request.settings.cache_dir)
    if not reading.templates:
        raise InvalidInput(f"{folder} holds no .jsonl file with templates")
    return reading


def _folds(training: Training) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    groups = [template.technology for template in training.templates]
    folds = min(FOLDS, len(set(groups)))
    if folds < 2:
        raise InvalidInput("leaving technologies out needs templates of two technologies at least")
    return list(GroupKFold(n_splits=folds).split(groups, groups=groups))


def _left_out(make: Callable[[Training], Read], training: Training,
              folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> tuple[Answers, Answers]:
    """The answers to the first rendering of every template and to every non-error, none of which was trained on."""
    numbers = np.arange(len(training.other_texts))
    pieces: list[tuple[NDArray[np.int64], Answers, NDArray[np.int64], Answers]] = []
    for fold, (train, test) in enumerate(folds):
        held = numbers[numbers % len(folds) == fold]
        read = make(readers.part(training, train, numbers[numbers % len(folds) != fold]))
        first = test * training.renderings
        pieces.append((test, read(training.vectors[first], [training.texts[row] for row in first]),
                       held, read(training.other_vectors[held], [training.other_texts[row] for row in held])))
    return (_joined([(rows, answers) for rows, answers, _, _ in pieces]),
            _joined([(rows, answers) for _, _, rows, answers in pieces if len(rows)]))


def _joined(pieces: Sequence[tuple[NDArray[np.int64], Answers]]) -> Answers:
    """The pieces in the order of their row numbers."""
    order = np.argsort(np.concatenate([rows for rows, _ in pieces])) if pieces else np.empty(0, dtype=np.int64)

    def column_of(name: str) -> NDArray[np.generic]:
        values = [getattr(answers, name) for _, answers in pieces]
        return np.concatenate(values)[order] if values else np.empty(0)

    return Answers(*(column_of(name) for name in ("severity", "category", "confidence", "action")))  # type: ignore[arg-type]
