"""OverviewService: the figures for stakeholders, and the handover of a shift as Markdown."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain import Entry
from app.storage.issues import Issue, IssueFilter
from app.storage.overview import Cell, Totals
from app.storage.store import Store

LISTED = 15
#: What asks for a person now.
URGENT = ("critical", "high")
WAITING = ("open", "regressed")
#: Characters that Markdown would read as markup.
_MARKUP = str.maketrans({character: "\\" + character for character in "\\`*_{}[]()#+-!|<>~$:&"})


@dataclass(frozen=True, slots=True)
class Picture:
    """The Overview between two times."""

    since: float
    until: float
    totals: Totals
    by_severity: tuple[Cell, ...]
    by_service: tuple[Cell, ...]
    by_time: tuple[Cell, ...]
    urgent: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since a time: issues first seen, come back, resolved; clicks of people."""

    since: float
    new: tuple[Issue, ...]
    regressed: tuple[Issue, ...]
    resolved: tuple[Issue, ...]
    open_urgent: tuple[Issue, ...]
    clicks: int


class OverviewService:
    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def picture(self, since: float | None = None, until: float | None = None) -> Picture | None:
        """Counts inside the range, by default over everything stored; None while nothing is."""
        span = self._store.overview.span()
        if span is None:
            return None
        start, end = (span[0] if since is None else since), (span[1] if until is None else until)
        overview = self._store.overview
        urgent, _ = self._store.issues.page(
            IssueFilter(severities=URGENT, statuses=WAITING, since=start, until=end), self._clock(), limit=5
        )
        return Picture(
            start,
            end,
            overview.totals(self._clock(), start, end),
            tuple(overview.by_severity(start, end)),
            tuple(overview.by_service(start, end)),
            tuple(overview.by_time(start, end)),
            tuple(urgent),
        )

    def need_you(self, wanted: IssueFilter) -> int:
        """How many issues inside a filter ask for a person now: urgent, answered by nobody yet, not muted."""
        urgent = tuple(name for name in URGENT if not wanted.severities or name in wanted.severities)
        waiting = tuple(name for name in WAITING if not wanted.statuses or name in wanted.statuses)
        if not urgent or not waiting:
            return 0
        narrowed = replace(wanted, severities=urgent, statuses=waiting, muted=False, routine=False)
        return self._store.issues.page(narrowed, self._clock(), limit=1)[1]

    def last_visit(self, actor: str) -> float | None:
        return self._store.notes.last_visit(actor) if actor else None

    def seen(self, actor: str) -> None:
        """Marks everything up to now as seen by this person."""
        self._store.notes.visited(actor, self._clock())

    def changes(self, since: float) -> Changes:
        """Between `since` (UTC seconds) and now."""
        now = self._clock()
        everything, _ = self._store.issues.page(IssueFilter(muted=True), now, limit=10_000)
        entries = self._store.log.entries(since=since)
        regressed = {entry.issue_id for entry in entries if entry.kind == "regress"}
        return Changes(
            since=since,
            new=tuple(issue for issue in everything if issue.first_seen >= since),
            regressed=tuple(issue for issue in everything if issue.id in regressed and issue.status == "regressed"),
            resolved=tuple(
                issue for issue in everything if issue.status == "resolved" and (issue.resolved_at or 0) >= since
            ),
            open_urgent=tuple(
                issue
                for issue in everything
                if issue.severity in URGENT and issue.status != "resolved" and not issue.is_muted(now)
            ),
            clicks=sum(_by_a_person(entry) for entry in entries),
        )

    def handover(self, changes: Changes, zone: str) -> str:
        """The changes as Markdown for a chat or a ticket; error texts are escaped, so they stay text."""
        start = _clock_time(changes.since, zone)
        parts = [
            f"## Handover, since {start} ({zone})",
            "",
            f"{len(changes.new)} new issues, {len(changes.regressed)} came back, {len(changes.resolved)} resolved, "
            f"{len(changes.open_urgent)} urgent still open, {changes.clicks} answers given.",
            "",
        ]
        for title, issues in (
            ("Still open and urgent", changes.open_urgent),
            ("Came back", changes.regressed),
            ("New", changes.new),
            ("Resolved", changes.resolved),
        ):
            parts += _section(title, issues, zone)
        return "\n".join(parts).rstrip() + "\n"


def _by_a_person(entry: Entry) -> bool:
    return entry.kind not in ("regress", "unmute") or entry.actor != "stacklens"


def _section(title: str, issues: Sequence[Issue], zone: str) -> list[str]:
    if not issues:
        return []
    lines = [f"### {title}", ""]
    for issue in issues[:LISTED]:
        note = f". Note: {_plain(issue.resolution_note)}" if issue.resolution_note else ""
        who = f", {_plain(issue.assignee)}" if issue.assignee else ""
        lines.append(
            f"- **{issue.severity}** #{issue.id} {_plain(issue.title)} ({_plain(issue.service) or 'no service'}, "
            f"{issue.count} events, last {_clock_time(issue.last_seen, zone)}, {issue.status}{who}){note}"
        )
    if len(issues) > LISTED:
        lines.append(f"- and {len(issues) - LISTED} more")
    return [*lines, ""]


def _plain(text: str) -> str:
    return " ".join(text.split()).translate(_MARKUP)


def _clock_time(at: float, zone: str) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
