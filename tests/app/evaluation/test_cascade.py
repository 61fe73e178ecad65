"""Task `cascade`: onsets by their definition, decisions, the report, the true answer where nothing can be told."""

import csv
import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from app.domain import InvalidInput
from app.evaluation import cascade, evaluate
from app.evaluation.cascade_data import Log, past_of_log, steps_of_log
from models.nets.error_flow_lstm import ErrorFlowLSTM
from models.vectors.hashing import HashingEncoder


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """An untrained net where the shipped one would lie."""
    torch.manual_seed(0)
    folder = tmp_path / "weights"
    folder.mkdir()
    halves = {name: value.numpy().astype(np.float16) for name, value in ErrorFlowLSTM().state_dict().items()}
    save_file(halves, folder / "model.safetensors")
    card = {"sha256": "0" * 64, "alarm": 0.5,
            "calibration": {"slope": 1, "intercept": 0, "levels": [0.05, 0.5, 0.95], "skill": 1}}  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr(cascade, "CASCADE", folder)


@pytest.fixture
def silent(monkeypatch):
    """A net that says the same of every minute: what is measured is the rest."""
    monkeypatch.setattr(cascade, "DRAWS", 50)
    monkeypatch.setattr(
        cascade, "_logits_of_log", lambda log, steps, decisions: np.full((len(decisions.minute), 30), -5.0)
    )


def log(minutes_of_nodes):
    """Events at (minute, node), 30 seconds into the minute, from minute 0 on."""
    events = sorted((60.0 * minute + 30, node) for minute, node in minutes_of_nodes)
    times, nodes = zip(*events, strict=True)
    return Log(0.0, np.array(times), nodes, ("x",) * len(events), ("error",) * len(events))


def test_an_onset_needs_three_nodes_within_ten_minutes_after_half_an_hour_without():
    events = [(0, "a"), (40, "a"), (44, "b"), (48, "a"), (49, "c")]  # a, b, c within 40..49: onset at 49
    events += [(60, "a"), (61, "b"), (62, "c")]  # 62 lies within half an hour of the last burst: no onset
    events += [(120, "a"), (129, "a"), (131, "b"), (132, "c"), (200, "a")]  # 129..132: onset at 132
    past = past_of_log(log(events), 3)
    assert [minute for _, minute, _ in past.decisions.onsets] == [49.0, 132.0]
    at = past.decisions.minute
    assert at.min() == 30 and 48 in at and 49 not in at and 80 not in at and 102 in at and 131 in at and 150 not in at
    wait = dict(zip(at.tolist(), past.decisions.wait.tolist(), strict=True))
    assert wait[48] == 1 and wait[110] == 22 and wait[at.max()] == np.inf


def test_one_node_that_never_stops_is_no_cascade():
    past = past_of_log(log([(minute, "a") for minute in range(200)]), 2)
    assert past.decisions.onsets == () and len(past.decisions.minute) == 170


def test_rivals_know_nothing_after_the_decision():
    events = [(0, "a"), (40, "a"), (44, "b"), (48, "c"), (100, "a"), (199, "a")]
    whole, cut = past_of_log(log(events), 3), past_of_log(log(events[:5]), 3)
    both = np.intersect1d(whole.decisions.minute, cut.decisions.minute)
    for name in ("count_rate", "last_burst"):
        one, other = (past.statistics[name][np.isin(past.decisions.minute, both)] for past in (whole, cut))
        assert np.array_equal(one, other)


def written(tmp_path, days, warned):
    """A log of some days: six cascades a day at any time, announced for twenty minutes by one node or not at all."""
    rng = np.random.default_rng(0)
    rows = [[60 * int(minute), "n9", "heartbeat late"] for minute in rng.integers(0, days * 1440, days * 4)]
    for onset in rng.integers(40, days * 1440 - 40, days * 6):
        if warned:
            rows += [[60 * (int(onset) - early), "n1", "corrected memory error"] for early in range(20, 0, -2)]
        rows += [[60 * int(onset) + 5 * node, f"n{node}", "lost contact with node"] for node in range(1, 6)]
    with (tmp_path / "site.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["epoch", "node", "message"], *sorted(rows)])
    return tmp_path / "site.csv"


def test_what_announces_itself_is_found_by_the_count_and_the_product_uses_it(tmp_path, settings, weights, silent):
    report = evaluate("cascade", written(tmp_path, 12, warned=True), settings=settings, encoder=HashingEncoder())
    json.dumps(report, allow_nan=False)
    assert report["model"] == "count_rate@1"
    metrics = report["metrics"]
    assert {"auprc", "recall_at_1_false_alarm_per_day", "brier_skill", "lead_minutes_median", "crps", "interval_coverage_90",
            "time_within_5_percent", "n_onsets"} <= set(metrics)  # fmt: skip
    assert metrics["auprc"]["value"] > 0.6 > report["baselines"]["base_rate"]["auprc"]["value"]
    assert metrics["recall_at_1_false_alarm_per_day"]["value"] > 0.8


def test_what_comes_out_of_nothing_is_said_to_be_beyond_forecast(tmp_path, settings, weights, silent):
    report = evaluate("cascade", written(tmp_path, 12, warned=False), settings=settings, encoder=HashingEncoder())
    assert report["model"] == "base_rate@1"
    assert any("cannot be forecast here" in note for note in report["notes"])
    assert "error_flow_lstm" in report["baselines"]


def test_the_net_is_asked_once_for_a_silence_that_hardly_grows(settings, weights):
    from app.services.reading import ReadingService
    from app.settings import SAMPLE_DATA

    encoder = HashingEncoder()
    reading = ReadingService(SAMPLE_DATA / "corpus", encoder, settings.cache_dir)
    data = log([(0, "a"), (5, "b"), (100, "a")])
    past, reader = past_of_log(data, 3), cascade.load_reader(cascade.CASCADE)
    steps = steps_of_log(data, encoder, reading)
    said = cascade._logits_of_log(data, steps, past.decisions)
    assert said.shape == (len(past.decisions.minute), 30)
    assert len(np.unique(said, axis=0)) < 25
    first = past.decisions.minute[0]
    known = [step for step in steps if step.time <= 60.0 * (first + 1)]
    assert said[0] == pytest.approx(reader.hazard_logits(known, 60.0 * (first + 1)), abs=0.02)


def test_a_simulated_set_needs_a_number(settings, weights):
    from pathlib import Path

    with pytest.raises(InvalidInput, match="number"):
        evaluate("cascade", Path("sim:x"), settings=settings, encoder=HashingEncoder())
