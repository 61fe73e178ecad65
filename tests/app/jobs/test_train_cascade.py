"""What ErrorFlowLSTM learns from: streams as the product stores them, windows that know nothing later; the whole course."""

import json

import numpy as np
import pytest

from app.jobs import cascade_course, train_cascade
from app.jobs.cascade_course import FIRST_SEED, Texts, sides, stream
from app.jobs.cascade_windows import drawn_minutes, windows
from app.settings import SAMPLE_DATA
from models.analyse.cascade import load_reader
from models.analyse.cascade_window import WINDOW, window
from models.corpus import read_corpus
from models.corpus_split import family
from models.simulate.incident import simulate
from models.taxonomy import INCIDENTS
from models.vectors.hashing import HashingEncoder


@pytest.fixture(scope="module")
def corpus():
    return read_corpus(sorted((SAMPLE_DATA / "corpus").glob("*.jsonl")))


@pytest.fixture(scope="module")
def texts(corpus):
    """Vectors drawn at random: what is tested is the rest."""
    rng = np.random.default_rng(0)
    size = 2 * len(corpus)
    vectors = rng.normal(size=(size, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    place = {template.id: number for number, template in enumerate(corpus)}
    even = [np.full((size, n), 1 / n, dtype=np.float32) for n in (4, 10)]
    return Texts(place, tuple(template.text for template in corpus) * 2, vectors, *even)


@pytest.fixture(scope="module")
def incident(corpus):
    return simulate(11, corpus, seconds=4 * 3600.0, count=2)


@pytest.fixture(scope="module")
def told(incident, texts):
    return stream(incident, texts)


def test_the_sides_share_no_technology_and_no_topology(corpus):
    found = {name: {family(template.technology) for template in side} for name, side in sides(corpus).items()}
    assert set(found) == set(FIRST_SEED)
    assert not found["training"] & found["test"] and not found["validation"] & found["test"]
    assert not found["training"] & found["validation"]


def test_a_stream_holds_what_the_simulator_logged_and_its_truth(incident, told):
    assert [step.time for step in told.steps] == [event.time for event in incident.events]
    assert {step.service for step in told.steps} <= set(incident.topology.names)
    assert told.minutes == 240
    first = np.nanmin(incident.failure_time)
    assert told.next_failure(0)[0] == first and told.next_failure(first - 1)[0] == first
    calm = told.calm()
    failing = np.flatnonzero(told.failing) * 10 / 60
    assert not any(((failing > minute - 30) & (failing <= minute)).any() for minute in calm)
    fault = incident.faults[0]
    assert told.incident(fault.start + 1) == INCIDENTS.index(fault.kind.incident)
    assert told.incident(fault.start - 600) == INCIDENTS.index("no_incident")


def test_routine_may_be_logged_as_warnings_and_nothing_else_changes(incident, texts, told):
    noisy = stream(incident, texts, np.random.default_rng(0))
    changed = [
        (one.level, other.level) for one, other in zip(told.steps, noisy.steps, strict=True) if one.level != other.level
    ]
    assert changed and set(changed) == {("info", "warning")}


def test_windows_hold_the_past_and_their_targets_what_came(told):
    minutes = drawn_minutes(told, np.random.default_rng(0))
    found = windows([(told, minutes)])
    assert len(found) == len(minutes) > 20
    for row, minute in enumerate(minutes):
        known = told.known(minute * 60.0)
        length = int(found.length[row])
        assert length == min(known, WINDOW)
        assert found.place[row, :length].tolist() == told.place[known - length : known].tolist()
        assert found.markov[row].sum() == pytest.approx(1, abs=1e-5)
        failure = told.next_failure(minute * 60.0)
        wait = np.inf if failure is None else (failure[0] - minute * 60) / 60
        assert (found.minute[row] == int(wait)) if wait < 30 else (found.minute[row] == 30)
        if known < len(told.steps) and found.target[row] < WINDOW:
            assert told.steps[known - length + found.target[row]].signature == told.steps[known].signature
    assert (found.minute < 30).any() and (found.minute == 30).any()


def test_a_window_is_the_same_whatever_comes_after_it(told):
    middle = len(told.steps) // 2
    now = told.steps[middle - 1].time
    cut = window(told.steps[:middle], now)
    assert np.array_equal(cut.features, window(told.steps[: told.known(now)], now).features)


@pytest.mark.slow
def test_the_whole_course_writes_weights_and_a_card(corpus, texts, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(train_cascade, "corpus_texts", lambda *_: (corpus, texts))
    monkeypatch.setattr(cascade_course, "HOURS", 3)
    numbers = {"training": 2, "check": 1, "calibration": 3}
    card = train_cascade.train(
        settings, 0, None, lambda _: None, tmp_path, encoder=HashingEncoder(), numbers=numbers, epochs=1
    )
    assert card == json.loads((tmp_path / "card.json").read_text())
    rivals = {"base_rate", "count_rate", "last_burst", "warning_rate"}
    assert set(card["auprc_on_calibration"]) == {"error_flow_lstm", *rivals}
    assert card["best_on_calibration"] in card["auprc_on_calibration"]
    assert load_reader(tmp_path).version == f"cascade@{card['sha256'][:8]}"
    assert (tmp_path / "model.safetensors").stat().st_size < 13_000_000
