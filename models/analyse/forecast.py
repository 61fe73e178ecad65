"""What a cascade reader is given and what it answers: the contract between ErrorFlowLSTM, its rivals and CascadeService."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

#: Minutes that a forecast looks ahead.
HORIZON: Final = 30


@dataclass(frozen=True, slots=True)
class Step:
    """One error of a sequence, as it was known when it came.

    `time` in UTC seconds; `signature` the id of its text; `vector` (384,) float32 of unit norm; the probabilities sum
    to 1 in the order of the taxonomy; `text` is the normalised text.
    """

    time: float
    service: str
    level: str
    signature: int
    text: str
    vector: NDArray[np.float32]
    severity_probabilities: tuple[float, ...]
    category_probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected after `at` (UTC seconds), from errors up to it and none after.

    `incident`: probabilities of taxonomy.INCIDENTS, sum 1. `next_errors`: (signature, probability), most likely first; the
    rest of the probability is for errors not listed. `hazard` (HORIZON,): the probability that a service fails in each
    minute, given that none failed before. `minutes`: (low, median, high) of the 90 % interval of the time to failure given
    that it comes within the horizon, None where none is expected. `service` is the one expected to fail ("" unknown).
    `attention` (T,): weight of each step, sum 1. `forecastable` is False where the reader knows that it cannot tell here;
    `reason` says why in words, and what the forecast rests on where it can.
    """

    at: float
    model: str
    incident: tuple[float, ...]
    next_errors: tuple[tuple[int, float], ...]
    hazard: NDArray[np.float64]
    minutes: tuple[float, float, float] | None
    service: str
    attention: NDArray[np.float64]
    forecastable: bool
    reason: str

    @property
    def probability(self) -> float:
        """That a service fails within the horizon, in [0, 1]."""
        return float(1.0 - np.prod(1.0 - self.hazard))


class CascadeReader(Protocol):
    """Forecasts from a sequence; `version` names the model and its weights."""

    @property
    def version(self) -> str: ...

    def forecast(self, steps: Sequence[Step], now: float) -> Forecast:
        """From steps in order of time, none later than `now`; ValueError on a step of the future or on no step."""
        ...
