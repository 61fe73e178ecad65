"""Task `graph`: systems of our own in the files' format, and the simulator."""

import csv
import gzip
import json

import numpy as np
import pytest

from app.domain import InvalidInput
from app.evaluation import evaluate
from app.evaluation.service_graphs import read_cases
from models.analyse.graph_rules import place

SERVICES = ("front", "orders", "stock", "users")


def table(file, names, rows):
    with gzip.open(file, "wt", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([names, *rows])


@pytest.fixture
def data(tmp_path):
    """Two incidents of `stock`, whose latency and processor rise; and one of instances, as alerts."""
    folder = tmp_path / "shop"
    folder.mkdir()
    rng = np.random.default_rng(0)
    table(
        folder / "services.csv.gz",
        ["service", "kind"],
        [["entry", "virtual"], *[[name, "service"] for name in SERVICES]],
    )
    table(folder / "edges.csv.gz", ["source", "target"], [["front", "orders"], ["orders", "stock"], ["front", "users"]])
    table(folder / "incidents.csv.gz", ["incident", "system", "root_cause_service", "fault_type", "start", "end"],
          [["one", "shop", "stock", "delay", 6000, 6300], ["two", "shop", "stock", "delay", 9000, 9300]])  # fmt: skip
    rows = []
    for incident, start, minutes in (("normal-shop", 0, 60), ("one", 6000, 7), ("two", 9000, 7)):
        for minute in range(minutes):
            for name in SERVICES:
                bad = 5.0 if name == "stock" and incident != "normal-shop" else 1.0
                at = start + 60 * minute
                rows += [[incident, at, name, "cpu_pct", 20 * bad ** 0.5 + rng.normal()],
                         [incident, at, name, "server_p90_s", 0.1 * bad + 0.01 * rng.normal()],
                         [incident, at, name, "success_pct", 100 if bad == 1 else 70]]  # fmt: skip
    table(folder / "series.csv.gz", ["incident", "timestamp", "service", "metric", "value"], rows)
    alert = {"incident": "three", "system": "pods", "root_cause_service": "db", "nodes": ["db-0", "db-1", "web-0"],
             "edges": [["web-0", "db-0"], ["web-0", "db-1"]],
             "metric_alerts": [{"node": "db-0", "metric": "cpu", "direction": "up"}],
             "log_alerts": [{"node": "db-0", "template": "3"}],
             "edge_alerts": [{"source": "web-0", "target": "db-0", "operation": "get", "kind": "500"},
                             {"source": "-1", "target": "web-0", "operation": "get", "kind": "PD"}]}  # fmt: skip
    with gzip.open(tmp_path / "alerts.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.write(json.dumps(alert) + "\n")
    table(tmp_path / "alerts_services.csv.gz", ["system", "instance", "service"],
          [["pods", "db-0", "db"], ["pods", "db-1", "db"], ["pods", "web-0", "web"]])  # fmt: skip
    return tmp_path


def test_files_become_windows(data):
    one, _, three = read_cases(data)
    assert one.services == SERVICES and one.services[one.root] == "stock"
    assert one.signals.metrics.shape == (7, 4, 5)
    assert one.signals.metrics[3, 2, 1] == pytest.approx(0.3) and one.signals.usual_metrics[0, 2, 1] == pytest.approx(0)
    assert one.signals.metrics[:, 2, 3].mean() == pytest.approx(0.2 * 5**0.5, abs=0.02)
    assert np.isnan(one.signals.metrics[:, :, 0]).all() and one.raw.shape == (7, 4, 3)
    assert three.signals.counts[0].tolist() == [[0, 1, 1, 0], [0, 0, 0, 0], [0, 2, 0, 0]]
    assert three.signals.blames.tolist() == [[2, 0, 1]] and three.services[three.root] == "db"


def test_the_report_has_every_rival_and_the_cause_is_found(data, settings):
    report = evaluate("graph", data, settings=settings)
    json.dumps(report, allow_nan=False)
    assert report["n"] == 3 and report["model"].startswith("graph@")
    assert {"gnn", "max_z", "traversal", "alert_count"} <= set(report["baselines"])
    assert {
        "top1",
        "top3",
        "mrr",
        "top1_shop",
        "top1_pods",
        "health_macro_f1",
        "ms_per_incident",
    } <= set(report["metrics"])
    assert report["baselines"]["max_z"]["top1_shop"]["value"] == 1
    assert report["metrics"]["top1"]["value"] == 1


def test_the_simulator_is_measured_by_its_seed(settings):
    from pathlib import Path

    report = evaluate("graph", Path("sim:3"), settings=settings, seeds=3)
    assert report["n"] == 3
    assert {"top1", "health_macro_f1", "propagation_auc", "health_macro_f1_worn", "top1_worn"} <= set(report["metrics"])
    with pytest.raises(InvalidInput, match="whole number"):
        evaluate("graph", Path("sim:x"), settings=settings)


def test_a_folder_without_incidents_is_refused(tmp_path, settings):
    with pytest.raises(InvalidInput, match="incidents"):
        evaluate("graph", tmp_path, settings=settings)


def test_services_of_equal_score_share_their_places():
    assert place(np.array([1.0, 1.0, 0.0]), 0) == 1.5
    assert place(np.array([3.0, 1.0, 1.0, 1.0]), 2) == 3
