"""AnomalyService: how strange a text is, against what this store has seen.

The reference is the store's own signatures once there are enough of them, before that the error
corpus. It grows in steps of half its size, so that a score means the same from day to day; every
stored score names the detector that gave it. A mark in the store says what the reference is, so
that every process, now and after a restart, fits the same detector.

Beside the Isolation Forest, whose score an issue carries, two more detectors judge every signature, and the three together
say why (models/analyse/anomaly.py). A known error can also be strange by its rate, or by what it followed. Clicks move the
threshold of a service; they are rows of the log, so taking one back moves it back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import Entry, NotFound, effective
from app.settings import ROOT
from app.storage.anomalies import Transition
from app.storage.issues import Issue
from app.storage.store import Store
from models.analyse import rates, vae_scorer
from models.analyse.anomaly import Strangeness, TextDetectors, threshold
from models.analyse.isolation import IsolationDetector

#: Fewer signatures than this say little about what is normal here.
ENOUGH = 200
GROWTH = 1.5
_MARK = "anomaly_reference"
#: The shipped AnomalyVAE, trained on the error corpus.
PRETRAINED: Final = ROOT / "models" / "pretrained" / "vae"
#: Where alerts begin before anyone has clicked: one known error in twenty is as strange.
THRESHOLD: Final = 0.95
#: Hours of an error's own history that its rate is held against.
HISTORY: Final = 14 * 24
#: Surest transitions only: nine of ten times something known had followed.
SURPRISING: Final = 0.9
TEXT, RATE, ORDER = "text", "rate", "order"
KINDS: Final = (TEXT, RATE, ORDER)
CONFIRM, DISMISS = "anomaly_confirm", "anomaly_dismiss"
#: What the client looks for, by name; one finding can be several.
USES: Final = ("possible security event", "configuration issue", "change of behaviour", "new type")


@dataclass(frozen=True, slots=True)
class _Reference:
    """The signatures with ids up to `last`; they were `size` when it was set. 0 and 0: the corpus."""

    last: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an issue is strange. `score` in [0, 1], higher = stranger; `at` in UTC seconds: when it was so last.

    `strangeness` is what the detectors say of its text, whatever kind the finding is; None where they have not judged yet.
    """

    issue: Issue
    kind: str
    score: float
    reason: str
    at: float
    new: bool
    strangeness: Strangeness | None

    @property
    def uses(self) -> tuple[str, ...]:
        """Those of USES that it is."""
        holds = (
            self.issue.category == "security",
            self.issue.category == "configuration",
            self.kind in (RATE, ORDER),
            self.new and self.kind == TEXT,
        )
        return tuple(use for use, held in zip(USES, holds, strict=True) if held)


@dataclass(frozen=True, slots=True)
class Effect:
    """What another threshold would do: issues that would no longer alert, and issues that would."""

    silenced: tuple[Issue, ...]
    raised: tuple[Issue, ...]


class AnomalyService:
    """Isolation Forest on embeddings; scikit-learn's convention for `predict`: -1 anomaly, +1 normal."""

    def __init__(self, store: Store, encoder_version: str, corpus_vectors: Callable[[], NDArray[np.float32]]) -> None:
        self._store = store
        self._encoder_version = encoder_version
        self._corpus_vectors = corpus_vectors
        self._lock = Lock()
        self._detector: IsolationDetector | None = None
        self._fitted_on = _Reference()
        self._detectors: TextDetectors | None = None
        self._weights: vae_scorer.Weights | None = None

    @property
    def version(self) -> str:
        return self._fitted().version

    def predict(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n,) -1 for an anomaly, +1 for normal."""
        return self._fitted().predict(vectors)

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) in [0, 1], higher = stranger: the share of the reference that is less strange."""
        return self._fitted().score(vectors)

    def refresh(self) -> bool:
        """Sets the reference anew and scores all signatures again; True if it did.

        It does if the store has outgrown the reference, or if a removal took something out of it. Either way all
        detectors judge what they have not judged yet.
        """
        renewed = self._renew()
        self._judge_unscored()
        return renewed

    def judge(self, vectors: NDArray[np.float32]) -> list[Strangeness]:
        """What every detector says of texts that are not stored, one a row of (n, d) unit rows."""
        return self._all_detectors().judge(vectors)

    def findings(self, since: float | None = None, until: float | None = None) -> list[Finding]:
        """What is strange between two times (UTC seconds), strangest first: texts above their service's threshold, rates, orders.

        The rate is that of the last hour up to `until`, by default up to the newest event.
        """
        newest = self._store.issues.newest_event()
        if newest is None:
            return []
        start, end = (-1e18 if since is None else since), (newest if until is None else min(until, newest))
        scored = {item.issue_id: item.strangeness for item in self._store.anomalies.of_issues()}
        found = [*self._texts(start, end), *self._rates(end, scored), *self._orders(start, end, scored)]
        return sorted(found, key=lambda finding: (-finding.score, -finding.at, finding.issue.id))

    def scores(self, since: float | None = None, until: float | None = None) -> list[tuple[Issue, Strangeness]]:
        """Every issue in the range that is not routine, with what the detectors say, strangest first."""
        found = self._store.anomalies.of_issues(since, until)
        issues = self._issues([item.issue_id for item in found])
        return [(issues[item.issue_id], item.strangeness) for item in found if item.issue_id in issues]

    def thresholds(self) -> dict[str, float]:
        """Where alerts begin, by service; a service that is not named has THRESHOLD."""
        clicks: dict[str, list[tuple[bool, float]]] = {}
        for entry in self._clicks():
            service = str(entry.answer.get("service", ""))
            clicks.setdefault(service, []).append((entry.kind == CONFIRM, float(entry.answer.get("score", THRESHOLD))))
        return {service: threshold(THRESHOLD, said) for service, said in clicks.items()}

    def answered(self) -> dict[int, str]:
        """The newest click about each issue that still holds."""
        return {entry.issue_id: entry.kind for entry in self._clicks() if entry.issue_id is not None}

    def last_click(self) -> Entry | None:
        """The newest confirmation or dismissal that still holds."""
        return next(reversed(self._clicks()), None)

    def undo(self, *, actor: str, key: str) -> Entry:
        """Takes the newest click back, and its move of the threshold with it; the same key again does nothing more."""
        before = self._store.log.by_key(key)
        if before is not None:
            return next(entry for entry in self._store.log.of_issue(before.issue_id or 0) if entry.id == before.answer["entry"])
        last = self.last_click()
        if last is None:
            raise NotFound("nobody has confirmed or dismissed anything that could be taken back")
        self._store.log.append(Entry(key, 0.0, actor, "undo", issue_id=last.issue_id, answer={"entry": last.id}))
        return last

    def effect(self, value: float, service: str | None = None) -> Effect:
        """What would change if alerts of a service (of all, where none is named) began at `value`."""
        now = self.thresholds()
        silenced: list[Issue] = []
        raised: list[Issue] = []
        for issue, strangeness in self.scores():
            if service is not None and issue.service != service:
                continue
            before, after = (strangeness.combined >= limit for limit in (now.get(issue.service, THRESHOLD), value))
            if before != after:
                (silenced if before else raised).append(issue)
        return Effect(tuple(silenced), tuple(raised))

    def _texts(self, start: float, end: float) -> list[Finding]:
        limits, answered = self.thresholds(), self.answered()
        return [
            Finding(issue, TEXT, said.combined, _in_words(issue, said), issue.last_seen, issue.first_seen >= start, said)
            for issue, said in self.scores(start, end)
            if said.combined >= limits.get(issue.service, THRESHOLD) and answered.get(issue.id) != DISMISS
        ]

    def _rates(self, end: float, scored: dict[int, Strangeness]) -> list[Finding]:
        counts = self._store.anomalies.by_hour(end, HISTORY)
        shifts = {issue_id: rates.shift(*_history(hours)) for issue_id, hours in counts.items()}
        level = rates.ALPHA / max(len(shifts), 1)  # one false alarm in a hundred looks at all of them (Bonferroni)
        strange = {issue_id: shift for issue_id, shift in shifts.items() if shift is not None and shift.p < level}
        issues = self._issues(list(strange))
        return [
            Finding(
                issues[issue_id], RATE, round(1 - shift.p * len(shifts), 6), shift.reason, end, False, scored.get(issue_id)
            )
            for issue_id, shift in strange.items()
            if issue_id in issues
        ]

    def _orders(self, start: float, end: float, scored: dict[int, Strangeness]) -> list[Finding]:
        found = [
            (item, score)
            for item in self._store.anomalies.first_transitions(start)
            if item.at <= end
            and item.times >= rates.ENOUGH_TRANSITIONS
            and (score := rates.surprise(item.times, item.kinds)) >= SURPRISING
        ]
        issues = self._issues([number for item, _ in found for number in (item.issue_id, item.after_id)])
        return [
            Finding(
                issues[item.issue_id], ORDER, round(score, 4), _of_order(item), item.at, False, scored.get(item.issue_id)
            )
            for item, score in found
            if item.issue_id in issues and item.after_id in issues
        ]

    def _issues(self, issue_ids: Sequence[int]) -> dict[int, Issue]:
        return self._store.issues.by_id(issue_ids)

    def _clicks(self) -> list[Entry]:
        """Confirmations and dismissals that nobody took back, oldest first."""
        return [
            entry
            for entry in effective(self._store.log.entries(kinds=(CONFIRM, DISMISS, "undo")))
            if entry.kind in (CONFIRM, DISMISS)
        ]

    def _judge_unscored(self) -> None:
        detectors = self._all_detectors()
        ids, vectors = self._store.anomalies.unscored(self._encoder_version, detectors.version)
        if len(ids):
            judged = detectors.judge(vectors, ids)
            self._store.anomalies.set_scores(detectors.version, dict(zip(ids.tolist(), judged, strict=True)))

    def _all_detectors(self) -> TextDetectors:
        forest = self._fitted()
        with self._lock:
            if self._detectors is None or self._detectors.forest is not forest:
                ids, vectors = self._rows(self._fitted_on)
                self._detectors = TextDetectors(forest, vectors, ids, self._shipped())
            return self._detectors

    def _shipped(self) -> vae_scorer.Weights:
        """The shipped net's weights; none where they were trained on another encoder, or are not there."""
        if self._weights is None:
            self._weights = pretrained(PRETRAINED)
        return self._weights

    def _renew(self) -> bool:
        ids = np.array(self._store.signatures.ids(self._encoder_version), dtype=np.int64)
        reference = self._reference()
        shrunk = int((ids <= reference.last).sum()) < reference.size
        grown = len(ids) >= max(ENOUGH, GROWTH * reference.size)
        if not shrunk and not grown:
            return False
        last, size = (int(ids.max()), len(ids)) if len(ids) >= ENOUGH else (0, 0)
        self._store.notes.mark(_MARK, f"{last} {size}")
        self._score_again()
        return True

    def _score_again(self) -> None:
        detector = self._fitted()
        ids, vectors = self._store.signatures.vectors(self._encoder_version)
        scores = detector.score(vectors)
        self._store.signatures.set_strangeness(detector.version, dict(zip(ids.tolist(), scores.tolist(), strict=True)))

    def _fitted(self) -> IsolationDetector:
        """The detector of the present reference, which another process may have set."""
        reference = self._reference()
        with self._lock:
            if self._detector is None or self._fitted_on != reference:
                self._detector = IsolationDetector().fit(self._vectors(reference))
                self._fitted_on = reference
            return self._detector

    def _reference(self) -> _Reference:
        last, _, size = self._store.notes.marked(_MARK).partition(" ")
        return _Reference(int(last), int(size)) if last and size else _Reference()

    def _vectors(self, reference: _Reference) -> NDArray[np.float32]:
        return self._rows(reference)[1]

    def _rows(self, reference: _Reference) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and vectors of the reference; the corpus has ids below 0, which no signature has."""
        if not reference.size:
            vectors = self._corpus_vectors()
            return -2 - np.arange(len(vectors)), vectors
        ids, vectors = self._store.signatures.vectors(self._encoder_version)
        return ids[ids <= reference.last], vectors[ids <= reference.last]


def pretrained(folder: Path) -> vae_scorer.Weights:
    """Weights of a trained AnomalyVAE, empty where the folder has none."""
    file = folder / "model.safetensors"
    return vae_scorer.load(file) if file.is_file() else {}


def _history(hours: dict[int, int]) -> tuple[list[int], int]:
    """Counts of the whole hours before the last one since the first event, oldest last; and that of the last hour."""
    return [hours.get(hour, 0) for hour in range(1, max(hours) + 1)], hours.get(0, 0)


def _of_order(item: Transition) -> str:
    return f"in {item.service}, never before right after #{item.after_id}, which {item.times} times something else had followed"


def _in_words(issue: Issue, said: Strangeness) -> str:
    count = "seen once" if issue.count == 1 else f"seen {issue.count:,} times"
    return f"{said.reason}; {count}" + (f" in {issue.service}" if issue.service else "")
