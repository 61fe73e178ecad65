"""Forecasts from the store and from a paste; nothing of the future is read; what was expected is held against what came."""

import dataclasses

import pytest

from app.domain import InvalidInput, Unavailable
from app.services.cascade import CascadeService, reliability
from tests.cascade_fakes import RuleReader

START = 1_777_629_600.0  # 2026-05-01 10:00 UTC


def line(second, text="request failed", service="orders", level="error"):
    stamp = f"2026-05-01T{10 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    return f'{{"time":"{stamp}","level":"{level}","service":"{service}","message":"{text}"}}'


def store(parts, *lines):
    parts.ingest.text("\n".join(lines), actor="ada")


@pytest.fixture
def reader():
    return RuleReader()


@pytest.fixture
def cascade(parts, reader):
    return CascadeService(parts.store, parts.analysis, parts.encoder.dims, lambda: reader, lambda: START)


def test_no_error_no_forecast(cascade):
    assert cascade.outlook() is None


def test_the_store_is_read_up_to_the_moment_and_no_further(parts, cascade, reader):
    store(parts, line(0), line(60, "disk full"), line(600, "out of memory"))
    outlook = cascade.outlook(START + 60)
    assert [step.time for step in outlook.steps] == [START, START + 60]
    assert outlook.titles == ("request failed", "disk full")
    assert (outlook.next_errors[0].title, outlook.next_errors[0].issue.title) == ("disk full", "disk full")
    assert cascade.outlook().forecast.at == START + 600


def test_a_forecast_is_kept_once_and_comes_out_right(parts, cascade):
    store(parts, line(0), line(60))
    for _ in range(2):
        cascade.outlook()
    (kept,) = parts.store.forecasts.newest()
    assert (kept.at, kept.median, kept.service, kept.outcome) == (START + 60, 10.0, "orders", "")
    assert cascade.record()[0].waiting == 1

    store(parts, *(line(60 + 9 * 60 + second, f"connection {second} refused", level="critical") for second in range(8)),
          *(line(3600, "quiet again", "web", "info"),))  # fmt: skip
    record, (row,) = cascade.record()
    assert (row.outcome, row.failed_service, row.next_rank) == ("right", "orders", -1)
    assert (record.right, record.waiting, record.covered, record.timed) == (1, 0, 1, 1)
    assert cascade.record()[1] == [row]


def test_a_failure_that_nothing_warned_of_is_missed_and_an_empty_warning_a_false_alarm(parts, cascade):
    store(parts, line(0))
    cascade.outlook()
    store(parts, line(30))
    cascade.outlook()
    store(parts, line(3600, "far away", level="info"))
    assert sorted(row.outcome for row in cascade.record()[1]) == ["false alarm", "quiet"]


def test_what_could_not_be_forecast_is_neither_right_nor_wrong(parts, cascade, reader, monkeypatch):
    told = RuleReader.forecast
    monkeypatch.setattr(
        RuleReader, "forecast", lambda *given: dataclasses.replace(told(*given), forecastable=False, minutes=None)
    )
    store(parts, line(0))
    cascade.outlook()
    store(parts, *(line(60 + second) for second in range(8)), line(3600))
    record, (row,) = cascade.record()
    assert (row.outcome, record.abstained, record.missed, record.reliability) == ("none", 1, 0, ())


def test_a_forecast_comes_out_when_half_an_hour_of_log_is_stored(parts, reader):
    object.__setattr__(parts.cascade, "_reader", reader)
    store(parts, line(0), line(60))
    parts.cascade.outlook()
    store(parts, line(1000))
    assert parts.store.forecasts.newest()[0].outcome == ""
    store(parts, line(3600))
    assert parts.store.forecasts.newest()[0].outcome == "false alarm"
    assert parts.cascade.score() == 0


def test_like_probabilities_are_put_together_and_what_is_open_is_left_out(parts, cascade):
    store(parts, line(0))
    cascade.outlook()
    (row,) = parts.store.forecasts.newest()
    said = ((0.8, "right"), (0.72, "false alarm"), (1.0, "right"), (0.05, "quiet"), (0.8, ""), (0.8, "none"))
    rows = [dataclasses.replace(row, probability=share, outcome=outcome) for share, outcome in said]
    assert [(round(one.forecast, 2), one.failed, one.n) for one in reliability(rows)] == [
        (0.05, 0, 1),
        (0.76, 0.5, 2),
        (1, 1, 1),
    ]


def test_when_the_next_error_comes_is_the_usual_wait_for_it(parts, cascade):
    store(parts, line(0, "disk full"), line(120, "out of memory"), line(240, "disk full"), line(300, "out of memory"))
    assert cascade.outlook().next_errors[0].minutes == 2  # 2, 3 and 1 after the three before
    alone = cascade.from_text(line(0, "never seen before"))
    assert alone.next_errors[0].minutes is None


def test_a_service_that_fails_already_is_no_failure_to_come(parts, cascade):
    burst = [line(second, f"connection {second} refused", level="critical") for second in range(10)]
    store(
        parts, *burst, *(line(300 + second, f"connection {second} refused", level="critical") for second in range(10))
    )
    assert [failure.service for failure in cascade.failures(START - 1, START + 600)] == ["orders"]
    assert cascade.failures(START + 120, START + 600) == []


def test_the_course_asks_at_each_moment_with_what_was_known_then(parts, cascade, reader):
    store(parts, line(0), line(200), line(400))
    found = cascade.course(START - 100, START + 500, every=200)
    assert [one.at for one in found] == [START + 100, START + 300, START + 500]
    assert [len(steps) for steps, _ in reader.asked] == [1, 2, 3]
    assert parts.store.forecasts.newest() == []


def test_a_pasted_sequence_is_read_and_nothing_is_stored(parts, cascade, reader):
    outlook = cascade.from_text(cascade.example())
    assert [step.service for step in outlook.steps] == ["orders"] * 4
    assert outlook.notes == ()
    assert outlook.next_errors[0].title.startswith("orders crashed")
    assert parts.store.issues.newest_event() is None
    assert parts.store.forecasts.newest() == []


def test_errors_without_a_time_are_a_minute_apart_and_that_is_said(cascade):
    outlook = cascade.from_text("connection refused\nout of memory\ncrashed")
    assert [step.time for step in outlook.steps] == [START - 120, START - 60, START]
    assert "60 s apart" in outlook.notes[0]


def test_errors_out_of_order_are_put_in_order(cascade):
    outlook = cascade.from_text(line(60, "second thing failed") + "\n" + line(0, "first thing failed"))
    assert outlook.titles == ("first thing failed", "second thing failed")
    assert "order" in outlook.notes[0]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 300_000])
def test_nothing_and_too_much_are_refused(cascade, text):
    with pytest.raises(InvalidInput):
        cascade.from_text(text)


@pytest.mark.parametrize(
    ("error", "word"), [(FileNotFoundError("card.json"), "missing"), (KeyError("alarm"), "damaged")]
)
def test_weights_that_cannot_be_read_are_said_with_the_command(parts, error, word):
    def load():
        raise error

    service = CascadeService(parts.store, parts.analysis, parts.encoder.dims, load)
    with pytest.raises(Unavailable, match=f"{word}.*stacklens train cascade"):
        service.from_text("connection refused")


def test_a_removed_upload_leaves_the_forecast_without_its_words(parts, cascade):
    store(parts, line(0), line(60))
    cascade.outlook()
    parts.ingest.remove(1, actor="ada", key="k")
    (kept,) = parts.store.forecasts.newest()
    assert dataclasses.asdict(kept)["next_errors"][0][1] == 0.5
    assert cascade.outlook() is None
