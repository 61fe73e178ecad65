"""ReplayService: the race of the lanes, moments that know nothing of the future, what is kept, and what is missing."""

import numpy as np
import pytest

from app.domain import InvalidInput, Unavailable
from app.services.replay import KEPT, MOMENTS
from app.services.replay_lanes import FALSE_ALARM, OPEN, RIGHT, Expected, lanes
from app.storage.forecasts import Failure
from models.simulate.shop_incident import SAMPLE_SEED
from tests.replay_data import EARLY, FAILURE, LATE, at, fake


def expected(minute, warned=True, service="orders"):
    return Expected(60.0 * minute, "said", "why", 0.8, (1.0, 5.0, 9.0) if warned else None, service, True, "m", ())


def test_the_lead_runs_from_the_first_warning_of_the_half_hour_before_the_failure():
    forecasts = [expected(minute, warned=minute in (10, 11, 50, 120)) for minute in range(0, 130)]
    found = lanes(forecasts, [Failure(60.0 * 31, "orders"), Failure(60.0 * 100, "cart")], 129 * 60.0, 140 * 60.0)
    assert [(one.since / 60, one.until / 60, one.outcome) for one in found.warnings] == [
        (10, 11, RIGHT), (50, 50, FALSE_ALARM), (120, 120, OPEN),
    ]  # fmt: skip
    assert [(one.lead, one.named) for one in found.hits] == [(21.0, True), (None, False)]
    assert found.false_alarms == 1


def test_a_warning_that_stands_for_hours_is_right_only_in_the_last_half_hour():
    found = lanes([expected(minute) for minute in range(0, 180)], [Failure(60.0 * 120 + 5, "cart")], 1e9, 1e9)
    assert [(one.since / 60, one.outcome) for one in found.warnings] == [
        (0, FALSE_ALARM),
        (91, RIGHT),
        (121, FALSE_ALARM),
    ]
    assert found.hits[0].lead == pytest.approx(29, abs=0.1) and not found.hits[0].named


def test_no_moment_of_a_warning_is_missing_where_no_error_was_known():
    found = lanes([expected(1), None, expected(3)], [Failure(60.0 * 4, "orders")], 300.0, 300.0)
    assert [one.since / 60 for one in found.warnings] == [1, 3]


def test_graph_issues_and_forecast_move_together(parts):
    replay = fake(parts)
    parts.ingest.text(EARLY + FAILURE + LATE, actor="test")
    film = replay.film(replay.span(at("10:00"), at("11:00")))
    assert (film.span.every, len(film.frames)) == (60.0, 61)
    first = film.lanes.hits[0]
    assert (first.service, first.at, first.warned_at, first.named) == ("orders", at("10:20:20"), at("10:06"), True)
    quiet, failed = film.frame(at("10:02:59")), film.frame(at("10:21"))
    assert (quiet.at, quiet.issues, quiet.forecast) == (at("10:02"), (), None)
    orders = failed.picture.graph.names.index("orders")
    assert quiet.picture.state(orders) == "healthy" and failed.picture.state(orders) == "failed"
    assert failed.forecast.minutes is not None and failed.issues[0].service == "orders"
    assert sum(row.count for row in failed.issues) == 8
    assert [one.outcome for one in film.lanes.warnings] == [RIGHT, FALSE_ALARM]
    assert dict(film.models) == {"forecast": "rule@1", "service graph": "fake@1", "encoder": parts.encoder.version}


def test_a_moment_is_the_same_whatever_comes_after_it(parts):
    replay = fake(parts)
    parts.ingest.text(EARLY, actor="test")
    before = replay.film(replay.span(at("10:00"), at("10:06")))
    parts.ingest.text(FAILURE + LATE, actor="test")
    after = replay.film(replay.span(at("10:00"), at("10:40")))
    assert before.lanes.hits == () and len(after.lanes.hits) == 1
    for one in before.frames:
        same = after.frame(one.at)
        assert (one.at, one.issues, one.forecast) == (same.at, same.issues, same.forecast)
        assert np.array_equal(one.picture.reading.health, same.picture.reading.health)
        assert np.array_equal(one.picture.signals.counts, same.picture.signals.counts)


def test_what_people_say_today_does_not_change_what_was_urgent(parts):
    replay = fake(parts)
    parts.ingest.text(EARLY + FAILURE, actor="test")
    span = replay.span(at("10:00"), at("10:30"))
    before = replay.film(span).frames[-1].issues
    parts.triage.say("resolve", before[0].id, actor="ada", key="1")
    parts.triage.say("mute", before[0].id, actor="ada", key="2", answer={"until": at("23:00")})
    assert replay.film(span, anew=True).frames[-1].issues == before


def test_a_range_is_read_once_kept_within_bounds_and_forgotten_by_a_removal(parts):
    replay = fake(parts)
    upload = parts.ingest.text(EARLY + FAILURE, actor="test")
    span, told = replay.span(at("10:00"), at("10:21")), []
    film = replay.film(span, told.append)
    assert told[-1] == 1.0 and len(told) == len(film.frames)
    assert replay.film(span) is film and not replay.changed(film)
    for minute in range(10, 10 + KEPT):
        replay.film(replay.span(at("10:00"), at(f"10:{minute}")))
    assert replay.film(span) is not film
    parts.ingest.text(LATE, actor="test")
    film = replay.film(span)
    assert replay.changed(film)
    parts.ingest.remove(upload.id, actor="ada", key="gone")
    assert all(not frame.issues for frame in replay.film(span).frames)


def test_what_is_removed_while_a_range_is_read_is_not_in_it(parts):
    replay = fake(parts)
    upload = parts.ingest.text(EARLY + FAILURE, actor="test")
    parts.ingest.text(LATE, actor="test")
    film = replay.film(
        replay.span(at("10:00"), at("10:30")),
        lambda done: parts.ingest.remove(upload.id, actor="ada", key="gone") if done == 1.0 else None,
    )
    assert all(not frame.issues for frame in film.frames) and film.lanes.hits == ()


def test_ranges_are_cut_to_what_is_stored_and_refused_in_words(parts):
    replay = fake(parts)
    with pytest.raises(InvalidInput, match="nothing is stored yet"):
        replay.span(0, 1e9)
    assert replay.newest() is None and replay.sample() is None
    parts.ingest.text(EARLY + LATE, actor="test")
    span = replay.span(0, 4e9)
    assert (span.since, span.until) == (at("10:00"), at("11:31")) and len(span.moments) <= MOMENTS
    assert replay.span(span.since, span.until) == span
    with pytest.raises(InvalidInput, match="ends before it begins"):
        replay.span(at("10:30"), at("10:10"))


def test_without_weights_graph_and_issues_still_play(parts):
    class Missing:
        def __init__(self):
            raise Unavailable("the weights are missing: stacklens train cascade")

    replay = fake(parts, Missing)
    parts.ingest.text(EARLY + FAILURE, actor="test")
    film = replay.film(replay.span(at("10:00"), at("10:30")))
    assert film.missing == ("The forecast is missing: the weights are missing: stacklens train cascade",)
    assert film.frames[-1].picture is not None and film.frames[-1].issues
    assert film.lanes.warnings == () and film.lanes.hits[0].lead is None


def test_the_sample_is_played_around_its_incident_with_its_seed_and_truth(parts):
    replay = fake(parts)
    upload = parts.store.uploads.begin(name="x", source="sample", actor="stacklens", at=at("14:00"), simulated=True)
    parts.ingest.text(EARLY + LATE + "".join(FAILURE.replace("T10:", f"T{hour}:") for hour in (12, 13)), actor="test")
    span = replay.sample()
    film = replay.film(span)
    assert upload and film.seed == SAMPLE_SEED
    failed = [one for one in film.truth if one.kind == "first_failure"]
    assert (failed[0].service, failed[-1].service) == ("orders-db", "storefront")
    assert span.since < failed[0].time < failed[-1].time < span.until
