"""Figures of a forecast: what is aggregated, what is drawn of it, and names that are text."""

import numpy as np
import pytest

from app.services.cascade import Outlook, Reliability
from app.storage.forecasts import Failure
from components import cascade_figures
from models.analyse.forecast import HORIZON, Forecast, Step


def forecast(at=1_777_629_600.0, minutes=(5.0, 10.0, 15.0), steps=3):
    return Forecast(
        at=at,
        model="m@1",
        incident=(1, 0, 0, 0, 0, 0, 0, 0),
        next_errors=(),
        hazard=np.full(HORIZON, 0.1),
        minutes=minutes,
        service="orders",
        attention=np.linspace(0, 1, steps),
        forecastable=True,
        reason="",
    )


def outlook(steps):
    made = tuple(
        Step(float(n), f"s{n}", "error", n, "t", np.zeros(3, np.float32), (1.0,), (1.0,)) for n in range(steps)
    )
    return Outlook(forecast(steps=steps), made, tuple(f"<b>title {n}" for n in range(steps)), ())


def test_the_timeline_has_a_mark_a_bucket_and_the_quiet_services_share_a_row():
    counts = [
        (number % 5, f"service {number:02}", "high" if number % 2 else "low", 20 - number) for number in range(15)
    ]
    figure = cascade_figures.timeline(counts, 0.0, 500.0, buckets=5, zone="UTC", forecast=forecast(500.0))
    assert sum(len(trace.x) for trace in figure.data) == len(counts)
    assert {trace.marker.symbol for trace in figure.data} == {"triangle-up", "circle-open"}
    rows = list(figure.layout.yaxis.categoryarray)
    assert (rows[0], rows[-1], len(rows)) == ("other services", "service 00", cascade_figures.ROWS + 1)


def test_the_risk_rises_to_the_probability_of_the_forecast():
    said = forecast()
    (line,) = cascade_figures.risk(said).data
    assert line.y[0] == 0
    assert line.y[-1] == pytest.approx(said.probability)
    assert list(line.y) == sorted(line.y)


def test_the_steps_most_looked_at_have_a_bar_with_their_name_in_the_order_they_came():
    figure = cascade_figures.attention(outlook(40))
    (bars,) = figure.data
    assert len(bars.x) == len(figure.layout.yaxis.ticktext) == cascade_figures.STEPS
    assert figure.layout.yaxis.ticktext[-1] == "s39: ‹b>title 39"
    assert bars.x[-1] == 1.0


def test_reliability_is_drawn_with_its_interval():
    figure = cascade_figures.reliability([Reliability(0.8, 0.5, 0.2, 0.7, 10)])
    marks = figure.data[-1]
    assert (marks.x[0], marks.y[0]) == (0.8, 0.5)
    assert (marks.error_y.array[0], marks.error_y.arrayminus[0]) == (pytest.approx(0.2), pytest.approx(0.3))


def test_the_course_marks_warnings_and_failures():
    said = [forecast(60.0, None), forecast(120.0)]
    figure = cascade_figures.course(said, [Failure(180.0, "orders")], "UTC")
    assert [len(trace.x) for trace in figure.data] == [2, 1, 1]
