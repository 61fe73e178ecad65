"""From simulated streams to the windows that ErrorFlowLSTM is trained, calibrated and measured on."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.jobs.cascade_course import Stream
from models.analyse.cascade_window import WINDOW, window
from models.analyse.forecast import HORIZON
from models.learn.cascade import Windows

#: Windows drawn from a stream: as many calm minutes before a failure as calm ones without, and minutes of trouble.
DRAWN: Final = 16
_MINUTE: Final = 60.0


def drawn_minutes(stream: Stream, rng: np.random.Generator) -> NDArray[np.int64]:
    """Minutes to learn from."""
    begun = np.arange(HORIZON, stream.minutes)
    begun = begun[[stream.known(minute * _MINUTE) > 0 for minute in begun]]
    calm = np.intersect1d(begun, stream.calm())
    before = np.array([_minute(stream, minute * _MINUTE)[0] < HORIZON for minute in calm], dtype=bool)
    rest = np.setdiff1d(begun, calm)
    parts = (calm[before], calm[~before], rest)
    return np.concatenate([rng.choice(part, min(DRAWN, len(part)), replace=False) for part in parts]).astype(np.int64)


def windows(pairs: Iterable[tuple[Stream, NDArray[np.int64]]]) -> Windows:
    """A window for each stream and each of its minutes, in their order."""
    parts = [_of_stream(stream, minutes) for stream, minutes in pairs]
    return joined(parts)


def joined(parts: Sequence[Windows]) -> Windows:
    """All windows one after another."""
    names = Windows.__slots__
    return Windows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _of_stream(stream: Stream, minutes: NDArray[np.int64]) -> Windows:
    found = Windows.empty(len(minutes))
    for row, minute in enumerate(minutes):
        now = float(minute * _MINUTE)
        known = stream.known(now)
        seen = window(stream.steps[:known], now)
        found.put(row, seen, stream.place[known - len(seen.steps) : known])
        found.minute[row], found.observed[row] = _minute(stream, now)
        found.incident[row] = stream.incident(now)
        failure = stream.next_failure(now)
        if failure and found.minute[row] < HORIZON:
            found.failed[row, : len(seen.steps)] = [step.service == failure[1] for step in seen.steps]
        if known < len(stream.steps):
            came = stream.steps[known].signature
            places = {seen.steps[place].signature: place for place in seen.candidates}
            found.target[row], found.came[row] = places.get(came, WINDOW), stream.place[known]
    return found


def _minute(stream: Stream, now: float) -> tuple[int, int]:
    """In which of the next minutes a service begins to fail (HORIZON: none), and how many of them are known."""
    failure = stream.next_failure(now)
    minute = HORIZON if failure is None else min(int((failure[0] - now) // _MINUTE), HORIZON)
    left = min(HORIZON, int(stream.minutes - now // _MINUTE))
    return minute, (minute + 1 if minute < HORIZON else left)
