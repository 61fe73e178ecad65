"""The trained half: spaCy's transition-based recogniser for names in prose, which no form gives away.

Words to entities. It reads what a plain spaCy model reads of a word (norm, prefix, suffix, shape) and, as a further
column, what the grammar says of the same word: where form decides, the model need not learn it again. Words are split at
white space and at the marks around them, so that "cart.py" and "self.items" stay whole. Weights are safetensors of
float16: spaCy's own files hold no code either, but bring a vocabulary that is not needed.
"""

import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple, cast

import numpy as np

from models.text.entities.entity import Entity

#: Words of a text that the model reads; names that matter come early.
MAX_WORDS: Final = 400
_WIDTH: Final = 96
_DEPTH: Final = 3
_ROWS: Final = [5000, 1500, 2500, 1500, 64]
_ATTRIBUTES: Final = ["NORM", "PREFIX", "SUFFIX", "SHAPE", "TAG"]
_BATCH: Final = 48
_DROPOUT: Final = 0.25

_WORD: Final = re.compile(r"[^\s\x00]+")
_OPENING: Final = frozenset("\"'`([{<,;:‘“")
_CLOSING: Final = frozenset("\"'`)]}>,;:.?!’”")


class Example(NamedTuple):
    """A text and what its words name: (start, end, label), none over another."""

    text: str
    entities: tuple[tuple[int, int, str], ...]


Hints = Callable[[str], Sequence[Entity]]
Report = Callable[[int, int], None]


class Tagger:
    """A spaCy pipeline of one component. Safe to share between threads."""

    def __init__(self, labels: Sequence[str], hints: Hints, seed: int = 0) -> None:
        import spacy
        from thinc.api import fix_random_seed

        fix_random_seed(seed)
        self._hints = hints
        self._lock = Lock()
        self._nlp = spacy.blank("en")
        self._recogniser = cast(Any, self._nlp.add_pipe("ner", config={"model": _ARCHITECTURE}))
        for label in sorted(labels):
            self._recogniser.add_label(label)
        self._optimiser = self._nlp.initialize()

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self._recogniser.labels)

    def tag(self, text: str) -> list[Entity]:
        """Entities in order of place; offsets are of the text as given."""
        return self.tag_all([text])[0]

    def tag_all(self, texts: Sequence[str]) -> list[list[Entity]]:
        places = [words(text) for text in texts]
        found: list[list[Entity]] = [[] for _ in texts]
        rows = [row for row, spans in enumerate(places) if spans]
        with self._lock:
            docs = [self._doc(texts[row], places[row]) for row in rows]
            for row, doc in zip(rows, self._recogniser.pipe(docs, batch_size=64), strict=True):
                spans = places[row]
                found[row] = [Entity(spans[e.start][0], spans[e.end - 1][1], e.label_) for e in doc.ents]
        return found

    def fit(
        self, examples: Sequence[Example], epochs: int, seed: int, report: Report = lambda done, total: None
    ) -> None:
        """Goes over the examples in an order drawn by the seed; each epoch in another."""
        from spacy.training import Example as Pair

        pairs = []
        for example in examples:
            spans = words(example.text)
            if spans:
                pairs.append(Pair(self._doc(example.text, spans), self._doc(example.text, spans, example.entities)))
        rng = random.Random(seed)
        for epoch in range(epochs):
            rng.shuffle(pairs)
            self._optimiser.learn_rate = 0.002 * (1 - epoch / (epochs + 1))
            for at in range(0, len(pairs), _BATCH):
                with self._lock:
                    self._recogniser.update(pairs[at : at + _BATCH], sgd=self._optimiser, drop=_DROPOUT)
            report(epoch + 1, epochs)

    def save(self, folder: Path, card: dict[str, Any]) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        save_file(
            {name: np.ascontiguousarray(array, dtype=np.float16) for name, array in self._parameters()},
            folder / "model.safetensors",
        )
        (folder / "model.safetensors").chmod(0o644)  # safetensors writes for the owner alone
        text = json.dumps(card | {"labels": list(self.labels)}, indent=1, ensure_ascii=False)
        (folder / "card.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, hints: Hints) -> "Tagger":
        """ValueError where the weights do not fit the architecture."""
        from safetensors.numpy import load_file

        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        tagger = cls(card["labels"], hints)
        arrays = load_file(folder / "model.safetensors")
        for number, node in enumerate(tagger._recogniser.model.walk()):
            for name in node.param_names:
                key = f"{number}.{name}"
                if key not in arrays or (node.has_param(name) and arrays[key].shape != node.get_param(name).shape):
                    raise ValueError(f"{folder.name} was trained with another architecture: train it again")
                node.set_param(name, arrays[key].astype(np.float32))
        return tagger

    def _parameters(self) -> Iterable[tuple[str, Any]]:
        for number, node in enumerate(self._recogniser.model.walk()):
            for name in node.param_names:
                if node.has_param(name):
                    yield f"{number}.{name}", node.get_param(name)

    def _doc(
        self, text: str, spans: Sequence[tuple[int, int]], gold: Iterable[tuple[int, int, str]] | None = None
    ) -> Any:
        from spacy.tokens import Doc

        tokens = [text[start:end] for start, end in spans]
        if gold is not None:
            return Doc(self._nlp.vocab, words=tokens, ents=_biluo(spans, gold))
        return Doc(self._nlp.vocab, words=tokens, tags=_biluo(spans, self._hints(text)))


def words(text: str) -> list[tuple[int, int]]:
    """From and to (exclusive) of each word; marks around a word are words of their own, the "()" of a call is not."""
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        while end - start > 1 and text[start] in _OPENING:
            spans.append((start, start + 1))
            start += 1
        tail: list[tuple[int, int]] = []
        while end - start > 1 and text[end - 1] in _CLOSING and text[end - 2 : end] != "()":
            end -= 1
            tail.append((end, end + 1))
        spans.append((start, end))
        spans += reversed(tail)
        if len(spans) >= MAX_WORDS:
            return spans[:MAX_WORDS]
    return spans


def _biluo(spans: Sequence[tuple[int, int]], entities: Iterable[tuple[int, int, str]]) -> list[str]:
    """B-, I- or O for each word; an entity takes every word that it touches."""
    tags = ["O"] * len(spans)
    at = 0
    for start, end, label in entities:
        while at < len(spans) and spans[at][1] <= start:
            at += 1
        first = at
        while at < len(spans) and spans[at][0] < end:
            tags[at] = f"{'B' if at == first else 'I'}-{label}"
            at += 1
    return tags


_ARCHITECTURE: Final[dict[str, Any]] = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": _WIDTH,
            "attrs": _ATTRIBUTES,
            "rows": _ROWS,
            "include_static_vectors": False,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": _WIDTH,
            "window_size": 1,
            "maxout_pieces": 3,
            "depth": _DEPTH,
        },
    },
}
