"""Reads a cascade: what a sequence of errors is about, which comes next, when a service will fail, and whether that can be told.

`load_reader` gives the reader that ships: ErrorFlowLSTM. The next error is a blend of the net, which compares the vector it
expects with the errors of the window, and a back-off Markov chain over the same sequence; the net says how much of each.
Hazards are calibrated, and the interval of the time is conformal (`models.analyse.survival`).
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from models.analyse import survival
from models.analyse.cascade_runtime import Flow, OnnxFlow, TorchFlow, export
from models.analyse.cascade_window import Window, window
from models.analyse.forecast import HORIZON, Forecast, Step
from models.analyse.survival import Calibration
from models.taxonomy import INCIDENTS

if TYPE_CHECKING:
    from models.nets.error_flow_lstm import ErrorFlowLSTM

#: Fewer errors than this say nothing.
FEWEST: Final = 3
#: Next errors that are listed.
LISTED: Final = 5
#: A service is named where the pointer is at least this sure.
SURE: Final = 0.3

Doubles = NDArray[np.float64]


class LstmReader:
    """A CascadeReader. `alarm` is the probability from which a failure is expected: one false alarm a day when it was measured."""

    def __init__(self, flow: Flow, version: str, calibration: Calibration, alarm: float) -> None:
        self._flow, self._version = flow, version
        self.calibration, self.alarm = calibration, alarm

    @property
    def version(self) -> str:
        return self._version

    def recalibrated(
        self, logits: Doubles, minute: survival.Ints, observed: survival.Ints, unit: survival.Ints
    ) -> Self:
        """The same net with what it said on a system, and what came, taken in; where it had no skill it will say so.

        `logits` (n, 30) of `hazard_logits`; `minute` (n,) of the failure, 30 for none; `observed` (n,) minutes known; `unit`
        (n,) the day of each.
        """
        slope, intercept = survival.fit(logits, minute, observed)
        hazard = survival.hazards(logits, Calibration(slope, intercept))
        failed = minute < HORIZON
        known = failed | (observed == HORIZON)
        skill = survival.skill_bound(survival.cumulative(hazard)[known, -1], failed[known], unit[known])
        levels = survival.levels_of(hazard[failed], np.asarray(minute[failed] + 0.5, dtype=np.float64))
        return type(self)(self._flow, self._version, Calibration(slope, intercept, levels, skill), self.alarm)

    def hazard_logits(self, steps: Sequence[Step], now: float) -> Doubles:
        """(30,) before calibration."""
        return self._ask(window(steps, now))[0]

    def forecast(self, steps: Sequence[Step], now: float) -> Forecast:
        seen = window(steps, now)
        logits, incident, following, pointer, attention = self._ask(seen)
        hazard = survival.hazards(logits, self.calibration)
        probability = float(survival.cumulative(hazard)[-1])
        service, share = _service(seen, pointer)
        reason = self._cannot(steps)
        expected = not reason and probability >= self.alarm
        minutes = survival.quantiles(hazard, self.calibration.levels)[0].tolist() if expected else None
        found = Forecast(
            at=now,
            model=self._version,
            incident=tuple(incident.tolist()),
            next_errors=_next_errors(seen, following),
            hazard=hazard,
            minutes=(minutes[0], minutes[1], minutes[2]) if minutes else None,
            service=service if expected and share >= SURE else "",
            attention=np.concatenate([np.zeros(len(steps) - len(seen.steps)), attention]),
            forecastable=not reason,
            reason=reason,
        )
        return found if reason else replace(found, reason=self._because(found, seen, expected))

    def _cannot(self, steps: Sequence[Step]) -> str:
        if len(steps) < FEWEST:
            return f"Cannot be forecast here: {len(steps)} errors are too few to tell."
        if self.calibration.skill <= 0:
            return "Cannot be forecast here: so far these forecasts were no better than the usual rate of failures."
        return ""

    def _because(self, found: Forecast, seen: Window, expected: bool) -> str:
        heaviest = seen.steps[int(found.attention[-len(seen.steps) :].argmax())]
        about = INCIDENTS[int(np.argmax(found.incident))].replace("_", " ")
        start = f"{found.probability:.0%} that a service fails within {HORIZON} minutes"
        tail = "" if expected else "; below the alarm, so no time is given"
        return f"{start}, read from the last {len(seen.steps)} errors ({about}), most of all from one of {heaviest.service}{tail}."

    def _ask(self, seen: Window) -> tuple[Doubles, Doubles, Doubles, Doubles, Doubles]:
        """Hazard logits (30,), class (8,), next among candidates and none (C + 1,), pointer (T,), attention (T,)."""
        vectors = np.stack([step.vector for step in seen.steps])
        said = self._flow(np.concatenate([vectors, seen.features], axis=1), seen.moment)
        columns = [*seen.candidates, len(seen.steps)]
        share = 1 / (1 + np.exp(-said.gate))
        following = share * _softmax(said.next_scores[columns]) + (1 - share) * seen.markov
        pointer, attention = _sums_to_one(said.pointer), _sums_to_one(said.attention)
        return said.hazard.astype(np.float64), _softmax(said.incident), following, pointer, attention


def load_reader(folder: Path, cache: Path | None = None) -> LstmReader:
    """The reader whose weights and card lie in `folder`; FileNotFoundError where there are none.

    With a `cache` folder the net is exported there once, under the hash of its weights, and read by ONNX Runtime.
    """
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    short = card["sha256"][:8]
    flow = TorchFlow(load_net(folder)) if cache is None else _exported(folder, cache / f"cascade-{short}.onnx")
    said = card["calibration"]
    low, median, high = said["levels"]
    calibration = Calibration(said["slope"], said["intercept"], (low, median, high), said["skill"])
    return LstmReader(flow, f"cascade@{short}", calibration, card["alarm"])


def _exported(folder: Path, file: Path) -> Flow:
    """Read from `file`, which is made where it is missing and made again where it cannot be read."""
    if file.is_file():
        with suppress(Exception):  # ONNX Runtime has a class of its own for each way a file is damaged
            return OnnxFlow(file)
    export(load_net(folder), file)
    return OnnxFlow(file)


def load_net(folder: Path) -> "ErrorFlowLSTM":
    """The net whose weights lie in `folder`; FileNotFoundError where there are none."""
    import torch
    from safetensors.numpy import load_file

    from models.nets.error_flow_lstm import ErrorFlowLSTM

    net = ErrorFlowLSTM()
    weights = load_file(folder / "model.safetensors")
    net.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in weights.items()})
    return net.eval()


def _softmax(scores: NDArray[np.float32]) -> Doubles:
    powers = np.exp(scores.astype(np.float64) - scores.max())
    return np.asarray(powers / powers.sum())


def _sums_to_one(weights: NDArray[np.float32]) -> Doubles:
    return np.asarray(weights.astype(np.float64) / weights.sum(dtype=np.float64))


def _next_errors(seen: Window, following: Doubles) -> tuple[tuple[int, float], ...]:
    order = np.argsort(-following[:-1], kind="stable")[:LISTED]
    return tuple((seen.steps[seen.candidates[place]].signature, float(following[place])) for place in order)


def _service(seen: Window, pointer: Doubles) -> tuple[str, float]:
    shares: dict[str, float] = defaultdict(float)
    for step, weight in zip(seen.steps, pointer, strict=True):
        shares[step.service] += float(weight)
    return max(shares.items(), key=lambda pair: pair[1])
