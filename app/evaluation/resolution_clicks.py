"""`resolution` on logged clicks with propensities: what the estimators say of a policy that ran elsewhere.

The clicks of the policy `random` estimate the click rate of the other policy (bts), whose own clicks tell it directly. The
other policy is taken as how often it showed each item; the model of doubly robust is each item's click rate in its own
log, drawn to the mean. Clicks are rare (one in two hundred), so the intervals are wide and decide nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.evaluation.data import Row
from app.evaluation.metrics import bootstrap, mean
from app.evaluation.report import Interval, Report, Request
from models.learn import off_policy
from models.learn.off_policy import Estimate, Logged

LOGGING: Final = "random"
#: So many views at the mean rate are added to each item's.
_SHRINK: Final = 200.0

Doubles = NDArray[np.float64]


def measure(request: Request, rows: Sequence[Row]) -> Report:
    campaigns: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        campaigns[str(row.get("campaign") or "all")].append(row)
    metrics: dict[str, Interval] = {}
    direct: dict[str, Interval] = {}
    for campaign, part in campaigns.items():
        logged = [row for row in part if row["policy"] == LOGGING]
        other = [row for row in part if row["policy"] != LOGGING]
        if not logged or not other:
            raise InvalidInput(f"needs clicks of the policy {LOGGING!r} and of another one")
        for name, estimate in estimates(logged, other).items():
            metrics[f"{name}_{campaign}"] = Interval(estimate.value, estimate.low, estimate.high)
        for name, group in (("click_rate", other), (f"click_rate_of_{LOGGING}", logged)):
            direct[f"{name}_{campaign}"] = bootstrap(
                mean([float(row["accepted"]) for row in group]), len(group), seed=request.seed
            )
    clicks = sum(row["accepted"] == "1" for row in rows)
    notes = (f"{clicks} clicks in {len(rows)} rows: the estimators are reported, they decide nothing",)
    return Report(len(rows), "off-policy@1", metrics, {"measured_directly": direct}, notes)


def estimates(logged: Sequence[Row], other: Sequence[Row]) -> dict[str, Estimate]:
    """Of the other policy's click rate, from the logging policy's clicks; both lists are of one campaign."""
    items = sorted({row["item_id"] for row in (*logged, *other)})
    number = {item: place for place, item in enumerate(items)}
    shown, accepted, _ = _of(other, number)
    policy = np.bincount(shown, minlength=len(items)) / len(shown)
    views, clicks = (np.bincount(shown, weights=w, minlength=len(items)) for w in (np.ones(len(shown)), accepted))
    model = (clicks + _SHRINK * accepted.mean()) / (views + _SHRINK)
    actions, rewards, propensities = _of(logged, number)
    log = Logged(actions, rewards, propensities)
    every = np.tile(policy, (len(actions), 1))
    return {
        "ips": off_policy.ips(log, every),
        "snips": off_policy.snips(log, every),
        "doubly_robust": off_policy.doubly_robust(log, every, np.tile(model, (len(actions), 1))),
    }


def _of(rows: Sequence[Row], number: dict[str, int]) -> tuple[NDArray[np.int64], Doubles, Doubles]:
    """Items by number, answers and propensities, (n,) each."""
    return (
        np.array([number[row["item_id"]] for row in rows], dtype=np.int64),
        np.array([float(row["accepted"]) for row in rows]),
        np.array([float(row["propensity"]) for row in rows]),
    )
