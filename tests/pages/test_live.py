"""The Live page: what it says of now is of now, and simulated events are called so."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap

ROOT = Path(__file__).resolve().parents[2]


def run() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    return app.switch_page("../pages/live.py").run()


def test_it_says_how_much_comes_in_and_how_old_the_last_one_is(parts: bootstrap.Services) -> None:
    def at(ago: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))

    parts.ingest.text(f"{at(3)} ERROR disk full", actor="ada")
    app = run()
    assert not app.exception
    assert any(one.value.startswith("1 event in the last minute; the last 1 on top, by arrival, the newest") for one in app.caption)
    parts.ingest.text(f"{at(3000)} ERROR disk full", actor="ada")
    assert any("by arrival, the newest of them 50 min ago" in one.value for one in run().caption)


def test_the_minute_moves_on_while_the_page_stays_open(parts: bootstrap.Services, monkeypatch: pytest.MonkeyPatch) -> None:
    from components import tail
    from components.sidebar import View

    asked: list[float] = []
    rate = type(parts.store.arrivals).rate
    monkeypatch.setattr(type(parts.store.arrivals), "rate", lambda self, now: asked.append(now) or rate(self, now))
    opened = time.time() - 600
    tail._list((), "", View(None, "UTC", opened), None)
    assert asked[0] - opened > 500


def test_simulated_events_are_called_simulated(parts: bootstrap.Services) -> None:
    parts.ingest.text("2026-05-01T10:00:00Z ERROR disk full", actor="stacklens", source="sample", simulated=True)
    parts.store.notes.mark("sample", "loaded")
    assert any("(simulated)" in one.value for one in run().caption)
