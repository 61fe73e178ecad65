"""Task `anomaly`: the split, the joining, metrics by hand, and the report over sessions of our own."""

import csv
import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from app.domain import InvalidInput
from app.evaluation import anomaly, evaluate, ranking
from app.evaluation.report import Request
from models.analyse import sessions
from models.vectors.hashing import HashingEncoder


def write(file, names, rows):
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([names, *rows])
    return file


@pytest.fixture
def data(tmp_path):
    """60 normal sessions of a shop, 12 with an event that no normal one has; and three rows of another edition."""
    rng = np.random.default_rng(0)
    rows = [[f"n{i}", "normal", " ".join(["E1", *["E2"] * rng.integers(1, 4), "E3"]), "new"] for i in range(60)]
    rows += [[f"a{i}", "anomaly", "E1 E9 E9 E9", "new"] for i in range(12)]
    rows += [[f"o{i}", "normal", "E1 E9", "old"] for i in range(3)]
    write(tmp_path / "shop_templates.csv", ["event_id", "template"], [[f"E{i}", f"step {i} of <*>"] for i in range(10)])
    return write(tmp_path / "shop_sessions.csv", ["session_id", "label", "events", "edition"], rows)


def run(data, settings, **more):
    return evaluate("anomaly", data, settings=settings, encoder=HashingEncoder(), seeds=2, **more)


def test_the_report_has_every_rival_and_metric(data, settings, monkeypatch):
    monkeypatch.setattr(sessions, "EPOCHS", 4)
    report = run(data, settings, edition="new")
    json.dumps(report, allow_nan=False)
    assert report["n"] == 72
    assert set(report["baselines"]) == {
        "new_event", "length", "new_event_or_length", "knn", "isolation_forest", "vae", "always"}  # fmt: skip
    for metrics in (report["metrics"], *report["baselines"].values()):
        assert {"f1", "auroc", "auprc", "f1_distinct"} <= set(metrics)
        assert all(value["low"] <= value["value"] <= value["high"] for value in metrics.values())
    assert report["metrics"]["auroc"]["value"] == 1
    assert report["metrics"]["f1"]["value"] > 0.9
    assert report["baselines"]["always"]["f1"]["value"] == pytest.approx(2 * 12 / (12 + 42), abs=1e-4)


def test_an_edition_that_is_not_there_is_refused(data, settings):
    with pytest.raises(InvalidInput, match="edition"):
        run(data, settings, edition="missing")


def request(data, settings, **more):
    return Request(data=data, settings=settings, encoder=HashingEncoder(), **more)


def test_training_is_half_of_few_normals_and_leaves_them_out_of_the_test(data, settings):
    table = anomaly.read_table(request(data, settings, edition="new"))
    train, rest = anomaly.split(table, 0)
    assert len(train) == 30
    assert rest.sum() == 72 - 30
    assert rest[table.anomaly].sum() == 12
    assert (rest >= 0).all()
    assert not np.array_equal(train, anomaly.split(table, 1)[0])


@pytest.mark.parametrize(("normals", "size"), [(99, 49), (100, 50), (7000, 70)])
def test_the_size_of_the_training(normals, size, tmp_path, settings):
    write(tmp_path / "x_templates.csv", ["event_id", "template"], [["E1", "one"], ["E2", "two"]])
    rows = [[i, "normal", "E1 E1" if i % 2 else "E1"] for i in range(normals)] + [[-1, "anomaly", "E2"]]
    table = anomaly.read_table(request(write(tmp_path / "x_sessions.csv", ["session_id", "label", "events"], rows), settings))
    assert len(anomaly.split(table, 0)[0]) == size


def test_containers_are_joined_per_application(tmp_path, settings):
    write(tmp_path / "x_templates.csv", ["event_id", "template"], [["E1", "one"], ["E2", "two"]])
    rows = [[f"app{i}", f"c{j}", "normal" if i else "disk_full", f"E{j}"] for i in range(5) for j in (1, 2)]
    file = write(tmp_path / "x_container_sessions.csv", ["application_id", "container_id", "label", "events"], rows)
    table = anomaly.read_table(request(file, settings))
    assert table.sessions == 5
    assert np.exp(table.data.lengths).tolist() == [2]  # all five are "E1 E2"
    assert table.majority.tolist() == [False]


def test_metrics_equal_those_of_scikit_learn_ties_and_weights_included():
    rng = np.random.default_rng(0)
    truth, scores = rng.random(80) < 0.4, rng.integers(0, 6, 80).astype(float)
    weights = rng.integers(0, 4, (3, 80)).astype(float)
    for ours, theirs in ((ranking.auroc, roc_auc_score), (ranking.auprc, average_precision_score)):
        assert ours(truth, scores)(weights) == pytest.approx([theirs(truth, scores, sample_weight=w) for w in weights])
    called = scores > 2
    assert ranking.f1(truth, called)(weights) == pytest.approx([f1_score(truth, called, sample_weight=w) for w in weights])
