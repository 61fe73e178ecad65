"""`resolution` on incidents and the groups that solved them: one click an incident, in order of time, no warm start.

The learner sees an incident's fields (one-hot, hashed to 512 places, with pairs of the first two), proposes a group and is
told whether it is the one that closed the incident. `--data` is triage.csv.gz with resolutions.csv.gz beside it.
Intervals are over days. The class of ResolutionDQN is the same, with the number of groups as its actions.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.evaluation.data import Row, read_rows
from app.evaluation.metrics import bootstrap, mean
from app.evaluation.report import Interval, Report, Request
from app.evaluation.resolution_players import RIVALS, Deep, Make, linear
from app.services.resolutions import WINNER
from models.learn.bandits import FullInformation
from models.learn.resolution import Learner
from models.learn.resolution_policies import DQN, LINEAR

SEEDS: Final = 2
LAST: Final = 2000
INPUTS: Final = 512
#: In the order of the file; the first two are also taken together, as a pair says more than both.
FIELDS: Final = (
    "category",
    "subcategory",
    "symptom",
    "location",
    "contact_type",
    "impact",
    "urgency",
    "priority",
    "opened_by",
)
#: Learners that draw nothing at random play once.
_STEADY: Final = frozenset(("fixed_ladder", "lin_ucb", "full_information"))
#: Of the cold DQN: there is no warm start to stay near.
_RATE, _STEPS, _EVERY = 1e-3, 1, 4

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Incidents:
    """`states` (n, 512) and `truth` (n,), the number of the right group, in order of time; `days` (n,)."""

    states: Floats
    truth: NDArray[np.int64]
    days: Sequence[str]
    groups: int


def measure(request: Request, rows: Sequence[Row]) -> Report:
    incidents = prepare(request, rows)
    seeds = request.seeds or SEEDS
    players: Mapping[str, Make] = {
        LINEAR: lambda actions, inputs, seed: linear(actions, inputs, seed, request.settings.explore),
        **RIVALS,
        DQN: lambda actions, inputs, seed: Deep(
            Learner(inputs, actions, seed=seed, steps=_STEPS, rate=_RATE), actions, ends=True, every=_EVERY
        ),
    }
    right = {
        name: np.mean([play(incidents, make, request.seed + s) for s in range(1 if name in _STEADY else seeds)], axis=0)
        for name, make in players.items()
    }
    results = {name: _metrics(one, right["full_information"], incidents, request.seed) for name, one in right.items()}
    product = WINNER if WINNER in right else LINEAR
    results[product]["share_of_full_information"] = _share(
        right[product], right["full_information"], incidents, request.seed
    )
    n = len(incidents.truth)
    notes = [
        f"{n} incidents, {incidents.groups} groups, {seeds} seeds where a learner draws; the product is {product}",
        f"ResolutionDQN makes a gradient step every {_EVERY} clicks, to bound the time",
    ]
    last = slice(-LAST, None)
    for name, one in right.items():
        if name not in (product, "full_information"):
            late = bootstrap(
                mean((right[product] - one)[last]), min(LAST, n), seed=request.seed, units=incidents.days[last]
            )
            overall = bootstrap(mean(right[product] - one), n, seed=request.seed, units=incidents.days)
            notes += [
                f"product minus {name}, accept_rate_last_{LAST}: {late}",
                f"product minus {name}, accept_rate: {overall}",
            ]
    return Report(n, f"resolution-{product}", results.pop(product), results, tuple(notes))


def prepare(request: Request, rows: Sequence[Row]) -> Incidents:
    """One incident a row, the first proposal's; InvalidInput without the file of resolutions or a group in it."""
    beside = request.data.parent / request.data.name.replace("triage", "resolutions")
    if beside == request.data or not beside.exists():
        raise InvalidInput("needs triage.csv.gz and resolutions.csv.gz in the same folder")
    final = {row["incident"]: row["final_group"] for row in read_rows(beside) if row.get("final_group")}
    first = [row for row in rows if row["step"] == "0" and row["incident"] in final]
    first.sort(key=lambda row: (row["opened_at"], row["incident"]))
    if not first:
        raise InvalidInput("no incident has a group that closed it")
    groups = sorted({final[row["incident"]] for row in first})
    number = {group: place for place, group in enumerate(groups)}
    states = np.zeros((len(first), INPUTS), dtype=np.float32)
    for place, row in enumerate(first):
        values = [f"{name}={row[name]}" for name in FIELDS]
        for value in (*values, f"{values[0]}&{values[1]}"):
            states[place, _place(value)] = 1.0
        states[place, 0] = 1.0
    truth = np.array([number[final[row["incident"]]] for row in first], dtype=np.int64)
    return Incidents(states, truth, [row["opened_at"][:10] for row in first], len(groups))


def play(incidents: Incidents, make: Make, seed: int) -> Doubles:
    """(n,) 1 where the proposal was right."""
    actions = incidents.groups
    learner = make(actions, INPUTS, seed)
    prior = np.full(actions, 1 / actions)
    right = np.zeros(len(incidents.truth))
    for place, truth in enumerate(incidents.truth.tolist()):
        state = incidents.states[place]
        action = int(np.argmax(learner.scores(state, prior)))
        right[place] = float(action == truth)
        if isinstance(learner, FullInformation):
            learner.learn_all(state, prior, np.eye(actions)[truth])
        else:
            learner.learn(state, prior, action, right[place])
    return right


def _metrics(one: Doubles, full: Doubles, incidents: Incidents, seed: int) -> dict[str, Interval]:
    n, days = len(one), incidents.days
    return {
        f"accept_rate_last_{LAST}": bootstrap(mean(one[-LAST:]), min(LAST, n), seed=seed, units=days[-LAST:]),
        "accept_rate": bootstrap(mean(one), n, seed=seed, units=days),
        "regret": bootstrap(mean(n * (full - one)), n, seed=seed, units=days),
    }


def _share(one: Doubles, full: Doubles, incidents: Incidents, seed: int) -> Interval:
    late, best = one[-LAST:], full[-LAST:]
    return bootstrap(lambda w: (w @ late) / (w @ best), len(late), seed=seed, units=incidents.days[-LAST:])


@cache
def _place(value: str) -> int:
    return 1 + int.from_bytes(hashlib.blake2b(value.encode(), digest_size=4).digest()) % (INPUTS - 1)
