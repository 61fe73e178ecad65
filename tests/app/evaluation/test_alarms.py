"""Alarms by hand: one lasts half an hour, is true or false once, and a rate of false ones buys a recall."""

import numpy as np
import pytest

from app.evaluation.alarms import Decisions, alarms, recall_at, threshold_for


@pytest.fixture
def decisions():
    """One stream of two days: onsets at minutes 100 and 2000, decisions at all minutes but those of the cascades."""
    minute = np.r_[30:100, 160:2000, 2060:2880]
    wait = np.where(minute < 100, 100.0 - minute, np.where(minute < 2000, 2000.0 - minute, np.inf))
    return Decisions(
        np.zeros(len(minute), dtype=np.int64), minute, wait, minute // 1440, ((0, 100.0, 0), (0, 2000.0, 1)), 2.0
    )


def said(decisions, minutes, value=0.9):
    return np.where(np.isin(decisions.minute, minutes), value, 0.1)


def test_minutes_of_one_alarm_are_counted_once_and_the_lead_is_the_first(decisions):
    found = alarms(decisions, said(decisions, [80, 81, 90, 500, 520, 529]), 0.5)
    assert found.leads[0] == 20 and np.isnan(found.leads[1])
    assert found.false.tolist() == [1, 0] and found.found.tolist() == [1, 0]


def test_an_alarm_that_goes_on_for_long_is_not_one_alarm(decisions):
    found = alarms(decisions, said(decisions, range(200, 320)), 0.5)
    assert found.false.tolist() == [4, 0]


def test_an_alarm_too_early_is_false_and_hides_nothing_that_comes_after_it(decisions):
    found = alarms(decisions, said(decisions, [60, 95]), 0.5)
    assert found.false[0] == 1 and found.leads[0] == 5


def test_the_rate_of_false_alarms_decides_the_threshold_and_the_recall(decisions):
    probability = said(decisions, [1980], 0.9) + said(decisions, range(300, 900, 40), 0.4) + said(decisions, [90], 0.2)
    threshold = threshold_for(decisions, probability)
    at = alarms(decisions, probability, threshold)
    assert at.false.sum() <= 2 and at.found.tolist() == [0, 1]
    recall = recall_at(decisions, probability)
    assert recall(np.ones((1, 2))) == pytest.approx(0.5)
    assert recall(np.array([[0.0, 2.0]])) == pytest.approx(1)  # only the second day, twice
    assert recall_at(decisions, probability, a_day=100)(np.ones((1, 2))) == pytest.approx(1)


def test_who_alarms_at_random_finds_no_more_than_its_alarms_allow(decisions):
    rng = np.random.default_rng(0)
    values = [float(recall_at(decisions, rng.random(len(decisions.minute)))(np.ones((1, 2)))[0]) for _ in range(20)]
    assert np.mean(values) < 0.3
