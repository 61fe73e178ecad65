"""The report of a replay: one file that loads nothing, runs nothing, and shows the text of the log as text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from app.services.replay_lanes import Lanes
from components.replay_figures import race
from components.replay_report import key_moments, name, report
from components.replay_words import headline, others, simulated
from models.simulate.shop_incident import Moment
from tests.replay_data import EARLY, FAILURE, LATE, at, fake, line

EVIL = "out of memory <script>alert(1)</script> <img src=https://evil.example/x onerror=alert(1)> \" onload='x' "


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def film(parts):
    replay = fake(parts)
    bad = "".join(line(f"10:21:{second:02}", "<img src=x>", EVIL) for second in range(0, 30, 5))
    parts.ingest.text(EARLY + FAILURE + bad + LATE, actor="test")
    return replay.film(replay.span(at("10:00"), at("11:00")))


def test_the_difference_is_said_first(film):
    assert headline(film, "UTC") == "14 minutes ahead: StackLens warned 10:06, users were hit 10:20 (orders)."
    assert others(film) == "Warned of 2 of 2 failures. 1 false alarm. A warning stood at 55 of 61 moments."
    assert re.search(r"<h1>(.*?)</h1>", report(film, "UTC")).group(1) == headline(film, "UTC")
    assert (
        "users were hit 12:20" in report(film, "Europe/Berlin") and name(film, "UTC") == "incident-2026-05-01-1000.html"
    )


def test_nothing_is_loaded_and_nothing_runs(film):
    tags = Tags()
    tags.feed(report(film, "UTC"))
    assert {tag for tag, _ in tags.found}.isdisjoint(
        {"script", "img", "link", "iframe", "object", "a", "image", "use", "b"}
    )
    named = {attribute for _, attributes in tags.found for attribute in attributes}
    assert named.isdisjoint({"src", "href", "xlink:href", "style", "srcset"}) and not any(
        one.startswith("on") for one in named
    )
    policy = next(attributes["content"] for tag, attributes in tags.found if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'") and "url(" not in report(film, "UTC")


def test_text_of_the_log_is_there_as_text(film):
    made = report(film, "UTC")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made and "<script" not in made
    assert "&lt;img src=x&gt;" in made


def test_it_holds_evidence_models_and_how_to_see_it_again(film):
    made = report(film, "UTC")
    for said in (
        "rule@1",
        "fake@1",
        "failed first",
        "△ false alarm",
        "replay_since=2026-05-01T10:00Z&amp;replay_until=2026-05-01T11:00Z",
    ):
        assert said in made
    assert [title for title, _ in key_moments(film)] == [
        "The first warning",
        "After the first failure",
        "The lowest health",
    ]
    assert made.count("<svg") == 5 and "seed" not in made
    assert len(made) < 200_000


def test_the_race_marks_false_alarms_apart_and_the_cursor(film):
    figure = race(film, at("10:30"), "UTC")
    names = [trace.name for trace in figure.data if trace.name]
    assert names == ["probability of a failure within 30 min", "▲ warned, right", "△ false alarm", "✕ a service failed"]
    assert [shape.x0.strftime("%H:%M") for shape in figure.layout.shapes] == ["10:30", "10:30"]
    assert "<img" not in figure.to_json()


def test_a_reader_that_cannot_tell_is_no_reader_that_was_silent(film):
    unable = tuple(
        replace(frame, forecast=frame.forecast and replace(frame.forecast, minutes=None, forecastable=False))
        for frame in film.frames
    )
    other = replace(
        film, frames=unable, lanes=Lanes((), tuple(replace(hit, warned_at=None) for hit in film.lanes.hits))
    )
    assert (
        headline(other, "UTC") == "Users were hit 10:20 (orders), and StackLens had said that it cannot forecast here."
    )
    assert others(other) == "Warned of 0 of 2 failures."
    half = replace(film, frames=(*unable[:20], *film.frames[20:]))
    assert "No forecast was possible at 16 of 61 moments. A warning stood at 41" in others(half)
    nobody = replace(film, lanes=Lanes(film.lanes.warnings, ()))
    assert headline(nobody, "UTC") == "Nobody was hit in this range, and StackLens warned 2 times."


def test_what_a_simulation_knows_beyond_the_log_is_told_apart(film):
    truth = tuple(Moment(at("10:25"), "first_failure", service, "down & out") for service in ("orders", "cart"))
    played = replace(film, truth=truth, seed=7)
    assert "2 services that failed (○); 1 of them logged too few errors" in simulated(played) and simulated(film) == ""
    made = report(played, "UTC")
    assert "cart: down &amp; out" in made and "<td>7</td>" in made
    assert "○ failed, as the simulation knows" in [trace.name for trace in race(played, at("10:30"), "UTC").data]
