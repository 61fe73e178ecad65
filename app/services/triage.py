"""TriageService: what a person says of an issue, stored before it is shown.

Every call takes a `key` that names the click: the same key again (a double click, a rerun of the
page, a retried request) stores nothing and answers as the first time did.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from app.domain import STATEMENTS, Entry, InvalidInput, NotFound, effective
from app.storage.ingestion import SYSTEM
from app.storage.labels import TEACHING
from app.storage.store import Store
from models.taxonomy import ACTIONS

MAX_NOTE = 10_000


class TriageService:
    def __init__(
        self, store: Store, clock: Callable[[], float] = time.time, learn: Callable[[], None] | None = None
    ) -> None:
        """`learn` is called when what people say of severity and category may have changed."""
        self._store = store
        self._clock = clock
        self._learn = learn or (lambda: None)

    def say(
        self,
        kind: str,
        issue_id: int,
        *,
        actor: str,
        key: str,
        answer: dict[str, Any] | None = None,
        shown: dict[str, Any] | None = None,
        model: str = "",
        propensity: float | None = None,
    ) -> int:
        """Stores one statement about an issue and returns the log row's id.

        Kinds and their answers: accept and reject {"action"}; acknowledge, reopen, unmute {};
        resolve {"note"?}; outcome {"worked": yes | no | something else}; mute {"until": UTC seconds}
        or {"per_hour": n}; assign {"to"}; comment {"text"}; correct_severity {"severity"};
        correct_category {"category"}; anomaly_confirm and anomaly_dismiss {"score", "service"} as shown;
        merge {"into": issue id}; split {"signature": id}, one of several; not_same {"issue": id}.
        """
        entry = self._entry(kind, issue_id, actor, key, answer or {})
        row = self._store.log.append(replace(entry, shown=shown or {}, model=model, propensity=propensity))
        self._taught(kind)
        return row

    def say_of_many(
        self, kind: str, issue_ids: Sequence[int], *, actor: str, key: str, answer: dict[str, Any] | None = None
    ) -> list[int]:
        """The same statement about several issues, all or none."""
        rows = self._store.log.append_many(
            [self._entry(kind, issue_id, actor, f"{key}:{issue_id}", answer or {}) for issue_id in issue_ids]
        )
        self._taught(kind)
        return rows

    def undo(self, issue_id: int, *, actor: str, key: str) -> Entry:
        """Takes back the newest statement of a person that still holds; returns it. NotFound if there is none.

        A merge into this issue is one of its statements too, and so is the split that made it.
        """
        again = self._store.log.by_key(key)
        if again is not None and again.kind == "undo":
            return self._store.log.get(again.answer["entry"])
        entries = self._store.grouping.about(issue_id)
        holding = [entry for entry in effective(entries) if entry.kind in STATEMENTS and entry.actor != SYSTEM]
        if not holding:
            raise NotFound("there is nothing to undo for this issue")
        last = holding[-1]
        self.say("undo", last.issue_id or issue_id, actor=actor, key=key, answer={"entry": last.id})
        return last

    def take_back(self, said: Sequence[tuple[int, int]], *, actor: str, key: str) -> None:
        """Undoes exactly these statements, (issue id, entry id) as `say_of_many` stored them, all or none."""
        self._store.log.append_many(
            [self._entry("undo", issue_id, actor, f"{key}:{issue_id}", {"entry": entry}) for issue_id, entry in said]
        )
        self._taught("undo")

    def set_runbook(self, action: str, service: str, url: str, *, actor: str, key: str) -> None:
        """The team's own page for an action on a service ("" = any service); an empty url removes it."""
        if action not in ACTIONS:
            raise InvalidInput(f"unknown action {action!r}; one of {', '.join(ACTIONS)}")
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
            raise InvalidInput("a runbook link starts with http:// or https://")
        entry = Entry(
            key=key,
            at=self._clock(),
            actor=actor,
            kind="set_runbook",
            answer={"action": action, "service": service, "url": url},
        )
        self._store.notes.set_runbook(action, service, url, entry)

    def _taught(self, kind: str) -> None:
        """A merge or split moves signatures under a correction, an undo may take one back."""
        if kind in (*TEACHING, "merge", "split", "undo"):
            self._learn()

    def _entry(self, kind: str, issue_id: int, actor: str, key: str, answer: dict[str, Any]) -> Entry:
        if kind in (
            "regress", "remove_upload", "set_runbook", "purge", "expire", "skip_label",
            "promote_policy", "promote_model", "rollback_model", "stage_model",
        ):  # fmt: skip
            raise InvalidInput(f"{kind} is not said of an issue by a person")
        if kind == "split" and set(answer) != {"signature"}:
            raise InvalidInput("a split names the signature alone; the issue that it gets is answered")
        if any(isinstance(value, str) and len(value) > MAX_NOTE for value in answer.values()):
            raise InvalidInput(f"a note is at most {MAX_NOTE} characters")
        return Entry(key=key, at=self._clock(), actor=actor.strip(), kind=kind, issue_id=issue_id, answer=answer)
