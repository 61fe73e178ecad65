"""The System page: the answer first, then every check, and the program's last errors as text."""

import logging
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap, logs
from app.domain import StoreUnavailable

ROOT = Path(__file__).resolve().parents[2]


def run() -> AppTest:
    return AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run().switch_page("../pages/system.py").run()


def test_all_is_well_is_the_first_thing(parts: bootstrap.Services) -> None:
    app = run()
    assert not app.exception
    assert app.text[0].value == "All is well."
    assert list(app.dataframe[0].value["Part"]) == ["Store", "Disk", "Worker", "Jobs", "Alerts", "Models"]


def test_what_is_wrong_comes_first_with_what_to_do(parts: bootstrap.Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(parts.store.alerts, "failing", full)
    app = run()
    assert not app.exception
    assert app.text[0].value == "Alerts: the disk is full." and "Alerts page" in app.caption[0].value
    assert app.dataframe[0].value["Part"][0] == "Alerts"


def test_the_last_errors_are_shown_as_text(parts: bootstrap.Services) -> None:
    logs.newest.handle(logging.LogRecord("app", logging.ERROR, "x.py", 1, "<b>failed</b>", (), None))
    assert "<b>failed</b>" in list(run().dataframe[-1].value["What"])
