"""AlertService: what a team is told outside the app, once, and when.

After an ingest a thread in the background looks at what is new since its last look (ids of the newest event, issue and log row),
writes messages into the outbox and sends them. A message is stored with the mark that moves past what it tells, so a restart
neither loses nor repeats one; it counts as sent only after the destination's answer: at least once.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Final
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from app.domain import InvalidInput
from app.services import alert_delivery
from app.services.alert_delivery import TITLE, Outcome
from app.services.alert_rules import RULES, AlertRules
from app.services.anomaly import AnomalyService
from app.services.cascade import CascadeService
from app.services.drift import DriftMonitor
from app.storage.alerts import Destination, Message, Outgoing, Policy
from app.storage.issues import Issue
from app.storage.store import Store

COOLDOWN: Final = 3600.0
#: Seconds between two looks, between looks where nobody asks (another process may store), and after an ingest before one.
PAUSE: Final = 15.0
IDLE: Final = 30.0
SETTLE: Final = 1.0
#: Tries of a message; seconds before the second one, doubled for each further one up to LONGEST.
TRIES: Final = 8
FIRST_WAIT: Final = 30.0
LONGEST: Final = 3600.0
#: Seconds for which a process that sends a message has it alone.
LEASE: Final = 60.0
_DAY: Final = 1440

_log = logging.getLogger(__name__)


class AlertService:
    def __init__(
        self,
        store: Store,
        anomaly: AnomalyService,
        cascade: CascadeService,
        drift: DriftMonitor,
        *,
        public_url: str,
        zone: str = "UTC",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._rules = AlertRules(store, anomaly, cascade, drift)
        self._url = public_url.rstrip("/")
        self._zone = zone
        self._clock = clock
        self._lock = Lock()
        self._wake = Event()
        self._closed = Event()
        self._thread: Thread | None = None

    # What people set

    def policy(self) -> Policy:
        """What is wanted; before anybody said so: every rule, an hour of cooldown, no quiet hours."""
        return self._store.alerts.policy() or Policy(RULES, COOLDOWN, None, None, self._zone)

    def set_policy(self, policy: Policy) -> None:
        """InvalidInput: an unknown rule or zone, a cooldown below 0 or beyond a week, hours outside the day, a bad template."""
        unknown = set(policy.rules) - set(RULES)
        if unknown:
            raise InvalidInput(f"unknown rule {min(unknown)!r}; one of {', '.join(RULES)}")
        if not 0 <= policy.cooldown <= 7 * 86_400:
            raise InvalidInput("a cooldown is between 0 and 7 days")
        hours = (policy.quiet_from, policy.quiet_until)
        if (hours[0] is None) != (hours[1] is None) or any(one is not None and not 0 <= one < _DAY for one in hours):
            raise InvalidInput("quiet hours need a begin and an end within the day")
        if policy.zone not in available_timezones():
            raise InvalidInput("unknown time zone; use a name such as Europe/Berlin")
        _check_template(policy.ticket)
        self._store.alerts.set_policy(policy)

    def destinations(self) -> list[Destination]:
        return self._store.alerts.destinations()

    def add_destination(self, name: str, kind: str, target: str) -> int:
        """InvalidInput where nothing could be sent there; what has happened before the first one is not told."""
        target = target.strip()
        alert_delivery.check(kind, target)
        if not name.strip() or len(name) > TITLE:
            raise InvalidInput(f"a destination has a name of at most {TITLE} characters")
        added = self._store.alerts.add_destination(name.strip(), kind, target)
        self.soon()
        return added

    def remove_destination(self, destination_id: int) -> None:
        self._store.alerts.remove_destination(destination_id)

    def test(self, destination_id: int) -> Outcome:
        """Sends a test message now, whatever the hour, and says how it went. It is tried once."""
        destination = self._store.alerts.destination(destination_id)
        now = self._clock()
        message = Message(
            "test", "", str(time.time_ns()), "A test from StackLens", "Alerts will look like this one.", "/alerts"
        )
        row = self._store.alerts.put_claimed(message, destination.id, now=now, lease=LEASE)
        outcome = alert_delivery.deliver(destination, message, self._url + message.path, now)
        self._store.alerts.end(row.id, "sent" if outcome.sent else "failed", outcome.said, self._clock())
        return outcome

    def outbox(self, limit: int = 50) -> list[Outgoing]:
        """The newest messages, those that failed first, then those that wait after a try."""
        rows = self._store.alerts.newest(limit)
        return sorted(rows, key=lambda row: (row.state != "failed", row.state != "waiting", -row.id))

    def again(self, outgoing_id: int) -> None:
        """Tries one that failed once more. InvalidInput where it did not."""
        if not self._store.alerts.again(outgoing_id, self._clock()):
            raise InvalidInput("this message has not failed")
        self.soon()

    def ticket(self, issue: Issue) -> str:
        """The link that opens a ticket for an issue, "" where no template is set."""
        link = self.policy().ticket
        values = {"title": issue.title[:TITLE], "url": self.link(issue.id), "severity": issue.severity}
        for name, value in values.items():  # a value is quoted, so it cannot hold a placeholder
            link = link.replace(f"{{{name}}}", quote(value.encode("utf-8", "replace"), safe=""))
        return link

    def link(self, issue_id: int) -> str:
        return f"{self._url}/inbox?issue={issue_id}"

    # What happens

    def evaluate(self) -> int:
        """Looks at what is new since the last look and queues what the rules say of it; how many rows are new.

        Where there is no destination, or nothing is new, it does nothing.
        """
        if not self.destinations():
            return 0
        mark, newest = self._store.alerts.marks()
        if mark == newest:
            return 0
        policy, now = self.policy(), self._clock()
        messages = self._rules.messages(policy, mark, newest, now) if mark else []
        due = quiet_until(policy, now) or now
        return self._store.alerts.put(messages, now=now, due=due, cooldown=policy.cooldown, looked=newest)

    def send_due(self) -> int:
        """Sends what is due; how many were taken."""
        sent = 0
        while not self._closed.is_set():
            row = self._store.alerts.claim(self._clock(), LEASE)
            if row is None:
                break
            self._send(row)
            sent += 1
        return sent

    def _send(self, row: Outgoing) -> None:
        now, policy = self._clock(), self.policy()
        quiet = quiet_until(policy, now)
        if quiet is not None:
            self._store.alerts.later(row.id, row.said, quiet)
            return
        if row.tries > TRIES:  # whoever tried it last time did not live to say how it went
            self._store.alerts.end(row.id, "failed", "sending it broke off too often", now)
            return
        found = [one for one in self.destinations() if one.id == row.destination_id]
        if not found:
            self._store.alerts.end(row.id, "failed", "the destination was removed", now)
            return
        outcome = alert_delivery.deliver(found[0], row.message, self._url + row.message.path, row.at)
        if outcome.sent or outcome.final or row.tries >= TRIES:
            self._store.alerts.end(row.id, "sent" if outcome.sent else "failed", outcome.said, self._clock())
        else:
            self._store.alerts.later(row.id, outcome.said, self._clock() + wait_after(row.tries))

    # In the background

    def soon(self) -> None:
        """Looks and sends in the background where there is a destination; several calls before it begins are one."""
        if self._closed.is_set() or not self.destinations():
            return
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="alerts", daemon=True)
                self._thread.start()
        self._wake.set()

    def catch_up(self) -> None:
        """At the start of a process: what an earlier one left unsent, or did not look at any more."""
        self.soon()

    def close(self) -> None:
        """What is under way may finish; what is not sent then waits for the next start."""
        self._closed.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(alert_delivery.TIMEOUT / 2)

    def _run(self) -> None:
        looked, asked = float("-inf"), False
        while not self._closed.is_set():
            asked = asked or self._wake.is_set()
            self._wake.clear()
            try:
                if time.monotonic() - looked >= (PAUSE if asked else IDLE):
                    if self._closed.wait(SETTLE):
                        break
                    looked, asked = time.monotonic(), False
                    self.evaluate()
                self.send_due()
                pause = self._pause(looked + (PAUSE if asked else IDLE) - time.monotonic())
            except Exception:  # one bad look must not end the thread: the store may be locked for a while
                _log.exception("alerts: a look failed; the next one follows")
                pause = IDLE
            self._wake.wait(pause)

    def _pause(self, next_look: float) -> float:
        """Seconds until there is something to do, if nobody asks before."""
        due = self._store.alerts.next_due()
        return max(min(next_look, float("inf") if due is None else due - self._clock()), 0.2)


def quiet_until(policy: Policy, now: float) -> float | None:
    """When the quiet hours that hold at `now` (UTC seconds) end, in UTC seconds; None outside them.

    By the clock of the policy's zone, so a night in which the clock changes ends when people get up.
    """
    start, end = policy.quiet_from, policy.quiet_until
    if start is None or end is None or start == end:
        return None
    local = datetime.fromtimestamp(now, ZoneInfo(policy.zone))
    minute = local.hour * 60 + local.minute
    inside = start <= minute < end if start < end else minute >= start or minute < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if start > end and minute >= start else 0)
    over = datetime(day.year, day.month, day.day, end // 60, end % 60, tzinfo=local.tzinfo)
    return max(over.timestamp(), now + 1)


def wait_after(tries: int) -> float:
    """Seconds until the next try."""
    return min(FIRST_WAIT * 2.0 ** (tries - 1), LONGEST)


def _check_template(template: str) -> None:
    if not template:
        return
    plain = template
    for name in ("title", "url", "severity"):
        plain = plain.replace(f"{{{name}}}", "x")
    try:
        parts = urlsplit(template)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "{" not in parts.netloc
    except ValueError:
        usable = False
    if (
        not usable
        or any(one.isspace() or one in "{}<>\"'\\" or not one.isprintable() for one in plain)
        or len(template) > 2_000
    ):
        raise InvalidInput(
            "a ticket link starts with http:// or https://; it may hold {title}, {url} and {severity}, not in the host"
        )
