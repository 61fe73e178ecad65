"""LabelFileService: labels as files, out and in again, JSON Lines or CSV.

A row is one person's answer. Coming in it is found by its signature's key, else by its text, which is read like any error;
what is not stored here is refused by line. The same row twice is stored once.
"""

import csv
import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.domain import Entry, InvalidInput
from app.services.active_learning import ActiveLearningService
from app.services.labels import given
from app.services.reading import principal
from app.services.sources import storable
from app.storage.store import Store
from models.taxonomy import CATEGORIES, SEVERITIES
from models.text.redact import redact
from models.text.signature import signature

#: Rows of a file; more belongs into several.
MOST: Final = 50_000
#: Refusals that are listed; the rest is counted.
LISTED: Final = 20
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows that were stored, that were known, and that were refused; `reasons` of the first refusals, by line."""

    stored: int
    known: int
    refused: int
    reasons: tuple[str, ...]


class LabelFileService:
    def __init__(self, store: Store, learning: ActiveLearningService, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._learning = learning
        self._clock = clock

    def rows(self) -> list[dict[str, Any]]:
        """Every label that holds, oldest first, with the signature's text; `at` in UTC seconds."""
        answers = given(self._store.labels.said(), {})
        items = self._store.labels.items(answers)
        rows = self._store.signatures.by_id(list(items))
        listed = [answer for one, said in answers.items() if one in rows for answer in said]
        return [
            {
                "signature": items[answer.signature].key, "text": rows[answer.signature].raw, "severity": answer.severity,
                "category": answer.category, "annotator": answer.actor, "at": answer.at, "kind": answer.kind,
                "blind": answer.blind, "audit": answer.of_audit, "reader": answer.model,
            }
            for answer in sorted(listed, key=lambda answer: answer.entry)
        ]  # fmt: skip

    def read(self, name: str, text: str, *, actor: str) -> Imported:
        """Stores the labels of a .jsonl or .csv file; InvalidInput where it is neither, or too long."""
        entries, reasons, refused = [], [], 0
        for line, row in _rows(name, text):
            try:
                entries.append(self._entry(row, actor))
            except InvalidInput as error:
                refused += 1
                reasons.append(f"line {line}: {error}")
        known = sum(self._store.log.by_key(entry.key) is not None for entry in entries)
        if entries:
            self._store.log.append_many(entries)
            self._learning.soon()
        return Imported(len({entry.key for entry in entries}) - known, known, refused, tuple(reasons[:LISTED]))

    def _entry(self, row: dict[str, Any], actor: str) -> Entry:
        severity, category = str(row.get("severity") or ""), str(row.get("category") or "")
        if severity not in SEVERITIES or category not in CATEGORIES:
            raise InvalidInput(
                f"{severity!r} and {category!r}: a label needs one of {', '.join(SEVERITIES)} and of {', '.join(CATEGORIES)}"
            )
        item = self._found(row)
        annotator = str(row.get("annotator") or actor).strip()[:100] or actor
        digest = hashlib.blake2b(
            "\0".join((item.key, annotator, severity, category)).encode(errors="replace"), digest_size=12
        )
        return Entry(
            f"import:{digest.hexdigest()}", self._clock(), annotator, "label", item.issue_id, item.id,
            {"severity": severity, "category": category}, {"imported_by": actor, "hidden": True}, str(item.reading["model"]),
        )  # fmt: skip

    def _found(self, row: dict[str, Any]) -> Any:
        key, text = str(row.get("signature") or ""), _undefused(str(row.get("text") or ""))
        if not key and not text.strip():
            raise InvalidInput("neither a signature nor a text")
        if not key:
            key = signature(principal(redact(storable(text))[0])).key
        ids = self._store.signatures.ids_of([key])
        items = self._store.labels.items(ids.values())
        if not items:
            raise InvalidInput("no such error is stored here")
        return next(iter(items.values()))


def as_jsonl(rows: list[dict[str, Any]]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _rows(name: str, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows with the line that each begins at."""
    if not name.endswith((".jsonl", ".csv")):
        raise InvalidInput("labels come as .jsonl or .csv")
    if text.count("\n") > MOST * 4:
        raise InvalidInput(f"at most {MOST:,} labels a file")
    if name.endswith(".csv"):
        reader = csv.DictReader(io.StringIO(text))
        try:
            for row in reader:
                yield reader.line_num, dict(row)
        except csv.Error as error:
            raise InvalidInput(f"line {reader.line_num} is not CSV: {error}") from error
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InvalidInput(f"line {number} is not JSON: {error}") from error
            if not isinstance(row, dict):
                raise InvalidInput(f"line {number} is not a JSON object")
            yield number, row


def _undefused(text: str) -> str:
    """Without the apostrophe that an export puts before what a spreadsheet would run."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
