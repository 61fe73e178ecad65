"""The label queue: empty and filled, one key an answer, hidden guesses, disputes, files; two people never before one text."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services import label_queue
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

ROOT = Path(__file__).resolve().parents[2]
LOG = "\n".join(
    f"2026-11-24 10:{n:02}:00,123 ERROR [main] com.shop.Order{chr(65 + n)}: step {chr(97 + n) * 6} <b>failed</b>"
    for n in range(20)
)


@pytest.fixture
def parts(tmp_path: Path, corpus_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bootstrap.Services]:
    built = bootstrap.build(
        Settings(data_dir=tmp_path, cache_dir=corpus_cache, query_strategy="random"), encoder=HashingEncoder()
    )
    monkeypatch.setattr(bootstrap, "_services", built)
    yield built
    built.close()
    st.cache_resource.clear()


def run(actor: str = "Ada") -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
    if actor:
        app.session_state["actor"] = actor
    app.run()
    return app.switch_page("../pages/label_queue.py").run()


def press(app: AppTest, key: str) -> AppTest:
    button = next(one for one in app.button if (one.key or "").startswith(key))
    return button.click().run()


def current(app: AppTest) -> int:
    return int(next(one.key for one in app.button if (one.key or "").startswith("confirm_")).split("_")[1])


def test_an_empty_store_has_words(parts: bootstrap.Services) -> None:
    app = run()
    assert not app.exception
    assert "Nothing is stored yet" in app.info[0].value


def test_a_name_is_asked_before_the_first_question(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run(actor="")
    assert not app.exception
    app.text_input(key="labeller_name").set_value("Ada")
    next(one for one in app.button if one.label == "Begin").click().run()
    assert not app.exception
    assert current(app)


def test_keys_label_one_text_and_show_the_next_and_undo_brings_it_back(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run()
    first = current(app)
    press(press(press(app, "category_4"), "severity_low"), "confirm_")
    assert not app.exception
    assert current(app) != first
    said = parts.store.labels.said()
    assert [(one.kind, one.signature_id, one.answer) for one in said] == [
        ("label", first, {"severity": "low", "category": "storage"})
    ]
    assert said[0].shown["category"] and said[0].model
    press(app, "undo_label")
    assert parts.store.labels.said() == []
    assert current(app) == first


def test_nothing_is_stored_before_both_are_chosen_where_the_guess_is_hidden(
    parts: bootstrap.Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_queue, "HIDDEN", 1)
    parts.ingest.text(LOG, actor="test")
    app = run()
    assert not any("The reader says" in one.value for one in app.caption)
    press(app, "confirm_")
    assert parts.store.labels.said() == []
    assert "Choose a category" in app.warning[0].value


def test_a_skipped_text_is_not_asked_again(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test")
    app = run()
    first = current(app)
    press(app, "skip_")
    assert current(app) != first
    assert first not in {one.item.id for one in parts.label_queue.questions("Ada", n=100)}
    assert first in {one.item.id for one in parts.label_queue.questions("Bob", n=100)}


@pytest.mark.parametrize("tab", ["Audit", "Adjudicate", "Suspected label errors", "Labels"])
def test_every_tab_draws_with_labels_and_a_dispute(parts: bootstrap.Services, tab: str) -> None:
    parts.ingest.text(LOG, actor="test")
    one = parts.label_queue.question(1)
    for actor, category in (("Ada", "code"), ("Bob", "data")):
        parts.label_queue.label(one, "low", category, actor=actor, key=actor)
    app = run()
    app.session_state["part"] = tab
    app.run()
    assert not app.exception
    if tab == "Adjudicate":
        assert any("1 dispute" in text.value for text in app.markdown)
        app.session_state["settle_category_1"], app.session_state["settle_severity_1"] = "code", "low"
        app.run()
        app.button(key="settle_1").click().run()
        assert parts.label_queue.disputes() == []
        assert parts.learning.agreed()[1].category == "code"
