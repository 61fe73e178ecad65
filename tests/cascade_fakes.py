"""A cascade reader by rule, for tests: what comes next is the last error again, and a failure comes with the second of them."""

from collections.abc import Sequence

import numpy as np

from models.analyse.forecast import HORIZON, Forecast, Step


class RuleReader:
    """Expects a failure of the last error's service in 5 to 15 minutes once there are two errors; keeps what it was given."""

    version = "rule@1"

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[Step], float]] = []

    def forecast(self, steps: Sequence[Step], now: float) -> Forecast:
        self.asked.append((steps, now))
        assert all(step.time <= now for step in steps)
        expected = len(steps) > 1
        return Forecast(
            at=now,
            model=self.version,
            incident=(0.1, 0.6, 0.3, 0, 0, 0, 0, 0),
            next_errors=((steps[-1].signature, 0.5),),
            hazard=np.full(HORIZON, 0.05 if expected else 0.001),
            minutes=(5.0, 10.0, 15.0) if expected else None,
            service=steps[-1].service if expected else "",
            attention=np.full(len(steps), 1 / len(steps)),
            forecastable=True,
            reason="by rule",
        )
