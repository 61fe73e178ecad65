"""The feedback log read as a learner's lessons: which state each click was made in, and what came of it.

Entries are taken in order of id; what was taken back is left out. Each answer's state holds what was known at that moment
and nothing later: clicks before it on this error and its like, and its events up to then. So the same log and the same
stored errors give the same clicks, however often and in however many pieces they are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import RECURRENCE_WINDOW, Entry
from app.storage.store import Store
from models.analyse import resolution_state as rs
from models.learn.replay import LATER, REWARD, Step
from models.records import Reading
from models.taxonomy import ACTIONS

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: What a person says to "did it fix it?", as it counts later.
_OUTCOME: Final = {"yes": "worked", "no": "failed", "something else": "failed"}


@dataclass(frozen=True, slots=True)
class Error:
    """What is known of an error apart from clicks. `vector` (d,) float32, unit norm; `signature_id`: None if not stored."""

    reading: Reading
    vector: Floats
    strangeness: float = 0.0
    level: str = ""
    service: str = ""
    has_trace: bool = False
    signature_id: int | None = None


@dataclass(frozen=True, slots=True)
class Click:
    """One accept or reject and the state that it was made in.

    `chances`: probabilities with which the shown actions could have been shown, where a first suggestion was answered.
    """

    step: Step
    at: float
    issue_id: int
    chances: dict[str, float]
    model: str

    @property
    def accepted(self) -> bool:
        return self.step.accepted

    @property
    def action(self) -> str:
        return ACTIONS[self.step.action]


@dataclass(slots=True)
class _Case:
    """An error with clicks: weighted answers by action, and the episode that is open."""

    error: Error
    good: Doubles = field(default_factory=lambda: np.zeros(len(ACTIONS)))
    bad: Doubles = field(default_factory=lambda: np.zeros(len(ACTIONS)))
    rejected: list[str] = field(default_factory=list)
    accepted: Step | None = None
    said: float = 0.0
    resolved_at: float | None = None
    regressed: bool = False


class ResolutionLog:
    """Clicks, and what is known of them, after the entries that were taken."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cases: dict[int, _Case] = {}
        self._current: dict[int, int | None] = {}
        self._apart: dict[int, set[int]] = {}
        self.clicks: list[Click] = []
        self.steps: list[Step] = []
        self.worked: dict[int, str] = {}  # a click's entry id to "worked", "failed" or "came_back"

    def take(self, entries: Iterable[Entry]) -> None:
        """Entries that hold (`effective`), in order of id, after those that were taken."""
        for entry in entries:
            case = self._case(entry.issue_id)
            if case is not None:
                self._one(case, entry)

    def state(self, error: Error, issue_id: int | None, at: float) -> Floats:
        """(d + 128,) of an error now, `at` UTC seconds; with what was clicked for the issue and for errors like it."""
        case = self._cases.get(issue_id) if issue_id is not None else None
        case = case or _Case(error)
        evidence = self._evidence(error.vector, case, issue_id)
        activity = self._store.clicks.activity(error.signature_id, at) if error.signature_id else None
        row = rs.columns(
            error.reading, strangeness=error.strangeness, level=error.level, service=error.service,
            has_trace=error.has_trace, rejected=case.rejected, evidence=evidence, activity=activity,
            regressed=case.regressed,
        )  # fmt: skip
        return rs.state(error.vector, row)

    def error(self, issue_id: int) -> Error | None:
        """A stored error, by the signature that its issue is shown by; None if it is gone."""
        rows = self._store.signatures.of_issue(issue_id)
        issue = self._store.issues.by_id([issue_id]).get(issue_id)
        if not rows or issue is None:
            return None
        row = rows[0]
        return Error(
            row.reading, row.vector, row.strangeness, row.level, issue.service, bool(row.exception_type), row.id
        )

    def nearest(self, vector: Floats, besides: int | None) -> list[tuple[int, float]]:
        """Clicked issues whose answers count for this vector: (issue id, cosine), most alike first."""
        ids = [i for i, case in self._cases.items() if i != besides and case.good.any() | case.bad.any()]
        ids = [i for i in ids if self._cases[i].error.vector.shape == vector.shape]
        if not ids:
            return []
        cosine = np.stack([self._cases[i].error.vector for i in ids]) @ vector
        order = [place for place in np.argsort(-cosine, kind="stable").tolist() if cosine[place] >= rs.NEAR_FROM]
        apart = self._set_apart(besides) if order else set()
        near = [(ids[place], float(cosine[place])) for place in order if ids[place] not in apart]
        return near[: rs.NEAREST]

    def _one(self, case: _Case, entry: Entry) -> None:
        issue_id = self._current[entry.issue_id or 0] or 0
        match entry.kind:
            case "accept" | "reject":
                self._answer(case, entry, issue_id)
            case "resolve":
                case.resolved_at = entry.at
            case "reopen":
                case.resolved_at = None
            case "outcome":
                self._later(case, entry, _OUTCOME[entry.answer["worked"]])
            case "regress" if case.resolved_at is not None:
                if entry.at - case.resolved_at <= RECURRENCE_WINDOW:
                    self._later(case, entry, "came_back")
                case.rejected, case.accepted, case.resolved_at, case.regressed = [], None, None, True

    def _answer(self, case: _Case, entry: Entry, issue_id: int) -> None:
        action = entry.answer["action"]
        place = ACTIONS.index(action)
        step = Step(entry.id or 0, place, REWARD[entry.kind], self.state(case.error, issue_id, entry.at))
        self.steps.append(step)
        self.clicks.append(Click(step, entry.at, issue_id, _chances(entry), entry.model))
        if entry.kind == "accept":
            case.good[place] += rs.WEIGHT["accept"]
            case.accepted, case.said = step, 0.0
        else:
            case.bad[place] += rs.WEIGHT["reject"]
            case.rejected = [*(one for one in case.rejected if one != action), action]
            if case.accepted is not None and case.accepted.action == place:
                case.accepted = None

    def _later(self, case: _Case, entry: Entry, what: str) -> None:
        """It turned out how the accepted action did; said again, the newest word counts."""
        step = case.accepted
        if step is None:
            return
        self.steps.append(Step(entry.id or 0, step.action, LATER[what] - case.said, step.state, amends=step.entry))
        case.said = LATER[what]
        self.worked[step.entry] = what
        if what == "worked":
            case.good[step.action] += rs.WEIGHT["yes"]
        else:
            case.bad[step.action] += rs.WEIGHT["no"]

    def _case(self, issue_id: int | None) -> _Case | None:
        """The case of the issue that an entry's issue is by now; None where it is gone."""
        if issue_id is None:
            return None
        if issue_id not in self._current:
            into = self._store.grouping.leads_to(issue_id)
            self._current[issue_id] = issue_id if into is None else into
        now = self._current[issue_id]
        if now is not None and now not in self._cases:
            error = self.error(now)
            if error is None:
                self._current[issue_id] = None
                return None
            self._cases[now] = _Case(error)
        return None if now is None else self._cases[now]

    def _evidence(self, vector: Floats, case: _Case, issue_id: int | None) -> rs.Evidence:
        near = self.nearest(vector, issue_id)
        good, bad = np.zeros(len(ACTIONS)), np.zeros(len(ACTIONS))
        for other, cosine in near:
            good += cosine * self._cases[other].good
            bad += cosine * self._cases[other].bad
        return rs.Evidence(good, bad, case.good.copy(), case.bad.copy(), near[0][1] if near else 0.0)

    def _set_apart(self, issue_id: int | None) -> set[int]:
        if issue_id is None:
            return set()
        if issue_id not in self._apart:
            self._apart[issue_id] = self._store.grouping.apart(issue_id)
        return self._apart[issue_id]


def _chances(entry: Entry) -> dict[str, float]:
    """Only of an answer to the first suggestion: another action that a person took was not shown by chance."""
    if entry.propensity is None or entry.shown.get("rank", 0) != 0:
        return {}
    stored = entry.shown.get("chances") or {}
    known = {name: float(chance) for name, chance in stored.items() if name in ACTIONS and 0 < float(chance) <= 1}
    return known | {entry.answer["action"]: entry.propensity}
