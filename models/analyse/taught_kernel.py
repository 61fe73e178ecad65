"""The corpus kernel fitted anew with texts that people of one store labelled: a candidate for the reader.

A labelled text joins the fit as one more template, a technology of its own, so that it weighs as much as any template and the
confidence is fitted on readings that left it out. What is kept is arrays: the fit, and the vectors of the labelled texts (the
kernel compares with them); no text, and of its words only hashed columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.corpus_classifier import STATE, CorpusClassifier, State, Training
from models.corpus import Template
from models.taxonomy import ACTIONS, CATEGORIES, SEVERITIES

Floats = NDArray[np.float32]
#: Actions of a labelled text that are kept: as many as a template names at most.
LISTED: Final = 3
_VECTORS, _CLASSES = "labels.vectors", "labels.classes"


@dataclass(frozen=True, slots=True)
class TaughtTexts:
    """l labelled texts: `keys` of their signatures, `vectors` (l, d) unit rows, what each is, its actions, best first, one or more.

    `texts` are what the encoder saw; () once the fit is done: they are not kept.
    """

    keys: tuple[str, ...]
    vectors: Floats
    severity: tuple[str, ...]
    category: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    texts: tuple[str, ...] = ()

    def templates(self) -> list[Template]:
        rows = zip(self.keys, self.severity, self.category, self.actions, strict=True)
        return [
            Template(f"label {key[:8]}", f"label {key}", "", severity, category, actions)
            for key, severity, category, actions in rows
        ]


def with_texts(training: Training, taught: TaughtTexts, rows: Sequence[int] | None = None) -> Training:
    """The corpus (only the templates at `rows`, if given) and the labelled texts; each as often as a template is rendered."""
    r = training.renderings
    places = np.arange(len(training.templates)) if rows is None else np.asarray(rows, dtype=np.int64)
    rendered = (places[:, None] * r + np.arange(r)).ravel()
    return Training(
        [*(training.templates[place] for place in places.tolist()), *taught.templates()],
        _joined(training.vectors[rendered], taught, r),
        [*(training.texts[row] for row in rendered.tolist()), *(text for text in taught.texts for _ in range(r))],
        training.other_vectors, training.other_texts,
    )  # fmt: skip


def pack(state: State, taught: TaughtTexts) -> dict[str, NDArray[Any]]:
    """Arrays by name, for safetensors."""
    classes = np.array(
        [[SEVERITIES.index(severity), CATEGORIES.index(category), *_listed(actions)]
         for severity, category, actions in zip(taught.severity, taught.category, taught.actions, strict=True)],
        dtype=np.int64,
    ).reshape(-1, 2 + LISTED)  # fmt: skip
    arrays = {name: np.ascontiguousarray(state[name]) for name in STATE}
    return arrays | {_VECTORS: np.ascontiguousarray(taught.vectors, dtype=np.float32), _CLASSES: classes}


def unpack(  # noqa: PLR0917 - the corpus in its three parts
    arrays: Mapping[str, NDArray[Any]],
    keys: Sequence[str],
    templates: Sequence[Template],
    vectors: Floats,
    other_vectors: Floats,
    version: str,
) -> CorpusClassifier:
    """The reader of `pack`ed arrays over the same corpus: t templates, `vectors` (t * r, d), `other_vectors` (m, d)."""
    classes = arrays[_CLASSES].tolist()
    taught = TaughtTexts(
        tuple(keys), arrays[_VECTORS], tuple(SEVERITIES[row[0]] for row in classes), tuple(CATEGORIES[row[1]] for row in classes),
        tuple(tuple(ACTIONS[place] for place in row[2:] if place >= 0) for row in classes),
    )  # fmt: skip
    joined = _joined(vectors, taught, len(vectors) // len(templates))
    return CorpusClassifier(
        [*templates, *taught.templates()], joined, other_vectors, {name: arrays[name] for name in STATE}, version
    )


def _joined(vectors: Floats, taught: TaughtTexts, renderings: int) -> Floats:
    return np.concatenate([vectors, np.repeat(taught.vectors, renderings, axis=0)]) if taught.keys else vectors


def _listed(actions: Sequence[str]) -> list[int]:
    places = [ACTIONS.index(action) for action in actions[:LISTED]]
    return places + [-1] * (LISTED - len(places))
