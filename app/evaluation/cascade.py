"""Task `cascade`: is a cascade seen coming, how early, and how well is the time told?

PATH is a CSV of supercomputer errors, or `sim:SEED`: simulated services whose topologies, faults and technologies no
training saw. Decided at every minute outside a cascade. In a log the first 60 % of the time trains the rivals, the first 70 %
calibrate (ErrorFlowLSTM ships trained), the rest tests. What the product uses there is the candidate whose Brier skill on
those 70 %, each fifth foretold by the others, is surely above 0 and the largest; where there is none, it says that nothing
can be forecast here, and answers with the base rate.
"""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.evaluation import ranking
from app.evaluation.alarms import Decisions, alarms, recall_at, threshold_for
from app.evaluation.cascade_data import (
    FEWER_NODES,
    NODES,
    Log,
    Past,
    past_of_log,
    past_of_streams,
    read_log,
    steps_of_log,
)
from app.evaluation.metrics import Doubles, Statistic, bootstrap, difference, mean
from app.evaluation.product import load_encoder
from app.evaluation.report import Interval, Metrics, Report, Request
from app.jobs.cascade_course import APART, Stream, corpus_texts, sides, streams
from app.jobs.cascade_windows import windows
from app.services.reading import ReadingService
from app.settings import ROOT, SAMPLE_DATA
from models.analyse import survival
from models.analyse.cascade import LstmReader, load_net, load_reader
from models.analyse.cascade_rivals import Binned
from models.analyse.cascade_window import HISTORY, window
from models.analyse.forecast import HORIZON, Step
from models.analyse.survival import Calibration

CASCADE: Final = ROOT / "models" / "pretrained" / "cascade"
SIMULATED: Final = "sim:"
DEEP: Final = "error_flow_lstm"
#: Simulated streams that are tested on, and that the rivals are fitted on (more: they cost next to nothing).
STREAMS: Final = {"test": 40, "rivals": 60}
#: Shares of the time of a log that train, and that train or calibrate.
TRAINS, CALIBRATES = 0.6, 0.7
#: Parts of them that are foretold by the others, for the choice.
FOLDS: Final = 5
DRAWS: Final = 500
#: Silence changes a window slowly: a forecast is used again within an eighth of a doubling of it.
_OCTAVE: Final = 8


@dataclass(frozen=True, slots=True)
class Said:
    """One model's answers: `hazard` (n, 30), `minutes` (n, 3) of the interval, the `threshold` of its alarms."""

    hazard: Doubles
    minutes: Doubles
    threshold: float

    @property
    def probability(self) -> Doubles:
        return np.asarray(survival.cumulative(self.hazard)[:, -1])


def measure(request: Request) -> Report:
    name = request.data.name
    return _simulated(request, name.removeprefix(SIMULATED)) if name.startswith(SIMULATED) else _of_log(request)


def _simulated(request: Request, seed: str) -> Report:
    if not seed.isdigit():
        raise InvalidInput(f"{SIMULATED}{seed} has no number: write {SIMULATED}0 for the first simulated test set")
    from models.learn.cascade import hazard_logits

    reader = _reader()
    templates, texts = corpus_texts(request.settings, request.encoder or load_encoder(request.settings), lambda _: None)
    by_side = sides(templates)
    number, fitted = request.seeds or STREAMS["test"], STREAMS["rivals"]
    others = past_of_streams(list(streams("training", by_side["training"], texts, first=APART, number=fitted)))
    test = list(streams("test", by_side["test"], texts, first=int(seed) * APART, number=number))
    past = past_of_streams(test)
    seen = windows((stream, stream.calm()) for stream in test)
    logits = hazard_logits(load_net(CASCADE), seen, texts.vectors)
    said = {DEEP: _deep(logits, reader.calibration, reader.alarm), **_rivals(others, others, past)}
    product = DEEP
    notes = [f"{len(test)} streams of 8 hours with 3 faults each, technologies of the corpus that no stream of the training "
             f"uses; rivals fitted on {fitted} other streams; intervals over streams", *_ceiling(test, past.decisions)]  # fmt: skip
    return _report(said, product, past.decisions, float(others.decisions.positive.mean()), notes=notes, seed=request.seed,
                   version=reader.version)  # fmt: skip


def _ceiling(test: list[Stream], decisions: Decisions) -> list[str]:
    """How many onsets any reader could have seen coming: an error of the service that fails, other than routine, before."""
    leads = []
    for stream_number, minute, _ in decisions.onsets:
        stream = test[stream_number]
        now = minute * 60.0
        begun = [each.start for each in stream.faults if each.start <= now + 1 < each.end + 600]
        signs = [step.time for step in stream.steps if begun and begun[-1] <= step.time < now and step.level != "info"]
        leads.append((now - signs[0]) / 60 if signs else 0.0)
    early = np.array(leads)
    seen = early >= 1
    median = float(np.median(early[seen])) if seen.any() else float("nan")
    return [
        f"of {len(early)} onsets {seen.mean():.0%} are preceded, by a minute or more, by any warning or error since their fault "
        f"began; the median time from that first sign to the onset is {median:.1f} minutes: no reader can do better"
    ]


def _of_log(request: Request) -> Report:
    log = read_log(request.data)
    nodes = next((few for name, few in FEWER_NODES.items() if request.data.name.startswith(name)), NODES)
    past = past_of_log(log, nodes)
    share = past.decisions.minute / max(int(past.decisions.minute.max()), 1)
    train, known, test = share < TRAINS, share < CALIBRATES, share >= CALIBRATES
    if not past.decisions.positive[train].any() or not past.decisions.positive[test].any():
        raise InvalidInput(f"{request.data.name}: no cascade in the training or in the test part")
    reader = _reader()
    encoder = request.encoder or load_encoder(request.settings)
    reading = ReadingService(
        SAMPLE_DATA / "corpus", encoder, request.settings.cache_dir, SAMPLE_DATA / "non_errors.jsonl"
    )
    started = time.monotonic()
    logits = _logits_of_log(log, steps_of_log(log, encoder, reading), past.decisions)
    seconds = time.monotonic() - started
    minute, observed = _outcomes(past.decisions)
    calibration = Calibration(*survival.fit(logits[known], minute[known], observed[known]))
    hazard = survival.hazards(logits, calibration)
    came = known & past.decisions.positive
    calibration = Calibration(calibration.slope, calibration.intercept,
                              survival.levels_of(hazard[came], past.decisions.wait[came]))  # fmt: skip
    alarm = threshold_for(past.rows(known).decisions, survival.cumulative(hazard)[known, -1])
    said = {
        DEEP: _deep(logits[test], calibration, alarm),
        **_rivals(past.rows(train), past.rows(known), past.rows(test)),
    }
    skills = _skills(past, logits, known)
    product = max(skills, key=lambda name: skills[name])
    notes = [f"onset: {nodes} distinct nodes within 10 minutes after 30 without; intervals over days",
             f"{len(log.times)} events read by the net in {seconds:.0f} s",
             "lower 95 % bound of the Brier skill on the first 70 %: "
             + ", ".join(f"{name} {value:.3f}" for name, value in skills.items())]  # fmt: skip
    if skills[product] <= 0:
        product = "base_rate"
        notes.append(
            "cannot be forecast here: no candidate's skill is surely above 0; the product says so, and the usual rate"
        )
    part = past.rows(test).decisions
    return _report(said, product, part, float(past.decisions.positive[train].mean()), notes=notes, seed=request.seed,
                   version=reader.version)  # fmt: skip


def _logits_of_log(log: Log, steps: list[Step], decisions: Decisions) -> Doubles:
    """(n, 30) of every decision; one forecast serves while nothing is logged and the silence has hardly grown."""
    from models.learn.cascade import Windows, hazard_logits

    now = log.start + (decisions.minute + 1) * 60.0
    known = np.searchsorted(log.times, now, side="right")
    silence = (_OCTAVE * np.log2((now - log.times[known - 1]) / 60 + 1)).astype(int)
    _, first, inverse = np.unique(np.stack([known, silence]), axis=1, return_index=True, return_inverse=True)
    found = Windows.empty(len(first))
    for row, place in enumerate(first):
        seen = window(steps[max(0, known[place] - HISTORY) : known[place]], float(now[place]))
        found.put(row, seen, [step.signature for step in seen.steps])
    table = np.zeros((max(step.signature for step in steps) + 1, len(steps[0].vector)), dtype=np.float32)
    for step in steps:
        table[step.signature] = step.vector
    return hazard_logits(load_net(CASCADE), found, table)[inverse.ravel()]


def _outcomes(decisions: Decisions) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Minute of the onset (30: none) and minutes known, for the fit of the calibration."""
    minute = np.where(decisions.positive, np.minimum(decisions.wait, HORIZON) - 1e-9, HORIZON).astype(np.int64)
    return minute, np.minimum(minute + 1, HORIZON)


def _deep(logits: Doubles, calibration: Calibration, alarm: float) -> Said:
    hazard = survival.hazards(logits, calibration)
    return Said(hazard, survival.quantiles(hazard, calibration.levels), alarm)


def _rivals(train: Past, known: Past, test: Past) -> dict[str, Said]:
    """Fitted on `train`, levels and threshold from `known`, answers for `test`."""
    found = {}
    for name, statistic in train.statistics.items():
        fitted = Binned.fit(statistic, train.decisions.positive)
        before = fitted.hazard(known.statistics[name])
        came = known.decisions.positive
        levels = survival.levels_of(before[came], known.decisions.wait[came])
        threshold = threshold_for(known.decisions, survival.cumulative(before)[:, -1])
        hazard = fitted.hazard(test.statistics[name])
        found[name] = Said(hazard, survival.quantiles(hazard, levels), threshold)
    return found


def _skills(past: Past, logits: Doubles, known: NDArray[np.bool_]) -> dict[str, float]:
    """Lower bounds of the Brier skill of every candidate on the known part, each fifth of its time foretold by the others."""
    rows = np.flatnonzero(known)
    positive, minute = past.decisions.positive[rows], past.decisions.minute[rows]
    fold = np.minimum((minute - minute.min()) * FOLDS // (np.ptp(minute) + 1), FOLDS - 1)
    outcome, observed = (each[rows] for each in _outcomes(past.decisions))
    said = {name: np.zeros(len(rows)) for name in (DEEP, *past.statistics)}
    for part in range(FOLDS):
        inside, outside = fold == part, fold != part
        calibration = Calibration(*survival.fit(logits[rows][outside], outcome[outside], observed[outside]))
        said[DEEP][inside] = survival.cumulative(survival.hazards(logits[rows][inside], calibration))[:, -1]
        for name, values in past.statistics.items():
            hazard = Binned.fit(values[rows][outside], positive[outside]).hazard(values[rows][inside])
            said[name][inside] = survival.cumulative(hazard)[:, -1]
    return {name: survival.skill_bound(each, positive, past.decisions.unit[rows]) for name, each in said.items()}


def _report(
    said: dict[str, Said], product: str, decisions: Decisions, base: float, *, notes: list[str], seed: int, version: str
) -> Report:
    statistics = {name: _statistics(each, decisions, base) for name, each in said.items()}
    results = {name: _metrics(each, said[name], decisions, seed) for name, each in statistics.items()}
    for name in said:
        if name != product:
            for metric in ("auprc", "recall_at_1_false_alarm_per_day"):
                (ours, unit), (theirs, _) = statistics[product][metric], statistics[name][metric]
                notes.append(
                    f"{product} minus {name}, {metric}: {_interval(difference(ours, theirs), unit, decisions, seed)}"
                )
    notes.append("client: cascade detection 0.88, 30 minutes ahead, time within 5 %")
    model = version if product == DEEP else f"{product}@1"
    return Report(len(decisions.onsets), model, results[product], {name: each for name, each in results.items() if name != product},
                  tuple(notes))  # fmt: skip


#: A statistic, and whether it weighs "rows" or "units".
_Metric = tuple[Statistic, str]


def _statistics(said: Said, decisions: Decisions, base: float) -> dict[str, _Metric]:
    positive, probability = decisions.positive, said.probability
    wrong, usual = (probability - positive) ** 2, (base - positive) ** 2
    wait = np.minimum(decisions.wait, HORIZON)
    inside = ((said.minutes[:, 0] <= wait) & (wait <= said.minutes[:, 2]))[positive]
    near = (np.abs(said.minutes[:, 1] - wait) <= 0.05 * wait)[positive]
    course = survival.cumulative(said.hazard)
    passed = decisions.wait[:, None] <= np.arange(1, HORIZON + 1)
    at = alarms(decisions, probability, said.threshold)
    days = decisions.days / decisions.units
    number = np.bincount([unit for _, _, unit in decisions.onsets], minlength=decisions.units).astype(float)
    return {
        "auprc": (ranking.auprc(positive, probability), "rows"),
        "recall_at_1_false_alarm_per_day": (recall_at(decisions, probability), "units"),
        "recall_of_alarms": (lambda w: (w @ at.found) / (w @ number), "units"),
        "false_alarms_per_day": (lambda w: (w @ at.false) / (w.sum(axis=1) * days), "units"),
        "brier_skill": (lambda w: 1 - (w @ wrong) / (w @ usual), "rows"),
        "crps": (mean(((course - passed) ** 2).sum(axis=1)), "rows"),
        "interval_coverage_90": (mean(inside), "positives"),
        "time_within_5_percent": (mean(near), "positives"),
    }


def _metrics(statistics: dict[str, _Metric], said: Said, decisions: Decisions, seed: int) -> Metrics:
    found = {name: _interval(statistic, unit, decisions, seed) for name, (statistic, unit) in statistics.items()}
    found["lead_minutes_median"] = _lead(said, decisions, seed)
    found["n_onsets"] = Interval(float(len(decisions.onsets)))
    return found


def _interval(statistic: Statistic, unit: str, decisions: Decisions, seed: int) -> Interval:
    if unit == "units":
        return bootstrap(statistic, decisions.units, seed=seed, draws=DRAWS)
    units = decisions.unit[decisions.positive] if unit == "positives" else decisions.unit
    return bootstrap(statistic, len(units), units=units.tolist(), seed=seed, draws=DRAWS)


def _lead(said: Said, decisions: Decisions, seed: int) -> Interval:
    """The median over onsets found at the threshold; drawn over onsets."""
    leads = alarms(decisions, said.probability, said.threshold).leads
    leads = leads[np.isfinite(leads)]
    if not len(leads):
        return Interval(float("nan"))
    drawn = np.median(np.random.default_rng(seed).choice(leads, (DRAWS, len(leads))), axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(np.median(leads)), float(low), float(high))


def _reader() -> LstmReader:
    try:
        return load_reader(CASCADE)
    except FileNotFoundError as error:
        raise InvalidInput("there are no weights: run `stacklens train cascade` first") from error
