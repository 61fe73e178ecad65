"""The 128 columns: their names, what they are worth by hand, and that no row knows what comes after it."""

import numpy as np
import pytest

from models.analyse.features import COLUMNS, MOMENT, features, moment
from models.analyse.forecast import Step


def step(time, service="orders", signature=1, level="error", text="connection refused"):
    category = np.eye(10)[signature % 10]
    return Step(time, service, level, signature, text, np.zeros(384, np.float32), (0.1, 0.7, 0.1, 0.1), tuple(category))


@pytest.fixture
def steps():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.exponential(90, 80))
    return [
        step(float(time), f"s{rng.integers(4)}", int(rng.integers(9)), str(rng.choice(["error", "warning", "info", ""])),
             str(rng.choice(["out of memory", "connected to db", "connection reset by peer", "timed out", "fine"])))
        for time in times
    ]  # fmt: skip


def column(rows, name):
    return rows[:, COLUMNS.index(name)]


def test_there_are_128_columns_each_with_a_name_of_its_own(steps):
    assert len(COLUMNS) == len(set(COLUMNS)) == 128
    rows = features(steps)
    assert rows.shape == (80, 128) and rows.dtype == np.float32
    assert np.isfinite(rows).all() and np.abs(rows).max() < 6
    assert features([]).shape == (0, 128)


def test_no_row_knows_what_comes_after_it(steps):
    whole = features(steps)
    for cut in (1, 2, 17, 50, 79):
        assert np.allclose(features(steps[:cut]), whole[:cut], atol=1e-6)


def test_counts_and_gaps_by_hand():
    rows = features([step(0), step(10, "pay"), step(200, "pay", 2, "warning"), step(5000, "pay", 2)])
    assert np.allclose(np.expm1(2 * column(rows, "errors_in_5_minutes")), [1, 2, 3, 1], atol=1e-4)
    assert np.allclose(np.expm1(2 * column(rows, "services_in_5_minutes")), [1, 2, 2, 1], atol=1e-4)
    assert np.allclose(np.expm1(2 * column(rows, "signatures_in_5_minutes")), [1, 1, 2, 1], atol=1e-4)
    assert np.allclose(np.expm1(2 * column(rows, "warnings_in_5_minutes")), [0, 0, 1, 0], atol=1e-4)
    assert np.allclose(np.expm1(4 * column(rows, "seconds_since_same_service")[2:]), [190, 4800], rtol=1e-3)
    assert column(rows, "first_of_signature").tolist() == [1, 0, 1, 0]


def test_states_hold_until_the_opposite_is_said():
    said = ["connection refused", "fine", "connected to db", "out of memory", "timed out", "fine"]
    rows = features([step(number, text=text) for number, text in enumerate(said)])
    assert column(rows, "state_connection_failed").tolist() == [1, 1, 0, 0, 0, 0]
    assert column(rows, "state_connection_ok").tolist() == [0, 0, 1, 1, 1, 1]
    assert column(rows, "state_memory_critical").tolist() == [0, 0, 0, 1, 1, 1]
    assert column(rows, "state_timeout_seen").tolist() == [0, 0, 0, 0, 1, 1]


def test_a_moment_at_the_last_step_counts_what_its_row_counts_and_silence_ages_it(steps):
    last = moment(steps, steps[-1].time)
    assert last.shape == (len(MOMENT),)
    for number, name in enumerate(MOMENT):
        if name in COLUMNS:
            assert last[number] == pytest.approx(features(steps)[-1, COLUMNS.index(name)], abs=1e-6)
    later = moment(steps, steps[-1].time + 3700)
    assert (later[:30] == 0).all() and later[MOMENT.index("seconds_since_last")] > last[
        MOMENT.index("seconds_since_last")
    ]
