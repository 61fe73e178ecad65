"""`stacklens train cascade`: ErrorFlowLSTM on simulated topologies, calibrated on others that are worded by other technologies.

The training side of the corpus words the streams that are learnt from; the validation side those that say when to stop and
those that the probabilities and intervals are calibrated on, at every third calm minute as time brings them. The sample
incident is none of these streams: it has a generator and a topology of its own.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.alarms import threshold_for
from app.evaluation.cascade_data import Past, past_of_streams
from app.evaluation.product import load_encoder
from app.evaluation.ranking import auprc
from app.jobs.cascade_course import APART, FAULTS, HOURS, Texts, corpus_texts, sides, streams
from app.jobs.cascade_windows import drawn_minutes, windows
from app.services.files import atomic_write
from app.settings import ROOT, Settings
from models.analyse import survival
from models.analyse.cascade_rivals import Binned
from models.analyse.forecast import HORIZON
from models.corpus import Template
from models.learn.cascade import Trained, Windows
from models.vectors.encoder import Encoder

CASCADE: Final = ROOT / "models" / "pretrained" / "cascade"
#: Streams to learn from, to stop by and to calibrate on.
STREAMS: Final = {"training": 120, "check": 12, "calibration": 160}
EPOCHS: Final = 5
#: Minutes that the descent may take.
MINUTES: Final = 25.0
#: Of the calm minutes, one in so many calibrates: neighbours are nearly the same window.
EVERY: Final = 3


def train(
    settings: Settings, seed: int, data: Path | None, progress: Callable[[str], None], folder: Path = CASCADE, *,
    encoder: Encoder | None = None, numbers: dict[str, int] | None = None, epochs: int = EPOCHS,
) -> dict[str, Any]:  # fmt: skip
    """Trains, calibrates, writes model.safetensors (float16) and card.json; what the card says. `data` is not used."""
    from safetensors.numpy import save

    from models.learn import cascade as learn

    numbers = numbers or STREAMS
    encoder = encoder or load_encoder(settings)
    templates, texts = corpus_texts(settings, encoder, progress)
    by_side = sides(templates)
    progress(f"simulating {numbers['training']} topologies to learn from")
    fit = _drawn("training", by_side["training"], texts, seed, number=numbers["training"])
    check = _drawn("validation", by_side["validation"], texts, seed, number=numbers["check"])
    progress(f"training on {len(fit)} windows, stopping by {len(check)}")
    checkpoint = settings.cache_dir / "cascade-checkpoint.safetensors"
    trained = learn.train(
        fit, check, texts.vectors, seed=seed, epochs=epochs, minutes=MINUTES, progress=progress,
        save=lambda net: atomic_write(checkpoint, lambda stream: stream.write(save(_weights(net)))),
    )  # fmt: skip
    card = _card(seed, encoder.version, trained, (fit, check), numbers)
    return finish(trained.net, card, by_side, texts, numbers=numbers, folder=folder, progress=progress)


def finish(
    net: Any, card: dict[str, Any], by_side: dict[str, list[Template]], texts: Texts, *, numbers: dict[str, int], folder: Path,
    progress: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Calibrates on streams that played no part, sets the alarm, compares with the rivals there, writes weights and card."""
    from models.learn.cascade import hazard_logits

    progress(f"calibrating on {numbers['calibration']} other streams")
    calm = list(
        streams("validation", by_side["validation"], texts, first=numbers["check"], number=numbers["calibration"])
    )
    seen = windows((stream, stream.calm()[::EVERY]) for stream in calm)
    past = past_of_streams(calm, EVERY)
    logits = hazard_logits(net, seen, texts.vectors)
    calibration = calibrated(logits, seen, past.decisions.unit)
    probability = survival.cumulative(survival.hazards(logits, calibration))[:, -1]
    others = past_of_streams(
        list(streams("training", by_side["training"], texts, first=APART, number=numbers["calibration"]))
    )
    said = {"error_flow_lstm": probability, **{name: rival[:, -1] for name, rival in rivals(others, past).items()}}
    known = (seen.observed == HORIZON) | (seen.minute < HORIZON)
    one = np.ones((1, int(known.sum())))
    figures = {
        name: round(float(auprc(past.decisions.positive[known], each[known])(one)[0]), 4) for name, each in said.items()
    }
    return write(folder, net, {
        **card, "calibrated_on": f"{len(seen)} calm minutes of {len(calm)} streams",
        "calibration": {"slope": calibration.slope, "intercept": calibration.intercept, "levels": list(calibration.levels),
                        "skill": calibration.skill},
        "alarm": threshold_for(past.decisions, probability), "auprc_on_calibration": figures,
        "best_on_calibration": max(figures, key=lambda name: figures[name]),
    })  # fmt: skip


def rivals(fitted_on: Past, past: Past) -> dict[str, NDArray[np.float64]]:
    """(n, 30) probabilities up to each minute, of every simple rival."""
    failed = fitted_on.decisions.positive
    return {name: survival.cumulative(Binned.fit(fitted_on.statistics[name], failed).hazard(values))
            for name, values in past.statistics.items()}  # fmt: skip


def write(folder: Path, net: Any, card: dict[str, Any]) -> dict[str, Any]:
    """The weights in float16 and the card with their hash."""
    from safetensors.numpy import save

    blob = save(_weights(net))
    card = {**card, "sha256": hashlib.sha256(blob).hexdigest()}
    atomic_write(folder / "model.safetensors", lambda stream: stream.write(blob))
    atomic_write(folder / "card.json", lambda stream: stream.write((json.dumps(card, indent=1) + "\n").encode()))
    return card


def calibrated(logits: NDArray[np.float64], seen: Windows, unit: NDArray[np.int64]) -> survival.Calibration:
    """Slope, intercept, levels and skill on windows as time brings them; `unit` (n,) the stream of each."""
    slope, intercept = survival.fit(logits, seen.minute, seen.observed)
    hazard = survival.hazards(logits, survival.Calibration(slope, intercept))
    failed = seen.minute < HORIZON
    known = failed | (seen.observed == HORIZON)
    levels = survival.levels_of(hazard[failed], np.asarray(seen.minute[failed] + 0.5, dtype=np.float64))
    skill = survival.skill_bound(survival.cumulative(hazard)[known, -1], failed[known], unit[known])
    return survival.Calibration(slope, intercept, levels, skill)


def _drawn(side: str, templates: list[Template], texts: Texts, seed: int, *, number: int) -> Windows:
    rng = np.random.default_rng(seed)
    return windows((each, drawn_minutes(each, rng)) for each in streams(side, templates, texts, first=0, number=number))


def _weights(net: Any) -> dict[str, NDArray[np.float16]]:
    return {name: value.detach().numpy().astype(np.float16) for name, value in net.state_dict().items()}


def _card(
    seed: int, encoder: str, trained: Trained, data: tuple[Windows, ...], numbers: dict[str, int]
) -> dict[str, Any]:
    fit, check = data
    return {
        "name": "cascade", "date": datetime.now(UTC).date().isoformat(), "seed": seed, "encoder": encoder,
        "class": "ErrorFlowLSTM 512-256x3 bidirectional, additive attention; float16 on disk, float32 in use",
        "data": f"{len(fit)} windows of {numbers['training']} simulated streams ({HOURS} hours, {FAULTS} faults each)",
        "split": f"streams, topologies, faults and technologies apart: {len(check)} windows of {numbers['check']} streams say "
        f"when to stop, {numbers['calibration']} streams calibrate; every second stream logs routine as warnings",
        "epochs": trained.best_epoch + 1, "cpu_seconds": round(trained.seconds, 1),
        "losses": [{name: round(value, 4) for name, value in each.items()} for each in trained.losses],
    }  # fmt: skip
