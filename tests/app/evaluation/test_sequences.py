"""Task `sequences`: twins stay together, items are distinct and new, the mixture finds its best part; a report of our own."""

import csv
import json

import numpy as np
import pytest

from app.domain import InvalidInput
from app.evaluation import evaluate, sequences
from models.learn import next_event
from models.vectors.hashing import HashingEncoder


def write(file, names, rows):
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([names, *rows])
    return file


@pytest.fixture
def data(tmp_path):
    """Sessions with a rule: after E1 E2 comes E3, after E4 E2 comes E5; between them noise of E6 to E9."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(60):
        events = []
        for _ in range(int(rng.integers(3, 7))):
            events += [*["E1 E2 E3", "E4 E2 E5"][int(rng.integers(2))].split(), f"E{rng.integers(6, 10)}"]
        rows.append([f"s{number}", "normal", " ".join(events)])
    rows.append(["twin", "anomaly", rows[0][2]])
    write(tmp_path / "shop_templates.csv", ["event_id", "template"], [[f"E{i}", f"step {i}"] for i in range(1, 11)])
    return write(tmp_path / "shop_sessions.csv", ["session_id", "label", "events"], rows)


def test_items_are_distinct_new_and_end_with_the_end():
    items = sequences.distinct([(1, 2, 0), (1, 2, 0), (3, 2, 0)])
    assert items.items == (((), 1), ((1,), 2), ((1, 2), 0), ((), 3), ((3,), 2), ((3, 2), 0))
    assert items.unit.tolist() == [0, 0, 0, 1, 1, 1]
    rest = sequences.distinct([(1, 2, 0), (1, 4, 0)], known=set(items.items))
    assert rest.items == (((1,), 4), ((1, 4), 0))
    long = sequences.distinct([tuple(range(1, 15))])
    assert max(len(context) for context in long.contexts) == 10


def test_the_mixture_leans_on_the_part_that_knows():
    rng = np.random.default_rng(0)
    good, bad = rng.uniform(0.4, 0.9, 500), rng.uniform(0.0, 0.1, 500)
    weights = sequences.mixture([bad, good])
    assert weights.sum() == pytest.approx(1) and weights[1] > 0.98


def test_the_report_has_every_rival_and_the_blend_is_better_than_what_is_common(data, settings, monkeypatch):
    monkeypatch.setattr(next_event, "EPOCHS", 2)
    report = evaluate("sequences", data, settings=settings, encoder=HashingEncoder())
    json.dumps(report, allow_nan=False)
    rivals = report["baselines"]
    assert {"most_common", "error_flow_lstm", *(f"markov_{order}" for order in range(1, 6))} <= set(rivals)
    for metrics in (report["metrics"], *rivals.values()):
        assert set(metrics) == {"top1", "top5", "bits_per_event"}
        assert all(value["low"] <= value["value"] <= value["high"] for value in metrics.values())
    bits = {name: metrics["bits_per_event"]["value"] for name, metrics in rivals.items()}
    assert report["metrics"]["bits_per_event"]["value"] < bits["most_common"] - 0.5
    assert bits["markov_2"] < bits["markov_1"] < bits["most_common"]


def test_data_without_sessions_is_refused(tmp_path, settings):
    write(tmp_path / "shop_templates.csv", ["event_id", "template"], [["E1", "x"]])
    file = write(tmp_path / "shop_sessions.csv", ["name", "events"], [["a", "E1"]])
    with pytest.raises(InvalidInput, match="session_id"):
        evaluate("sequences", file, settings=settings)
