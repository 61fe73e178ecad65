"""The Incident replay page: the sentence first, play and pause, steps, the link, another range, missing weights, the report."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services.replay import ReplayService
from components import replay_player
from components.replay_player import AT, SPAN, STARTED, reached
from tests.replay_data import EARLY, FAILURE, LATE, at, fake

ROOT = Path(__file__).resolve().parents[2]
RANGE = {"replay_since": "2026-05-01T10:00Z", "replay_until": "2026-05-01T11:00Z"}


@pytest.fixture
def replay(parts: bootstrap.Services) -> ReplayService:
    made = fake(parts)
    parts.ingest.text(EARLY + FAILURE + LATE, actor="test")
    return made


def run(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    app.query_params.update(query)
    app.switch_page("../pages/replay.py").run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    found = [item.value for kind in (app.text, app.markdown, app.caption) for item in kind]
    return " ".join(found).replace("\\", "").replace("**", "")


def test_an_empty_store_has_words_and_a_way_out(parts: bootstrap.Services) -> None:
    app = run()
    assert "Nothing is stored yet" in app.info[0].value


def test_a_link_restores_range_moment_and_speed(replay: ReplayService) -> None:
    app = run(**RANGE, replay_at="2026-05-01T10:21Z", replay_speed="10")
    assert app.text[0].value == "14 minutes ahead: StackLens warned 10:06, users were hit 10:20 (orders)."
    assert app.session_state[AT] == at("10:21") and app.session_state[replay_player.SPEED] == 10
    said = texts(app)
    assert "2026-05-01 10:21:00 UTC: system health" in said and "most likely cause orders" in said
    assert "orders is expected to fail" in said and " · orders · " in said
    assert "rule@1" in said and app.get("download_button")
    assert app.query_params["replay_at"] == "2026-05-01T10:21Z"


def test_steps_and_the_slider_move_everything_and_the_link(replay: ReplayService) -> None:
    app = run(**RANGE)
    assert "No issue had an event" in texts(app)
    app.button(key="replay_on").click().run()
    assert app.session_state[AT] == at("10:01") and app.query_params["replay_at"] == "2026-05-01T10:01Z"
    app.select_slider[0].set_value(21).run()
    assert not app.exception
    assert app.session_state[AT] == at("10:21") and "orders is expected to fail" in texts(app)
    app.button(key="replay_back").click().run()
    assert app.session_state[AT] == at("10:20")


def test_the_cursor_moves_while_it_plays_and_stands_while_paused(
    replay: ReplayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(replay_player, "monotonic", lambda: now[0])
    app = run(**RANGE, replay_speed="5")
    now[0] += 60
    app.run()
    assert app.session_state[AT] == at("10:00")
    app.button(key="replay_play").click().run()
    now[0] += 2.5
    app.run()
    assert not app.exception
    assert app.session_state[AT] == at("10:12")
    app.button(key="replay_play").click().run()
    now[0] += 60
    app.run()
    assert app.session_state[AT] == at("10:12") and app.session_state[STARTED] is None
    app.button(key="replay_play").click().run()
    now[0] += 60
    app.run()
    assert app.session_state[AT] == at("11:00") and app.session_state[STARTED] is None


def test_play_reaches_a_moment_by_the_clock_and_never_beyond_the_end(replay: ReplayService) -> None:
    span = replay.span(at("10:00"), at("11:00"))
    assert reached(span, (0.0, at("10:10")), 1.9, 1) == at("10:11")
    assert reached(span, (0.0, at("10:10")), 1e6, 20) == at("11:00")
    assert reached(span, (5.0, at("10:10")), 0.0, 20) == at("10:10")


def test_another_range_is_played_and_a_wrong_one_is_refused(replay: ReplayService) -> None:
    app = run(replay_since="2030-01-01T00:00Z", replay_until="2030-01-02T00:00Z")
    assert "nothing is stored in that range" in app.warning[0].value.replace("\\", "")
    app.button(key="replay_newest").click().run()
    assert not app.exception
    assert app.session_state[SPAN].until == at("11:31")
    app = run(replay_since="yesterday", replay_until="today")
    assert "names no time" in app.warning[0].value.replace("\\", "")


def test_a_changed_log_is_said_and_read_anew_only_when_asked(parts: bootstrap.Services, replay: ReplayService) -> None:
    app = run(**RANGE)
    parts.ingest.text(FAILURE.replace("T10:20", "T10:50").replace('"orders"', '"cart"'), actor="test")
    app.run()
    assert "Warned of 1 of 1 failure" in texts(app)
    app.button(key="replay_anew").click().run()
    assert not app.exception
    assert "Warned of 2 of 2 failures" in texts(app)


def test_without_the_forecast_the_rest_still_plays(parts: bootstrap.Services) -> None:
    def missing() -> None:
        raise FileNotFoundError("card.json")

    fake(parts, missing)  # type: ignore[arg-type]
    parts.ingest.text(EARLY + FAILURE, actor="test")
    app = run(replay_at="2026-05-01T10:21Z")
    assert "stacklens train cascade" in app.warning[0].value.replace("\\", "")
    assert "and there was no forecast" in app.text[0].value and " · orders · " in texts(app)
