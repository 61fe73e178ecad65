"""LabelQueueService: which signature is worth a question next, to whom it is given, and what is answered.

Most questions are those that the strategy asks; among them come texts from a new region, texts that the detectors see
differently, and some that another person answered, asked blind, so that agreement can be measured. A question is one person's
for a while (a lease in the store), so two people never get the same one at once. The audit sample is asked apart, always blind.

Labels of the queue are biased by its selection: they teach, and say nothing about how good the reader is in general.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.domain import LABELS, Entry, NotFound
from app.services.active_learning import ActiveLearningService
from app.services.labels import AUDIT_BELOW, Agreed, Given, agreed, by_person, given, is_audit
from app.services.search import SemanticSearchService
from app.storage.labels import Item
from app.storage.store import Store
from models.learn.active import choose
from models.taxonomy import CATEGORIES, SEVERITIES

#: Seconds that a question stays one person's.
LEASE: Final = 600.0
#: Questions given at a time.
BATCH: Final = 10
#: Candidates that the strategy looks at, the least sure ones; and those of the other reasons.
CANDIDATES, OTHERS = 2_000, 200
#: Every tenth question hides the model's guess, by the last digits of the signature's key.
HIDDEN: Final = 10
#: Texts from this cosine on are alike: asked once in a batch, and offered to be labelled together.
ALIKE: Final = 0.9
#: From this strangeness on a text is from a new region; from this distance on the detectors disagree.
NEW, APART = 0.95, 0.5
UNCERTAIN, DRIFT, REGION, DETECTORS, PEOPLE, SECOND, AUDIT = (
    "uncertain", "drift", "new region", "detectors disagree", "people disagree", "second opinion", "audit",
)  # fmt: skip
#: What a batch is made of, in this order; a reason that has none left is passed over.
PATTERN: Final = (UNCERTAIN, DRIFT, REGION, UNCERTAIN, PEOPLE, UNCERTAIN, UNCERTAIN, DETECTORS, UNCERTAIN, SECOND)


@dataclass(frozen=True, slots=True)
class Question:
    """A signature to be labelled. `guess` (severity, category, confidence) is the reader's; shown unless `hidden`."""

    item: Item
    reason: str
    why: str
    hidden: bool
    audit: bool
    guess: tuple[str, str, float]
    model: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Signatures labelled by this person, by anyone; questions others hold; the audit sample's size, and how much is done."""

    mine: int
    all: int
    held_by_others: int
    audit: int
    audit_done: int
    signatures: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """A signature about which people are apart."""

    item: Item
    answers: tuple[Given, ...]


class LabelQueueService:
    def __init__(
        self,
        store: Store,
        learning: ActiveLearningService,
        search: SemanticSearchService,
        *,
        encoder_version: str,
        strategy: str,
        drifted: Callable[[], Sequence[int]] = tuple,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._learning = learning
        self._search = search
        self._encoder_version = encoder_version
        self._strategy = strategy
        self._drifted = drifted
        self._clock = clock

    def questions(self, actor: str, *, n: int = BATCH, audit: bool = False) -> list[Question]:
        """At most `n` questions that are this person's for the next ten minutes; the same ones until they are answered."""
        answers, skipped = self._answers(), self._skipped(actor)
        mine = {one for one, said in answers.items() if actor in {answer.actor for answer in said}}
        if audit:
            done = {one for one, said in answers.items() if any(answer.of_audit for answer in said)}
            wanted = [
                (one, AUDIT) for one in self._store.labels.below(AUDIT_BELOW, unless=done | skipped, limit=OTHERS)
            ]
        else:
            wanted = self._wanted(answers, mine | skipped, 4 * n)
        now = self._clock()
        reason_of = dict(wanted)
        leased = self._store.labels.lease(actor, list(reason_of), n=n, now=now, until=now + LEASE)
        items = self._store.labels.items(leased)
        apart = self._store.labels.disagreement(leased)
        return [_question(items[one], reason_of[one], apart.get(one, 0.0)) for one in leased if one in items]

    def question(self, signature_id: int) -> Question:
        """One signature as a question, whoever holds it; NotFound if it is not stored."""
        item = self._store.labels.items([signature_id]).get(signature_id)
        if item is None:
            raise NotFound(f"there is no signature {signature_id} any more")
        return _question(item, AUDIT if is_audit(item.key) else UNCERTAIN, 0.0)

    def alike(self, signature_id: int, limit: int = 50) -> list[Item]:
        """Other signatures with nearly the same text that nobody answered, most alike first; none of the audit sample."""
        row = self._store.signatures.get(signature_id)
        near = [
            one.id
            for one in self._search.neighbours(row.vector, top_k=limit + 1, threshold=ALIKE)
            if one.id != signature_id
        ]
        answered = self._answers()
        items = self._store.labels.items([one for one in near if one not in answered])
        return [items[one] for one in near if one in items and not is_audit(items[one].key)]

    def label(
        self, question: Question, severity: str, category: str, *, actor: str, key: str, alike: Sequence[int] = ()
    ) -> int:
        """Stores the label, of signatures `alike` too, and returns the log's row; the reader learns it in the background."""
        now = self._clock()
        items = self._store.labels.items([question.item.id, *alike])
        if question.item.id not in items:
            raise NotFound("this text is not stored any more: it was removed or purged meanwhile")
        entries = []
        for item in items.values():
            shown = _shown(question) | ({"alike": question.item.id} if item.id != question.item.id else {})
            answer = {"severity": severity, "category": category}
            entries.append(Entry(key if item.id == question.item.id else f"{key}:{item.id}", now, actor.strip(), "label",
                                 item.issue_id, item.id, answer, shown, str(item.reading["model"])))  # fmt: skip
        entries.sort(key=lambda entry: entry.signature_id != question.item.id)
        first = self._store.log.append_many(entries)[0]
        self._store.labels.release(actor, question.item.id)
        if not question.audit:
            self._learning.soon()
        return first

    def skip(self, question: Question, *, actor: str, key: str) -> None:
        """This person is not asked it again."""
        item = question.item
        self._store.log.append(Entry(key, self._clock(), actor.strip(), "skip_label", item.issue_id, item.id))
        self._store.labels.release(actor, item.id)

    def undo(self, *, actor: str, key: str) -> Given:
        """Takes back this person's newest label; the reader forgets it. NotFound where there is none."""
        again = self._store.log.by_key(key)
        if again is not None and again.kind == "undo":
            first = self._store.log.get(again.answer["entry"])
            return given([first], {})[first.signature_id or 0][0]
        mine = [entry for entry in self._store.labels.said() if entry.actor == actor and entry.kind in LABELS]
        if not mine:
            raise NotFound("you have labelled nothing that could be taken back")
        together = [entry for entry in mine if _click(entry) == _click(mine[-1])]
        first, *rest = sorted(together, key=lambda entry: ("alike" in entry.shown, entry.id))
        undos = [Entry(key if entry is first else f"{key}:{entry.id}", self._clock(), actor, "undo", entry.issue_id,
                       answer={"entry": entry.id}) for entry in (first, *rest)]  # fmt: skip
        self._store.log.append_many(undos)
        self._learning.soon()
        return given([first], {})[first.signature_id or 0][0]

    def adjudicate(self, signature_id: int, severity: str, category: str, *, actor: str, key: str) -> int:
        """Settles a dispute; it holds whatever anyone said or says."""
        item = self.question(signature_id).item
        entry = Entry(key, self._clock(), actor.strip(), "adjudicate", item.issue_id, item.id,
                      {"severity": severity, "category": category}, {}, str(item.reading["model"]))  # fmt: skip
        row = self._store.log.append(entry)
        self._learning.soon()
        return row

    def disputes(self) -> list[Dispute]:
        """Where people are apart and nobody has settled it, oldest first."""
        answers = self._answers()
        apart = [one for one, said in answers.items() if agreed(said).disputed]
        items = self._store.labels.items(apart)
        return [Dispute(items[one], tuple(answers[one])) for one in sorted(apart) if one in items]

    def pairs(self, part: str) -> dict[int, dict[str, str]]:
        """Answers to `part` ("severity" or "category") by signature and person, where two people or more answered."""
        found = {one: by_person(said, part) for one, said in self._answers().items()}
        return {one: said for one, said in found.items() if len(said) > 1}

    def progress(self, actor: str) -> Progress:
        answers = self._answers()
        total, audit = self._store.labels.counts(AUDIT_BELOW)
        held = self._store.labels.held(self._clock())
        mine = sum(any(answer.actor == actor for answer in said) for said in answers.values())
        done = sum(any(answer.of_audit for answer in said) for said in answers.values())
        return Progress(mine, len(answers), sum(held.values()) - held.get(actor, 0), audit, done, total)

    def _answers(self) -> dict[int, list[Given]]:
        """Labels by signature; corrections of issues speak of every signature of the issue."""
        entries = self._store.labels.said()
        issues = {entry.issue_id for entry in entries if entry.issue_id is not None and not entry.signature_id}
        return given(entries, self._store.labels.members(issues))

    def _skipped(self, actor: str) -> set[int]:
        said = self._store.labels.said()
        return {entry.signature_id or 0 for entry in said if entry.kind == "skip_label" and entry.actor == actor}

    def _wanted(self, answers: dict[int, list[Given]], never: set[int], n: int) -> list[tuple[int, str]]:
        """Signatures with the reason to ask, best first, by PATTERN."""
        unless = set(answers) | never
        labels = self._store.labels
        strange = labels.strange(limit=OTHERS, unless=unless, from_key=AUDIT_BELOW)
        items, apart = labels.items(strange), labels.disagreement(strange)
        people: dict[int, Agreed] = {one: agreed(said) for one, said in answers.items() if one not in never}
        ready = {
            UNCERTAIN: self._uncertain(unless, n),
            DRIFT: self._moved(unless),
            REGION: [one for one in strange if items[one].strangeness >= NEW],
            DETECTORS: sorted((one for one in apart if apart[one] >= APART), key=lambda one: -apart[one]),
            PEOPLE: [one for one, said in people.items() if said.disputed],
            SECOND: [
                one for one, said in people.items() if said.people == 1 and not said.disputed and one % HIDDEN == 0
            ],
        }
        for rest in (PEOPLE, SECOND):
            stored = labels.items(ready[rest])
            ready[rest] = [one for one in ready[rest] if one in stored and not is_audit(stored[one].key)]
        chosen: dict[int, str] = {}
        while len(chosen) < n and any(ready.values()):
            for reason in PATTERN:
                while ready[reason] and ready[reason][0] in chosen:
                    ready[reason].pop(0)
                if ready[reason]:
                    chosen[ready[reason].pop(0)] = reason
        return list(chosen.items())[:n]

    def _moved(self, unless: set[int]) -> list[int]:
        """Where what comes in has moved lately, without the audit sample."""
        items = self._store.labels.items([one for one in self._drifted() if one not in unless])
        return [one for one, item in items.items() if not is_audit(item.key)]

    def _uncertain(self, unless: set[int], n: int) -> list[int]:
        """What the strategy asks, without what is alike to one that it asks already."""
        ids = self._store.labels.uncertain(limit=CANDIDATES, unless=unless, from_key=AUDIT_BELOW)
        ids, _, vectors = self._store.labels.vectors(self._encoder_version, ids)
        if not ids:
            return []
        items = self._store.labels.items(ids)
        joint = np.stack([_joint(items[one].reading) for one in ids])
        learned = self._learning.reader()
        order = choose(
            self._strategy,
            vectors,
            joint,
            n=4 * n,
            seed=len(unless),
            labelled=learned.labels.vectors if learned else None,
        )
        kept: list[int] = []
        for place in order.tolist():
            if not kept or float((vectors[kept] @ vectors[place]).max()) < ALIKE:
                kept.append(place)
        return [ids[place] for place in kept[:n]]


def _joint(reading: dict[str, Any]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(40,) probabilities of every pair of severity and category, as if independent."""
    joint = np.outer(reading["severity_probabilities"], reading["category_probabilities"]).ravel()
    return np.asarray(joint / joint.sum(), dtype=np.float64)


def _question(item: Item, reason: str, apart: float) -> Question:
    reading = item.reading
    hidden = reason in (AUDIT, SECOND, PEOPLE) or int(item.key[-4:], 16) % HIDDEN == 0
    guess = (str(reading["severity"]), str(reading["category"]), float(reading["confidence"]))
    return Question(
        item, reason, _why(item, reason, apart, hidden=hidden), hidden, reason == AUDIT, guess, str(reading["model"])
    )


def _why(item: Item, reason: str, apart: float, *, hidden: bool) -> str:
    if reason == UNCERTAIN:
        if hidden:
            return "the reader is not sure; its guess is hidden, as in one question of ten"
        parts = (
            (item.reading["category_probabilities"], CATEGORIES),
            (item.reading["severity_probabilities"], SEVERITIES),
        )
        probabilities, words = min(parts, key=lambda part: max(part[0]))  # the one that is less sure
        order = np.argsort(-np.asarray(probabilities), kind="stable")[:2].tolist()
        return "not sure: " + " or ".join(f"{words[place]} {probabilities[place]:.2f}" for place in order)
    return {
        DRIFT: "what comes in has moved lately, and this is where: the reader may know it less well",
        REGION: f"stranger than {100 * item.strangeness:.0f} % of what is known: the reader has seen little like it",
        DETECTORS: f"the anomaly detectors are {apart:.2f} apart about it",
        PEOPLE: "people answered it differently; yours is one opinion more",
        SECOND: "somebody answered it: a second opinion shows how far people agree",
        AUDIT: "drawn at random, whatever the reader says of it",
    }[reason]


def _shown(question: Question) -> dict[str, Any]:
    """What goes into the log beside the answer: what the reader said, and whether it was seen."""
    severity, category, confidence = question.guess
    return {"severity": severity, "category": category, "confidence": confidence, "hidden": question.hidden,
            "audit": question.audit, "reason": question.reason}  # fmt: skip


def _click(entry: Entry) -> str:
    """The key of the click that stored it: texts that were labelled alike have one in common."""
    return entry.key.rpartition(":")[0] if "alike" in entry.shown else entry.key
