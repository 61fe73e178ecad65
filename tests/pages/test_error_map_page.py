"""The error map as a page: words for an empty store, filters that refit nothing, answers for all that is selected and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services.map_fit import fit_here
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

ROOT = Path(__file__).resolve().parents[2]
LOG = """2026-11-24 10:00:00,123 ERROR [main] com.shop.OrderDao: could not save order 4711
2026-11-24 11:00:01,123 ERROR [main] com.shop.Cart: no space left on device: /var/lib/cart
2026-11-24 12:00:02,123 WARN [main] com.shop.Pay: connection refused by the payment gateway
"""


@pytest.fixture
def parts(tmp_path: Path, corpus_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bootstrap.Services]:
    built = bootstrap.build(Settings(data_dir=tmp_path, cache_dir=corpus_cache), encoder=HashingEncoder())
    monkeypatch.setattr(bootstrap, "_services", built)
    monkeypatch.setattr(built.error_map, "_fit", fit_here)
    yield built
    built.close()
    st.cache_resource.clear()


def run(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
    app.run()
    app.query_params.update(query)
    return app.switch_page("../pages/error_map.py").run()


def captions(app: AppTest) -> str:
    return " ".join(item.value for item in app.caption)


def test_an_empty_store_has_words(parts: bootstrap.Services) -> None:
    app = run()
    assert not app.exception
    assert "Nothing is stored yet" in app.info[0].value


def test_three_signatures_are_a_map_that_says_what_it_is(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run()
    assert not app.exception
    assert "3 of 3 signatures" in captions(app) and "by PCA" in captions(app)
    app.text_input(key="map_q").set_value("space device").run()
    assert "1 of 3 signatures" in captions(app)
    app.selectbox(key="map_colour").set_value("first seen").run()
    assert not app.exception


def test_what_is_selected_is_answered_at_once_and_taken_back_at_once(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    before = {row.issue_id: row.severity for row in parts.error_map.current().rows}
    app = run()
    app.session_state["actor"] = "Ada"
    app.selectbox(key="map_choice").set_value("everything shown").run()
    assert "3 errors selected" in " ".join(item.value for item in app.markdown)
    app.button(key="map_correct_severity_◆ critical").click().run()
    assert not app.exception
    assert {row.severity for row in parts.error_map.current().rows} == {"critical"}
    app.button(key="map_undo").click().run()
    assert not app.exception
    assert {row.issue_id: row.severity for row in parts.error_map.current().rows} == before
    assert [entry.kind for entry in parts.store.log.entries()] == ["correct_severity"] * 3 + ["undo"] * 3


def test_a_link_from_an_issue_selects_it(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    row = parts.error_map.current().rows[1]
    app = run(issue=str(row.issue_id))
    assert not app.exception
    assert "1 error selected" in " ".join(item.value for item in app.markdown)


def test_play_steps_through_time_until_everything_is_there(
    parts: bootstrap.Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.ingest.text(LOG, actor="test")
    from components import map_controls

    monkeypatch.setattr(map_controls, "_PACE", 0.0)
    app = run()
    app.button(key="map_play").click().run()
    assert not app.exception
    assert "1 of 3 signatures" in captions(app)
    for _ in range(map_controls._STEPS):
        app.run()
    assert "3 of 3 signatures" in captions(app)
    assert app.button(key="map_play").label == "Play"
