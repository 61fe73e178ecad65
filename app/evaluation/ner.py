"""Task `ner`: named entities by exact span, of labels that the file can carry.

The product is grammar and recogniser together. With `--fit` the recogniser is trained on that file first, and what the
two do with each other is chosen on a seventh of its documents, which the recogniser has not seen.
"""

import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from app.domain import InvalidInput
from app.evaluation import metrics as m
from app.evaluation.data import Row, read_rows
from app.evaluation.report import Interval, Report, Request
from app.services.ner import NERService
from models.taxonomy import ENTITIES
from models.text.entities import VERSION, Entity, entities
from models.text.entities.merge import RULES, Merge, Rule
from models.text.entities.plain_cnn import PlainCnn
from models.text.entities.tagger import Example, Tagger

#: Times over the fitted file.
EPOCHS: Final = 6
#: One in so many documents chooses the merge rule.
_CHOOSING: Final = 7
#: The silver labels of these services' logs take milliseconds for codes.
_NOT_SCORED: Final = {"nezha": frozenset(("ERROR_CODE",))}
_WORDS: Final = re.compile(r"\w+")

Span = tuple[int, int, str]
Answers = Sequence[Sequence[Entity]]


@dataclass(frozen=True, slots=True)
class Gold:
    """n texts, their entities under our labels, the document that each is of, and the labels that are scored."""

    texts: Sequence[str]
    spans: Sequence[frozenset[Span]]
    docs: Sequence[str]
    labels: frozenset[str]


def measure(request: Request) -> Report:
    gold = _gold(request.data)
    notes = [f"labels scored: {', '.join(sorted(gold.labels))}; intervals are over documents"]
    service = NERService()
    grammar, speed = _grammar(gold.texts)
    answers: dict[str, Answers] = {"grammar_only": grammar}
    if request.data2 is None:
        product = [service.entities(text) for text in gold.texts]
        if service.trained:
            answers["model_only"] = service.model_only(gold.texts)
        notes.append("spacy_cnn needs --fit: it has nothing to be trained on without")
        version = service.version
    else:
        fitted, merge, note = _fitted(request.data2, request.seed)
        answers["model_only"] = fitted.tag_all(gold.texts)
        product = [merge.of(one, other) for one, other in zip(grammar, answers["model_only"], strict=True)]
        answers["spacy_cnn"] = _cnn(request.data2, request.seed).tag_all(gold.texts)
        notes.append(note)
        version = f"{VERSION}+recogniser fitted on {request.data2.name}"
    notes.append(
        "words_per_second is the grammar's in processor time of one thread, a word being a run of letters, digits and _"
    )
    metrics = _scores(product, gold, request.seed) | {"words_per_second": Interval(speed)}
    if "spacy_cnn" in answers:
        metrics |= _gains(product, answers["spacy_cnn"], gold, request.seed)
    return Report(
        n=len(gold.texts),
        model=version,
        metrics=metrics,
        notes=tuple(notes),
        baselines={rival: _scores(found, gold, request.seed) for rival, found in answers.items()},
    )


def _grammar(texts: Sequence[str]) -> tuple[list[list[Entity]], float]:
    """The grammar's answers, and the words that it read in a second: the better of two rounds."""
    best, answers = float("inf"), []
    for _ in range(2):
        begun = time.thread_time()
        answers = [entities(text) for text in texts]
        best = min(best, time.thread_time() - begun)
    return answers, sum(len(_WORDS.findall(text)) for text in texts) / best


def _fitted(path: Path, seed: int) -> tuple[Tagger, Merge, str]:
    gold = _gold(path)
    documents = sorted(set(gold.docs))
    random.Random(seed).shuffle(documents)
    choosing = frozenset(documents[: max(1, len(documents) // _CHOOSING)])
    held = [row for row, doc in enumerate(gold.docs) if doc in choosing]
    tagger = Tagger(sorted(gold.labels), entities, seed)
    tagger.fit([_example(gold, row) for row, doc in enumerate(gold.docs) if doc not in choosing], EPOCHS, seed)
    model = tagger.tag_all([gold.texts[row] for row in held])
    grammar = [entities(gold.texts[row]) for row in held]
    merge = _chosen(grammar, model, [gold.spans[row] for row in held], gold.labels)
    rules = ", ".join(f"{label}: {merge.rule(label)}" for label in sorted(gold.labels))
    return (
        tagger,
        merge,
        f"fitted on {len(gold.texts) - len(held)} rows; what the grammar finds, chosen on the other {len(held)}: {rules}",
    )


def _chosen(grammar: Answers, model: Answers, spans: Sequence[frozenset[Span]], labels: frozenset[str]) -> Merge:
    """For one label after the other the rule with the best micro F1, the others as chosen so far."""
    rules: dict[str, Rule] = {}

    def quality(label: str, rule: Rule) -> float:
        merge = Merge("fill", {**rules, label: rule})
        return _micro([merge.of(one, other) for one, other in zip(grammar, model, strict=True)], spans, labels)

    for label in sorted(labels):
        rules[label] = max(RULES, key=partial(quality, label))
    return Merge("fill", rules)


def _micro(answers: Answers, spans: Sequence[frozenset[Span]], labels: frozenset[str]) -> float:
    found = [{tuple(item) for item in row if item.label in labels} for row in answers]
    right = sum(len(one & other) for one, other in zip(found, spans, strict=True))
    return 2 * right / max(1, sum(map(len, found)) + sum(map(len, spans)))


def _cnn(path: Path, seed: int) -> PlainCnn:
    gold = _gold(path)
    cnn = PlainCnn(sorted(gold.labels), seed)
    cnn.fit([_example(gold, row) for row in range(len(gold.texts))], EPOCHS, seed)
    return cnn


def _example(gold: Gold, row: int) -> Example:
    return Example(gold.texts[row], tuple(sorted(gold.spans[row])))


def _scores(answers: Answers, gold: Gold, seed: int) -> dict[str, Interval]:
    """F1, precision and recall over all labels, and F1 of each."""
    scores: dict[str, Interval] = {}
    for label in (None, *sorted(gold.labels)):
        counts = _counts(answers, gold, label)
        suffix = f"_{label}" if label else ""
        for name, statistic in (("f1", _f1(counts)), ("precision", _share(counts, 1)), ("recall", _share(counts, 2))):
            scores[name + suffix] = m.bootstrap(statistic, len(gold.texts), seed=seed, units=gold.docs)
    return scores


def _gains(answers: Answers, rival: Answers, gold: Gold, seed: int) -> dict[str, Interval]:
    """F1 above the rival's on the same draws."""
    return {
        f"f1_{label}_above_spacy_cnn": m.bootstrap(
            m.difference(_f1(_counts(answers, gold, label)), _f1(_counts(rival, gold, label))),
            len(gold.texts),
            seed=seed,
            units=gold.docs,
        )
        for label in sorted(gold.labels & {"FUNCTION", "FILE", "VARIABLE"})
    }


def _counts(answers: Answers, gold: Gold, label: str | None) -> m.Doubles:
    """(n, 3): of each text the entities that are right, found, and there."""
    rows = []
    for found, spans in zip(answers, gold.spans, strict=True):
        mine = {tuple(item) for item in found if (item.label == label if label else item.label in gold.labels)}
        theirs = {span for span in spans if label is None or span[2] == label}
        rows.append((len(mine & theirs), len(mine), len(theirs)))
    return np.array(rows, dtype=np.float64)


def _f1(counts: m.Doubles) -> m.Statistic:
    return lambda weights: 2 * (weights @ counts[:, 0]) / (weights @ counts[:, 1] + weights @ counts[:, 2])


def _share(counts: m.Doubles, of: int) -> m.Statistic:
    return lambda weights: (weights @ counts[:, 0]) / (weights @ counts[:, of])


def _gold(path: Path) -> Gold:
    if path.is_dir():
        raise InvalidInput(f"{path} is a folder: name a .jsonl file with text and entities")
    rows, names = read_rows(path), _label_map(path)
    if any("text" not in row or not isinstance(row.get("entities"), list) for row in rows):
        raise InvalidInput(f"{path.name} has rows without text or entities")
    source = str(rows[0].get("source") or "")
    spans = [frozenset(_mapped(row, names)) for row in rows]
    labels = (
        (frozenset(names.values()) & {label for row in spans for _, _, label in row})
        if names
        else frozenset(label for row in spans for _, _, label in row)
    )
    labels = frozenset(labels & set(ENTITIES)) - _NOT_SCORED.get(source, frozenset())
    if not labels:
        raise InvalidInput(f"{path.name} carries no entity with a label of ours")
    kept = [frozenset(span for span in row if span[2] in labels) for row in spans]
    return Gold(
        [str(row["text"]) for row in rows],
        kept,
        [str(row.get("doc", number)) for number, row in enumerate(rows)],
        labels,
    )


def _label_map(path: Path) -> Mapping[tuple[str, str], str]:
    """(source, label there) to our label; empty where no map lies beside the file: labels are then ours already."""
    beside = path.parent / "label_map.csv.gz"
    if not beside.is_file():
        return {}
    return {(row["source"], row["source_label"]): row["label"] for row in read_rows(beside)} | {
        (source, "LINE"): "LINE" for source in ("gitbugs", "defects4j", "nezha")
    }


def _mapped(row: Row, names: Mapping[tuple[str, str], str]) -> list[Span]:
    source = str(row.get("source") or "")
    pairs = ((int(start), int(end), str(label)) for start, end, label in row["entities"])
    return [(start, end, names.get((source, label), "") if names else label) for start, end, label in pairs]
