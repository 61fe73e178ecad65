"""The reader: what a forecast holds, that it sees no future, that it can say it cannot tell; saved and loaded the same."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from models.analyse import survival
from models.analyse.cascade import LstmReader, load_reader
from models.analyse.cascade_runtime import TorchFlow
from models.analyse.cascade_window import HISTORY, WINDOW, window
from models.analyse.forecast import Step
from models.analyse.survival import Calibration
from models.nets.error_flow_lstm import ErrorFlowLSTM

PRETRAINED = Path(__file__).resolve().parents[3] / "models" / "pretrained" / "cascade"


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return ErrorFlowLSTM().eval()


@pytest.fixture(scope="module")
def steps():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(6, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    times = np.cumsum(rng.exponential(20, 60))
    return [
        Step(float(time), f"s{number % 3}", "error", number % 6, "timed out", vectors[number % 6], (0.25,) * 4, (0.1,) * 10)
        for number, time in enumerate(times)
    ]  # fmt: skip


def test_a_forecast_holds_what_the_contract_says(net, steps):
    reader = LstmReader(TorchFlow(net), "cascade@test", Calibration(), alarm=0.0)
    now = steps[-1].time + 30
    found = reader.forecast(steps, now)
    assert (found.at, found.model, found.forecastable) == (now, "cascade@test", True)
    assert sum(found.incident) == pytest.approx(1) and len(found.incident) == 8
    assert found.hazard.shape == (30,) and ((found.hazard > 0) & (found.hazard < 1)).all()
    assert found.attention.shape == (60,) and found.attention.sum() == pytest.approx(1)
    assert found.attention[: 60 - WINDOW].sum() == 0
    shares = [share for _, share in found.next_errors]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) < 1
    assert {signature for signature, _ in found.next_errors} <= set(range(6))
    low, median, high = found.minutes
    assert 0 <= low < median < high <= 30
    assert "fails within 30 minutes" in found.reason


def test_what_always_follows_is_expected_next(net, steps):
    """The chain knows that 0 follows 5, whatever the untrained net says."""
    found = LstmReader(TorchFlow(net), "", Calibration(), 1.0).forecast(steps, steps[-1].time)
    assert found.next_errors[0][0] == (steps[-1].signature + 1) % 6


def test_nothing_of_the_future_is_seen(net, steps):
    reader = LstmReader(TorchFlow(net), "", Calibration(), 0.0)
    now = steps[39].time + 1
    with pytest.raises(ValueError, match="after the moment"):
        reader.forecast(steps, now)
    with pytest.raises(ValueError, match="at least one"):
        reader.forecast([], now)
    with pytest.raises(ValueError, match="order"):
        reader.forecast(steps[::-1], steps[-1].time)


def test_only_the_last_steps_count(net, steps):
    """What lies before the history changes nothing."""
    long = [*steps[:2], *(steps[2:] * 5)]
    long = [replace(step, time=float(place)) for place, step in enumerate(long)]
    assert len(long) > HISTORY
    one, other = window(long, 1e4), window(long[-HISTORY:], 1e4)
    assert np.array_equal(one.features, other.features) and np.allclose(one.markov, other.markov)
    assert one.markov.sum() == pytest.approx(1) and len(one.candidates) == 6


def test_it_says_where_it_cannot_tell(net, steps):
    few = LstmReader(TorchFlow(net), "", Calibration(), 0.0).forecast(steps[:2], steps[1].time)
    unskilled = LstmReader(TorchFlow(net), "", Calibration(skill=-0.1), 0.0).forecast(steps, steps[-1].time)
    for found, why in ((few, "too few"), (unskilled, "no better than the usual rate")):
        assert not found.forecastable and found.minutes is None and found.service == "" and why in found.reason


def test_no_time_is_given_below_the_alarm(net, steps):
    found = LstmReader(TorchFlow(net), "", Calibration(intercept=-9.0), 0.5).forecast(steps, steps[-1].time)
    assert found.forecastable and found.minutes is None and found.probability < 0.5


def test_a_systems_own_outcomes_recalibrate_and_may_show_that_nothing_can_be_told(net):
    rng = np.random.default_rng(0)
    reader = LstmReader(TorchFlow(net), "", Calibration(), 0.3)
    logits = rng.normal(-3, 1, (600, 1)) + np.zeros((1, 30))
    fails = rng.random((600, 30)) < survival.hazards(logits, Calibration(2.0, 1.0))
    minute = np.where(fails.any(axis=1), fails.argmax(axis=1), 30)
    unit = np.arange(600) // 20
    told = reader.recalibrated(logits, minute, np.minimum(minute + 1, 30), unit)
    untold = reader.recalibrated(logits, rng.permutation(minute), np.full(600, 30), unit)
    assert told.calibration.slope == pytest.approx(2, abs=0.3) and told.calibration.skill > 0
    assert untold.calibration.skill <= 0


def test_saved_and_loaded_it_says_the_same(net, steps, tmp_path):
    halves = {name: value.detach().numpy().astype(np.float16) for name, value in net.state_dict().items()}
    save_file(halves, tmp_path / "model.safetensors")
    card = {"sha256": "0123456789", "alarm": 0.2,
            "calibration": {"slope": 1.1, "intercept": -0.5, "levels": [0.1, 0.4, 0.8], "skill": 0.2}}  # fmt: skip
    (tmp_path / "card.json").write_text(json.dumps(card))
    reader = load_reader(tmp_path)
    assert (reader.version, reader.alarm) == ("cascade@01234567", 0.2)
    kept = LstmReader(TorchFlow(net), "", Calibration(1.1, -0.5, (0.1, 0.4, 0.8), 0.2), 0.2)
    now = steps[-1].time
    assert np.allclose(reader.forecast(steps, now).hazard, kept.forecast(steps, now).hazard, rtol=0.02)
    with pytest.raises(FileNotFoundError):
        load_reader(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The weights that ship, exported once."""
    cache = tmp_path_factory.mktemp("cache")
    return load_reader(PRETRAINED, cache), cache


@pytest.mark.parametrize("length", [3, 10, 60])
def test_exported_it_says_the_same(exported, steps, length):
    now = steps[length - 1].time + 5
    fast, slow = (reader.forecast(steps[:length], now) for reader in (exported[0], load_reader(PRETRAINED)))
    for name in ("hazard", "attention", "incident"):
        assert np.allclose(getattr(fast, name), getattr(slow, name), atol=1e-5)
    assert [signature for signature, _ in fast.next_errors] == [signature for signature, _ in slow.next_errors]
    assert (fast.service, fast.reason, fast.model) == (slow.service, slow.reason, slow.model)


def test_a_damaged_export_is_made_again(exported, steps, tmp_path):
    reader, cache = exported
    (file,) = cache.iterdir()
    damaged = tmp_path / file.name
    damaged.write_bytes(file.read_bytes()[:1000])
    again = load_reader(PRETRAINED, tmp_path)
    assert np.allclose(again.forecast(steps, steps[-1].time).hazard, reader.forecast(steps, steps[-1].time).hazard)


@pytest.mark.timed
def test_ten_errors_are_forecast_in_five_milliseconds(exported, steps):
    """Processor time of this thread, 99 of 100: embeddings are there, as in the store."""
    reader, now = exported[0], steps[9].time
    seconds = []
    for _ in range(120):
        start = time.thread_time()
        reader.forecast(steps[:10], now)
        seconds.append(time.thread_time() - start)
    assert np.percentile(seconds[20:], 99) < 0.005
