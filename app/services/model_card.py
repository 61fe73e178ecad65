"""ModelCardService: which reader answers, how it was measured beside its simple rivals, and where people corrected it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.domain import Entry, effective
from app.services.reading import ReadingService
from app.storage.issues import Issue
from app.storage.store import Store

#: The files beside the shipped network.
CARD: Final = "card.json"
FIGURES: Final = "figures.json"
#: Corrections that are shown.
MISTAKES: Final = 5
_CORRECTIONS: Final = {"correct_severity": "severity", "correct_category": "category"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A person's correction: `was` as the page showed it, "" where the log does not say."""

    entry: Entry
    issue: Issue | None
    what: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """`readers` maps "product", "transformer", "kernel" to their measures on technologies that no fit had seen.

    A measure is {"value", "low", "high"}, a 95 % interval over templates. `figures` holds reliability, confusion and curve.
    """

    version: str
    card: dict[str, Any]
    readers: dict[str, dict[str, dict[str, float]]]
    figures: dict[str, Any]
    curve: list[dict[str, float]]
    mistakes: tuple[Mistake, ...]


class ModelCardService:
    def __init__(self, store: Store, reading: ReadingService, classifier: Path) -> None:
        self._store = store
        self._reading = reading
        self._folder = classifier

    def card(self) -> ModelCard:
        card, figures = _json(self._folder / CARD), _json(self._folder / FIGURES)
        test: dict[str, Any] = figures.get("test", {})
        product = str(card.get("product", "blend"))
        order = {"product": product, **{name: name for name in test if name != product}}
        readers = {
            shown: {key: value for key, value in test[name].items() if isinstance(value, dict) and "value" in value}
            for shown, name in order.items()
            if name in test
        }
        return ModelCard(
            version=self._reading.version,
            card=card,
            readers=readers,
            figures=test.get(product, {}),
            curve=list(figures.get("learning_curve", [])),
            mistakes=self._mistakes(),
        )

    def _mistakes(self) -> tuple[Mistake, ...]:
        entries = self._store.log.entries(kinds=(*_CORRECTIONS, "undo"))
        kept = [entry for entry in effective(entries) if entry.kind in _CORRECTIONS][-MISTAKES:][::-1]
        issues = self._store.issues.by_id([entry.issue_id for entry in kept if entry.issue_id is not None])
        return tuple(_mistake(entry, issues.get(entry.issue_id or 0)) for entry in kept)


def _mistake(entry: Entry, issue: Issue | None) -> Mistake:
    what = _CORRECTIONS[entry.kind]
    return Mistake(entry, issue, what, str(entry.shown.get(what, "")), str(entry.answer.get(what, "")))


def _json(file: Path) -> dict[str, Any]:
    """What the file holds, nothing where it is missing or damaged: the page then says that no network ships."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
