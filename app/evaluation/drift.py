"""Task `drift`: how often is an alarm false where nothing moved, and seen where a tenth of a window is of another kind?

Within one system at a time (PATH: rows with text; `system` where there is one), distinct texts, shuffled: each null window and its
fresh reference are drawn without overlap, WINDOW rows each, or half of what a smaller system has. For the power, a tenth of the
window's rows is replaced by rows of PATH2. Every method sees the same windows; alarms at a nominal 1 %.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.evaluation import metrics as m
from app.evaluation.data import by_system, read_rows, texts_of
from app.evaluation.product import product
from app.evaluation.report import Metrics, Report, Request
from app.services.reading import prepared
from models.learn.drift import LEVEL, Shift, domain_classifier, embedding_shift, ks_components

WINDOW: Final = 500
#: Null windows in all for the product and for each rival, and contaminated ones.
NULL, NULL_RIVALS, CONTAMINATED = 5_000, 1_000, 600
CONTAMINATION: Final = 0.1
#: Smaller systems say nothing.
FEWEST: Final = 200

Floats = NDArray[np.float32]
Test = Callable[[Floats, Floats], Shift]


def measure(request: Request) -> Report:
    if request.data2 is None:
        raise InvalidInput("--data2 names rows of another kind, of which a tenth of a window is made")
    by_name = by_system(read_rows(request.data)).items()
    systems = {name: list(dict.fromkeys(filter(None, texts_of(part)))) for name, part in by_name}
    systems = {name: texts for name, texts in systems.items() if len(texts) >= FEWEST}
    others = list(dict.fromkeys(filter(None, texts_of(read_rows(request.data2)))))[: 4 * WINDOW]
    if not systems or len(others) < WINDOW * CONTAMINATION:
        raise InvalidInput(f"needs at least {FEWEST} distinct texts of one system and {WINDOW * CONTAMINATION:.0f} of another kind")
    with product(request) as parts:
        vectors = {name: parts.embeddings.get_embeddings([prepared(text) for text in texts]) for name, texts in systems.items()}
        foreign = parts.embeddings.get_embeddings([prepared(text) for text in others])
        version = parts.embeddings.version
    rng = np.random.default_rng(request.seed)
    tests: dict[str, Test] = {
        "product": lambda reference, window: embedding_shift(reference, window, rng),
        "ks_pca": ks_components,
        "domain_classifier": domain_classifier,
    }
    results = {
        name: _metrics(test, vectors, foreign, NULL if name == "product" else NULL_RIVALS, request.seed)
        for name, test in tests.items()
    }
    sizes = ", ".join(f"{name} {min(WINDOW, len(rows) // 2)}" for name, rows in vectors.items())
    notes = (
        f"rows a window: {sizes}; {NULL} null windows ({NULL_RIVALS} for the rivals) and {CONTAMINATED} contaminated ones, spread "
        f"evenly over {len(vectors)} systems",
        "product: MMD with a permutation test on principal components; nominal level 1 %",
    )
    return Report(NULL, version, results.pop("product"), results, notes)


def _metrics(test: Test, systems: dict[str, Floats], foreign: Floats, null: int, seed: int) -> Metrics:
    rng = np.random.default_rng((seed, 1))
    false, seen, milliseconds = [], [], []
    large_seen = []
    for rows in systems.values():
        size = min(WINDOW, len(rows) // 2)
        for reference, window in _windows(rows, size, -(-null // len(systems)), rng):
            start = time.perf_counter()
            false.append(test(reference, window).p_value <= LEVEL)
            milliseconds.append(1000 * (time.perf_counter() - start))
        for reference, window in _windows(rows, size, -(-CONTAMINATED // len(systems)), rng):
            mixed = window.copy()
            replaced = round(CONTAMINATION * size)
            mixed[:replaced] = foreign[rng.choice(len(foreign), replaced, replace=False)]
            seen.append(test(reference, mixed).p_value <= LEVEL)
            if size == WINDOW:
                large_seen.append(seen[-1])
    return {
        "false_alarm_rate": m.bootstrap(m.mean(false), len(false), seed=seed),
        "power_at_10_percent": m.bootstrap(m.mean(large_seen or seen), len(large_seen or seen), seed=seed),
        "power_all_sizes": m.bootstrap(m.mean(seen), len(seen), seed=seed),
        "ms_per_window": m.bootstrap(m.mean(milliseconds), len(milliseconds), seed=seed),
    }


def _windows(rows: Floats, size: int, number: int, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
    for _ in range(number):
        drawn = rng.permutation(len(rows))[: 2 * size]
        yield rows[drawn[:size]], rows[drawn[size:]]
