"""DriftMonitor: has what comes in changed, what moved, and is the reader still as right as it was?

A window of the newest errors is held against the time before it, one row a signature, so that a single loud error is not taken
for a change. Three tests (models/learn/drift.py), at 1 % together: embeddings, shares of categories, rate of never-seen errors.
Accuracy comes from the audit sample alone, in spans of a week: five points below the weeks before are an alarm, if that many labels
would seldom (once in twenty) fall so far by chance.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.services.audit import Accuracy, AuditService, wilson
from app.storage.drift import Period
from app.storage.issues import Issue
from app.storage.store import Store
from models.learn.drift import LEVEL, NAMED, ShareShift, Shift, embedding_shift, rate_shift, share_shift
from models.taxonomy import CATEGORIES

DAY: Final = 86_400.0
#: Length of a window, and of the time before it that it is held against; both shorter while less is stored.
WINDOW: Final = DAY
REFERENCE: Final = 14 * DAY
#: Signatures that are compared at most, and without which nothing can be told.
ROWS: Final = 500
FEWEST: Final = 30
#: Windows of the history.
WINDOWS: Final = 8
#: A loss of accuracy that is an alarm: points of 100.
DROP: Final = 5.0
CHANCE: Final = 0.05
EXAMPLES: Final = 5
#: Each of the three tests alarms at a third of the level, so that a window alarms falsely once in a hundred (Bonferroni).
ALARM: Final = LEVEL / 3
#: A category is named if its share changed by at least so much.
_NAMED: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One window, from `since` to `until` in UTC seconds, against the time before it. `new`: the share of its kinds of errors
    that were never seen before, in the window before it and in it.

    `region` are the signatures that point most where it moved, [] where nothing did; `examples` are issues of them.
    """

    since: float
    until: float
    rows: int
    reference_rows: int
    embedding: Shift
    shares: ShareShift
    new: tuple[float, float]
    new_p: float
    region: tuple[int, ...]
    examples: tuple[Issue, ...]

    @property
    def texts_moved(self) -> bool:
        return self.embedding.p_value <= ALARM

    @property
    def shares_moved(self) -> bool:
        return self.shares.p_value <= ALARM

    @property
    def new_moved(self) -> bool:
        return self.new_p <= ALARM

    @property
    def moved(self) -> bool:
        return self.texts_moved or self.shares_moved or self.new_moved


@dataclass(frozen=True, slots=True)
class Loss:
    """Accuracy on the audit sample: in the weeks before, in the newest week, and whether it fell by DROP points."""

    before: Accuracy
    now: Accuracy

    @property
    def points(self) -> float:
        return 100 * (self.before.value - self.now.value)

    @property
    def by_chance(self) -> float:
        """How often so few labels fall so far where nothing has changed: Fisher's exact test, one-sided."""
        wrong_before, wrong_now = (round(one.n * (1 - one.value)) for one in (self.before, self.now))
        return rate_shift((wrong_before, self.before.n), (wrong_now, self.now.n))

    @property
    def alarm(self) -> bool:
        return round(self.points, 6) >= DROP and self.by_chance <= CHANCE


class DriftMonitor:
    def __init__(self, store: Store, audit: AuditService, encoder_version: str) -> None:
        self._store = store
        self._audit = audit
        self._encoder = encoder_version
        self._looks: dict[tuple[float, float, str], Look | None] = {}

    def look(self, until: float | None = None) -> Look | None:
        """The window that ends at `until` (the newest event); None while there is too little to compare."""
        span = self._store.overview.span()
        if span is None:
            return None
        until = span[1] if until is None else until
        width = min(WINDOW, (until - span[0]) / 3)
        return self._window(until - width, until)

    def history(self) -> list[Look]:
        """The last WINDOWS windows that can be compared, the oldest first."""
        span = self._store.overview.span()
        if span is None:
            return []
        first, last = span
        width = min(WINDOW, (last - first) / (WINDOWS + 1))
        ends = [last - width * place for place in reversed(range(WINDOWS))]
        return [look for look in (self._window(end - width, end) for end in ends) if look is not None]

    def loss(self) -> Loss | None:
        """The newest week of audit labels beside the weeks before; None without two weeks."""
        weeks = self._audit.accuracy_over_time()
        if len(weeks) < 2:
            return None
        before, now = weeks[:-1], weeks[-1]
        n, right = sum(week.n for week in before), round(sum(week.value * week.n for week in before))
        return Loss(Accuracy(before[0].since, before[-1].until, n, right / n, *wilson(right, n)), now)

    def accuracy(self) -> list[Accuracy]:
        """Of the category, by week, on the audit sample."""
        return self._audit.accuracy_over_time()

    def region(self) -> tuple[int, ...]:
        """Signatures of the region where the newest window moved: worth a label."""
        look = self.look()
        return look.region if look is not None and look.moved else ()

    def _window(self, since: float, until: float) -> Look | None:
        key = (since, until, self._store.signatures.stamp())
        if key not in self._looks:
            if len(self._looks) > 4 * WINDOWS:
                self._looks.clear()
            self._looks[key] = self._compare(since, until)
        return self._looks[key]

    def _compare(self, since: float, until: float) -> Look | None:
        period = self._store.drift.period
        now, before = period(since, until, self._encoder, ROWS), period(since - REFERENCE, since, self._encoder, ROWS)
        if min(len(now), len(before)) < FEWEST:
            return None
        embedding = embedding_shift(before.vectors, now.vectors, np.random.default_rng(0))
        shares = share_shift(_counts(before), _counts(now))
        # Of the whole time before, all that came first is new: the window before this one is what is usual.
        last = period(since - (until - since), since, self._encoder, 0)
        look = Look(
            since=since,
            until=until,
            rows=len(now),
            reference_rows=len(before),
            embedding=embedding,
            shares=shares,
            new=(last.seen_new / max(last.seen, 1), now.seen_new / now.seen),
            new_p=rate_shift((last.seen_new, last.seen), (now.seen_new, now.seen)),
            region=(),
            examples=(),
        )
        return self._with_region(look, now) if look.moved else look

    def _with_region(self, look: Look, now: Period) -> Look:
        """The signatures that made it move: by their texts, else the never-seen ones, else those of the category that grew most."""
        if look.texts_moved:
            rows = list(look.embedding.strangest)
        elif look.new_moved:
            rows = np.flatnonzero(now.new).tolist()
        else:
            grown = next((place for place, before, share in look.shares.changes if share > before), 0)
            rows = [row for row, category in enumerate(now.categories) if category == CATEGORIES[grown]]
        region = tuple(int(now.ids[row]) for row in rows[:NAMED])
        issues = self._store.issues.of_signatures(list(region))
        distinct = {issues[one].id: issues[one] for one in region if one in issues}
        return replace(look, region=region, examples=tuple(distinct.values())[:EXAMPLES])


def in_words(look: Look) -> list[str]:
    """What moved, a sentence each; [] where nothing did."""
    said = []
    if look.shares_moved:
        changes = [
            f"{'more' if now > before else 'fewer'} {CATEGORIES[place]} errors ({before:.0%} to {now:.0%})"
            for place, before, now in look.shares.changes
            if abs(now - before) >= _NAMED
        ]
        said.append(", ".join(changes[:3]) or "the shares of the categories changed a little everywhere")
    if look.new_moved:
        said.append(f"{look.new[1]:.0%} of the kinds of errors were never seen before, where {look.new[0]:.0%} were")
    if look.texts_moved:
        said.append("the texts of the errors are others than before")
    return said


def _counts(period: Period) -> list[int]:
    return [period.categories.count(category) for category in CATEGORIES]
