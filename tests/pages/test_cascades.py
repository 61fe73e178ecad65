"""The Cascades page: the sentence first, the client's example, the record of earlier forecasts."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.services.cascade import CascadeService
from tests.cascade_fakes import RuleReader

ROOT = Path(__file__).resolve().parents[2]
LOG = "\n".join(f"2026-11-24 10:0{minute}:00,123 ERROR [main] com.shop.Dao: could not save order, {word}"
                for minute, word in enumerate(("disk full", "table locked", "connection refused")))  # fmt: skip


@pytest.fixture
def app(parts: bootstrap.Services) -> AppTest:
    object.__setattr__(parts, "cascade", CascadeService(parts.store, parts.analysis, parts.encoder.dims, RuleReader))
    return (
        AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run().switch_page("../pages/cascades.py")
    )


def test_an_empty_store_offers_the_example_and_it_is_forecast(app: AppTest) -> None:
    app.run()
    assert "Nothing is stored yet" in app.info[0].value
    app.button(key="cascade_example").click().run()
    assert not app.exception
    assert app.text[0].value.startswith("orders is failing already. orders is expected to fail in about 10 min")
    app.button(key="cascade_back").click().run()
    assert "Nothing is stored yet" in app.info[0].value


def test_the_stores_errors_are_forecast_kept_and_shown_with_their_record(
    parts: bootstrap.Services, app: AppTest
) -> None:
    parts.ingest.text(LOG, actor="test")
    app.run()
    assert not app.exception
    assert app.text[0].value.startswith("A service is expected to fail")
    assert [(metric.label, metric.value) for metric in app.metric][-1] == ("Too early", "1")
    app.button(key="cascade_hindsight").click().run()
    assert not app.exception


def test_missing_weights_are_said_in_words(parts: bootstrap.Services, app: AppTest) -> None:
    def missing() -> RuleReader:
        raise FileNotFoundError("card.json")

    object.__setattr__(parts, "cascade", CascadeService(parts.store, parts.analysis, parts.encoder.dims, missing))
    parts.ingest.text(LOG, actor="test")
    app.run()
    assert "stacklens train cascade" in app.error[0].value.replace("\\", "")


def test_a_forecast_that_came_out_is_counted_and_its_probability_drawn(parts: bootstrap.Services, app: AppTest) -> None:
    parts.ingest.text(LOG, actor="test")
    app.run()
    parts.ingest.text("2026-11-24 11:00:00,123 ERROR [main] com.shop.Dao: could not save order, again", actor="test")
    app.run()
    assert not app.exception
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Right"], shown["False alarms"], shown["Too early"]) == ("0", "1", "1")
    assert any("Do the probabilities hold?" in text.value for text in app.markdown)
    assert any("newest 2 forecasts" in text.value for text in app.caption)


def test_only_lines_long_after_the_errors_are_no_forecast_and_that_is_said(
    parts: bootstrap.Services, app: AppTest
) -> None:
    parts.ingest.text(LOG + "\n2026-11-25 10:00:00,123 INFO [main] com.shop.Dao: started", actor="test")
    app.run()
    assert not app.exception
    assert "No error in the 6 hours before 2026-11-25 10:00" in app.info[0].value


def test_an_issue_in_the_address_is_told_what_came_after_it(parts: bootstrap.Services, app: AppTest) -> None:
    parts.ingest.text(LOG, actor="test")
    first = next(iter(parts.store.issues.by_id(range(1, 10))))
    app.query_params["issue"] = str(first)
    app.run()
    assert not app.exception
    said = " ".join(item.value for item in app.markdown)
    assert f"After issue {first}" in said and "It came 1 time so far: too few to tell what usually follows" in said
    app.query_params["issue"] = "999"
    app.run()
    assert "no longer stored" in app.warning[0].value
