"""SuggestionService: what to do, on what, with what came of it before.

The order comes from the resolution policy (app/services/resolutions.py), which has learnt every accept, reject and
outcome up to now. What was rejected for this issue comes last, so a reject always shows the next best. Beside the order
stands what came of each action here and on similar issues, in words.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain import Entry, IssueState, effective, fold
from app.services.resolution_log import Error
from app.services.resolutions import ResolutionService
from app.storage.store import Store
from models.records import Event, Reading
from models.text.target import sentence, target


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One action, ready to show. `score` in [0, 1] is the estimated chance that it is accepted.

    `chances` of the first one: with which probability each action could have been shown first; empty for the others.
    """

    action: str
    sentence: str
    target: str
    evidence: str
    score: float
    rejected: bool
    past: str
    note: str
    runbook: str
    chances: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Past:
    """The counts of answers to one action that people are told."""

    accepted: int = 0
    rejected: int = 0
    worked: int = 0
    failed: int = 0
    note: str = ""

    def words(self) -> str:
        parts = [
            f"accepted {self.accepted} times" if self.accepted > 1 else "accepted once" if self.accepted else "",
            f"rejected {self.rejected} times" if self.rejected > 1 else "rejected once" if self.rejected else "",
            f"worked {self.worked} of {self.worked + self.failed}" if self.worked + self.failed else "",
        ]
        return ", ".join(part for part in parts if part)


class SuggestionService:
    def __init__(self, store: Store, resolutions: ResolutionService) -> None:
        self._store = store
        self._resolutions = resolutions

    @property
    def version(self) -> str:
        return self._resolutions.version

    def rank(
        self,
        reading: Reading,
        event: Event,
        vector: NDArray[np.float32],
        *,
        strangeness: float = 0.0,
        similar: Sequence[tuple[int, float]] = (),
        issue_id: int | None = None,
        signature_id: int | None = None,
    ) -> list[Suggestion]:
        """All ten actions, the one to show leading; `similar` are (issue id, cosine) whose answers are told.

        `vector` (dims,) and `strangeness` in [0, 1] are of the same error.
        """
        past: dict[str, _Past] = defaultdict(_Past)
        state = IssueState()
        if issue_id is not None:
            state = fold(self._store.log.of_issue(issue_id))
            _learn(past, self._store.grouping.activity(issue_id))
        for other, _ in similar:
            _learn(past, self._store.log.of_issue(other))
        error = Error(
            reading, vector, strangeness, event.level, event.service, bool(event.exception_type), signature_id
        )
        advice = self._resolutions.advise(error, issue_id)
        return [
            self._suggestion(
                action,
                advice.scores[action],
                past[action],
                event,
                rejected=action in state.rejected_actions,
                chances=advice.chances if action == advice.order[0] else {},
            )
            for action in advice.order
        ]

    def _suggestion(
        self, action: str, score: float, past: _Past, event: Event, *, rejected: bool, chances: Mapping[str, float]
    ) -> Suggestion:
        aim = target(action, event.raw, event.service, event.host, event.frames)
        return Suggestion(
            action,
            sentence(action, aim),
            aim.name,
            aim.evidence,
            round(score, 4),
            rejected,
            past.words(),
            past.note,
            self._store.notes.runbook(action, event.service),
            chances,
        )


def _learn(past: dict[str, _Past], entries: Sequence[Entry]) -> None:
    """Adds the answers of one issue's log, undone ones left out."""
    accepted = ""
    for entry in effective(entries):
        if entry.kind == "accept":
            accepted = entry.answer["action"]
            past[accepted].accepted += 1
        elif entry.kind == "reject":
            past[entry.answer["action"]].rejected += 1
        elif entry.kind == "resolve" and accepted and entry.answer.get("note"):
            past[accepted].note = str(entry.answer["note"])
        elif entry.kind == "outcome" and accepted:
            if entry.answer["worked"] == "yes":
                past[accepted].worked += 1
            else:
                past[accepted].failed += 1
