"""The 128 numbers of a step that stand beside its embedding: `COLUMNS` defines them by name, nothing else does.

Steps in, (T, 128) float32 out. Row i is made of the steps up to i and of none after: cutting the sequence behind it
changes nothing. Counts and gaps are logarithms, so that a burst of a thousand does not drown the rest. Words are looked for
in the first characters of the text. `moment` gives what is known at a time that no step marks: minutes of silence count.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.forecast import Step
from models.taxonomy import CATEGORIES, LEVELS, SEVERITIES

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Minutes of the windows that are counted over, each ending at the step.
WINDOWS: Final = (1, 5, 10, 30, 60)
#: Buckets that the names of services are hashed into.
SERVICE_BUCKETS: Final = 16
#: Characters of a text that are searched for words.
_LOOKED_AT: Final = 2000
#: Brings logarithms of counts (up to some thousands) and of gaps in seconds (up to a day) near [0, 3].
_COUNT_UNIT, _GAP_UNIT = 2.0, 4.0
#: Gap in seconds where there was no such step before.
_NEVER: Final = 86_400.0

_STATES: Final = ("connection_ok", "connection_failed", "timeout_seen", "memory_normal", "memory_critical")
_SAYS: Final = {
    "connection_ok": r"\bconnected to\b|\breconnected\b|connection (?:established|restored|re-established|ok\b)",
    "connection_failed": r"connection (?:\w+ )?(?:refused|reset|closed|lost|failed|aborted|timed out)|(?:could not|unable to|"
    r"cannot|failed to) connect|econnrefused|econnreset|no route to host|unreachable|broken pipe",
    "timeout": r"time[d]?[ -]?out|deadline exceeded|etimedout",
    "memory_normal": r"memory (?:usage )?(?:is )?(?:normal|ok\b|recovered|reclaimed|freed|below)",
    "memory_critical": r"out of memory|outofmemory|\boom|cannot allocate|memory (?:limit|exhaust|pressure|leak)|heap space|"
    r"gc overhead",
    "disk": r"no space left|disk (?:\w+ )?(?:full|usage|quota)|quota exceeded|enospc|filesystem|read-only file",
    "pool": r"\bpool\b|too many connections|connection limit|exhausted",
    "certificate": r"certificate|x509|\btls\b|\bssl\b|expired",
    "release": r"\bdeploy|\brelease|\brollout|\brolled back|\bversion\b|migrat",
    "recovered": r"recovered|restored|back to normal|resumed|healthy again|reconnected",
    "other_service": r"\bcall to\b|\bupstream\b|\bcalling\b|\bdownstream\b",
}  # fmt: skip
_WORDS: Final = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _SAYS.items()}
_COUNTED: Final = ("errors", "loud", "warnings", "services", "signatures", "new_signatures")
_OWN: Final = ("same_service", "same_signature")
_TRENDS: Final = ("errors", "loud", "warnings")
_GAPS: Final = ("previous", "same_service", "same_signature", "loud", "warning")

COLUMNS: Final[tuple[str, ...]] = (
    *(f"severity_{name}" for name in SEVERITIES),
    *(f"category_{name}" for name in CATEGORIES),
    *(f"level_{name}" for name in (*LEVELS, "none")),
    *(f"service_bucket_{number}" for number in range(SERVICE_BUCKETS)),
    *(f"state_{name}" for name in _STATES),
    *(f"says_{name}" for name in _SAYS),
    *(f"{name}_in_{minutes}_minutes" for minutes in WINDOWS for name in (*_COUNTED, *_OWN)),
    *(f"category_{name}_in_10_minutes" for name in CATEGORIES),
    *(f"severity_{name}_in_10_minutes" for name in SEVERITIES),
    *(f"{name}_rate_5_against_30_minutes" for name in _TRENDS),
    *(f"{name}_rate_10_against_60_minutes" for name in _TRENDS),
    *(f"seconds_since_{name}" for name in _GAPS),
    "seconds_since_first",
    "mean_gap_of_4",
    "mean_gap_of_16",
    "first_of_signature",
    "first_of_service",
    "share_of_service_in_30_minutes",
    "share_loud_in_30_minutes",
    "share_repeated_in_30_minutes",
    "steps_before",
)
#: Columns of `moment`.
MOMENT: Final[tuple[str, ...]] = (
    *(f"{name}_in_{minutes}_minutes" for minutes in WINDOWS for name in _COUNTED),
    *(f"seconds_since_{name}" for name in ("last", "last_loud", "last_warning")),
)


def features(steps: Sequence[Step]) -> Floats:
    """(T, 128) float32, columns COLUMNS, of T steps in order of time; row i depends on steps[: i + 1] only."""
    if not steps:
        return np.zeros((0, len(COLUMNS)), dtype=np.float32)
    table = _Table.of(steps)
    upto = np.arange(1, len(steps) + 1)
    counts, seen = _counts(table, table.times, upto)  # (T, windows, counted), windows of (T, T)
    own = np.stack([_own(table, window) for window in seen], axis=1)  # (T, windows, 2)
    ten = seen[WINDOWS.index(10)].astype(np.float32)
    columns = [
        table.severity,
        table.category,
        table.level,
        table.bucket,
        _states(table.says),
        table.says,
        (np.log1p(np.concatenate([counts, own], axis=2)) / _COUNT_UNIT).reshape(len(steps), -1),
        np.log1p(ten @ table.category) / _COUNT_UNIT,
        np.log1p(ten @ table.severity) / _COUNT_UNIT,
        _trends(counts),
        _gaps(table),
        _firsts(table),
        _shares(counts[:, WINDOWS.index(30)], own[:, WINDOWS.index(30), 0]),
        np.log1p(upto - 1)[:, None] / _COUNT_UNIT,
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def moment(steps: Sequence[Step], now: float) -> Floats:
    """(33,) float32, columns MOMENT: what `now` (UTC seconds, not before the last step) adds: counts up to it, and silence."""
    table = _Table.of(steps)
    counts, _ = _counts(table, np.array([now]), np.array([len(steps)]))
    since = [now - table.times[-1:], *(now - table.times[kind][-1:] for kind in (table.loud, table.warning))]
    gaps = [float(gap[0]) if len(gap) else _NEVER for gap in since]
    return np.concatenate([np.log1p(counts).ravel() / _COUNT_UNIT, _gap(np.array(gaps))]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Table:
    """T steps as arrays; `service` and `signature` (T,) are numbers of equal ones."""

    times: NDArray[np.float64]
    service: Ints
    signature: Ints
    severity: Floats  # (T, 4)
    category: Floats  # (T, 10)
    level: Floats  # (T, 8)
    bucket: Floats  # (T, 16)
    says: Floats  # (T, 11)
    loud: Flags
    warning: Flags

    @classmethod
    def of(cls, steps: Sequence[Step]) -> "_Table":
        level = np.array([LEVELS.index(step.level) if step.level in LEVELS else len(LEVELS) for step in steps])
        buckets = np.array([_bucket(step.service) for step in steps])
        return cls(
            times=np.array([step.time for step in steps], dtype=np.float64),
            service=np.unique([step.service for step in steps], return_inverse=True)[1],
            signature=np.unique([step.signature for step in steps], return_inverse=True)[1],
            severity=np.array([step.severity_probabilities for step in steps], dtype=np.float32),
            category=np.array([step.category_probabilities for step in steps], dtype=np.float32),
            level=np.eye(len(LEVELS) + 1, dtype=np.float32)[level],
            bucket=np.eye(SERVICE_BUCKETS, dtype=np.float32)[buckets],
            says=np.array([_says(step.text[:_LOOKED_AT]) for step in steps], dtype=np.float32),
            loud=(level == LEVELS.index("error")) | (level == LEVELS.index("critical")),
            warning=level == LEVELS.index("warning"),
        )


@lru_cache(maxsize=65_536)
def _bucket(service: str) -> int:
    return hashlib.blake2b(service.encode(), digest_size=2).digest()[0] % SERVICE_BUCKETS


@lru_cache(maxsize=65_536)
def _says(text: str) -> tuple[bool, ...]:
    return tuple(pattern.search(text) is not None for pattern in _WORDS.values())


def _counts(table: _Table, at: NDArray[np.float64], upto: Ints) -> tuple[NDArray[np.float64], list[Flags]]:
    """Of R moments `at` that each know the first `upto` steps: (R, windows, 6) counts, and per window (R, T) who is in it."""
    place = np.arange(len(table.times))
    known = place < upto[:, None]  # (R, T)
    age = at[:, None] - table.times  # (R, T)
    latest_service = _next(table.service) >= upto[:, None]  # the last of its service among the known
    latest_signature = _next(table.signature) >= upto[:, None]
    single = np.stack(
        [np.ones(len(place)), table.loud, table.warning, _previous(table.signature) < 0], axis=1
    )  # (T, 4)
    seen = [known & (age <= 60 * minutes) for minutes in WINDOWS]
    counts = []
    for window in seen:
        plain = window.astype(np.float64) @ single
        services = (window & latest_service).sum(axis=1)
        signatures = (window & latest_signature).sum(axis=1)
        counts.append(np.column_stack([plain[:, :3], services, signatures, plain[:, 3]]))
    return np.stack(counts, axis=1), seen


def _own(table: _Table, window: Flags) -> NDArray[np.float64]:
    """(T, 2) steps of the window that share the step's service, its signature."""
    alike = (values[:, None] == values for values in (table.service, table.signature))
    return np.column_stack([(window & same).sum(axis=1) for same in alike]).astype(np.float64)


def _previous(ids: Ints) -> Ints:
    """(T,) the place of the step before with the same id, -1 for the first."""
    order = np.argsort(ids, kind="stable")
    found = np.full(len(ids), -1)
    same = ids[order[1:]] == ids[order[:-1]]
    found[order[1:][same]] = order[:-1][same]
    return found


def _next(ids: Ints) -> Ints:
    """(T,) the place of the next step with the same id, T for the last."""
    return len(ids) - 1 - _previous(ids[::-1])[::-1]


def _latest(happens: Flags) -> Ints:
    """(T,) the place of the last True up to each step, -1 before the first."""
    return np.maximum.accumulate(np.where(happens, np.arange(len(happens)), -1))


def _states(says: Floats) -> Floats:
    """(T, 5): a connection or memory stays failed or critical until the opposite is said; a time-out once seen stays seen."""
    said = dict(zip(_SAYS, says.astype(bool).T, strict=True))
    latest = {name: _latest(said[name]) for name in said}
    pairs = (("connection_ok", "connection_failed"), ("memory_normal", "memory_critical"))
    state = {one: latest[one] > latest[other] for pair in pairs for one, other in (pair, pair[::-1])}
    state["timeout_seen"] = latest["timeout"] >= 0
    return np.stack([state[name] for name in _STATES], axis=1).astype(np.float32)


def _trends(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 6) log ratios of rates a minute in a short and a long window, one error added to both."""
    pairs = ((5, 30), (10, 60))
    ratios = []
    for short, long in pairs:
        few, many = (counts[:, WINDOWS.index(minutes), : len(_TRENDS)] for minutes in (short, long))
        ratios.append(np.log((few + 1) / (many * short / long + 1)))
    return np.concatenate(ratios, axis=1)


def _gap(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log1p(np.clip(seconds, 0, _NEVER)) / _GAP_UNIT


def _gaps(table: _Table) -> NDArray[np.float64]:
    """(T, 8) the gaps to earlier steps, to the first one, and the mean of the last few."""
    times, place = table.times, np.arange(len(table.times))
    before = [place - 1, _previous(table.service), _previous(table.signature)]
    before += [np.r_[-1, _latest(kind)[:-1]] for kind in (table.loud, table.warning)]
    since = [np.where(earlier >= 0, times - times[np.maximum(earlier, 0)], _NEVER) for earlier in before]
    means = []
    for number in (4, 16):
        back = np.minimum(place, number)
        means.append(np.where(back > 0, (times - times[place - back]) / np.maximum(back, 1), _NEVER))
    return _gap(np.stack([*since, times - times[0], *means], axis=1))


def _shares(counts: NDArray[np.float64], same_service: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 3) of the errors in the window: the step's own service's, the loud ones, those that repeat a signature."""
    errors = counts[:, 0]
    return (
        np.stack([same_service, counts[:, 1], errors - counts[:, _COUNTED.index("signatures")]], axis=1)
        / errors[:, None]
    )


def _firsts(table: _Table) -> Floats:
    return np.stack([_previous(table.signature) < 0, _previous(table.service) < 0], axis=1).astype(np.float32)
