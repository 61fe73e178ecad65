"""Streams of log messages: what is written, how often and between which stages, and their times for a seed."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from models.simulate.shop_timeline import OUTAGES, WINDOW, Timeline

#: The busiest hour lies this many seconds before the end, the quietest half a day earlier.
_BUSIEST: Final = 4 * 3600
#: Traffic swings by this share around its mean over the day.
_SWING: Final = 0.65
#: Share of a failing service's normal lines that still come (some of its pages or callers work).
_SURVIVING: Final = {"gateway": 0.35, "storefront": 0.3, "payments": 0.15, "order-queue": 0.3}


@dataclass(frozen=True, slots=True)
class Message:
    """What a service writes. `text`, `trace` and text fields hold slots as in `models.corpus`.

    `{ramp}` in `text` is a value that grows along the stream. `source`: logger or program.
    """

    service: str
    level: str
    source: str
    text: str
    trace: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """A message that comes again and again from stage `start` to stage `stop`.

    `per_hour` is the mean rate; a stream that `leads` has a line exactly at `start` besides.
    `mode`: "traffic" follows the day's rhythm and falls away while the service fails; "random" comes at
    a constant rate whatever happens; "regular" like a clock. `ramp`: value of `{ramp}` at the start and
    at the stop, written with `decimals`. `follow`: what comes after it each time, (seconds later, message).
    """

    message: Message
    per_hour: float
    start: str = "begin"
    stop: str = "end"
    mode: str = "traffic"
    leads: bool = False
    ramp: tuple[float, float] = (0.0, 0.0)
    decimals: int = 0
    follow: tuple[tuple[float, Message], ...] = ()


@dataclass(frozen=True, slots=True)
class Once:
    """A message that comes once, `after` seconds after stage `at`."""

    message: Message
    at: str
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A message at a time, seconds relative to the end of the window, in [-86400, 0].

    `seed` in [0, 2**48) fills the slots; a message and what follows it share it, so that a connection
    or process keeps its number.
    """

    time: float
    message: Message
    seed: int
    ramp: str = ""


def rhythm(time: float) -> float:
    """Traffic at `time` (seconds relative to the end) as a multiple of its mean over the day, above 0."""
    return 1 + _SWING * math.cos(2 * math.pi * (time + _BUSIEST) / WINDOW)


def occurrences(stream: Stream, times: Timeline, rng: random.Random) -> Iterator[Occurrence]:
    """The stream's messages, each with what follows it."""
    start, stop = times[stream.start], times[stream.stop]
    if stream.leads:
        yield from _chain(stream, start, 0.0, rng)
    time = start + _gap(stream, rng) * (1.0 if stream.leads else rng.random())
    while time < stop:
        if rng.random() < _kept(stream, times, time):
            yield from _chain(stream, time, (time - start) / (stop - start), rng)
        time += _gap(stream, rng)


def _chain(stream: Stream, time: float, share: float, rng: random.Random) -> Iterator[Occurrence]:
    """The message at `time` and its followers, as far as they lie in the window; `share` of the stream is over."""
    low, high = stream.ramp
    ramp = f"{low + (high - low) * share:.{stream.decimals}f}"
    seed = rng.getrandbits(48)
    for delay, message in ((0.0, stream.message), *stream.follow):
        if time + delay <= 0:
            yield Occurrence(time + delay, message, seed, ramp)


def _gap(stream: Stream, rng: random.Random) -> float:
    """Seconds to the next candidate; traffic is drawn at its highest rate and thinned."""
    mean = 3600 / stream.per_hour
    if stream.mode == "regular":
        return mean * rng.uniform(0.98, 1.02)
    return rng.expovariate((1 + _SWING) / mean if stream.mode == "traffic" else 1 / mean)


def _kept(stream: Stream, times: Timeline, time: float) -> float:
    """Probability in [0, 1] that a candidate at `time` is written."""
    if stream.mode != "traffic":
        return 1.0
    share = rhythm(time) / (1 + _SWING)
    outage = OUTAGES.get(stream.message.service)
    if outage and times[outage[0]] <= time < times[outage[1]]:
        return share * _SURVIVING.get(stream.message.service, 0.0)
    return share
