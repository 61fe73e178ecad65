"""`stacklens train resolution`: the warm start of ResolutionDQN, from the acceptable actions of our own corpus.

The corpus reader's scores are part of the state, so each template is read by a reader that was fitted without its family
of technologies. A fifth of the families is held out and measured; the weights that ship are then trained on all of them
by the same recipe. No click of any user is among the data.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.product import load_encoder
from app.evaluation.readers import part
from app.services.files import atomic_write
from app.services.reading import RENDERINGS, ReadingService
from app.services.resolutions import PRETRAINED
from app.settings import SAMPLE_DATA, Settings
from models.analyse import resolution_state as rs
from models.analyse.corpus_classifier import CorpusClassifier, Training, fit
from models.analyse.resolution_scorer import q_values
from models.corpus_split import family
from models.learn.resolution import EPOCHS, Lesson, Recipe, lesson_of, warm_start
from models.records import Reading
from models.taxonomy import ACTIONS
from models.vectors.encoder import Encoder

FOLDS: Final = 5

Ints = NDArray[np.int64]


def train(
    settings: Settings, seed: int, data: Path | None, progress: Callable[[str], None], folder: Path = PRETRAINED, *,
    encoder: Encoder | None = None, epochs: int = EPOCHS,
) -> dict[str, Any]:  # fmt: skip
    """Trains, measures on held-out families, writes model.safetensors and card.json; what the card says."""
    from safetensors.numpy import save

    encoder = encoder or load_encoder(settings)
    reading = ReadingService(
        data or SAMPLE_DATA / "corpus", encoder, settings.cache_dir, SAMPLE_DATA / "non_errors.jsonl"
    )
    progress("embedding the corpus")
    training = reading.training()
    fold = folds(training, seed)
    lesson = lesson_from(training, fold, progress)
    held = np.repeat(fold == 0, training.renderings)

    def say(epoch: int, loss: float) -> None:
        progress(f"epoch {epoch + 1} of {epochs}: loss {loss:.4f}")

    progress("training without the held-out families")
    metrics = measured(
        warm_start(only(lesson, ~held), seed=seed, recipe=Recipe(epochs=epochs), progress=say), only(lesson, held)
    )
    progress("training on all of them")
    weights = warm_start(lesson, seed=seed, recipe=Recipe(epochs=epochs), progress=say)
    blob = save(weights)
    card = {
        "name": "resolution", "date": datetime.now(UTC).date().isoformat(), "seed": seed, "encoder": encoder.version,
        "data": f"{len(training.templates)} templates of sample_data/corpus in {RENDERINGS} renderings, clicks simulated",
        "split": f"metrics: {int((fold == 0).sum())} templates of families that the net did not see; shipped: trained on all",
        "epochs": epochs, "metrics": metrics, "sha256": hashlib.sha256(blob).hexdigest(),
    }  # fmt: skip
    atomic_write(folder / "model.safetensors", lambda stream: stream.write(blob))
    atomic_write(folder / "card.json", lambda stream: stream.write((json.dumps(card, indent=1) + "\n").encode()))
    return card


def folds(training: Training, seed: int) -> Ints:
    """(templates,) the fold of each; a family of technologies is in one."""
    families = sorted({family(template.technology) for template in training.templates})
    order = np.random.default_rng(seed).permutation(len(families))
    number = {families[place]: rank % FOLDS for rank, place in enumerate(order.tolist())}
    return np.array([number[family(template.technology)] for template in training.templates], dtype=np.int64)


def lesson_from(training: Training, fold: Ints, progress: Callable[[str], None]) -> Lesson:
    """The corpus as states, each template read without its family."""
    r = training.renderings
    columns = np.zeros((len(training.vectors), rs.WIDTH), dtype=np.float32)
    everyone, others = np.arange(len(training.templates)), np.arange(len(training.other_texts))
    for number in range(FOLDS):
        progress(f"reading fold {number + 1} of {FOLDS}")
        known = part(training, everyone[fold != number], others)
        reader = CorpusClassifier(known.templates, known.vectors, known.other_vectors, fit(known), "left-out")
        rows = (np.flatnonzero(fold == number)[:, None] * r + np.arange(r)).ravel()
        read: list[Reading] = reader.read(training.vectors[rows], [training.texts[row] for row in rows.tolist()])
        columns[rows] = [rs.columns(one) for one in read]
    right = np.array([[action in template.actions for action in ACTIONS] for template in training.templates])
    states = np.concatenate([training.vectors, columns], axis=1).astype(np.float32)
    return lesson_of(states, np.repeat(right, r, axis=0), [str(row // r) for row in range(len(states))])


def only(lesson: Lesson, rows: NDArray[np.bool_]) -> Lesson:
    """A part of a lesson; its neighbours are found anew."""
    numbers = np.flatnonzero(rows)
    group = [str(number // RENDERINGS) for number in numbers.tolist()]
    return lesson_of(lesson.states[numbers], lesson.right[numbers], group)


def measured(weights: Any, lesson: Lesson) -> dict[str, float]:
    """Share of held-out rows whose first suggestion is acceptable, and one of the first three; the corpus reader's beside it."""
    rows = np.arange(len(lesson.states))
    first: dict[str, NDArray[Any]] = {
        "dqn": q_values(weights, lesson.states),
        "corpus": lesson.states[:, -rs.WIDTH :][:, rs.CORPUS],
    }
    figures = {
        f"accept_rate_{name}": float(lesson.right[rows, scores.argmax(axis=1)].mean()) for name, scores in first.items()
    }
    for name, start in first.items():
        states, scores, hit = lesson.states, start, np.zeros(len(rows), dtype=bool)
        for _ in range(3):
            best = np.where(rs.masked(states), -np.inf, scores).argmax(axis=1)
            hit |= lesson.right[rows, best]
            states = rs.with_rejected(states, best)
            scores = q_values(weights, states) if name == "dqn" else scores
        figures[f"accept_within_3_{name}"] = float(hit.mean())
    return {name: round(value, 4) for name, value in figures.items()}
