"""A day of logs of a simulated web shop: from (seed, end) to the text of 15 log files and the truth about them.

The background is what the shop writes on any day (a Poisson process per message, with the rhythm of
a day). Two defects run beside it. Late in the day the data volume of orders-db fills and the failure
travels along the calls of the topology, minutes a step, up to the front page, and back. Nothing
depends on the clock: times are whole milliseconds before `end`, whose fraction of a second is cut.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from models.corpus import render
from models.simulate.log_writers import WRITERS, LogEntry
from models.simulate.shop_background import BACKGROUND
from models.simulate.shop_cascade import CASCADE_ONCES, CASCADE_STREAMS
from models.simulate.shop_defects import DEFECT_ONCES, DEFECT_STREAMS, PREVIOUS_RELEASE, RELEASE
from models.simulate.shop_streams import Message, Occurrence, occurrences
from models.simulate.shop_timeline import STAGES, Timeline, timeline
from models.simulate.shop_topology import SERVICES, Service, Topology, topology

#: The seed of the incident that ships and that the demo shows.
SAMPLE_SEED: Final = 412
#: The end of the shipped files, UTC seconds: 2026-03-10 18:00:00.
SHIPPED_END: Final = 1_773_165_600.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, as the simulation knows it; `time` in UTC seconds.

    `kind` is one of "root_cause", "warning", "first_failure", "escalation", "action", "recovery" (the
    cascade) or "release", "defect" (unrelated). `cause` names the service it came from, "" if none.
    """

    time: float
    kind: str
    service: str
    what: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """Simulated logs. `files`: name -> text; `lines`: lines of all files; `truth` in order of time."""

    files: dict[str, str]
    lines: int
    topology: Topology
    truth: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class _Day:
    """One simulated day: its seed, its stages and its last second (UTC since the epoch)."""

    seed: int
    times: Timeline
    last: int


def generate(seed: int, end: float) -> Incident:
    """24 hours of logs that end at `end` (UTC seconds); the same seed tells the same day for every end."""
    day = _Day(seed, timeline(seed), int(end))
    by_service: dict[str, list[Occurrence]] = defaultdict(list)
    for occurrence in _all_occurrences(day):
        by_service[occurrence.message.service].append(occurrence)
    files = {service.file: _log(day, service, by_service[service.name]) for service in SERVICES if service.file}
    return Incident(files, sum(text.count("\n") for text in files.values()), topology(), _truth(day))


def _all_occurrences(day: _Day) -> Iterable[Occurrence]:
    """Every stream has its own random numbers, so that adding one leaves the others as they were."""
    for stream in (*BACKGROUND, *DEFECT_STREAMS, *CASCADE_STREAMS):
        yield from occurrences(stream, day.times, _random(day, stream.start, stream.message))
    for once in (*DEFECT_ONCES, *CASCADE_ONCES):
        seed = _random(day, once.at, once.message).getrandbits(48)
        yield Occurrence(day.times[once.at] + once.after, once.message, seed)


def _random(day: _Day, stage: str, message: Message) -> random.Random:
    return random.Random(f"{day.seed}:{stage}:{message.service}:{message.text}")


def _log(day: _Day, service: Service, found: list[Occurrence]) -> str:
    """The service's file, in order of time; entries of the same millisecond stay in order of definition."""
    write = WRITERS[service.format]
    ordered = sorted(found, key=lambda one: round(1000 * one.time))
    return "".join(write(_entry(day, service, one)) for one in ordered)


def _entry(day: _Day, service: Service, one: Occurrence) -> LogEntry:
    """The occurrence with its slots filled."""
    message, rng = one.message, random.Random(one.seed)
    return LogEntry(
        milliseconds=1000 * day.last + round(1000 * one.time),
        service=service.name,
        host=rng.choice(service.hosts),
        level=message.level,
        source=message.source,
        text=render(message.text.replace("{ramp}", one.ramp), rng.getrandbits(32)),
        trace=render(message.trace, rng.getrandbits(32)),
        fields=_fields(day, one, rng),
        number=rng.getrandbits(16),
    )


def _fields(day: _Day, one: Occurrence, rng: random.Random) -> tuple[tuple[str, str | int], ...]:
    """Extra fields of a JSON line: cart names its release, the response time is a number (milliseconds)."""
    release = RELEASE if one.time >= day.times["release"] else PREVIOUS_RELEASE
    version = (("version", release),) if one.message.service == "cart" else ()
    filled = ((name, render(text, rng.getrandbits(32))) for name, text in one.message.fields)
    return (*version, *((name, int(value) if name == "responseTime" else value) for name, value in filled))


def _truth(day: _Day) -> tuple[Moment, ...]:
    """The stages as moments; the table is written in order of time."""
    return tuple(Moment(day.last + day.times[stage.name], stage.kind, stage.service, stage.what, stage.cause)
                 for stage in STAGES)
