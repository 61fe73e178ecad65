"""Minutes to decide at, from logs of supercomputers and from simulated services, with what every rival may know of them.

In logs an onset is the first minute in which at least 3 (mercury: 2) distinct nodes logged within 10 minutes, after 30
minutes without that. In the simulator it is the truth itself: a service begins to fail, after 30 minutes in which none did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.evaluation.alarms import Decisions
from app.evaluation.data import Row, column, read_rows
from app.jobs.cascade_course import Stream
from app.services.reading import ReadingService, prepared
from models.analyse.cascade_rivals import recent, since
from models.analyse.forecast import HORIZON, Step
from models.vectors.encoder import Encoder

Doubles = NDArray[np.float64]

#: Minutes within which nodes must log, and how many: a cascade.
TOGETHER: Final = 10
NODES: Final = 3
FEWER_NODES: Final = {"mercury": 2}
MINUTE: Final = 60.0
DAY: Final = 1440


@dataclass(frozen=True, slots=True)
class Past:
    """What is known at each decision: numbers of the rivals (n,), by name, higher meaning nothing by itself."""

    decisions: Decisions
    statistics: dict[str, Doubles]

    def rows(self, which: NDArray[np.bool_]) -> "Past":
        """A stretch of one log: decisions, and the onsets of its time."""
        d = self.decisions
        first, last = int(d.minute[which].min()), int(d.minute[which].max()) + HORIZON
        start = int(d.unit[which].min())
        kept = tuple((stream, minute, unit - start) for stream, minute, unit in d.onsets if first < minute <= last)
        part = Decisions(
            d.stream[which], d.minute[which], d.wait[which], d.unit[which] - start, kept, (last - first) / DAY
        )
        return Past(part, {name: values[which] for name, values in self.statistics.items()})


@dataclass(frozen=True, slots=True)
class Log:
    """Error events of one system in order of time, as minutes see them; `start` UTC seconds of minute 0."""

    start: float
    times: Doubles
    nodes: tuple[str, ...]
    texts: tuple[str, ...]
    levels: tuple[str, ...]


def read_log(path: Path) -> Log:
    """A CSV of hpc_errors: epoch, node, message; InvalidInput where a column is missing."""
    rows = read_rows(path)
    for name in ("epoch", "node", "message"):
        column(rows, (name,))
    try:
        rows.sort(key=lambda row: float(row["epoch"]))
    except ValueError as error:
        raise InvalidInput(f"{path.name}: an epoch is not a number: {error}") from error
    times = np.array([float(row["epoch"]) for row in rows])
    return Log(float(times[0] // MINUTE * MINUTE), times, tuple(_node(row) for row in rows),
               tuple(str(row["message"]) for row in rows), ("error",) * len(rows))  # fmt: skip


def _node(row: Row) -> str:
    return " ".join(str(row[name]) for name in ("node", "card") if row.get(name))


def past_of_log(log: Log, nodes: int) -> Past:
    """Every minute outside a cascade; intervals draw days."""
    minutes = int((log.times[-1] - log.start) // MINUTE) + 1
    burst = _bursts(log, nodes, minutes)
    latest = np.maximum.accumulate(np.where(burst, np.arange(minutes), -HORIZON - 1))
    before = np.r_[-HORIZON - 1, latest[:-1]]
    onset = burst & (np.arange(minutes) - before > HORIZON)
    at = np.flatnonzero((np.arange(minutes) - latest > HORIZON) & (np.arange(minutes) >= HORIZON))
    onsets = np.flatnonzero(onset).astype(float)
    place = np.searchsorted(onsets, at, side="right")
    wait = np.asarray(np.append(onsets, np.inf)[place] - at, dtype=np.float64)
    unit = at // DAY
    days = minutes / DAY
    decisions = Decisions(np.zeros(len(at), dtype=np.int64), at, wait, unit,
                          tuple((0, float(each), int(each // DAY)) for each in onsets if each >= HORIZON), days)  # fmt: skip
    # a decision at minute m is taken when the minute is over
    now = np.asarray(log.start + (at + 1) * MINUTE, dtype=np.float64)
    return Past(decisions, statistics(log.times, onsets * MINUTE + log.start, np.array([]), now))


def _bursts(log: Log, nodes: int, minutes: int) -> NDArray[np.bool_]:
    """(minutes,) whether at least so many distinct nodes logged in the ten minutes that end with each."""
    number = {name: place for place, name in enumerate(dict.fromkeys(log.nodes))}
    minute = ((log.times - log.start) // MINUTE).astype(int)
    pairs = np.unique(np.stack([np.array([number[name] for name in log.nodes]), minute]), axis=1)
    # a node counts from its minute on for ten minutes, once: intervals of one node are joined before they are added up
    change = np.zeros(minutes + TOGETHER + 1, dtype=np.int64)
    ends: dict[int, int] = {}
    for node, at in pairs.T:
        begin = max(int(at), ends.get(int(node), 0))
        end = int(at) + TOGETHER
        if end > begin:
            change[begin] += 1
            change[end] -= 1
        ends[int(node)] = end
    return np.asarray(np.cumsum(change)[:minutes] >= nodes)


def statistics(times: Doubles, onsets: Doubles, warnings: Doubles, now: Doubles) -> dict[str, Doubles]:
    """What the rivals look at: nothing, errors of the last ten minutes, seconds since the last onset, warnings."""
    found = {"base_rate": np.zeros(len(now)), "count_rate": recent(times, now, 600.0), "last_burst": since(onsets, now)}
    return {**found, "warning_rate": recent(warnings, now, 600.0)} if len(warnings) else found


def past_of_streams(streams: Sequence[Stream], every: int = 1) -> Past:
    """Every calm minute of simulated streams, or one in so many; intervals draw streams."""
    parts: list[tuple[NDArray[np.int64], Doubles, dict[str, Doubles]]] = []
    onsets: list[tuple[int, float, int]] = []
    for number, stream in enumerate(streams):
        at = stream.calm()[::every]
        fails = np.array([time for time, _ in stream.fails]) / MINUTE
        wait = np.asarray(np.append(fails, np.inf)[np.searchsorted(fails, at, side="right")] - at, dtype=np.float64)
        onsets += [(number, float(each), number) for each in np.unique(at + wait) if np.isfinite(each)]
        warnings = np.array([step.time for step in stream.steps if step.level == "warning"])
        begun = np.array([time for time, _ in stream.fails])
        now = np.asarray(at * MINUTE, dtype=np.float64)
        seen = statistics(stream.times, begun, warnings, now)
        seen["warning_rate"] = recent(warnings, now, 600.0)
        parts.append((at, wait, seen))
    stream_of = np.concatenate([np.full(len(at), number) for number, (at, _, _) in enumerate(parts)])
    days = sum(stream.minutes for stream in streams) / DAY
    joined = Decisions(stream_of, np.concatenate([at for at, _, _ in parts]), np.concatenate([wait for _, wait, _ in parts]),
                       stream_of, tuple(onsets), days)  # fmt: skip
    return Past(joined, {name: np.concatenate([seen[name] for _, _, seen in parts]) for name in parts[0][2]})


def steps_of_log(log: Log, encoder: Encoder, reading: ReadingService) -> list[Step]:
    """The log as the product would store it; each distinct text is embedded and read once."""
    shown = {text: prepared(text) for text in dict.fromkeys(log.texts)}
    distinct = list(dict.fromkeys(shown.values()))
    vectors = encoder.encode(distinct)
    read = dict(zip(distinct, zip(vectors, reading.kernel(vectors, distinct), strict=True), strict=True))
    number = {text: place for place, text in enumerate(distinct)}
    steps = []
    for time, node, raw, level in zip(log.times, log.nodes, log.texts, log.levels, strict=True):
        text = shown[raw]
        vector, said = read[text]
        likely = (said.severity_probabilities, said.category_probabilities)
        steps.append(Step(float(time), node, level, number[text], text, vector, *likely))
    return steps
