"""What is worth an alert: six rules over what is new in the store since the last look."""

from collections.abc import Iterable
from typing import Final

from app.services.alert_delivery import TITLE
from app.services.anomaly import RATE, AnomalyService
from app.services.cascade import CascadeService
from app.services.cascade_answers import sentence as forecast_sentence
from app.services.drift import DriftMonitor, in_words
from app.storage.alerts import Mark, Message, Policy
from app.storage.issues import Issue
from app.storage.store import Store

NEW_CRITICAL, NEW_TYPE, ODD_RATE = "new critical", "new type", "odd rate"
FORECAST, DRIFT, REGRESSION = "forecast", "drift", "regression"
RULES: Final = (NEW_CRITICAL, NEW_TYPE, ODD_RATE, FORECAST, DRIFT, REGRESSION)
_FIRST: Final = {
    NEW_CRITICAL: "A new critical error",
    NEW_TYPE: "A new type of error",
    ODD_RATE: "An odd rate",
    REGRESSION: "A resolved error came back",
}
#: Messages of one rule from one look; what is beyond them is one message more.
MOST: Final = 10
#: New issues of one look that are read; those beyond are in the Inbox alone.
LOOKED_AT: Final = 2_000


class AlertRules:
    def __init__(self, store: Store, anomaly: AnomalyService, cascade: CascadeService, drift: DriftMonitor) -> None:
        self._store = store
        self._anomaly = anomaly
        self._cascade = cascade
        self._drift = drift

    def messages(self, policy: Policy, mark: Mark, newest: Mark, now: float) -> list[Message]:
        """What the policy's rules say of all that lies between the two marks; `now` in UTC seconds, for mutes."""
        found: list[Message] = []
        new = self._store.alerts.new_issues(mark, newest, LOOKED_AT)
        known_new = self._store.issues.by_id(new)
        issues = [known_new[one] for one in new if one in known_new]
        critical = [one for one in issues if one.severity == "critical" and NEW_CRITICAL in policy.rules]
        told = {one.id for one in critical}
        other = [one for one in issues if one.id not in told and NEW_TYPE in policy.rules]
        found += _bounded(NEW_CRITICAL, newest, [_of(NEW_CRITICAL, one, "first") for one in critical])
        found += _bounded(NEW_TYPE, newest, [_of(NEW_TYPE, one, "first") for one in other])
        if REGRESSION in policy.rules:
            rows = self._store.alerts.regressions(mark, newest)
            known = self._store.issues.by_id([issue_id for _, issue_id in rows])
            back = [
                _of(REGRESSION, known[issue_id], str(entry))
                for entry, issue_id in rows
                if issue_id in known and not known[issue_id].is_muted(now)
            ]
            found += _bounded(REGRESSION, newest, back)
        if mark.event != newest.event:
            found += self._of_the_moment(policy, newest, now)
        return found

    def _of_the_moment(self, policy: Policy, newest: Mark, now: float) -> Iterable[Message]:
        """Rates, forecast and drift: of the newest event, whatever came before it."""
        if ODD_RATE in policy.rules:
            at = self._store.issues.newest_event()
            rates = [
                one for one in self._anomaly.findings(since=at) if one.kind == RATE and not one.issue.is_muted(now)
            ]
            yield from _bounded(
                ODD_RATE, newest, [_of(ODD_RATE, one.issue, str(int(one.at // 3600)), one.reason) for one in rates]
            )
        if FORECAST in policy.rules:
            yield from self._forecast()
        if DRIFT in policy.rules:
            look = self._drift.look()
            if look is not None and look.moved:
                day = str(int(look.until // 86_400))
                yield Message(DRIFT, "", day, "What comes in has changed", "; ".join(in_words(look)), "/drift")

    def _forecast(self) -> Iterable[Message]:
        outlook = self._cascade.outlook()
        if outlook is None or not outlook.forecast.forecastable or outlook.forecast.minutes is None:
            return
        service = outlook.forecast.service
        title = f"A failure is expected: {service}" if service else "A failure is expected"
        fact = str(int(outlook.forecast.at // 60))
        yield Message(FORECAST, service, fact, title, forecast_sentence(outlook), "/cascades", service=service)


def _of(rule: str, issue: Issue, fact: str, reason: str = "") -> Message:
    seen = "seen once" if issue.count == 1 else f"seen {issue.count:,} times"
    words = [
        f"{_FIRST[rule]}: {issue.severity}, {issue.category}, {seen}",
        issue.service and f"in {issue.service}",
        reason,
    ]
    return Message(
        rule=rule,
        subject=str(issue.id),
        fact=fact,
        title=issue.title[:TITLE],
        text="; ".join(word for word in words if word),
        path=f"/inbox?issue={issue.id}",
        issue_id=issue.id,
        severity=issue.severity,
        service=issue.service,
    )


def _bounded(rule: str, newest: Mark, messages: list[Message]) -> list[Message]:
    """At most MOST of them, the most urgent first as they come; the rest are counted in one more."""
    rest = len(messages) - MOST
    if rest <= 0:
        return messages
    # `more` has a subject of its own for each look, so that no cooldown hides how many there were.
    more = Message(rule, f"more {newest.event} {newest.entry}", "", f"{rest} more by the rule {rule!r}",
                   "Too many for a message each: the Inbox lists them.", "/inbox")  # fmt: skip
    return [*messages[:MOST], more]
