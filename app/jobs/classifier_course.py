"""The corpus prepared for the classifier: rendered, read by the trunk, its terms found; and networks trained on parts of it."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.services.reading import ReadingService, prepared
from models.analyse.blend import BlendState, fit_blend
from models.analyse.corpus_classifier import CorpusClassifier, Training, fit
from models.analyse.token_head import Outputs, TokenHead
from models.corpus import Template
from models.corpus_split import family
from models.learn.classifier import (
    Lesson,
    Recipe,
    Trained,
    confidence_of,
    fit_confidence,
    lesson,
    logits,
    train,
    without_trunk,
)
from models.learn.renderings import renderings
from models.learn.terms import mean_length, term_vectors
from models.learn.token_states import token_states
from models.nets.vocabulary import Vocabulary, mine
from models.records import Reading
from models.vectors.encoder import Encoder
from models.vectors.onnx_runtime import OnnxEncoder

Ints = NDArray[np.int64]
Say = Callable[[str], None]
#: Templates and non-errors to train on, templates and non-errors to ask about.
Parts = tuple[Ints, Ints, Ints, Ints]

_SLOT: Final = re.compile(r"\{[a-z][a-z0-9_]*(?::([^{}]*))?\}")
#: [MASK] in BERT's vocabulary.
MASK_ID: Final = 103


@dataclass(frozen=True, slots=True)
class Course:
    """`first` (t,) and `others` (m,): the texts that are scored, by number in the lesson: as the product sees them.

    `vectors` (terms, dims): what the masked terms taught.
    """

    kernel: Training
    lesson: Lesson
    vocabulary: Vocabulary
    vectors: NDArray[np.float32]
    guessed: float
    first: Ints
    others: Ints

    @property
    def templates(self) -> Sequence[Template]:
        return self.kernel.templates


@dataclass(frozen=True, slots=True)
class Seen:
    """What readers that had not seen them said of templates `rows` and non-errors `others`, in this order."""

    rows: Ints
    others: Ints
    readings: list[Reading]
    severity: NDArray[np.float64]
    category: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def outputs(self) -> list[Outputs]:
        return [Outputs(s, c, float(sure)) for s, c, sure in zip(self.severity, self.category, self.confidence, strict=True)]


def prepare(reading: ReadingService, encoder: Encoder, cache: Path, seed: int, say: Say) -> Course:
    """Renders and reads the corpus; minutes the first time, then from the cache. InvalidInput without a trunk to read."""
    if not isinstance(encoder, OnnxEncoder):
        raise InvalidInput("the classifier trains on the fast runtime's states: set STACKLENS_RUNTIME=onnx")
    kernel = reading.training()
    shown = renderings(kernel.templates, kernel.other_texts, prepared, seed)
    say(f"reading {len(shown.texts):,} renderings of {len(kernel.templates):,} templates")
    states = token_states(encoder, shown.texts, cache)
    vocabulary = Vocabulary(mined(kernel.templates, kernel.other_texts, encoder))
    terms = states.terms(vocabulary)
    data = lesson(kernel.templates, shown, states, terms, [family(t.technology) for t in kernel.templates])
    first = np.array([rows[0] for rows in data.texts_of(np.arange(len(kernel.templates)), plain_only=True)])
    say(f"masking terms of {len(first):,} texts")
    vectors, guessed = _taught(data, first, vocabulary, encoder, cache=cache, seed=seed)
    return Course(kernel, data, vocabulary, vectors, guessed, first, data.others())


def mined(templates: Sequence[Template], others: Sequence[str], encoder: OnnxEncoder) -> list[str]:
    """The terms of the templates' own words: slots are left out, the words that one may choose from are not."""
    texts = [_SLOT.sub(lambda slot: "\n" + "\n".join((slot.group(1) or "").split("|")) + "\n", t.text) for t in templates]

    @cache
    def pieces(word: str) -> int:
        return len(encoder.tokenize([word])[0][0]) - 2

    return mine([*texts, *others], sorted({t.technology for t in templates}), pieces)


def _taught(
    data: Lesson, first: Ints, vocabulary: Vocabulary, encoder: OnnxEncoder, *, cache: Path, seed: int
) -> tuple[NDArray[np.float32], float]:
    """The vectors that masked terms teach, from the cache where the same were taught before."""
    digest = hashlib.blake2b("\n".join([*vocabulary.terms, str(seed), encoder.version]).encode(), digest_size=8)
    digest.update("\n".join(data.states.texts[row] for row in first.tolist()).encode(errors="replace"))
    file = cache / f"terms-{digest.hexdigest()}.npz"
    if file.is_file():
        with np.load(file, allow_pickle=False) as kept:
            return kept["vectors"], float(kept["guessed"])
    ids = [ids for ids, _ in encoder.tokenize([data.states.texts[row] for row in first.tolist()])]
    of = [data.terms[data.states.starts[row] : data.states.starts[row + 1]] for row in first.tolist()]
    vectors, guessed = term_vectors(
        vocabulary, list(zip(ids, of, strict=True)), encoder.states_of, mask=MASK_ID, scale=mean_length(data.states), seed=seed
    )
    np.savez(file, vectors=vectors, guessed=guessed)
    return vectors, guessed


def network(
    course: Course, rows: Ints, recipe: Recipe, seed: int, *,
    held_out: Ints | None = None, say: Say | None = None, checkpoint: Path | None = None,
) -> Trained:
    """A network trained on the templates `rows`."""
    return train(course.lesson, rows, recipe, seed, held_out=held_out, vectors=course.vectors, report=say, checkpoint=checkpoint)


def kernel_of(course: Course, rows: Ints, others: Ints) -> CorpusClassifier:
    """The kernel reader fitted on the templates `rows` and the non-errors `others`."""
    from app.evaluation.readers import part

    known = part(course.kernel, rows, others)
    return CorpusClassifier(known.templates, known.vectors, known.other_vectors, fit(known), "corpus-kernel")


def unseen(course: Course, parts: Parts, recipe: Recipe, seed: int) -> Seen:
    """Both readers, fitted on the one part, asked about the other."""
    train_rows, train_others, rows, others = parts
    model = network(course, train_rows, recipe, seed)
    return asked(course, model, kernel_of(course, train_rows, train_others), rows, others)


def asked(course: Course, model: Trained, kernel: CorpusClassifier, rows: Ints, others: Ints) -> Seen:
    """What a network and a kernel reader say of the templates `rows` and the non-errors `others`."""
    known, at = course.kernel, rows * course.kernel.renderings
    vectors = np.concatenate([known.vectors[at], known.other_vectors[others]])
    words = [*(known.texts[row] for row in at.tolist()), *(known.other_texts[row] for row in others.tolist())]
    texts = np.concatenate([course.first[rows], course.others[others]])
    return Seen(rows, others, kernel.read(vectors, words), *logits(model.network, course.lesson, texts))


def joined(pieces: Sequence[Seen]) -> Seen:
    """Errors of all pieces first, then their non-errors."""
    sizes = [len(piece.rows) for piece in pieces]

    def column(of: Callable[[Seen], Any]) -> list[Any]:
        return ([one for piece, n in zip(pieces, sizes, strict=True) for one in of(piece)[:n]]
                + [one for piece, n in zip(pieces, sizes, strict=True) for one in of(piece)[n:]])

    arrays = (np.array(column(attrgetter(name))) for name in ("severity", "category", "confidence"))
    return Seen(np.concatenate([piece.rows for piece in pieces]), np.concatenate([piece.others for piece in pieces]),
                column(lambda piece: piece.readings), *arrays)


def right_of(course: Course, seen: Seen) -> NDArray[np.bool_]:
    """(n,) whether the network has both right; never for a non-error."""
    right = np.zeros(len(seen.readings), dtype=bool)
    n, data = len(seen.rows), course.lesson
    right[:n] = ((seen.severity[:n].argmax(axis=1) == data.severity[seen.rows])
                 & (seen.category[:n].argmax(axis=1) == data.category[seen.rows]))
    return right


def _embeddings(course: Course, seen: Seen) -> NDArray[np.float32]:
    return np.concatenate([course.kernel.vectors[seen.rows * course.kernel.renderings], course.kernel.other_vectors[seen.others]])


def with_confidence(course: Course, model: Trained, seen: Seen, halves: int = 4) -> Seen:
    """Trains the network's confidence on what was seen out of fold; gives the same with a confidence for each text,
    fitted on the other families only."""
    groups = np.array([*course.lesson.groups[seen.rows], *(f"\0{number}" for number in seen.others.tolist())])
    part = np.unique(groups, return_inverse=True)[1] % halves
    right, embeddings, confidence = right_of(course, seen), _embeddings(course, seen), np.zeros(len(groups))
    for number in range(halves):
        rest, held = part != number, part == number
        fit_confidence(model.network, embeddings[rest], seen.severity[rest], seen.category[rest], right[rest])
        confidence[held] = confidence_of(model.network, embeddings[held], seen.severity[held], seen.category[held])
    fit_confidence(model.network, embeddings, seen.severity, seen.category, right)
    return Seen(seen.rows, seen.others, seen.readings, seen.severity, seen.category, confidence)


def confident(course: Course, model: Trained, seen: Seen) -> Seen:
    """The same with the confidence of a network that has its head trained already."""
    sure = confidence_of(model.network, _embeddings(course, seen), seen.severity, seen.category)
    return Seen(seen.rows, seen.others, seen.readings, seen.severity, seen.category, sure)


def blend_of(course: Course, seen: Seen) -> BlendState:
    return fit_blend(seen.readings, seen.outputs(), course.lesson.severity[seen.rows], course.lesson.category[seen.rows])


def folds(course: Course, rows: Ints, others: Ints, number: int) -> list[Parts]:
    """Whole families on one side."""
    from sklearn.model_selection import GroupKFold

    groups = course.lesson.groups[rows]
    parts = GroupKFold(n_splits=number).split(rows, groups=groups)
    return [(rows[train_part], others[others % number != fold], rows[test_part], others[others % number == fold])
            for fold, (train_part, test_part) in enumerate(parts)]


def head_of(model: Trained, vocabulary: Vocabulary, blend: BlendState, trunk: str, version: str) -> TokenHead:
    """The network as the product runs it."""
    return TokenHead(tensors(model, blend), vocabulary, heads=model.network.attention.heads, trunk=trunk, version=version)


def tensors(model: Trained, blend: BlendState) -> dict[str, NDArray[Any]]:
    """What ships: the network without its trunk in half precision, and the blend."""
    return {**{name: tensor.numpy() for name, tensor in without_trunk(model.network).items()},
            **{f"blend.{name}": np.asarray(value, dtype=np.float64) for name, value in blend.items()}}


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
