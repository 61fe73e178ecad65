"""The state in which an action is chosen: 384 numbers of the error's embedding and 128 named columns, 512 together.

The columns say how the error reads, what the corpus would do, what was rejected here already, what came of clicks here
and on similar errors, and how often it comes. A column that does not apply is 0, so an error that is not stored has a
state too. Counts are logarithms, times of day are left out: an error at night needs the same action.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.records import Reading
from models.taxonomy import ACTIONS, CATEGORIES, LEVELS, SEVERITIES

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: What one answer counts as a share of a success; whether it worked speaks louder than the click.
WEIGHT: Final = {"accept": 1.0, "reject": 1.0, "yes": 2.0, "no": 2.0}
#: Similar errors whose answers count: so many, from this cosine on.
NEAREST: Final = 5
NEAR_FROM: Final = 0.6
#: How many clicks the corpus' opinion is worth.
PRIOR_CLICKS: Final = 2.0

_SCALARS: Final = (
    "confidence", "strangeness", "severity_entropy", "category_entropy", "action_entropy", "action_margin",
    "has_trace", "has_service", "rejected_count", "clicks_near", "similarity_nearest",
    "log_events", "log_events_hour", "log_events_day", "log_age_hours", "log_quiet_hours", "regressed",
)  # fmt: skip
_NAMED: Final = (
    *(f"severity_{name}" for name in SEVERITIES),
    *(f"category_{name}" for name in CATEGORIES),
    *(f"corpus_{name}" for name in ACTIONS),
    *(f"rejected_{name}" for name in ACTIONS),
    *(f"near_good_{name}" for name in ACTIONS),
    *(f"near_bad_{name}" for name in ACTIONS),
    *(f"here_good_{name}" for name in ACTIONS),
    *(f"here_bad_{name}" for name in ACTIONS),
    *(f"level_{name}" for name in LEVELS),
    *_SCALARS,
)
WIDTH: Final = 128
#: The rest are a hash of the service's name: a code, so that services can differ without a list of them.
COLUMNS: Final = (*_NAMED, *(f"service_{number}" for number in range(WIDTH - len(_NAMED))))
PLACE: Final = {name: place for place, name in enumerate(COLUMNS)}
_SERVICES: Final = WIDTH - len(_NAMED)


def _block(first: str) -> slice:
    start = PLACE[f"{first}_{ACTIONS[0]}"]
    return slice(start, start + len(ACTIONS))


CORPUS, REJECTED = _block("corpus"), _block("rejected")
NEAR_GOOD, NEAR_BAD, HERE_GOOD, HERE_BAD = (_block(name) for name in ("near_good", "near_bad", "here_good", "here_bad"))


@dataclass(frozen=True, slots=True)
class Activity:
    """An issue's events up to a time: how many in all, in its last hour and day; hours since the first and the last."""

    events: int = 0
    hour: int = 0
    day: int = 0
    age_hours: float = 0.0
    quiet_hours: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Weighted answers by action, (10,) each: on similar errors (times their cosine) and on the error itself."""

    near_good: Doubles = field(default_factory=lambda: np.zeros(len(ACTIONS)))
    near_bad: Doubles = field(default_factory=lambda: np.zeros(len(ACTIONS)))
    here_good: Doubles = field(default_factory=lambda: np.zeros(len(ACTIONS)))
    here_bad: Doubles = field(default_factory=lambda: np.zeros(len(ACTIONS)))
    nearest: float = 0.0


def columns(
    reading: Reading,
    *,
    strangeness: float = 0.0,
    level: str = "",
    service: str = "",
    has_trace: bool = False,
    rejected: Iterable[str] = (),
    evidence: Evidence | None = None,
    activity: Activity | None = None,
    regressed: bool = False,
) -> Floats:
    """(128,) float32, in the order of COLUMNS. `strangeness` in [0, 1], `level` one of LEVELS or ""."""
    seen, events = evidence or Evidence(), activity or Activity()
    shares = np.array([dict(reading.actions).get(name, 0.0) for name in ACTIONS])
    corpus = shares / (shares.max() or 1.0)
    mask = np.isin(ACTIONS, list(rejected)).astype(float)
    blocks: Mapping[str, Sequence[float] | Doubles] = {
        f"severity_{SEVERITIES[0]}": reading.severity_probabilities,
        f"category_{CATEGORIES[0]}": reading.category_probabilities,
        f"corpus_{ACTIONS[0]}": corpus,
        f"rejected_{ACTIONS[0]}": mask,
        f"near_good_{ACTIONS[0]}": seen.near_good,
        f"near_bad_{ACTIONS[0]}": seen.near_bad,
        f"here_good_{ACTIONS[0]}": seen.here_good,
        f"here_bad_{ACTIONS[0]}": seen.here_bad,
    }
    best = np.sort(corpus)
    scalars: Mapping[str, float] = {
        "confidence": reading.confidence, "strangeness": strangeness,
        "severity_entropy": _entropy(reading.severity_probabilities),
        "category_entropy": _entropy(reading.category_probabilities), "action_entropy": _entropy(shares),
        "action_margin": float(best[-1] - best[-2]), "has_trace": has_trace, "has_service": bool(service),
        "rejected_count": mask.sum() / len(ACTIONS),
        "clicks_near": float(np.log1p(seen.near_good.sum() + seen.near_bad.sum())), "similarity_nearest": seen.nearest,
        "log_events": np.log1p(events.events), "log_events_hour": np.log1p(events.hour),
        "log_events_day": np.log1p(events.day), "log_age_hours": np.log1p(events.age_hours),
        "log_quiet_hours": np.log1p(events.quiet_hours), "regressed": regressed,
    }  # fmt: skip
    row = np.zeros(WIDTH, dtype=np.float32)
    for name, values in blocks.items():
        row[PLACE[name] : PLACE[name] + len(values)] = values
    for name, value in scalars.items():
        row[PLACE[name]] = value
    if level in LEVELS:
        row[PLACE[f"level_{level}"]] = 1.0
    if service:
        row[PLACE[f"service_{_code(service)}"]] = 1.0
    return row


def state(vector: Floats, row: Floats) -> Floats:
    """(d + 128,) float32: an embedding (d,), unit norm, and its columns; 512 for an encoder of 384."""
    return np.concatenate([vector, row]).astype(np.float32)


def posterior(row: Floats) -> Doubles:
    """(10,) in [0, 1]: the chance that each action is accepted, by the corpus and the clicks in the columns alone.

    A Beta posterior's mean, whose prior is the corpus' score and worth PRIOR_CLICKS clicks.
    """
    columns_of = row[-WIDTH:].astype(np.float64)
    good = columns_of[NEAR_GOOD] + columns_of[HERE_GOOD]
    bad = columns_of[NEAR_BAD] + columns_of[HERE_BAD]
    mean: Doubles = (PRIOR_CLICKS * columns_of[CORPUS] + good) / (PRIOR_CLICKS + good + bad)
    return mean


def without_clicks(states: Floats) -> Floats:
    """The states (n, d + 128) as if nobody had clicked: for a learner that is told of clicks through `posterior`."""
    still = states.copy()
    columns_of = still[:, still.shape[1] - WIDTH :]
    for block in (NEAR_GOOD, NEAR_BAD, HERE_GOOD, HERE_BAD):
        columns_of[:, block] = 0.0
    columns_of[:, [PLACE["clicks_near"], PLACE["similarity_nearest"]]] = 0.0
    return still


def with_rejected(states: Floats, action: int | NDArray[np.int64]) -> Floats:
    """The states (n, d + 128) after `action` (one, or one a row) was rejected as well; the input is left as it is."""
    after = states.copy()
    base, rows = states.shape[1] - WIDTH, np.arange(len(states))
    fresh = after[rows, base + REJECTED.start + action] == 0
    after[rows, base + REJECTED.start + action] = 1.0
    after[:, base + PLACE["rejected_count"]] += fresh / len(ACTIONS)
    after[rows, base + HERE_BAD.start + action] += WEIGHT["reject"] * fresh
    return after


def masked(states: Floats) -> NDArray[np.bool_]:
    """(n, 10): which actions were rejected already in each of the states (n, d + 128)."""
    mask: NDArray[np.bool_] = states[:, states.shape[1] - WIDTH :][:, REJECTED] > 0
    return mask


def _entropy(probabilities: Sequence[float] | Doubles) -> float:
    """In [0, 1]: 0 = one class has it all, 1 = all classes alike."""
    shares = np.clip(np.asarray(probabilities, dtype=np.float64), 1e-12, 1.0)
    return float(-(shares * np.log(shares)).sum() / np.log(len(shares)))


def _code(service: str) -> int:
    return int.from_bytes(hashlib.blake2b(service.encode("utf-8", "replace"), digest_size=4).digest()) % _SERVICES
