"""When a service fails, errors per bucket, and forecasts that are kept once with one outcome."""

import dataclasses

import pytest

from app.storage.forecasts import FAILURE, StoredForecast

START = 1_777_629_600.0  # 2026-05-01 10:00 UTC


def line(second, text="out of memory", service="orders", level="critical"):
    stamp = f"2026-05-01T{10 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    return f'{{"time":"{stamp}","level":"{level}","service":"{service}","message":"{text}"}}'


@pytest.fixture
def forecasts(parts):
    return parts.store.forecasts


def kept(at):
    return StoredForecast(id=0, at=at, made_at=at, model="m@1", probability=0.4, low=None, median=None, high=None, service="",
                          next_errors=((7, 0.5),), forecastable=True, reason="")  # fmt: skip


def test_a_service_fails_with_its_fifth_loud_error_in_one_minute(parts, forecasts):
    loud = [line(second) for second in range(2, 2 + 2 * FAILURE, 2)]
    spread = [line(second, service="web") for second in range(50, 50 + 6 * FAILURE, 6)]
    parts.ingest.text("\n".join([*loud, *spread]), actor="ada")
    (failure,) = forecasts.failures(START, START + 3600)
    assert (failure.service, failure.at) == ("orders", START + 2 * FAILURE)
    assert forecasts.failures(START, START + 2 * FAILURE - 1) == []


def test_errors_are_counted_by_bucket_service_and_severity(parts, forecasts):
    parts.ingest.text("\n".join([line(1), line(2), line(50, service="web"), line(60)]), actor="ada")
    counts = forecasts.counts(START, START + 60, 3)
    assert sorted((bucket, service, number) for bucket, service, _, number in counts) == [
        (0, "orders", 2),
        (2, "orders", 1),
        (2, "web", 1),
    ]


def test_steps_are_the_newest_errors_in_order_and_of_this_encoder_alone(parts, forecasts):
    parts.ingest.text("\n".join(line(second, f"thing failed {'abc'[second]}") for second in range(3)), actor="ada")
    dims = parts.encoder.dims
    assert [step.time for step in forecasts.steps(START + 2, 2, dims)] == [START + 1, START + 2]
    assert [step.time for step in forecasts.steps(START + 1, 9, dims)] == [START, START + 1]
    assert forecasts.steps(START + 2, 2, dims + 1) == []


def test_a_forecast_is_kept_once_and_its_outcome_stays(forecasts):
    forecasts.keep(kept(1.0))
    forecasts.keep(dataclasses.replace(kept(1.0), probability=0.9))
    forecasts.keep(kept(5.0))
    assert [row.at for row in forecasts.newest()] == [5.0, 1.0]
    (waiting,) = forecasts.waiting(2.0)
    assert (waiting.probability, waiting.next_errors) == (0.4, ((7, 0.5),))
    forecasts.came_out([dataclasses.replace(waiting, outcome="quiet", next_rank=-1)])
    forecasts.came_out([dataclasses.replace(waiting, outcome="missed")])
    assert forecasts.waiting(2.0) == []
    assert (forecasts.newest()[-1].outcome, forecasts.newest()[-1].next_rank) == ("quiet", -1)
