"""`train graph` on a handful of incidents: what it writes can be loaded, its parts are apart, the mixture takes what helps."""

import json

import numpy as np

from app.jobs import train_graph
from app.jobs.train_graph import INCIDENTS, PARTS, Suspicion, mixture, places
from models.analyse.graph_rules import RULES, VIEWS, place
from models.analyse.service_graph import load_reader
from models.simulate.shop_incident import SAMPLE_SEED
from tests.graph_windows import database_fails, graph


def test_weights_and_card_are_written_and_read(tmp_path, settings):
    sizes = {"train": 4, "validation": 2, "test": 2}
    said = train_graph.train(settings, 0, None, lambda _: None, tmp_path / "graph", incidents=sizes, epochs=2)
    card = json.loads((tmp_path / "graph" / "card.json").read_text())
    assert card == json.loads(json.dumps(said)) and set(card["mixture"]) == set(VIEWS)
    reader = load_reader(tmp_path / "graph")
    reading = reader.read(graph(), database_fails())
    assert reader.version == f"graph@{card['sha256'][:8]}"
    assert np.allclose(reading.health.sum(axis=1), 1) and len(reading.causes) == 5
    assert (settings.cache_dir / "graph" / "checkpoint.safetensors").exists()


def test_the_parts_never_share_a_seed_nor_take_the_sample_incidents():
    ranges = {name: range(first, first + INCIDENTS[name]) for name, first in PARTS.items()}
    seeds = [seed for each in ranges.values() for seed in each]
    assert len(seeds) == len(set(seeds)) and SAMPLE_SEED not in seeds


def test_the_mixture_takes_a_rule_that_ranks_better_and_no_other():
    rng = np.random.default_rng(0)
    windows = []
    for _ in range(40):
        rules = {name: rng.random(8) for name in RULES}
        root = int(rng.integers(8))
        rules["most_named"] = (np.arange(8) == root).astype(float)
        windows.append(Suspicion(np.log(rng.dirichlet(np.ones(8))), rules, root, "logs"))
    chosen = mixture(windows)
    assert chosen["most_named"] > 0
    assert (1 / places(windows, chosen)).mean() > (1 / places(windows, {"net": 1.0})).mean() + 0.3
    assert place(np.array([2.0, 2.0, 1.0]), 0) == 1.5
