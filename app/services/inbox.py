"""InboxService: the list of issues and everything about one of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.domain import Entry, NotFound
from app.services.analysis import AnalysisService, Similar
from app.services.suggestions import Suggestion, SuggestionService
from app.storage.grouping import Member
from app.storage.issues import Issue, IssueFilter, StoredEvent
from app.storage.signatures import SignatureRow
from app.storage.store import Store
from models.analyse.judgement import Judgement, judge
from models.analyse.same_problem import Comparison, compare, difference
from models.records import Event
from models.text.entities import Entity
from models.text.parse import parse_text

DAY = 24 * 3600.0
BUCKETS = 24


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of the list. `trends` holds events per bucket between `since` and `until`, per issue id."""

    issues: tuple[Issue, ...]
    total: int
    trends: dict[int, list[int]]
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class IssueDetail:
    """One issue, whole. `event` is its first occurrence read anew from the raw text, which `entities` point into.

    `members` are its signatures where it has several.
    """

    issue: Issue
    signature: SignatureRow
    signatures: int
    event: Event
    judgement: Judgement
    services: tuple[tuple[str, int], ...]
    latest: tuple[StoredEvent, ...]
    trend: tuple[int, ...]
    similar: tuple[Similar, ...]
    suggestions: tuple[Suggestion, ...]
    activity: tuple[Entry, ...]
    entities: tuple[Entity, ...] = ()
    members: tuple[Member, ...] = ()


class InboxService:
    def __init__(
        self,
        store: Store,
        analysis: AnalysisService,
        suggestions: SuggestionService,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._analysis = analysis
        self._suggestions = suggestions
        self._clock = clock

    def page(self, wanted: IssueFilter, *, limit: int = 50, offset: int = 0) -> InboxPage:
        """Issues, most urgent first, with their trend over the filter's time range (else the newest day)."""
        issues, total = self._store.issues.page(wanted, self._clock(), limit=limit, offset=offset)
        since, until = self._window(wanted)
        trends = self._store.issues.trends([issue.id for issue in issues], since, until, BUCKETS)
        return InboxPage(tuple(issues), total, trends, since, until)

    def detail(self, issue_id: int) -> IssueDetail:
        """NotFound if there is no such issue (any more); it names the one that this one is part of by now."""
        into = self.leads_to(issue_id)
        if into is not None:
            raise NotFound(f"there is no issue {issue_id} any more: it is part of issue {into}")
        issue = self._store.issues.get(issue_id)
        rows = self._store.signatures.of_issue(issue_id)
        first = rows[0]
        latest = self._store.issues.events(issue_id, limit=20)
        event = _reread(first.raw, latest)
        similar = self._analysis.similar(first.vector, first.signature, besides=issue_id)
        since, until = self._window(IssueFilter())
        return IssueDetail(
            issue=issue,
            signature=first,
            signatures=len(rows),
            event=event,
            judgement=judge(first.reading.severity, first.reading.confidence, first.level, bool(first.exception_type)),
            services=tuple(self._store.issues.services(issue_id)),
            latest=tuple(latest),
            trend=tuple(self._store.issues.trends([issue_id], since, until, BUCKETS)[issue_id]),
            similar=tuple(similar),
            suggestions=tuple(
                self._suggestions.rank(
                    first.reading,
                    event,
                    first.vector,
                    strangeness=first.strangeness,
                    issue_id=issue_id,
                    signature_id=first.id,
                    similar=[(s.issue.id, s.similarity) for s in similar],
                )
            ),
            activity=tuple(self._store.grouping.activity(issue_id)),
            entities=tuple(self._analysis.ner.entities(first.raw)),
            members=tuple(self._store.grouping.members(issue_id)) if len(rows) > 1 else (),
        )

    def compare(self, one: SignatureRow, other: Similar) -> tuple[list[str], Comparison]:
        """The lines of the difference of a signature and a similar one, and what each part counts. NotFound if it is gone."""
        row = self._store.signatures.get(other.signature_id)
        return difference(one.signature, row.signature), compare(one.signature, row.signature, other.similarity)

    def leads_to(self, issue_id: int) -> int | None:
        """The issue that a merge made this one a part of, or the undoing of a split; None if it is stored, or gone."""
        return self._store.grouping.leads_to(issue_id)

    def _window(self, wanted: IssueFilter) -> tuple[float, float]:
        until = wanted.until or self._store.issues.newest_event() or self._clock()
        return (until - DAY if wanted.since is None else wanted.since), until


def _reread(raw: str, latest: list[StoredEvent]) -> Event:
    """The event parsed again from its raw text; service and host as stored, where the text alone has none."""
    from dataclasses import replace

    event = parse_text(raw, now=latest[0].time if latest else 0.0)[0]
    if latest and not event.service:
        event = replace(event, service=latest[0].service)
    if latest and not event.host:
        event = replace(event, host=latest[0].host)
    return event
