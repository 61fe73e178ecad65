"""Task `anomaly`: are sessions told from normal ones by a few normal sessions alone?

Trained on max(1 %, 50) normal sessions (half of them where there are fewer than 100), scored on all others, 20 times.
Every detector has the same threshold rule: the largest leave-one-out score of its training set. Sessions are drawn anew
for the intervals, and the training draws with them, the same for all detectors.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.evaluation import ranking
from app.evaluation.data import SESSION, Row, column, read_rows
from app.evaluation.metrics import Doubles
from app.evaluation.product import load_encoder
from app.evaluation.report import Interval, Metrics, Report, Request
from app.services.reading import prepared
from models.analyse.sessions import RIVALS, Detector, Scores, Sessions, any_of_three, sessions
from models.vectors.encoder import Encoder

SEEDS: Final = 20
DRAWS: Final = 200
SHARE, LEAST, FEW = 0.01, 50, 100
#: Anomalies among the HDFS sessions as they were logged.
NATURAL_RATE: Final = 0.029
PRODUCT: Final = "product"

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """Sessions summed up: rows (r,) are pairs of a distinct sequence and a label, with how often they come.

    `sequence` (r,) numbers the distinct sequences; `majority` (U,) is the label that most sessions of each have.
    """

    data: Sessions
    sequence: Ids
    anomaly: NDArray[np.bool_]
    times: Doubles
    majority: NDArray[np.bool_]

    @property
    def sessions(self) -> int:
        return int(self.times.sum())


@dataclass(slots=True)
class _Draws:
    """Per detector and metric: the plain value and the drawn ones of each seed."""

    plain: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    drawn: dict[str, dict[str, list[Doubles]]] = field(default_factory=dict)


def measure(request: Request) -> Report:
    table = read_table(request)
    seeds = request.seeds or SEEDS
    draws = _Draws()
    detectors: dict[str, Detector] = {PRODUCT: any_of_three, **RIVALS}
    weights = _weights(table, request.seed)
    natural = request.data.name.startswith("hdfs_sessions")
    size = 0
    for seed in range(request.seed, request.seed + seeds):
        train, rest = split(table, seed)
        size = len(train)
        for name, detect in detectors.items():
            _score(draws, name, detect(table.data, train, seed), table, train=train, rest=rest, weights=weights, natural=natural)
    results = {name: _metrics(draws, name, request.seed) for name in detectors}
    notes = _notes(table, size, seeds, draws, request)
    return Report(table.sessions, "any-of-three@1", results.pop(PRODUCT), results, notes)


def read_table(request: Request) -> Table:
    """The sessions of the file, of one edition where it is named; containers are joined per application."""
    rows = read_rows(request.data)
    if request.edition:
        rows = [row for row in rows if row.get("edition") == request.edition]
        if not rows:
            raise InvalidInput(f"{request.data.name} has no row of the edition {request.edition!r}")
    joined = [(tuple(events), anomaly) for events, anomaly in _sessions(rows)]
    if not any(anomaly for _, anomaly in joined) or sum(not anomaly for _, anomaly in joined) < 4:
        raise InvalidInput("needs at least four normal sessions and one that is not")
    number: dict[tuple[str, ...], int] = {}
    for events, _ in joined:
        number.setdefault(events, len(number))
    pairs = Counter((number[events], anomaly) for events, anomaly in joined)
    majority = np.array([2 * pairs[(one, True)] > pairs[(one, True)] + pairs[(one, False)] for one in number.values()])
    embeddings = _embeddings(request, {event for events in number for event in events})
    return Table(
        sessions(list(number), embeddings),
        np.array([sequence for sequence, _ in pairs], dtype=np.int64),
        np.array([anomaly for _, anomaly in pairs]),
        np.array(list(pairs.values()), dtype=np.float64),
        majority,
    )


def split(table: Table, seed: int) -> tuple[Ids, Doubles]:
    """Sequences (n,) of the training sessions, and how often each row (r,) is left for the test."""
    normal = np.repeat(np.flatnonzero(~table.anomaly), table.times[~table.anomaly].astype(int))
    n = len(normal) // 2 if len(normal) < FEW else max(round(SHARE * len(normal)), LEAST)
    rows = np.random.default_rng(seed).choice(normal, n, replace=False)
    return table.sequence[rows], table.times - np.bincount(rows, minlength=len(table.times))


def _sessions(rows: Sequence[Row]) -> Iterator[tuple[list[str], bool]]:
    name = column(rows, SESSION)
    if name != "application_id":
        yield from ((str(row["events"]).split(), row["label"] != "normal") for row in rows)
        return
    applications: dict[str, tuple[list[str], bool]] = {}
    for row in rows:
        events, _ = applications.setdefault(row[name], ([], row["label"] != "normal"))
        events += str(row["events"]).split()
    yield from applications.values()


def _embeddings(request: Request, events: set[str]) -> dict[str, NDArray[np.float32]]:
    encoder: Encoder = request.encoder or load_encoder(request.settings)
    texts = {row["event_id"]: row["template"] for row in read_rows(templates_file(request.data))}
    known = sorted(events & texts.keys())
    if not known:
        raise InvalidInput("none of the events has a template in the file beside it")
    return dict(zip(known, encoder.encode([prepared(texts[event]) for event in known]), strict=True))


def templates_file(data: Path) -> Path:
    """`hdfs_templates.csv.gz` beside `hdfs_sessions.csv.gz`: the one whose name begins alike."""
    found = sorted(data.parent.glob("*_templates.csv*"), key=lambda file: file.name.split("_")[0] != data.name.split("_")[0])
    if not found:
        raise InvalidInput(f"there is no *_templates.csv.gz beside {data.name}")
    return found[0]


def _weights(table: Table, seed: int) -> dict[str, Doubles]:
    """How often, relative to the data, each draw has each row (sessions drawn) and each sequence (sequences drawn)."""
    rng = np.random.default_rng(seed)
    share = table.times / table.times.sum()
    distinct = len(table.majority)
    return {
        "sessions": rng.multinomial(table.sessions, share, size=DRAWS) / table.times,
        "distinct": rng.multinomial(distinct, np.full(distinct, 1 / distinct), size=DRAWS).astype(np.float64),
    }


def _score(draws: _Draws, name: str, scores: Scores, table: Table, *, train: Ids, rest: Doubles,
           weights: dict[str, Doubles], natural: bool) -> None:
    called = scores.all > scores.threshold
    of_rows, truth = scores.all[table.sequence], table.anomaly
    unseen = np.ones(len(table.majority))
    unseen[train] = 0
    metrics = {
        "f1": (ranking.f1(truth, called[table.sequence]), rest, "sessions"),
        "auroc": (ranking.auroc(truth, of_rows), rest, "sessions"),
        "auprc": (ranking.auprc(truth, of_rows), rest, "sessions"),
        "f1_distinct": (ranking.f1(table.majority, called), unseen, "distinct"),
        "false_alarm_rate": (lambda w: w @ (~truth & called[table.sequence]) / (w @ ~truth), rest, "sessions"),
    }
    if natural:
        rate = rest[truth].sum() / rest.sum()
        thinned = np.where(truth, rest * NATURAL_RATE / (1 - NATURAL_RATE) * (1 - rate) / rate, rest)
        metrics["f1_at_natural_rate"] = (ranking.f1(truth, called[table.sequence]), thinned, "sessions")
    for metric, (statistic, base, unit) in metrics.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            draws.plain.setdefault(name, {}).setdefault(metric, []).append(float(statistic(base[None])[0]))
            draws.drawn.setdefault(name, {}).setdefault(metric, []).append(statistic(weights[unit] * base))


def _over_seeds(drawn: list[Doubles], seed: int) -> Doubles:
    """(DRAWS,): of each draw, the mean over training sets that are themselves drawn anew; the same ones for all detectors."""
    matrix = np.stack(drawn)  # (seeds, DRAWS)
    chosen = np.random.default_rng(seed).integers(len(matrix), size=matrix.shape)
    taken = np.take_along_axis(matrix, chosen, axis=0)
    defined = np.isfinite(taken)  # a draw of few sessions may have none of a kind
    with np.errstate(invalid="ignore"):
        means: Doubles = np.where(defined, taken, 0).sum(axis=0) / defined.sum(axis=0)
    return means


def _interval(plain: list[float], drawn: Doubles) -> Interval:
    value = float(np.mean(plain))
    if not np.isfinite(value):
        return Interval(value)
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Interval(value, min(float(low), value), max(float(high), value))


def _metrics(draws: _Draws, name: str, seed: int) -> Metrics:
    return {metric: _interval(plain, _over_seeds(draws.drawn[name][metric], seed)) for metric, plain in draws.plain[name].items()}


def _notes(table: Table, size: int, seeds: int, draws: _Draws, request: Request) -> tuple[str, ...]:
    notes = [
        f"{table.sessions} sessions, {len(table.majority)} distinct, {int(table.times[table.anomaly].sum())} anomalies; trained "
        f"on {size} normal ones, {seeds} times; intervals over sessions and training sets",
        "threshold: largest leave-one-out score of the training set; the VAE's by five folds, as one net a session is too dear",
        "the product is the largest of new_event, length and knn, each in units of its threshold; no weight is fitted, "
        "but this form was preferred to sums and norms after a look at the development data",
    ]
    for name in RIVALS:
        for metric in ("f1", "auprc"):
            ours, theirs = (_over_seeds(draws.drawn[who][metric], request.seed) for who in (PRODUCT, name))
            plain = [a - b for a, b in zip(draws.plain[PRODUCT][metric], draws.plain[name][metric], strict=True)]
            notes.append(f"product minus {name}, {metric}: {_interval(plain, ours - theirs)}")
    return tuple(notes)
