"""What usually follows an issue, by what followed it before.

An occurrence counts from its beginning: an event of the issue with none in the SETTLED seconds before. Another issue follows it
where it begins (was not there in the SETTLED seconds before) within HORIZON seconds. Whether that is more than chance is told by
other moments: how often the issue begins after one of those. They are spread over the store by its events, so that they lie where
much is logged, each moved on by up to an hour, so that it is not an event's own. A follower is listed where Fisher's exact test
of the two shares, one-sided, gives p <= CHANCE, which bounds false followers to one in a hundred candidates. That one follows the
other does not say that it causes it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from app.storage.issues import Issue
from app.storage.store import Store

HORIZON: Final = 1800.0
SETTLED: Final = 600.0
#: Occurrences that are looked at, the newest; events that they are sought in; moments that stand for "usually".
OCCURRENCES: Final = 60
EVENTS: Final = 20_000
MOMENTS: Final = 60
#: Fewer occurrences than this show no habit.
FEWEST: Final = 3
CHANCE: Final = 0.01
#: Its multiples modulo 1 are spread evenly, however many there are (Kronecker's sequence).
_GOLDEN: Final = 0.6180339887498949
LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class Follower:
    """`issue` began within the half hour after `times` of the occurrences, a median of `minutes` later; `usual` is the share of
    other moments that it begins after."""

    issue: Issue
    times: int
    minutes: float
    usual: float


@dataclass(frozen=True, slots=True)
class After:
    """Of `occurrences` that were looked at: `followers`, the surest first; `last` is what came after the newest, the soonest
    first: no habit, only what happened."""

    occurrences: int
    followers: tuple[Follower, ...]
    last: tuple[Follower, ...]


class FollowingService:
    def __init__(self, store: Store) -> None:
        self._store = store

    def after(self, issue_id: int) -> After:
        """NotFound if the issue is not stored."""
        self._store.issues.get(issue_id)
        starts = beginnings(self._store.following.times(issue_id, EVENTS))[-OCCURRENCES:]
        waits: dict[int, list[float]] = defaultdict(list)
        last: dict[int, float] = {}
        for start in starts:
            last = {each: (first - start) / 60 for each, first in self._begun(start).items() if each != issue_id}
            for each, minutes in last.items():
                waits[each].append(minutes)
        others, moments = self._others(starts)
        chance = {each: _chance(len(found), len(starts), others[each], moments) for each, found in waits.items()}
        sure = sorted((p, each) for each, p in chance.items() if p <= CHANCE and len(waits[each]) >= FEWEST)[:LISTED]
        soon = sorted(last, key=lambda each: last[each])[:LISTED]
        issues = self._store.issues.by_id(sorted({each for _, each in sure} | set(soon)))

        def follower(each: int, minutes: float) -> Follower:
            return Follower(issues[each], len(waits[each]), minutes, others[each] / max(moments, 1))

        return After(
            len(starts),
            tuple(follower(each, median(waits[each])) for _, each in sure),
            tuple(follower(each, last[each]) for each in soon),
        )

    def _begun(self, at: float) -> dict[int, float]:
        return self._store.following.begun(at, before=SETTLED, after=HORIZON)

    def _others(self, starts: list[float]) -> tuple[Counter[int], int]:
        """After how many moments, that are not within HORIZON after an occurrence, each issue begins; and of how many."""
        events = self._store.following.moments(MOMENTS, HORIZON)
        found = [at + 2 * HORIZON * (place * _GOLDEN % 1) for place, at in enumerate(events)]
        moments = [at for at in found if not any(0 <= at - start <= HORIZON for start in starts)]
        return Counter(each for at in moments for each in self._begun(at)), len(moments)


def beginnings(times: list[float]) -> list[float]:
    """Of times in order those with none in the SETTLED seconds before."""
    return times[:1] + [later for earlier, later in pairwise(times) if later - earlier > SETTLED]


def _chance(times: int, occurrences: int, others: int, moments: int) -> float:
    """p of Fisher's exact test that `times` of the occurrences is no larger share than `others` of the moments."""
    from scipy.stats import fisher_exact

    table = [[times, occurrences - times], [others, moments - others]]
    return float(fisher_exact(table, alternative="greater").pvalue)
