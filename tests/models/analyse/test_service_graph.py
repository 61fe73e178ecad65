"""The shipped reader on a small system: the cause, its evidence in words, health, and what if for the four services."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.analyse.service_graph import load_reader
from models.analyse.topology_inputs import read_topology
from models.analyse.what_if import what_if
from tests.graph_windows import CACHE, DB, MAIL, NAMES, ORDERS, SHOP, database_fails, graph, measured, quiet, relabelled

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def reader():
    return load_reader(ROOT / "models" / "pretrained" / "graph")


@pytest.mark.parametrize("signals", [database_fails(), measured(database_fails())], ids=["logs", "logs and metrics"])
def test_the_failing_database_is_the_cause_with_its_evidence(reader, signals):
    reading = reader.read(graph(), signals)
    first = reading.causes[0]
    assert first.service == DB and sum(cause.score for cause in reading.causes) == pytest.approx(1)
    assert [cause.score for cause in reading.causes] == sorted((cause.score for cause in reading.causes), reverse=True)
    assert "first sign of trouble 2 min before any other service" in first.evidence
    assert "named by 20 errors of orders" in first.evidence
    assert any(words.startswith("28 errors in the window, usually none") for words in first.evidence)
    orders = next(cause for cause in reading.causes if cause.service == ORDERS)
    assert "but it calls db, in trouble too" in orders.evidence
    assert reading.system_health < reader.read(graph(), quiet()).system_health - 0.1
    assert reading.health[DB].argmax() != 0 and reading.health[MAIL].argmax() == 0


def test_a_release_is_evidence(reader):
    signals = replace(database_fails(), deployed=np.array([np.nan, np.nan, 9.0, np.nan, np.nan]))
    reading = reader.read(graph(), signals)
    assert reading.causes[0].service == DB
    assert "released 2 min before its first sign of trouble" in reading.causes[0].evidence


def test_a_quiet_system_has_no_cause(reader):
    reading = reader.read(graph(), quiet())
    assert reading.causes == () and (reading.health.argmax(axis=1) == 0).all() and reading.system_health > 0.9
    assert reading.propagation.shape == reading.delay.shape == (3,) and (reading.delay >= 1).all()


def test_a_reading_keeps_its_contract_without_calls_and_in_any_order(reader):
    alone = reader.read(graph(()), database_fails())
    assert alone.propagation.shape == (0,) and alone.health.shape == (5, 5)
    order = np.array([CACHE, MAIL, DB, SHOP, ORDERS])
    turned_graph, turned = relabelled(database_fails(), graph(), order)
    one, other = reader.read(graph(), database_fails()), reader.read(turned_graph, turned)
    assert np.allclose(other.health, one.health[order], atol=1e-4)
    assert [turned_graph.names[cause.service] for cause in other.causes] == [
        NAMES[cause.service] for cause in one.causes
    ]
    assert reader.version.startswith("graph@") and one.model == reader.version


def test_signals_of_another_system_are_refused(reader):
    with pytest.raises(ValueError, match="fit"):
        reader.read(graph(), quiet(n=3))


def test_the_four_services_example(reader):
    """Database fails: high for the queue. Cache fails: moderate for the API. API fails: the rest."""
    four = read_topology((ROOT / "sample_data" / "topologies" / "four_services.json").read_bytes())
    place = {name: number for number, name in enumerate(four.names)}
    reading = reader.read(four, quiet(n=4, minutes=30))

    def hit(broken):
        return {four.names[hit.service]: hit.probability for hit in what_if(four, reading, services=(place[broken],))}

    assert hit("database")["queue"] >= 0.6
    assert 0.3 <= hit("cache")["api"] <= 0.85 and hit("cache")["api"] < hit("database")["queue"]
    assert set(hit("api")) == {"database", "cache", "queue"} and min(hit("api").values()) >= 0.2


#: One thread: more of them spin while a busy machine lets them wait, which counts as time.
ALONE = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@pytest.mark.timed
@pytest.mark.slow
def test_ten_thousand_services_are_read_in_a_second():
    """CPU time: the machine of the tests may be busy with other things. A process of its own: its memory is what is measured."""
    command = [sys.executable, str(ROOT / "tests" / "benchmarks" / "graph_size.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ | ALONE)
    size = json.loads(done.stdout)
    assert size["services"] == 10_000 and size["calls"] == 50_000
    assert size["cpu_seconds_best"] < 2 * 1.0  # on two cores a second; one is given here
    assert size["peak_mb"] < 2048
