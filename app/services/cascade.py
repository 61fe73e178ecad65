"""CascadeService: what breaks next, from the errors so far; and how earlier forecasts came out.

A forecast is made of the errors up to a moment and none after. One of the store is kept and later held against what happened:
a service fails with its FAILURE-th critical or high error within one minute (`app.storage.forecasts`), if it had not failed in
the SETTLED minutes before. Where a failure within 30 minutes was expected and one came, the forecast was right, whichever service
was named; the named one is compared beside it. A forecast is scored once, when half an hour of log lies after it: what is stored
later of that half hour changes nothing. Where the reader said that it cannot tell, nothing is scored but the next error.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Final

from app.domain import InvalidInput, Unavailable
from app.services.analysis import MAX_CHARACTERS, AnalysisService, title_of
from app.services.audit import wilson
from app.services.sources import storable
from app.settings import ROOT, SAMPLE_DATA
from app.storage.forecasts import Failure, StoredForecast
from app.storage.issues import Issue
from app.storage.store import Store
from models.analyse.forecast import HORIZON, CascadeReader, Forecast, Step
from models.text.parse import parse_text
from models.text.redact import redact
from models.text.signature import signature

#: Errors that a forecast of the store looks back on, and for how many seconds.
HISTORY: Final = 256
LOOK_BACK: Final = 6 * 3600.0
#: Minutes before a forecast in which a service that fails already does not count as a failure to come.
SETTLED: Final = 10
#: Errors of a pasted sequence that are read, and seconds between those that carry no time.
PASTED: Final = 1_000
SPACING: Final = 60.0
RIGHT, FALSE_ALARM, MISSED, QUIET, NONE = "right", "false alarm", "missed", "quiet", "none"
#: Edges of the probabilities that the reliability view puts together.
EDGES: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
PRETRAINED: Final = ROOT / "models" / "pretrained" / "cascade"
#: The client's example: connection refused, database timeout, out of memory, crash.
EXAMPLE: Final = SAMPLE_DATA / "sequences" / "four_steps.jsonl"


@dataclass(frozen=True, slots=True)
class NextError:
    """An error that may come next. `issue` is None for one that is not stored; `probability` in [0, 1].

    `minutes` is when, if it comes: the median wait for it from the errors before; None where it was not seen to follow any.
    """

    title: str
    probability: float
    issue: Issue | None
    minutes: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """A forecast with what it was made of. `titles` (T,) names each step; `notes` say what was assumed."""

    forecast: Forecast
    steps: tuple[Step, ...]
    titles: tuple[str, ...]
    next_errors: tuple[NextError, ...]
    notes: tuple[str, ...] = ()

    @property
    def down(self) -> tuple[str, ...]:
        """Services that logged something critical in the last SETTLED minutes: they fail already, the latest first."""
        recent = [step for step in self.steps if step.time > self.forecast.at - SETTLED * 60 and step.service]
        critical = [step.service for step in recent if step.level == "critical"]
        return tuple(dict.fromkeys(reversed(critical)))


@dataclass(frozen=True, slots=True)
class Record:
    """How the newest forecasts came out, those that can be told by now.

    `covered` of `timed` right ones: the failure lay in the interval; `named` of `naming` right ones: the service named was the
    first to fail; `next_listed` of `next_known`: the error that came next was listed. `abstained`: could not be forecast.
    """

    right: int
    false_alarms: int
    missed: int
    quiet: int
    abstained: int
    waiting: int
    covered: int
    timed: int
    named: int
    naming: int
    next_listed: int
    next_known: int
    reliability: tuple["Reliability", ...]


@dataclass(frozen=True, slots=True)
class Reliability:
    """`n` forecasts of a like probability: the mean of what was forecast, the share that failed, its 95 % interval (Wilson)."""

    forecast: float
    failed: float
    low: float
    high: float
    n: int


def shipped_reader(cache: Path | None = None) -> CascadeReader:
    """The reader whose weights ship, exported to `cache`; FileNotFoundError where they are missing."""
    from models.analyse.cascade import load_reader

    return load_reader(PRETRAINED, cache)


class CascadeService:
    def __init__(
        self,
        store: Store,
        analysis: AnalysisService,
        dims: int,
        load_reader: Callable[[], CascadeReader] = shipped_reader,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._analysis = analysis
        self._dims = dims
        self._load_reader = load_reader
        self._clock = clock
        self._lock = Lock()
        self._reader: CascadeReader | None = None

    @property
    def version(self) -> str:
        return self._loaded().version

    def outlook(self, at: float | None = None, *, keep: bool = True, look_back: float = LOOK_BACK) -> Outlook | None:
        """The forecast from the store's errors of `look_back` seconds up to `at` (UTC seconds; None: the newest event).

        None where there is no error. It is kept unless `keep` is False.
        """
        until = self._store.issues.newest_event() if at is None else at
        steps = [] if until is None else self._store.forecasts.steps(until, HISTORY, self._dims, until - look_back)
        if not steps or until is None:
            return None
        forecast = self._loaded().forecast(steps, until)
        if keep:
            self._store.forecasts.keep(_stored(forecast, self._clock()))
        ids = {step.signature for step in steps} | {signature_id for signature_id, _ in forecast.next_errors}
        issues = self._store.issues.of_signatures(sorted(ids))
        coming = tuple(
            NextError(
                issues[each].title if each in issues else "an error that is no longer stored",
                share,
                issues.get(each),
                _wait(steps, each),
            )
            for each, share in forecast.next_errors
        )
        titles = tuple(issues[step.signature].title if step.signature in issues else step.text for step in steps)
        return Outlook(forecast, tuple(steps), titles, coming)

    def course(self, since: float, until: float, every: float = 60.0, most: int = 240) -> list[Forecast]:
        """What would have been forecast at each moment in (since, until], from the errors known then; nothing is kept."""
        span = until - since
        every = max(every, span / most)
        found = []
        for number in range(1, int(span / every) + 1):
            moment = since + number * every
            steps = self._store.forecasts.steps(moment, HISTORY, self._dims, moment - LOOK_BACK)
            if steps:
                found.append(self._loaded().forecast(steps, moment))
        return found

    def from_text(self, text: str) -> Outlook:
        """A forecast from a pasted sequence of errors, nothing stored. InvalidInput: empty, or too long."""
        if not text.strip():
            raise InvalidInput("there is no error to forecast from")
        if len(text) > MAX_CHARACTERS:
            raise InvalidInput(f"a sequence is at most {MAX_CHARACTERS // 1024} KiB of text; upload the file instead")
        now = self._clock()
        given = parse_text(redact(storable(text))[0], now=now)
        events = given[-PASTED:]
        if not events:
            raise InvalidInput("there is no error to forecast from")
        kinds = [signature(event) for event in events]
        distinct = list({kind.key: kind for kind in kinds}.values())
        examined = {item.signature.key: item for item in self._analysis.examine(distinct)}
        known = self._store.signatures.ids_of(examined)
        number = {kind.key: known.get(kind.key, -1 - place) for place, kind in enumerate(distinct)}
        times, notes = _times([event.time for event in events], now)
        if len(given) > PASTED:
            notes.append(f"Only the last {PASTED:,} of {len(given):,} errors were read.")
        steps = [
            Step(
                time=at,
                service=event.service,
                level=event.level,
                signature=number[kind.key],
                text=kind.text,
                vector=examined[kind.key].vector,
                severity_probabilities=examined[kind.key].reading.severity_probabilities,
                category_probabilities=examined[kind.key].reading.category_probabilities,
            )
            for at, event, kind in zip(times, events, kinds, strict=True)
        ]
        order = sorted(range(len(steps)), key=lambda place: times[place])
        steps, titles = [steps[place] for place in order], [title_of(events[place]) for place in order]
        forecast = self._loaded().forecast(steps, steps[-1].time)
        named = {step.signature: title for step, title in zip(steps, titles, strict=True)}
        issues = self._store.issues.of_signatures(sorted(known.values()))
        coming = tuple(
            NextError(named.get(each, "another error"), share, issues.get(each), _wait(steps, each))
            for each, share in forecast.next_errors
        )
        return Outlook(forecast, tuple(steps), tuple(titles), coming, tuple(notes))

    def example(self) -> str:
        """The client's four steps, as log lines."""
        return EXAMPLE.read_text(encoding="utf-8")

    def failures(self, since: float, until: float) -> list[Failure]:
        """When services began to fail within (since, until], after SETTLED minutes without."""
        before = since - SETTLED * 60
        last: dict[str, float] = {}
        found = []
        for failure in self._store.forecasts.failures(before, until):
            if failure.at > since and failure.at - last.get(failure.service, float("-inf")) > SETTLED * 60:
                found.append(failure)
            last[failure.service] = failure.at
        return found

    def score(self) -> int:
        """Holds the forecasts that wait against what has happened since, each once; how many came out now."""
        newest = self._store.issues.newest_event() or 0.0
        waiting = self._store.forecasts.waiting(newest - HORIZON * 60)
        if waiting:
            self._store.forecasts.came_out([self._outcome(one) for one in waiting])
        return len(waiting)

    def record(self) -> tuple[Record, list[StoredForecast]]:
        """Scores what can be told by now; the sums, and the newest forecasts."""
        self.score()
        rows = self._store.forecasts.newest()
        by_outcome = {
            name: [row for row in rows if row.outcome == name] for name in (RIGHT, FALSE_ALARM, MISSED, QUIET, NONE, "")
        }
        timed = [row for row in by_outcome[RIGHT] if row.failed_at is not None]
        naming = [row for row in timed if row.service]
        told = [row for row in rows if row.next_rank is not None]
        return Record(
            right=len(by_outcome[RIGHT]),
            false_alarms=len(by_outcome[FALSE_ALARM]),
            missed=len(by_outcome[MISSED]),
            quiet=len(by_outcome[QUIET]),
            abstained=len(by_outcome[NONE]),
            waiting=len(by_outcome[""]),
            covered=sum(_covers(row) for row in timed),
            timed=len(timed),
            named=sum(row.failed_service == row.service for row in naming),
            naming=len(naming),
            next_listed=sum((row.next_rank or 0) >= 0 for row in told),
            next_known=len(told),
            reliability=reliability(rows),
        ), rows

    def _outcome(self, row: StoredForecast) -> StoredForecast:
        until = row.at + HORIZON * 60
        failures = self.failures(row.at, until)
        first = failures[0] if failures else None
        as_expected, otherwise = (RIGHT, FALSE_ALARM) if row.median is not None else (MISSED, QUIET)
        if not row.forecastable:
            as_expected = otherwise = NONE
        following = self._store.forecasts.next_error(row.at)
        listed = [signature_id for signature_id, _ in row.next_errors]
        rank = None if following is None else listed.index(following) if following in listed else -1
        return replace(
            row,
            outcome=as_expected if first else otherwise,
            failed_at=first.at if first else None,
            failed_service=first.service if first else "",
            next_rank=rank,
        )

    def _loaded(self) -> CascadeReader:
        with self._lock:
            if self._reader is None:
                try:
                    self._reader = self._load_reader()
                except (OSError, KeyError, ValueError, RuntimeError) as error:
                    state = "missing" if isinstance(error, FileNotFoundError) else "damaged or of another version"
                    raise Unavailable(
                        f"the weights of the cascade model are {state} ({error}): stacklens train cascade"
                    ) from error
            return self._reader


def reliability(rows: Sequence[StoredForecast]) -> tuple[Reliability, ...]:
    """Forecasts that came out, put together by their probability (EDGES); stretches without any are left out."""
    told = [row for row in rows if row.outcome not in ("", NONE)]
    found = []
    for low, high in pairwise(EDGES):
        inside = [row for row in told if low <= row.probability < high or row.probability == high == 1.0]
        if inside:
            failed = sum(row.outcome in (RIGHT, MISSED) for row in inside)
            mean = sum(row.probability for row in inside) / len(inside)
            found.append(Reliability(mean, failed / len(inside), *wilson(failed, len(inside)), len(inside)))
    return tuple(found)


def _wait(steps: Sequence[Step], signature_id: int) -> float | None:
    """Minutes from an error to the next one of a signature, the median over the steps that one followed."""
    following: float | None = None
    waits = []
    for step in reversed(steps):
        if following is not None:
            waits.append((following - step.time) / 60)
        if step.signature == signature_id:
            following = step.time
    return median(waits) if waits else None


def _covers(row: StoredForecast) -> bool:
    minutes = ((row.failed_at or 0.0) - row.at) / 60
    return row.low is not None and row.high is not None and row.low <= minutes <= row.high


def _stored(forecast: Forecast, made_at: float) -> StoredForecast:
    low, middle, high = forecast.minutes or (None, None, None)
    return StoredForecast(
        id=0,
        at=forecast.at,
        made_at=made_at,
        model=forecast.model,
        probability=forecast.probability,
        low=low,
        median=middle,
        high=high,
        service=forecast.service,
        next_errors=forecast.next_errors,
        forecastable=forecast.forecastable,
        reason=forecast.reason,
    )


def _times(given: Sequence[float | None], now: float) -> tuple[list[float], list[str]]:
    """A time for every error, and what was assumed: without any, a minute apart and the last one now."""
    if all(at is None for at in given):
        apart = f"The errors carry no time: taken as {SPACING:.0f} s apart, the last one now." if len(given) > 1 else ""
        return [now - SPACING * (len(given) - 1 - place) for place in range(len(given))], [apart] if apart else []
    first = next(at for at in given if at is not None)
    times: list[float] = []
    for at in given:
        times.append(at if at is not None else times[-1] if times else first)
    notes = ["Errors without a time were taken to come with the one before them."] if None in given else []
    if any(later < earlier for earlier, later in pairwise(times)):
        notes.append("The errors were put into the order of their times.")
    return times, notes
