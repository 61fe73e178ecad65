"""The Models page: what ships is named and measured, corrections are listed until they are taken back."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services.model_card import ModelCardService
from models.learn.gate import compare, decide

ROOT = Path(__file__).resolve().parents[2]


def correct(parts: bootstrap.Services) -> None:
    upload = parts.ingest.text("ERROR deadlock detected", actor="test")
    assert upload.events == 1
    issue = parts.store.issues.newest_id()
    parts.triage.say(
        "correct_category", issue, actor="Ada", key="k1", answer={"category": "data"}, shown={"category": "code"}
    )


def test_the_shipped_network_is_measured_beside_its_rivals(parts: bootstrap.Services) -> None:
    card = parts.model_card.card()
    assert set(card.readers) >= {"product", "transformer"}
    for measures in card.readers.values():
        for value in measures.values():
            assert 0 <= value["low"] <= value["high"] <= 1
    assert sum(map(sum, card.figures["category_confusion"])) == card.figures["n"]
    assert sum(each["n"] for each in card.figures["reliability"]) == card.figures["n"]


def test_a_correction_is_listed_with_what_was_shown_until_it_is_taken_back(parts: bootstrap.Services) -> None:
    correct(parts)
    (mistake,) = parts.model_card.card().mistakes
    assert (mistake.what, mistake.was, mistake.now, mistake.entry.actor) == ("category", "code", "data", "Ada")
    issue = mistake.entry.issue_id
    assert issue is not None
    parts.triage.undo(issue, actor="Ada", key="k2")
    assert parts.model_card.card().mistakes == ()


def test_the_page_draws_both(parts: bootstrap.Services) -> None:
    correct(parts)
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    app.switch_page("../pages/model_card.py").run()
    assert not app.exception
    assert any("both right" in each.value for each in app.markdown)
    assert any("code → data" in each.value for each in app.caption)


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_without_figures_the_card_is_empty_not_broken(
    parts: bootstrap.Services, tmp_path: Path, content: str | None
) -> None:
    folder = tmp_path / "none"
    folder.mkdir()
    if content is not None:
        (folder / "figures.json").write_text(content)
    assert ModelCardService(parts.store, parts.reading, folder).card().readers == {}


def test_an_empty_store_shows_what_ships_and_a_job_is_asked_for_by_name(parts: bootstrap.Services) -> None:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    app.session_state["actor"] = "Ada"
    app.switch_page("../pages/model_card.py").run()
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["Measured", "Versions", "Jobs"]
    assert app.button(key="rollback").disabled
    app.button(key="job_retrain").click().run()
    assert not app.exception
    (job,) = parts.jobs.newest()
    assert (job.kind, job.actor, job.state) == ("retrain", "Ada", "queued")
    app.button(key=f"cancel_{job.id}").click().run()
    assert not app.exception and parts.jobs.newest()[0].state == "cancelled"


def test_a_candidate_is_promoted_and_rolled_back_by_clicks(parts: bootstrap.Services, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = parts.registry
    monkeypatch.setattr(type(registry), "load", lambda self, version: parts.reading._reader)
    version = registry.register("classifier", b"w", code="c", seed=0, data={}, metrics={}, reason="test")
    registry.decided(version, decide(compare("frozen holdout", [False] * 60 + [True] * 340, [True] * 400)))
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    app.session_state["actor"] = "Ada"
    app.switch_page("../pages/model_card.py").run()
    app.button(key=f"shadow_{version.id}").click().run()
    assert registry.waiting() is not None
    app.text_input(key=f"why_{version.id}").set_value("gains 15 points").run()
    app.button(key=f"promote_{version.id}").click().run()
    assert registry.current().shipped and any("is not over" in error.value for error in app.error)
    app.checkbox(key=f"skip_{version.id}").check().run()
    app.button(key=f"promote_{version.id}").click().run()
    assert not app.exception and registry.current().version == version.version
    assert any("without an A/B test" in caption.value for caption in app.caption)
    app.button(key="rollback").click().run()
    assert not app.exception and registry.current().shipped
