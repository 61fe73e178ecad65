"""What is asked of a task, and what it answers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings import Settings
from models.vectors.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Request:
    """`seeds`: how many repetitions, None for the task's own number; `edition`: of the data, None for all rows."""

    data: Path
    settings: Settings
    data2: Path | None = None
    seed: int = 0
    seeds: int | None = None
    encoder: Encoder | None = None
    edition: str | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric with its 95 % interval; without bounds where it is a single measurement."""

    value: float
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, float | None]:
        return {"value": _rounded(self.value), "low": _rounded(self.low), "high": _rounded(self.high)}

    def __str__(self) -> str:
        bounds = "" if self.low is None or self.high is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.value:.3f}{bounds}"


Metrics = Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Report:
    """`n` natural units scored; `model` names what the product used."""

    n: int
    model: str
    metrics: Metrics
    baselines: Mapping[str, Metrics]
    notes: tuple[str, ...] = ()

    def to_json(self, task: str, seed: int) -> dict[str, Any]:
        return {
            "task": task, "n": self.n, "seed": seed, "model": self.model, "metrics": _values(self.metrics),
            "baselines": {rival: _values(metrics) for rival, metrics in self.baselines.items()}, "notes": list(self.notes),
        }


def _values(metrics: Metrics) -> dict[str, dict[str, float | None]]:
    """Metrics that the data cannot give (no row of the class, nothing to divide by) are left out."""
    return {name: interval.to_json() for name, interval in metrics.items() if math.isfinite(interval.value)}


def _rounded(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(f"{number:.6g}")
