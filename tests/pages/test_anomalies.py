"""The Anomalies page: empty and filled, filters, and clicks that count once and move the threshold."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services import anomaly
from app.settings import Settings
from components.anomaly_figures import distribution, timeline
from models.vectors.hashing import HashingEncoder

ROOT = Path(__file__).resolve().parents[2]
LOG = "\n".join(
    f"2026-11-24 {hour:02}:{minute:02}:00,123 ERROR [main] com.shop.OrderDao: could not save order 4711"
    for hour in range(23) for minute in (5, 25, 45)
) + "\n" + "\n".join(
    f"2026-11-24 23:{minute:02}:00,123 ERROR [main] com.shop.OrderDao: could not save order <b>4711</b>" for minute in range(59)
)  # fmt: skip


@pytest.fixture
def parts(tmp_path: Path, corpus_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bootstrap.Services]:
    built = bootstrap.build(Settings(data_dir=tmp_path, cache_dir=corpus_cache), encoder=HashingEncoder())
    monkeypatch.setattr(bootstrap, "_services", built)
    monkeypatch.setattr(anomaly, "THRESHOLD", 0.0)
    yield built
    built.close()
    st.cache_resource.clear()


def run() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
    app.run()
    return app.switch_page("../pages/anomalies.py").run()


def test_an_empty_store_has_words(parts: bootstrap.Services) -> None:
    app = run()
    assert not app.exception
    assert "Nothing is stored yet" in app.info[0].value


def test_findings_are_listed_with_their_reasons_and_a_click_moves_the_threshold(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test", source_file="orders.log")
    app = run()
    assert not app.exception
    scores = list(app.dataframe[0].value["Strange"])
    assert scores == sorted(scores, reverse=True) and scores
    assert all(app.dataframe[0].value["Why"])
    app.session_state["actor"] = "Ada"
    app.button(key="dismiss").click().run()
    assert not app.exception
    assert [(entry.kind, entry.actor) for entry in parts.store.log.entries()] == [("anomaly_dismiss", "Ada")]
    assert len(parts.anomaly.thresholds()) == 1
    app.button(key="undo_anomaly").click().run()
    assert not app.exception
    assert parts.anomaly.thresholds() == {}


def test_a_filter_that_matches_nothing_says_so(parts: bootstrap.Services) -> None:
    parts.ingest.text("2026-11-24 10:00:00,123 ERROR [main] a.B: could not save", actor="test")
    app = run()
    app.session_state["kind"] = ["order"]
    app.run()
    assert not app.exception
    assert "Nothing strange here" in app.info[0].value


def test_figures_draw_every_finding_once_and_hold_no_markup(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test", source_file="orders.log")
    found = parts.anomaly.findings()
    figure = timeline(found, "UTC", 0.95)
    assert sum(len(trace.x or ()) for trace in figure.data) == len(found)
    assert "<b>" not in figure.to_json()
    said = [said for _, said in parts.anomaly.scores()]
    assert len(distribution(said, 0.95, 0.9).data[0].x) == len(said)
