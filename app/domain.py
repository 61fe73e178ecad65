"""Stored things, what people say of them, and the errors of the application.

StackLensError
├── NotFound        the thing asked for is not in the store
├── InvalidInput    what was given cannot be used; the message says what to give instead
└── Unavailable     a part that is needed is missing; the message names the setting or command
    └── StoreUnavailable   the store cannot be read or written now; what was acknowledged before is kept
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

from models.taxonomy import ACTIONS, CATEGORIES, SEVERITIES

#: States of an issue. "muted" is no state: an issue of any state can be muted.
STATUSES: Final = ("regressed", "open", "acknowledged", "resolved")

#: What a person says of an issue, and can take back.
Statement = Literal[
    "accept",
    "reject",
    "acknowledge",
    "resolve",
    "outcome",
    "mute",
    "unmute",
    "reopen",
    "assign",
    "comment",
    "correct_severity",
    "correct_category",
    "anomaly_confirm",
    "anomaly_dismiss",
    "merge",
    "split",
    "not_same",
    "label",
    "adjudicate",
]
STATEMENTS: Final = frozenset(get_args(Statement))

#: What a row of the feedback log can say: statements, their undoing, and facts that no person can take back.
KINDS: Final = (
    *get_args(Statement), "undo", "skip_label", "regress", "remove_upload", "set_runbook",
    "promote_policy", "promote_model", "rollback_model", "stage_model", "purge", "expire",
)  # fmt: skip

#: Statements about which signatures are one issue.
GROUPING: Final = ("merge", "split", "not_same")

#: Answers to a question of the label queue: what a signature is, read as text alone. They speak of the signature, not the issue.
LABELS: Final = ("label", "adjudicate")

#: Answers to "did it fix it?".
OUTCOMES: Final = ("yes", "no", "something else")

RECURRENCE_WINDOW: Final = 24 * 3600.0


class StackLensError(Exception):
    """Base of every error that StackLens raises on purpose."""

    code = "error"


class NotFound(StackLensError):  # noqa: N818 - reads as what happened
    code = "not_found"


class InvalidInput(StackLensError):  # noqa: N818 - reads as what happened
    code = "invalid_input"


class Unavailable(StackLensError):  # noqa: N818 - reads as what happened
    code = "unavailable"


class StoreUnavailable(Unavailable):
    code = "store_unavailable"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the append-only feedback log.

    `key` makes it idempotent: a second entry with the same key is not stored. `shown` holds what
    the person saw (the suggestion, its rank, the text), `model` the version that showed it,
    `propensity` the probability with which that suggestion was shown, in (0, 1].
    """

    key: str
    at: float
    actor: str
    kind: str
    issue_id: int | None = None
    signature_id: int | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    propensity: float | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class IssueState:
    """What people (and regressions) made of an issue: the fold of its log entries, nothing else."""

    status: str = "open"
    assignee: str = ""
    muted_until: float | None = None
    mute_per_hour: int | None = None
    accepted_action: str = ""
    rejected_actions: tuple[str, ...] = ()
    resolved_at: float | None = None
    resolved_by: str = ""
    resolution_note: str = ""
    worked: str = ""
    regressed_at: float | None = None
    recurred_within_24h: bool | None = None
    severity: str = ""
    category: str = ""


#: What the answer of each kind may hold; any other name is a mistake and is refused.
_FIELDS: Final[dict[str, frozenset[str]]] = {kind: frozenset() for kind in KINDS} | {
    "accept": frozenset({"action"}),
    "reject": frozenset({"action"}),
    "undo": frozenset({"entry"}),
    "resolve": frozenset({"note"}),
    "outcome": frozenset({"worked"}),
    "mute": frozenset({"until", "per_hour"}),
    "unmute": frozenset({"per_hour", "limit"}),
    "assign": frozenset({"to"}),
    "comment": frozenset({"text"}),
    "correct_severity": frozenset({"severity"}),
    "correct_category": frozenset({"category"}),
    "anomaly_confirm": frozenset({"score", "service"}),
    "anomaly_dismiss": frozenset({"score", "service"}),
    "merge": frozenset({"into"}),
    "split": frozenset({"signature", "issue"}),
    "not_same": frozenset({"issue"}),
    "label": frozenset({"severity", "category"}),
    "adjudicate": frozenset({"severity", "category"}),
    "regress": frozenset({"resolved_at"}),
    "remove_upload": frozenset({"upload", "name", "events", "signatures"}),
    "set_runbook": frozenset({"action", "service", "url"}),
    "promote_policy": frozenset({"policy", "reason"}),
    "promote_model": frozenset({"name", "version", "before", "reason", "skipped_ab"}),
    "rollback_model": frozenset({"name", "version", "before", "reason"}),
    "stage_model": frozenset({"name", "version", "state", "share", "reason"}),
    "expire": frozenset({"days", "events", "signatures"}),
    "purge": frozenset({"length", "events", "signatures", "entries", "uploads", "merged"}),
}
#: Those whose answer is one of a few words.
_CHOICES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "accept": ("action", ACTIONS),
    "reject": ("action", ACTIONS),
    "outcome": ("worked", OUTCOMES),
    "correct_severity": ("severity", SEVERITIES),
    "correct_category": ("category", CATEGORIES),
}
#: The id that an answer about grouping must name.
_IDS: Final = {"merge": "into", "split": "signature", "not_same": "issue"}
#: Largest number that is stored: beyond any time in seconds and any rate.
_LARGEST: Final = 1e12


def validate(entry: Entry) -> None:
    """InvalidInput if the entry could not be folded; called before anything is written."""
    if entry.kind not in KINDS:
        raise InvalidInput(f"unknown kind {entry.kind!r}; one of {', '.join(KINDS)}")
    if not entry.actor.strip():
        raise InvalidInput("a name is needed: who says so?")
    if not entry.key:
        raise InvalidInput("a request key is needed, so that a repeated click is stored once")
    _validate_values(entry.kind, entry.answer)
    if entry.kind in _CHOICES:
        name, words = _CHOICES[entry.kind]
        if entry.answer.get(name) not in words:
            raise InvalidInput(f"unknown {name} {entry.answer.get(name)!r}; one of {', '.join(words)}")
    if entry.kind in LABELS:
        _validate_label(entry)
    if entry.kind in _IDS and not _is_id(entry.answer.get(_IDS[entry.kind])):
        raise InvalidInput(f"{entry.kind} needs {_IDS[entry.kind]}, the id of one that is stored")
    if entry.kind == "undo" and not isinstance(entry.answer.get("entry"), int):
        raise InvalidInput("undo names the entry it takes back")
    if entry.kind == "mute" and not _mute_is_bounded(entry.answer):
        raise InvalidInput("mute until a time, or until a number of events an hour")
    if entry.kind == "comment" and not str(entry.answer.get("text") or "").strip():
        raise InvalidInput("an empty comment says nothing")


def _validate_values(kind: str, answer: dict[str, Any]) -> None:
    unknown = sorted(set(answer) - _FIELDS[kind])
    if unknown:
        known = ", ".join(sorted(_FIELDS[kind])) or "nothing"
        raise InvalidInput(f"{kind} does not take {', '.join(unknown)}; it takes {known}")
    for name, value in answer.items():
        if isinstance(value, str):
            if not value.isascii() and value != value.encode("utf-8", "replace").decode("utf-8"):
                raise InvalidInput(f"{name} holds half a character, which cannot be stored")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if not abs(value) <= _LARGEST:  # not a number compares with nothing
                raise InvalidInput(f"{name} is no number that can be stored")
        elif value is not None:
            raise InvalidInput(f"{name} is a text or a number")


def _validate_label(entry: Entry) -> None:
    if not _is_id(entry.signature_id):
        raise InvalidInput("a label names its signature: use the label queue, or correct_severity and correct_category")
    for name, words in (("severity", SEVERITIES), ("category", CATEGORIES)):
        if entry.answer.get(name) not in words:
            raise InvalidInput(f"unknown {name} {entry.answer.get(name)!r}; one of {', '.join(words)}")


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _mute_is_bounded(answer: dict[str, Any]) -> bool:
    """One bound or both, each of its type and above 0."""
    until, rate = answer.get("until"), answer.get("per_hour")
    if not isinstance(until, int | float | None) or not isinstance(rate, int | None):
        return False
    return any((until, rate)) and all(bound is None or bound > 0 for bound in (until, rate))


def effective(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that still hold, in order of id: what was undone is left out, and so are the undos.

    An undo can itself be undone; the last word holds.
    """
    rows = list(entries)
    undone: set[int] = set()
    for row in reversed(rows):
        if row.kind == "undo" and row.id not in undone and row.answer["entry"] < (row.id or 0):
            undone.add(row.answer["entry"])
    return [row for row in rows if row.kind != "undo" and row.id not in undone]


def fold(entries: Iterable[Entry]) -> IssueState:
    """The state of an issue after its entries, in order of id."""
    state = IssueState()
    for row in effective(entries):
        state = _apply(state, row)
    return state


def _apply(state: IssueState, entry: Entry) -> IssueState:  # noqa: PLR0911, PLR0912 - one case a kind
    answer = entry.answer
    match entry.kind:
        case "accept":
            return replace(state, accepted_action=answer["action"])
        case "reject":
            rest = tuple(a for a in state.rejected_actions if a != answer["action"])
            accepted = "" if state.accepted_action == answer["action"] else state.accepted_action
            return replace(state, rejected_actions=(*rest, answer["action"]), accepted_action=accepted)
        case "acknowledge":
            return replace(state, status="acknowledged")
        case "resolve":
            return replace(
                state,
                status="resolved",
                resolved_at=entry.at,
                resolved_by=entry.actor,
                resolution_note=str(answer.get("note", "")),
                worked="",
                recurred_within_24h=None,
                muted_until=None,
                mute_per_hour=None,
            )
        case "outcome":
            return replace(state, worked=answer["worked"])
        case "mute":
            return replace(state, muted_until=answer.get("until"), mute_per_hour=answer.get("per_hour"))
        case "unmute":
            return replace(state, muted_until=None, mute_per_hour=None)
        case "reopen":
            return replace(state, status="open", resolved_at=None)
        case "regress" if state.status != "resolved":
            return state  # of a resolution that was taken back since
        case "regress":
            recurred = state.resolved_at is not None and entry.at - state.resolved_at <= RECURRENCE_WINDOW
            return replace(
                state, status="regressed", regressed_at=entry.at, recurred_within_24h=recurred, rejected_actions=()
            )
        case "assign":
            return replace(state, assignee=str(answer.get("to", "")))
        case "correct_severity":
            return replace(state, severity=answer["severity"])
        case "correct_category":
            return replace(state, category=answer["category"])
        case _:
            return state
