"""What ErrorFlowLSTM learns from and is measured on: simulated services over hours, as the product would see them.

A stream is eight hours of one topology with three faults. Its errors are worded by one side of the corpus, so that the
technologies of a measurement are unseen too. In every second stream some services log their routine noise as warnings:
otherwise a single warning would give a growing fault away, which no real log does.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from app.services.files import atomic_write
from app.services.reading import ReadingService, prepared
from app.settings import SAMPLE_DATA, Settings
from models.analyse.forecast import HORIZON, Step
from models.corpus import Template, render
from models.corpus_split import split
from models.simulate.faults import Fault
from models.simulate.incident import Incident, simulate
from models.simulate.propagation import FAILED, FAILING, RECOVERING
from models.simulate.propagation import STEP as SECONDS
from models.taxonomy import INCIDENTS
from models.vectors.encoder import Encoder, TokenEncoder

Floats = NDArray[np.float32]

HOURS: Final = 8
FAULTS: Final = 3
#: Seeds of the topologies: no side shares one with another.
FIRST_SEED: Final = {"training": 10_000, "validation": 2_000_000, "test": 3_000_000}
#: Seeds between two measurements.
APART: Final = 1_000
#: Of the services of a noisy stream, those that log routine as warnings.
ROUTINE_WARNINGS: Final = 0.4
#: Stands for any service in an error of a call.
_CALL: Final = "call to orders-api failed: "
#: Seconds after the end of a fault in which the class of a sequence is "recovery".
_RECOVERY: Final = 300.0
_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Texts:
    """Every template of the corpus, plain and (T rows later) as the error of a call: what the product knows of the text."""

    place: dict[str, int]
    text: tuple[str, ...]
    vectors: Floats  # (2T, 384)
    severity: Floats  # (2T, 4)
    category: Floats  # (2T, 10)


@dataclass(frozen=True, slots=True)
class Stream:
    """`steps` in order; `fails` are (seconds, service) of each service that begins to fail after 30 minutes without;
    `failing` (S,) says of each ten seconds whether any service fails, `recovering` whether any recovers."""

    steps: tuple[Step, ...]
    place: NDArray[np.int64]  # (len(steps),) row of each step in Texts
    fails: tuple[tuple[float, str], ...]
    faults: tuple[Fault, ...]
    failing: NDArray[np.bool_]
    recovering: NDArray[np.bool_]
    times: NDArray[np.float64]  # of the steps

    @property
    def minutes(self) -> int:
        return int(len(self.failing) * SECONDS // _MINUTE)

    def calm(self) -> NDArray[np.int64]:
        """Minutes (of the stream) at which nothing fails nor did in the 30 minutes before: when a forecast is asked for.

        From the thirtieth minute and the first error on.
        """
        since, last = [], -np.inf
        for number, failing in enumerate(self.failing):
            last = number * SECONDS if failing else last
            since.append(number * SECONDS - last)
        first = int(np.ceil(self.times[0] / _MINUTE)) if len(self.times) else self.minutes
        at = np.arange(max(HORIZON, first), self.minutes)
        quiet = np.array(since)[(at * _MINUTE / SECONDS).astype(int)] > HORIZON * _MINUTE
        return np.asarray(at[quiet], dtype=np.int64)

    def next_failure(self, now: float) -> tuple[float, str] | None:
        """The first service to begin to fail after `now`."""
        return next((each for each in self.fails if each[0] > now), None)

    def known(self, now: float) -> int:
        """How many steps are known at `now`."""
        return int(np.searchsorted(self.times, now, side="right"))

    def incident(self, now: float) -> int:
        """What it is about at `now`, a place in INCIDENTS."""
        active = [each for each in self.faults if each.start <= now < each.end]
        if active:
            return INCIDENTS.index(active[-1].kind.incident)
        just = any(each.end <= now < each.end + _RECOVERY for each in self.faults)
        return INCIDENTS.index("recovery" if just or self.recovering[int(now // SECONDS)] else "no_incident")


def sides(templates: Sequence[Template]) -> dict[str, list[Template]]:
    """The corpus dealt by families of technologies into training, validation and test."""
    parts = split(templates, 0)
    return {"training": parts.train, "validation": parts.validation, "test": parts.test}


def streams(side: str, templates: Sequence[Template], texts: Texts, *, first: int, number: int) -> Iterator[Stream]:
    """`number` streams of a side from its seed `first` on, worded by `templates`."""
    for seed in range(FIRST_SEED[side] + first, FIRST_SEED[side] + first + number):
        incident = simulate(seed, templates, seconds=HOURS * 3600.0, count=FAULTS)
        yield stream(incident, texts, np.random.default_rng((seed, 1)) if seed % 2 else None)


def stream(incident: Incident, texts: Texts, routine: np.random.Generator | None = None) -> Stream:
    """What the product would store of a simulated stretch; `routine` draws the services whose noise is warnings."""
    names, size = incident.topology.names, len(texts.place)
    warns = routine.random(len(names)) < ROUTINE_WARNINGS if routine else np.zeros(len(names), dtype=bool)
    signatures: dict[tuple[str, int], int] = {}
    steps, places = [], []
    for event in incident.events:
        place = texts.place[event.template] + (size if event.text.startswith("call to ") and event.callee >= 0 else 0)
        level = "warning" if event.level == "info" and warns[event.service] else event.level
        signature = signatures.setdefault((event.template, event.callee), len(signatures))
        steps.append(
            Step(
                event.time,
                names[event.service],
                level,
                signature,
                texts.text[place],
                texts.vectors[place],
                tuple(texts.severity[place].tolist()),
                tuple(texts.category[place].tolist()),
            )
        )
        places.append(place)
    health = incident.course.health
    failing = (health == FAILING) | (health == FAILED)  # (S, n)
    return Stream(
        tuple(steps),
        np.array(places, dtype=np.int64),
        _begins(failing, names),
        incident.faults,
        failing.any(axis=1),
        (health == RECOVERING).any(axis=1),
        np.array([step.time for step in steps]),
    )


def _begins(failing: NDArray[np.bool_], names: Sequence[str]) -> tuple[tuple[float, str], ...]:
    pause = round(HORIZON * _MINUTE / SECONDS)
    found = []
    for service in np.flatnonzero(failing.any(axis=0)).tolist():
        times = np.flatnonzero(failing[:, service])
        first = np.r_[True, np.diff(times) > pause]
        found += [(float(time * SECONDS), names[service]) for time in times[first]]
    return tuple(sorted(found))


def corpus_texts(settings: Settings, encoder: Encoder, progress: Callable[[str], None]) -> tuple[list[Template], Texts]:
    """The corpus and what encoder and reader say of it, from the cache where they were asked before."""
    reading = ReadingService(SAMPLE_DATA / "corpus", encoder, settings.cache_dir, SAMPLE_DATA / "non_errors.jsonl")
    templates = reading.templates
    shown = [prepared(start + render(template.text, 0)) for start in ("", _CALL) for template in templates]
    key = hashlib.blake2b("\0".join([encoder.version, reading.version, *shown]).encode(), digest_size=8).hexdigest()
    file = settings.cache_dir / f"cascade-texts-{key}.npz"
    arrays = _cached(file)
    if arrays is None:
        progress(f"embedding and reading {len(shown)} texts")
        head = reading.asks_head
        if head is not None and isinstance(encoder, TokenEncoder):
            vectors, outputs = encoder.encode_tokens(shown, head)
        else:
            vectors, outputs = encoder.encode(shown), None
        read = reading.read(vectors, shown, outputs)
        arrays = {"vectors": vectors.astype(np.float32),
                  "severity": np.array([each.severity_probabilities for each in read], dtype=np.float32),
                  "category": np.array([each.category_probabilities for each in read], dtype=np.float32)}  # fmt: skip
        saved = arrays
        atomic_write(file, lambda stream: np.savez(stream, **saved))  # type: ignore[arg-type]
    place = {template.id: number for number, template in enumerate(templates)}
    return templates, Texts(place, tuple(shown), arrays["vectors"], arrays["severity"], arrays["category"])


def _cached(file: Path) -> dict[str, Floats] | None:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {"vectors": arrays["vectors"], "severity": arrays["severity"], "category": arrays["category"]}
    except (OSError, ValueError, KeyError, BadZipFile):
        return None
