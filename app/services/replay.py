"""ReplayService: a stretch of the log played again. For each moment: the graph, the most urgent issues and the forecast.

What is shown of a moment is made of the errors up to it and none after. Three things are as they are known today: which services
call each other, how severe an issue is, and its title. All moments of a range are read once and kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from threading import Lock
from typing import Final

import numpy as np

from app.domain import InvalidInput, Unavailable
from app.services.cascade import CascadeService
from app.services.cascade_answers import sentence
from app.services.replay_lanes import AHEAD, Expected, Lanes, lanes
from app.services.sample import SOURCE
from app.services.service_graph import GraphService, Picture
from app.storage.forecasts import Failure
from app.storage.issues import Issue, IssueFilter
from app.storage.store import Store
from models.simulate.shop_incident import SAMPLE_SEED, Moment
from models.simulate.shop_timeline import STAGES, timeline
from models.taxonomy import SEVERITIES

MINUTE: Final = 60.0
#: Moments of a range, and the longest range in seconds.
MOMENTS: Final = 121
LONGEST: Final = 7 * 86_400.0
#: Issues of a moment are those with an event in so many seconds before it; so many are kept of each moment.
WINDOW: Final = 30 * MINUTE
TOP: Final = 8
_LOOKED_AT: Final = 500
#: Ranges that are kept.
KEPT: Final = 3
#: Minutes of the sample before its first warning of a full disk.
_LEAD_IN: Final = 30
#: What takes text out of the store for good.
_REMOVALS: Final = ("purge", "remove_upload")


@dataclass(frozen=True, slots=True)
class Range:
    """From `since` to `until`, a moment every `every`: UTC seconds, whole minutes."""

    since: float
    until: float
    every: float

    @property
    def moments(self) -> tuple[float, ...]:
        return tuple(
            self.since + number * self.every for number in range(round((self.until - self.since) / self.every) + 1)
        )

    def nearest(self, at: float) -> int:
        """The number of the last moment at or before a time, within the range."""
        return min(max(int((at - self.since) // self.every), 0), len(self.moments) - 1)


@dataclass(frozen=True, slots=True)
class Row:
    """An issue as it was at a moment: `count` events in the WINDOW before it, the last at `last_seen` (UTC seconds)."""

    id: int
    title: str
    severity: str
    category: str
    service: str
    count: int
    last_seen: float


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One moment. `picture` None: no graph, or no reader of it; `forecast` None: no error to forecast from, or no reader.

    `issues`: the TOP most urgent of `total`.
    """

    at: float
    picture: Picture | None
    issues: tuple[Row, ...]
    total: int
    forecast: Expected | None


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A range with all its frames. `missing` says in words what could not be read; `truth` is what a simulation knows of itself.

    `seed` is that of the simulation where the sample is played, else None. `state` names what the store held when it was read.
    """

    span: Range
    frames: tuple[Frame, ...]
    lanes: Lanes
    missing: tuple[str, ...]
    seed: int | None
    truth: tuple[Moment, ...]
    models: tuple[tuple[str, str], ...]
    state: str

    def frame(self, at: float) -> Frame:
        """The last one at or before a time."""
        return self.frames[self.span.nearest(at)]


Progress = Callable[[float], None]


class ReplayService:
    def __init__(self, store: Store, graph: GraphService, cascade: CascadeService, encoder_version: str) -> None:
        self._store = store
        self._graph = graph
        self._cascade = cascade
        self._encoder_version = encoder_version
        self._lock, self._reading = Lock(), Lock()
        self._films: OrderedDict[Range, Film] = OrderedDict()
        self._removals = 0

    def sample(self) -> Range | None:
        """The incident of the sample, from before its first sign to its end; None where the sample is not stored."""
        end = self._sample_end()
        if end is None:
            return None
        times = timeline(SAMPLE_SEED)
        return self.span(end + times["disk_90"] - _LEAD_IN * MINUTE, end + times["clear"])

    def newest(self, hours: float = 3.0) -> Range | None:
        """The newest hours of the log; None where nothing is stored."""
        stored = self._store.graph.span()
        return None if stored is None else self.span(stored[1] - hours * 3600, stored[1])

    def span(self, since: float, until: float) -> Range:
        """What is played for these times (UTC seconds): whole minutes of what is stored. InvalidInput: none, or too long."""
        stored = self._store.graph.span()
        if stored is None:
            raise InvalidInput("nothing is stored yet: there is nothing to play")
        start = max(since, stored[0]) // MINUTE * MINUTE
        end = min(ceil(until / MINUTE) * MINUTE, (stored[1] // MINUTE + 1) * MINUTE)
        if end <= start:
            raise InvalidInput("nothing is stored in that range, or it ends before it begins")
        if end - start > LONGEST:
            raise InvalidInput(f"a replay spans at most {LONGEST / 86_400:.0f} days")
        every = max(ceil((end - start) / (MOMENTS - 1) / MINUTE), 1) * MINUTE
        return Range(start, start + ceil((end - start) / every) * every, every)

    def film(self, span: Range, progress: Progress | None = None, *, anew: bool = False) -> Film:
        """All moments of a range of `span()`; read once and kept until text is taken out of the store, or `anew`."""
        found = None if anew else self._kept(span)
        if found is not None:
            return found
        with self._reading:  # one range at a time; those that are kept play on meanwhile
            found = None if anew else self._kept(span)
            while found is None:
                removals = self._newest_removal()
                read = self._read(span, progress or (lambda _: None))
                with self._lock:
                    if removals == self._newest_removal():  # else it may hold what is gone
                        self._films[span] = found = read
                        while len(self._films) > KEPT:
                            self._films.popitem(last=False)
            return found

    def changed(self, film: Film) -> bool:
        """Whether anything was stored or corrected since the film was read."""
        return film.state != self._store.graph.version()

    def _kept(self, span: Range) -> Film | None:
        """The film of a range, unless text was taken out of the store since: then none is kept any more."""
        removals = self._newest_removal()
        with self._lock:
            if removals != self._removals:
                self._films.clear()
                self._removals = removals
            if span in self._films:
                self._films.move_to_end(span)
            return self._films.get(span)

    def _newest_removal(self) -> int:
        newest = self._store.log.entries(kinds=_REMOVALS, limit=1)
        return (newest[-1].id or 0) if newest else 0

    def _read(self, span: Range, progress: Progress) -> Film:
        state, missing = self._store.graph.version(), []
        pictures: Iterator[Picture] = self._graph.pictures(span.moments)
        forecasting, drawing = True, True
        frames = []
        for number, at in enumerate(span.moments):
            picture = forecast = None
            if drawing:
                try:
                    picture = next(pictures, None)
                except Unavailable as error:
                    drawing = False
                    missing.append(f"The health of services is missing: {error}")
            if forecasting:
                try:
                    forecast = self._expected(at)
                except Unavailable as error:
                    forecasting = False
                    missing.append(f"The forecast is missing: {error}")
            issues, total = self._issues(at)
            frames.append(Frame(at, None if picture is None else slim(picture), issues, total, forecast))
            progress((number + 1) / len(span.moments))
        stored = self._store.graph.span()
        failures: list[Failure] = self._cascade.failures(span.since, span.until + AHEAD)
        simulated = self._sample_end()
        plays_sample = simulated is not None and span.since < simulated and span.until > simulated - 86_400
        return Film(
            span=span,
            frames=tuple(frames),
            lanes=lanes(
                [frame.forecast for frame in frames], failures, span.until, stored[1] if stored else span.until
            ),
            missing=tuple(missing),
            seed=SAMPLE_SEED if plays_sample else None,
            truth=_truth(simulated, span) if plays_sample and simulated is not None else (),
            models=self._models(frames),
            state=state,
        )

    def _expected(self, at: float) -> Expected | None:
        outlook = self._cascade.outlook(at, keep=False)
        if outlook is None:
            return None
        forecast = outlook.forecast
        return Expected(
            at=at,
            sentence=sentence(outlook),
            reason=forecast.reason,
            probability=forecast.probability,
            minutes=forecast.minutes,
            service=forecast.service,
            forecastable=forecast.forecastable,
            model=forecast.model,
            next_errors=tuple(
                (item.title, item.probability, item.issue.id if item.issue else None) for item in outlook.next_errors
            ),
        )

    def _issues(self, at: float) -> tuple[tuple[Row, ...], int]:
        """Whatever people said of them since: who resolves or mutes an issue today does not change what was urgent then."""
        wanted = IssueFilter(since=at - WINDOW, until=at, muted=True)
        found, total = self._store.issues.page(wanted, at, limit=_LOOKED_AT)
        found.sort(key=lambda issue: (SEVERITIES.index(issue.severity), -issue.last_seen, issue.id))
        return tuple(_row(issue) for issue in found[:TOP]), total

    def _models(self, frames: list[Frame]) -> tuple[tuple[str, str], ...]:
        graph = next((frame.picture.reading.model for frame in frames if frame.picture is not None), "")
        cascade = next((frame.forecast.model for frame in frames if frame.forecast is not None), "")
        named = (("forecast", cascade), ("service graph", graph), ("encoder", self._encoder_version))
        return tuple((part, version) for part, version in named if version)

    def _sample_end(self) -> float | None:
        """When the sample's day ends, to a few seconds: it was made when its first file was stored."""
        uploads = self._store.uploads.of_source(SOURCE)
        return uploads[0].at if uploads else None


def slim(picture: Picture) -> Picture:
    """The picture without what no figure of a replay reads, so that many can be kept: counts by minute, embeddings."""
    signals, reading = picture.signals, picture.reading
    return replace(
        picture,
        signals=replace(
            signals,
            counts=signals.counts.sum(axis=0, keepdims=True).astype(np.float32),
            categories=np.empty((len(picture.graph), 0), dtype=np.float32),
            blames=np.empty((0, 3), dtype=np.int64),
            metrics=None,
        ),
        reading=replace(
            reading,
            health=reading.health.astype(np.float32),
            propagation=reading.propagation.astype(np.float32),
            delay=reading.delay.astype(np.float32),
            causes=reading.causes[:5],
            embeddings=np.empty((len(picture.graph), 0), dtype=np.float32),
        ),
    )


def _row(issue: Issue) -> Row:
    return Row(issue.id, issue.title, issue.severity, issue.category, issue.service, issue.count, issue.last_seen)


def _truth(end: float, span: Range) -> tuple[Moment, ...]:
    times = timeline(SAMPLE_SEED)
    moments = (Moment(end + times[stage.name], stage.kind, stage.service, stage.what, stage.cause) for stage in STAGES)
    return tuple(moment for moment in moments if span.since <= moment.time <= span.until)
