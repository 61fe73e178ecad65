"""The Drift page."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from app import bootstrap
from tests.app.services.test_drift import foreign, usual

ROOT = Path(__file__).resolve().parents[2]


def run() -> AppTest:
    return AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run().switch_page("../pages/drift.py").run()


def test_an_empty_store_has_words(parts: bootstrap.Services) -> None:
    app = run()
    assert not app.exception
    assert app.text[0].value.startswith("Too little is stored")


def test_what_moved_is_said_first_with_examples(parts: bootstrap.Services) -> None:
    parts.ingest.text("\n".join(usual(0) + usual(40) + foreign(95)), actor="test")
    app = run()
    assert not app.exception
    assert app.text[0].value.startswith("What comes in has changed")
    assert any("show the change most" in text.value for text in app.markdown)
