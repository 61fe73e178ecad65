"""The two lanes of a replay, pure: when a failure was expected, and when services failed.

A moment at which a failure was expected is right if a service then began to fail within the half hour that a forecast speaks of,
a false alarm if none did, and open while the log does not reach that far. Moments in a row of the same outcome are one warning.
So a warning that stands for hours is right only in its last half hour, and no failure was foreseen by more than 30 minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.storage.forecasts import Failure
from models.analyse.forecast import HORIZON

RIGHT, FALSE_ALARM, OPEN = "right", "false alarm", "too early to tell"
AHEAD: Final = HORIZON * 60.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What was forecast at a moment, in words and numbers, from the errors up to it.

    `at` in UTC seconds; `probability` in [0, 1] of a failure within 30 minutes; `minutes` (low, median, high) of its time, None
    where none is expected; `next_errors` are (title, probability, id of the issue or None), the likeliest first.
    """

    at: float
    sentence: str
    reason: str
    probability: float
    minutes: tuple[float, float, float] | None
    service: str
    forecastable: bool
    model: str
    next_errors: tuple[tuple[str, float, int | None], ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """A failure was expected from `since` to `until` (UTC seconds). `probability`: the highest, `reason`: the first."""

    since: float
    until: float
    outcome: str
    service: str
    probability: float
    reason: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A service began to fail at `at`. `warned_at`: the first moment of the half hour before at which a failure was expected.

    `named`: a forecast of that half hour named this service. Times in UTC seconds.
    """

    at: float
    service: str
    warned_at: float | None
    named: bool

    @property
    def lead(self) -> float | None:
        """Minutes from the warning to the failure; None where nothing had warned."""
        return None if self.warned_at is None else (self.at - self.warned_at) / 60


@dataclass(frozen=True, slots=True)
class Lanes:
    """`warnings` and `hits` in order of time; a hit lies within the range that is played."""

    warnings: tuple[Warned, ...]
    hits: tuple[Hit, ...]

    @property
    def false_alarms(self) -> int:
        return sum(warning.outcome == FALSE_ALARM for warning in self.warnings)


def lanes(forecasts: Sequence[Expected | None], failures: Sequence[Failure], until: float, log_end: float) -> Lanes:
    """From the forecasts of all moments in order (None without an error to forecast from) and the failures, those after too.

    `until` is the end of the range, `log_end` that of the log.
    """
    times = [failure.at for failure in failures]
    warnings = []
    for outcome, group in groupby(forecasts, key=lambda one: _outcome(one, times, log_end)):
        found = [one for one in group if one is not None]
        if outcome:
            service = next((one.service for one in found if one.service), "")
            most = max(one.probability for one in found)
            warnings.append(Warned(found[0].at, found[-1].at, outcome, service, most, found[0].reason))
    expecting = [one for one in forecasts if one is not None and one.minutes is not None]
    hits = []
    for failure in failures:
        if failure.at <= until:
            before = [one for one in expecting if failure.at - AHEAD <= one.at < failure.at]
            named = any(one.service == failure.service for one in before)
            hits.append(Hit(failure.at, failure.service, before[0].at if before else None, named))
    return Lanes(tuple(warnings), tuple(hits))


def _outcome(forecast: Expected | None, failures: Sequence[float], log_end: float) -> str:
    """ "" where no failure was expected."""
    if forecast is None or forecast.minutes is None:
        return ""
    if any(forecast.at < at <= forecast.at + AHEAD for at in failures):
        return RIGHT
    return FALSE_ALARM if forecast.at + AHEAD <= log_end else OPEN
