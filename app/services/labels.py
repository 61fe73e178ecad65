"""What people said of signatures, folded: which labels teach, which are in dispute, which are the audit sample's.

One signature, several people: an adjudication settles it; else the majority of the labels, one a person, the newest of each;
a tie is a dispute and teaches nothing. A correction of an issue speaks of every signature of the issue and is a person's
label like any other, of the part that it corrects.

The audit sample never teaches: what measures the reader must not have made it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.domain import Entry
from app.storage.labels import TEACHING

#: Share of new signatures in the audit sample.
AUDIT_SHARE: Final = 0.02
#: Keys are 128-bit hashes in hexadecimal: the sample is those below this one, the same ones wherever they are stored.
AUDIT_BELOW: Final = f"{int(AUDIT_SHARE * 16**32):032x}"
PARTS: Final = ("severity", "category")


@dataclass(frozen=True, slots=True)
class Given:
    """One person's answer about one signature; a correction has one of the two only. `at` in UTC seconds."""

    entry: int
    signature: int
    issue: int
    actor: str
    at: float
    kind: str
    severity: str
    category: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""

    @property
    def blind(self) -> bool:
        """Whether the model's guess was hidden."""
        return bool(self.shown.get("hidden"))

    @property
    def of_audit(self) -> bool:
        return bool(self.shown.get("audit"))


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a signature is taken to be; "" where nobody said, or people are apart. `people` of them answered."""

    severity: str
    category: str
    people: int
    disputed: bool
    settled: bool


def is_audit(key: str) -> bool:
    """Whether a signature is in the audit sample, by its key alone."""
    return key < AUDIT_BELOW


def given(entries: Iterable[Entry], members: Mapping[int, Sequence[int]]) -> dict[int, list[Given]]:
    """Answers by signature, oldest first, from entries that hold; `members` are the signatures of each issue."""
    found: dict[int, list[Given]] = defaultdict(list)
    for entry in entries:
        if entry.kind not in TEACHING:
            continue
        of = [entry.signature_id] if entry.signature_id else members.get(entry.issue_id or 0, ())
        for signature in of:
            found[signature].append(
                Given(
                    entry=entry.id or 0, signature=signature, issue=entry.issue_id or 0, actor=entry.actor, at=entry.at,
                    kind=entry.kind, severity=str(entry.answer.get("severity", "")), category=str(entry.answer.get("category", "")),
                    shown=entry.shown, model=entry.model,
                )
            )  # fmt: skip
    return dict(found)


def agreed(answers: Sequence[Given]) -> Agreed:
    """What the answers about one signature, oldest first, come to."""
    final = next((answer for answer in reversed(answers) if answer.kind == "adjudicate"), None)
    people = len({answer.actor for answer in answers})
    if final is not None:
        return Agreed(final.severity, final.category, people, disputed=False, settled=True)
    severity, category = (_majority(answers, part) for part in PARTS)
    return Agreed(severity or "", category or "", people, disputed=severity is None or category is None, settled=False)


def by_person(answers: Sequence[Given], part: str) -> dict[str, str]:
    """The newest answer of each person to one of PARTS."""
    return {
        answer.actor: getattr(answer, part)
        for answer in answers
        if getattr(answer, part) and answer.kind != "adjudicate"
    }


def _majority(answers: Sequence[Given], part: str) -> str | None:
    """The most frequent answer; "" where nobody gave one, None where two are as frequent."""
    counts = Counter(by_person(answers, part).values()).most_common(2)
    if not counts:
        return ""
    if len(counts) > 1 and counts[0][1] == counts[1][1]:
        return None
    return counts[0][0]
