"""Alarms from probabilities over minutes: which are true, how early, how many false a day, and the recall that a rate buys.

An alarm begins at the first minute at or above the threshold and lasts 30 minutes; a minute after that begins a new one. It
is true if a cascade begins within those 30 minutes. Lead = onset - the first alarm that is true for it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.metrics import Doubles, Statistic
from models.analyse.forecast import HORIZON

#: Thresholds that a curve is drawn over.
THRESHOLDS: Final = 60
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decisions:
    """n minutes at which a forecast is asked for, stream by stream and in order of time.

    `stream` (n,) numbers the streams, `minute` (n,) is the time in them, `wait` (n,) minutes until the next onset (inf:
    none known), `unit` (n,) what is drawn for intervals (a stream, a day). `onsets` are (stream, minute, unit) of every onset
    that a decision could see coming; `days` observed, in all units together.
    """

    stream: Ints
    minute: Ints
    wait: Doubles
    unit: Ints
    onsets: tuple[tuple[int, float, int], ...]
    days: float

    @property
    def positive(self) -> NDArray[np.bool_]:
        return np.asarray(self.wait <= HORIZON)

    @property
    def units(self) -> int:
        return int(max(self.unit.max(), max((unit for _, _, unit in self.onsets), default=0))) + 1


@dataclass(frozen=True, slots=True)
class Alarms:
    """At one threshold: false alarms (U,) and found onsets (U,) of each unit, and of each onset its lead (NaN: not found)."""

    false: Doubles
    found: Doubles
    leads: Doubles


def alarms(decisions: Decisions, probability: Doubles, threshold: float) -> Alarms:
    false = np.zeros(decisions.units)
    leads: dict[tuple[int, float], float] = {}
    until, stream = -1, -1
    for row in np.flatnonzero(probability >= threshold):
        if decisions.stream[row] == stream and decisions.minute[row] < until:
            continue
        stream, until = int(decisions.stream[row]), int(decisions.minute[row]) + HORIZON
        wait = float(decisions.wait[row])
        if wait <= HORIZON:
            leads.setdefault((stream, round(decisions.minute[row] + wait, 3)), wait)
        else:
            false[decisions.unit[row]] += 1
    of_onsets = np.array([leads.get((stream, round(minute, 3)), np.nan) for stream, minute, _ in decisions.onsets])
    found = np.zeros(decisions.units)
    for (_, _, unit), lead in zip(decisions.onsets, of_onsets, strict=True):
        found[unit] += np.isfinite(lead)
    return Alarms(false, found, of_onsets)


def thresholds(probability: Doubles) -> Doubles:
    """Distinct values spread over the upper end, falling: no curve needs more."""
    shares = 1 - np.logspace(0, -4, THRESHOLDS)
    return np.unique(np.quantile(probability, shares))[::-1]


def threshold_for(decisions: Decisions, probability: Doubles, a_day: float = 1.0) -> float:
    """The lowest threshold with at most so many false alarms a day; above every probability where there is none."""
    best = float(probability.max()) + 1e-9
    for threshold in thresholds(probability):
        if alarms(decisions, probability, threshold).false.sum() > a_day * decisions.days:
            break
        best = float(threshold)
    return best


def recall_at(decisions: Decisions, probability: Doubles, a_day: float = 1.0) -> Statistic:
    """Weights (B, U) of units -> (B,) the largest recall of any threshold with at most so many false alarms a day."""
    curve = [alarms(decisions, probability, threshold) for threshold in thresholds(probability)]
    false = np.stack([each.false for each in curve], axis=1)  # (U, thresholds)
    found = np.stack([each.found for each in curve], axis=1)
    number = np.bincount([unit for _, _, unit in decisions.onsets], minlength=decisions.units).astype(float)
    share = decisions.days / decisions.units

    def statistic(weights: Doubles) -> Doubles:
        days = weights.sum(axis=1, keepdims=True) * share
        allowed = weights @ false <= a_day * days + 1e-9
        recall = np.where(allowed, weights @ found, 0.0).max(axis=1) / (weights @ number)
        return np.asarray(recall)

    return statistic
