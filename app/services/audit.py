"""AuditService: how right the reader is, by the audit sample alone.

A random 2 % of all signatures (by the hash that is their key) is labelled blind. These labels never teach, and what the reader
said is noted in the log when a label comes in: so a later reader does not improve an earlier figure. Labels of the queue and
accepted answers are biased by their selection and play no part here.
"""

import math
from dataclasses import dataclass
from typing import Final

from app.services.labels import Given, agreed, given, is_audit
from app.storage.store import Store

DAY: Final = 86_400.0
WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class AuditLabel:
    """What people say of a signature of the sample, beside what the reader said when the first of them answered.

    `at` in UTC seconds; `model` is the reader's version then.
    """

    signature_id: int
    key: str
    at: float
    severity: str
    category: str
    read_severity: str
    read_category: str
    model: str
    people: int

    @property
    def severity_right(self) -> bool:
        return self.severity == self.read_severity

    @property
    def category_right(self) -> bool:
        return self.category == self.read_category


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share right in [0, 1] of `n` labels between two times (UTC seconds), with Wilson's 95 % interval."""

    since: float
    until: float
    n: int
    value: float
    low: float
    high: float


class AuditService:
    def __init__(self, store: Store) -> None:
        self._store = store

    def audit_labels(self, since: float = 0.0) -> list[AuditLabel]:
        """Blind labels of the sample given at or after `since`, oldest first; what people are apart about is left out."""
        found = []
        blind = {one: [answer for answer in said if answer.of_audit or answer.kind == "adjudicate"]
                 for one, said in given(self._store.labels.said(), {}).items()}  # fmt: skip
        items = self._store.labels.items(
            [one for one, said in blind.items() if any(answer.of_audit for answer in said)]
        )
        for one, item in items.items():
            said, first = agreed(blind[one]), next(answer for answer in blind[one] if answer.of_audit)
            if not said.disputed and is_audit(item.key) and first.at >= since:
                found.append(_label(item.key, first, said.severity, said.category, said.people))
        return sorted(found, key=lambda label: (label.at, label.signature_id))

    def accuracy_over_time(self, part: str = "category", *, width: float = WEEK, since: float = 0.0) -> list[Accuracy]:
        """Accuracy of `part` ("severity", "category", or "both") in spans of `width` seconds, oldest first, none empty."""
        labels = self.audit_labels(since)
        spans: dict[int, list[bool]] = {}
        for label in labels:
            spans.setdefault(int(label.at // width), []).append(_right(label, part))
        return [_accuracy(span * width, (span + 1) * width, right) for span, right in sorted(spans.items())]

    def accuracy(self, part: str = "category") -> Accuracy | None:
        """Over all audit labels; None while there is none."""
        labels = self.audit_labels()
        if not labels:
            return None
        return _accuracy(labels[0].at, labels[-1].at, [_right(label, part) for label in labels])


def wilson(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share, in [0, 1]; (0, 1) where there is nothing."""
    if not n:
        return 0.0, 1.0
    share, weight = right / n, z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _accuracy(since: float, until: float, right: list[bool]) -> Accuracy:
    return Accuracy(since, until, len(right), sum(right) / len(right), *wilson(sum(right), len(right)))


def _right(label: AuditLabel, part: str) -> bool:
    if part == "both":
        return label.severity_right and label.category_right
    return label.severity_right if part == "severity" else label.category_right


def _label(key: str, first: Given, severity: str, category: str, people: int) -> AuditLabel:
    shown = first.shown
    return AuditLabel(first.signature, key, first.at, severity, category, str(shown.get("severity", "")),
                      str(shown.get("category", "")), first.model, people)  # fmt: skip
