"""`stacklens train graph`: SystemGraphGNN on simulated incidents, and how it is mixed with rules for the root cause.

Every incident has a topology and a fault of its own. The validation systems say when to stop and how to mix; figures are of
test systems that were used for neither. Nothing of the sample incident is in it: its topology is drawn by hand, and its seed
is in none of the ranges.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from app.services.files import atomic_write
from app.services.service_graph import PRETRAINED
from app.settings import SAMPLE_DATA, Settings
from models.analyse import graph_sums as sums
from models.analyse.graph_rules import RULES, VIEWS, VOTE, place, view, weighed
from models.corpus import read_corpus
from models.learn.graph_examples import examples
from models.learn.graph_shift import shifted
from models.learn.graph_truth import Example
from models.simulate.shop_incident import SAMPLE_SEED

if TYPE_CHECKING:
    from models.nets.system_graph_gnn import SystemGraphGNN

#: First seeds of the parts; a million times the seed of the training is added.
PARTS: Final = {"train": 100_000, "validation": 200_000, "test": 300_000}
#: Incidents of each part, three windows each.
INCIDENTS: Final = {"train": 1200, "validation": 280, "test": 150}
#: Weights tried for each rule beside the net's log probability.
WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
#: CPU seconds that the descent may take.
SECONDS: Final = 600.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Who is suspected in one window: (n,) log probabilities of the net, ranks by each rule; the truth; `view` of VIEWS."""

    net: Floats
    ranks: dict[str, Floats]
    root: int
    view: str


def train(
    settings: Settings,
    seed: int,
    data: Path | None,
    progress: Callable[[str], None],
    folder: Path = PRETRAINED,
    *,
    incidents: dict[str, int] = INCIDENTS,
    epochs: int = 9,
) -> dict[str, Any]:
    """Trains, mixes on the validation systems, measures on the test systems, writes weights and card; what the card says."""
    from models.learn.graph_training import item, teach

    began = time.process_time()
    parts: dict[str, list[Example]] = {}
    for name, size in incidents.items():
        progress(f"simulating {size} incidents for {name}")
        parts[name] = simulated(name, size, seed, data, worn=True)
    checkpoint = settings.cache_dir / "graph" / "checkpoint.safetensors"
    taught = teach(
        [item(each) for each in parts["train"]], [item(each) for each in parts["validation"]], seed=seed, epochs=epochs,
        seconds=SECONDS, progress=progress, checkpoint=lambda net: _write(checkpoint, _blob(net)),
    )  # fmt: skip
    chosen = mixtures(taught.net, parts["validation"])
    blob = _blob(taught.net)
    card = {
        "name": "graph", "date": datetime.now(UTC).date().isoformat(), "seed": seed,
        "data": f"{len(parts['train'])} windows of {incidents['train']} simulated incidents (models/simulate), each on a "
        "topology of its own of 5 to 50 services, three in four worn as models/learn/graph_examples.py says",
        "split": f"{incidents['validation']} other incidents say when to stop and, as they are and shifted as "
        f"models/learn/graph_shift.py says, how to mix; {incidents['test']} are the test",
        "epochs": taught.best_epoch + 1, "validation_losses": [round(value, 4) for value in taught.losses],
        "cpu_seconds": round(time.process_time() - began), "mixture": chosen,
        "mixture_means": "by what a window holds: weight of the net's log probability + weight of each rank in the system",
        "metrics": figures(taught.net, parts["test"], chosen), "sha256": hashlib.sha256(blob).hexdigest(),
    }  # fmt: skip
    _write(folder / "model.safetensors", blob)
    _write(folder / "card.json", (json.dumps(card, indent=1) + "\n").encode())
    return card


def simulated(part: str, size: int, seed: int, data: Path | None, *, worn: bool) -> list[Example]:
    """The windows of a part; the sample incident's seed is left out of every part."""
    first = PARTS[part] + 1_000_000 * seed
    seeds = [each for each in range(first, first + size) if each != SAMPLE_SEED]
    corpus = read_corpus(sorted((data or SAMPLE_DATA / "corpus").glob("*.jsonl")))
    return list(examples(seeds, corpus, worn=worn))


def suspect(net: "SystemGraphGNN", example: Example) -> Suspicion | None:
    """None for a window without a cause, and for one in which nothing stands out: there the product names nobody."""
    from models.analyse.graph_features import features
    from models.nets.system_graph_gnn import read

    if example.truth.root < 0:
        return None
    nodes, calls, found = features(example.graph, example.signals)
    if not found.abnormal.any():
        return None
    root = read(net, nodes, example.graph.edges, calls).root
    ranks = {name: sums.rank(rule(example.graph, found)) for name, rule in RULES.items()} | {"gnn": sums.rank(root)}
    return Suspicion(np.log(np.maximum(root, 1e-12)), ranks, example.truth.root, view(example.signals))


def mixtures(net: "SystemGraphGNN", validation: Sequence[Example]) -> dict[str, dict[str, float]]:
    """The weights of each view: chosen on the validation windows, as they are and in a stranger's system, or a vote.

    Where metrics or alerts are read, the net and three rules have one vote each. The simulator, shifted or not, would take
    the net alone; systems with injected faults showed that its lead there does not carry over to measured metrics.
    """
    windows = [*validation, *(shifted(each, seed) for seed, each in enumerate(validation))]
    suspicions = [suspicion for each in windows if (suspicion := suspect(net, each))]
    return {
        name: mixture([each for each in suspicions if each.view == name]) if name == "logs" else dict(VOTE)
        for name in VIEWS
    }


def places(windows: Sequence[Suspicion], weights: dict[str, float]) -> Floats:
    """(windows,) the place of the cause in each."""
    return np.array([place(weighed(each.net, each.ranks, weights), each.root) for each in windows])


def mixture(windows: Sequence[Suspicion]) -> dict[str, float]:
    """The weights with the best mean reciprocal rank, found one after the other from the net alone; gains under 0.01 are none."""
    weights = {"net": 1.0}
    best = float((1 / places(windows, weights)).mean()) if windows else 0.0
    for name in (*RULES, "net", *RULES):
        for weight in WEIGHTS if name != "net" else (0.25, 0.5, 0.75, 1.5):
            tried = weights | {name: weight}
            value = float((1 / places(windows, tried)).mean()) if windows else 0.0
            if value > best + 0.01:
                weights, best = tried, value
    return {name: weight for name, weight in weights.items() if weight}


def figures(
    net: "SystemGraphGNN", test: Sequence[Example], weights: dict[str, dict[str, float]]
) -> dict[str, dict[str, float]]:
    """Of the test windows with a cause, as they are and shifted: `shares` by each way to rank."""
    strange = [shifted(each, seed) for seed, each in enumerate(test)]
    return {
        name: shares([suspicion for each in windows if (suspicion := suspect(net, each))], weights)
        for name, windows in (("worn", test), ("shifted", strange))
    }  # fmt: skip


def shares(windows: Sequence[Suspicion], weights: dict[str, dict[str, float]]) -> dict[str, float]:
    """Shares of the windows whose cause comes first, or among three, by each way to rank."""
    found: dict[str, float] = {"windows": len(windows)}
    ranked = {
        "product": np.array([places([each], weights[each.view])[0] for each in windows]),
        "gnn": places(windows, {"net": 1.0}),
    }
    ranked |= {name: np.array([place(each.ranks[name], each.root) for each in windows]) for name in RULES}
    for name, at in ranked.items():
        found |= {
            f"top1_{name}": round(float((at < 1.25).mean()), 4),
            f"top3_{name}": round(float((at <= 3).mean()), 4),
        }
    return found


def _blob(net: "SystemGraphGNN") -> bytes:
    """float16: half the bytes, and the answers differ by less than the noise of one seed."""
    from safetensors.numpy import save

    return save({name: value.detach().numpy().astype(np.float16) for name, value in net.state_dict().items()})


def _write(file: Path, blob: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(file, lambda stream: stream.write(blob))
