"""NERService: the functions, files, variables and the rest that a text names, with character offsets.

The grammar says what the form of a word decides; the trained recogniser adds names in prose. It is loaded with the first
text that has prose, never at the start of a server.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from app.settings import ROOT
from models.text.entities import VERSION, Entity, entities
from models.text.entities.merge import merged

if TYPE_CHECKING:
    from models.text.entities.tagger import Tagger

#: The shipped weights.
PRETRAINED: Final = ROOT / "models" / "pretrained" / "ner"
#: Characters that are searched; an error that long says what it is about before.
LOOKED_AT: Final = 65_536
#: Values of one label that are kept of a signature.
_FACETS: Final = 12


class NERService:
    def __init__(self, weights: Path = PRETRAINED) -> None:
        self._weights = weights
        self._lock = Lock()
        self._tagger: Tagger | None = None

    @property
    def version(self) -> str:
        """Names the grammar and the weights that answer."""
        return f"{VERSION}+{self._card()}" if self.trained else VERSION

    @property
    def trained(self) -> bool:
        return (self._weights / "model.safetensors").is_file()

    def entities(self, text: str) -> list[Entity]:
        """In order of place, none over another; offsets are of the text as given."""
        looked_at = text[:LOOKED_AT]
        found = entities(looked_at)
        if not self.trained:
            return found
        return merged(looked_at, found, self._loaded().tag(looked_at))

    def model_only(self, texts: Sequence[str]) -> list[list[Entity]]:
        """What the recogniser alone finds; for measuring."""
        return self._loaded().tag_all(texts)

    def facets(self, text: str) -> list[tuple[str, str]]:
        """(label, value) of what a signature is filtered by, most frequent first: by the grammar alone, which is fast.

        A file counts by its name without folders, and lines are left out: neither would find its like again.
        """
        looked_at = text[:LOOKED_AT]
        counts = Counter(
            (item.label, facet(item.label, looked_at[item.start : item.end])) for item in entities(looked_at)
        )
        kept: list[tuple[str, str]] = []
        taken: Counter[str] = Counter()
        for (label, value), _ in counts.most_common():
            if label != "LINE" and value and taken[label] < _FACETS:
                taken[label] += 1
                kept.append((label, value))
        return kept

    def _loaded(self) -> "Tagger":
        with self._lock:
            if self._tagger is None:
                from models.text.entities.tagger import Tagger

                self._tagger = Tagger.load(self._weights, entities)
            return self._tagger

    def _card(self) -> str:
        card = json.loads((self._weights / "card.json").read_text(encoding="utf-8"))
        return f"ner@{card['sha256'][:8]}"


def facet(label: str, value: str) -> str:
    """The value as the filter of the Inbox names it."""
    short = value.replace("\\", "/").rstrip("/").rpartition("/")[2] if label == "FILE" else value
    return short.removesuffix("()")[:120] if label == "FUNCTION" else short[:120]


def texts_of(text: str, found: Sequence[Entity]) -> list[dict[str, str | int]]:
    """As JSON: start, end, label and the text between."""
    return [
        {"start": item.start, "end": item.end, "label": item.label, "text": text[item.start : item.end]}
        for item in found
    ]
