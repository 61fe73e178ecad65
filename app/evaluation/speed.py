"""Task `speed`: milliseconds, lines a second and megabytes of the product, with its rivals in the same run.

The methods take turns, round by round, so that a busy machine slows all alike. A time is the median over
rounds or texts, with its bootstrap interval, and `<name>_best` the best.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from app.domain import InvalidInput, Unavailable
from app.evaluation.data import read_rows, texts_of
from app.evaluation.group import by_drain
from app.evaluation.product import Parts, load_encoder, product
from app.evaluation.report import Interval, Metrics, Report, Request
from app.services.analysis import MAX_CHARACTERS
from app.services.embeddings import EmbeddingsService
from app.services.reading import prepared
from app.settings import ROOT
from models.vectors.encoder import MAX_TOKENS, TorchEncoder
from models.vectors.weights import resolve

#: Rows of the file that are looked at (all of them for the amortised time); distinct texts that are embedded, analysed
#: and held against the reference.
ROWS, EMBEDDED, ANALYSED, COMPARED = 20_000, 300, 200, 500
#: Rounds of embedding, calls a round with one text each, texts embedded at once, ingests and starts.
ROUNDS, CALLS, BATCH, INGESTS, STARTS = 5, 20, 2_000, 3, 3
LENGTHS: Final = (16, 128)
#: As the product's own process sets it; all methods are timed under it.
GARBAGE: Final = (50_000, 20, 20)
DRAWS: Final = 1000

Encode = Callable[[Sequence[str]], Any]

#: Run in a fresh process: the first answer, then the seconds of the rest and the most memory held. Linux counts KiB; `getrusage`
#: would carry over what this process held when it started the other.
_START: Final = """
import json, re, sys, time
from app.bootstrap import build
from app.settings import Settings
parts = build(Settings())
texts = json.load(sys.stdin)
first = parts.analysis.analyse(texts[0]).examined.reading.severity
start = time.perf_counter()
for text in texts[1:]:
    parts.analysis.analyse(text)
rest = time.perf_counter() - start
parts.close()
held = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(json.dumps([first, rest, int(held[1]) / 1024]))
"""


def measure(request: Request) -> Report:
    whole = [text for text in texts_of(read_rows(request.data)) if text.strip()]
    texts = whole[:ROWS]
    if not texts:
        raise InvalidInput(f"{request.data.name} has no text in it")
    distinct = _shuffled(list(dict.fromkeys(texts)), request.seed)
    gc.set_threshold(*GARBAGE)
    fresh = _fresh_process(request, distinct[:ANALYSED])
    with product(request) as parts:
        parts.reading.prepare()
        encoders = _encoders(parts, request)
        rates = _embedding(encoders, distinct[:EMBEDDED], request.seed)
        ours = {**rates.pop("product"), **_analysis(parts, distinct[:ANALYSED], request.seed),
                **_amortised(parts, whole, {name: rival["embed_per_second"] for name, rival in rates.items()})}
        version = parts.embeddings.version
    lines, drain = _ingesting(request, texts)
    metrics = {**ours, "ingest_lines_per_second": lines, **_cosines(request, encoders["product"], distinct[:COMPARED]), **fresh}
    baselines = {**rates, "drain3": {"ingest_lines_per_second": drain}}
    return Report(len(texts), version, metrics, baselines, _notes(request, len(texts), len(distinct)))


def _notes(request: Request, texts: int, distinct: int) -> tuple[str, ...]:
    notes = (f"{texts} texts, {distinct} distinct; {os.cpu_count()} cores; {ROUNDS} rounds, the methods in turn",
             "a time is a median, *_best the best; embed_ms_*: one text a call; embed_per_second: a list of distinct texts",
             "amortised: all rows of the file; what another encoder takes for them is its median rate over the distinct texts",
             "ingest parses, groups, embeds, classifies and stores; drain3 only groups")
    return (*notes, "an encoder was given: no fresh process, no reference") if request.encoder else notes


def _encoders(parts: Parts, request: Request) -> dict[str, Encode]:
    """What is timed: the product's encoder, the same in fp32, and sentence-transformers on the same weights."""
    if request.encoder:
        return {"product": request.encoder.encode}
    fp32 = load_encoder(request.settings, "fp32")
    return {"product": parts.encoder.encode, "onnx_fp32": fp32.encode,
            "sentence_transformers": _sentence_transformers(resolve(request.settings.encoder).folder)}


def _sentence_transformers(folder: Path) -> Encode:
    """The package itself with its own batching; texts are cut where ours are."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    model.max_seq_length = MAX_TOKENS
    return lambda texts: model.encode(list(texts), show_progress_bar=False)


def _embedding(encoders: dict[str, Encode], texts: Sequence[str], seed: int) -> dict[str, dict[str, Interval]]:
    """Milliseconds for a text of 16 and of 128 tokens, and distinct texts a second, of every encoder.

    `embed_times_<name>` of the product: how many times as fast it is as another, the median over rounds.
    """
    times = {name: _Times() for name in encoders}
    inputs = {f"embed_ms_{length}_tokens": [_of_length(length)] for length in LENGTHS}
    seen = [prepared(text) for text in texts]
    for encode in encoders.values():
        encode([text for one in inputs.values() for text in one])  # warm
    for _ in range(ROUNDS):
        for name, encode in encoders.items():
            for metric, one in inputs.items():
                times[name].milliseconds[metric] += [1000 * _seconds(partial(encode, one)) for _ in range(CALLS)]
            times[name].rates["embed_per_second"].append(len(seen) / _seconds(partial(encode, seen)))
    found = {name: of_encoder.metrics(seed) for name, of_encoder in times.items()}
    for name in encoders.keys() - {"product"}:  # paired: what slows one round slows both
        pairs = zip(times["product"].rates["embed_per_second"], times[name].rates["embed_per_second"], strict=True)
        found["product"][f"embed_times_{name}"] = quantile([ours / theirs for ours, theirs in pairs], 50, seed)
    return found


@dataclass(slots=True)
class _Times:
    """Measurements by metric: fewer milliseconds are better, more a second are."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def metrics(self, seed: int) -> dict[str, Interval]:
        found = {name: quantile(values, 50, seed) for name, values in (self.milliseconds | self.rates).items()}
        found |= {f"{name}_best": Interval(min(values)) for name, values in self.milliseconds.items()}
        return found | {f"{name}_best": Interval(max(values)) for name, values in self.rates.items()}


def quantile(values: Sequence[float], percent: float, seed: int) -> Interval:
    """A percentile of measurements with its 95 % bootstrap interval."""
    array = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).choice(array, (DRAWS, len(array)))
    low, high = np.percentile(np.percentile(drawn, percent, axis=1), [2.5, 97.5])
    return Interval(float(np.percentile(array, percent)), float(low), float(high))


def _of_length(tokens: int) -> str:
    """A text of that many tokens, [CLS] and [SEP] included, of words that are one token each."""
    words = ("connection", "failed", "to", "the", "database", "server", "after", "time")
    return " ".join(words[i % len(words)] for i in range(tokens - 2))


def _analysis(parts: Parts, texts: Sequence[str], seed: int) -> Metrics:
    """Milliseconds of a whole analysis of a text that is new: parse, embed, read, compare, suggest."""
    parts.analysis.analyse("warm up: the first analysis loads what the others use")
    times = [1000 * _seconds(partial(parts.analysis.analyse, text)) for text in texts if len(text) <= MAX_CHARACTERS]
    return {"analyse_ms_p50": quantile(times, 50, seed), "analyse_ms_p99": quantile(times, 99, seed),
            "analyse_ms_best": Interval(min(times))}


def _amortised(parts: Parts, texts: Sequence[str], rivals: dict[str, Interval]) -> Metrics:
    """Milliseconds a text, normalising included, when the whole file goes through an empty cache.

    `amortised_times_<name>`: how many times as fast that is as another encoder, at its median rate over distinct texts.
    """
    embeddings = EmbeddingsService(parts.encoder, parts.search)

    def run() -> None:
        for start in range(0, len(texts), BATCH):
            embeddings.get_embeddings([prepared(text) for text in texts[start : start + BATCH]])

    seconds = _seconds(run)
    times = {f"amortised_times_{name}": Interval(len(texts) / seconds / rate.value) for name, rate in rivals.items()}
    return {"amortised_ms": Interval(1000 * seconds / len(texts)), **times}


def _ingesting(request: Request, texts: Sequence[str]) -> tuple[Interval, Interval]:
    """Lines a second with everything stored in an empty store, and of Drain grouping alone; slowest and fastest as bounds."""
    ours, drain = [], []
    whole, lines = "\n".join(texts), sum(text.count("\n") + 1 for text in texts)
    for _ in range(INGESTS):
        with product(request) as parts:
            parts.analysis.analyse("warm up: the models are loaded before the clock starts")
            ours.append(lines / _seconds(lambda: parts.ingest.text(whole, actor="evaluation")))
        drain.append(lines / _seconds(partial(by_drain, whole.split("\n"))))
    return (Interval(median(ours), min(ours), max(ours)), Interval(median(drain), min(drain), max(drain)))


def _cosines(request: Request, encode: Encode, texts: Sequence[str]) -> Metrics:
    """How near the product's vectors are to those of the torch reference in fp32."""
    if request.encoder:
        return {}
    seen = [prepared(text) for text in texts]
    cosine = (encode(seen) * TorchEncoder(resolve(request.settings.encoder)).encode(seen)).sum(axis=1)
    return {"cosine_to_reference_median": quantile(cosine.tolist(), 50, request.seed),
            "cosine_to_reference_min": Interval(float(cosine.min()))}


def _fresh_process(request: Request, texts: Sequence[str]) -> Metrics:
    """Seconds from a fresh interpreter to the first answer, and its memory after `texts`; caches are filled before."""
    if request.encoder:
        return {}
    seconds, megabytes = zip(*(_start(request, texts) for _ in range(STARTS + 1)), strict=True)
    warm = seconds[1:]  # the first may have had to export the encoder
    return {"start_seconds": Interval(median(warm), min(warm), max(warm)), "peak_mb": Interval(max(megabytes))}


def _start(request: Request, texts: Sequence[str]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="stacklens-start-") as folder:
        settings = request.settings.model_copy(update={"data_dir": Path(folder), "database_url": ""})
        chosen = {f"STACKLENS_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", _START], input=json.dumps(list(texts)), env={**os.environ, **chosen},  # noqa: S603
                              cwd=ROOT, capture_output=True, text=True, check=False)
        took = time.perf_counter() - start
    if done.returncode:
        raise Unavailable(f"a fresh process cannot start: {done.stderr.strip().splitlines()[-1:]}")
    _, rest, megabytes = json.loads(done.stdout)
    return took - rest, megabytes


def _shuffled(texts: list[str], seed: int) -> list[str]:
    return [texts[i] for i in np.random.default_rng(seed).permutation(len(texts))]


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return max(time.perf_counter() - start, 1e-9)
