"""The Resolutions page: words when empty, the order and why, and a promotion that is held back until it is allowed."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from app import bootstrap

ROOT = Path(__file__).resolve().parents[2]
LOG = "\n".join(f"2026-11-24 10:00:0{n},123 ERROR [main] shop: connection to {name} refused by peer"
                for n, name in enumerate(("orders", "cart", "billing")))  # fmt: skip


def run() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
    app.run()
    return app.switch_page("../pages/resolutions.py").run()


def test_an_empty_store_has_words(parts: bootstrap.Services) -> None:
    app = run()
    assert not app.exception
    assert "Nothing is stored yet" in app.info[0].value


def test_the_order_why_and_what_came_of_it(parts: bootstrap.Services) -> None:
    parts.ingest.text(LOG, actor="test", source_file="shop.log")
    app = run()
    assert not app.exception
    assert any("Nobody has accepted" in info.value for info in app.info)
    assert app.button(key="promote").disabled
    action = parts.inbox.detail(1).suggestions[3].action
    parts.triage.say("accept", 1, actor="ada", key="a", answer={"action": action}, shown={"rank": 0}, propensity=0.9)
    app.run()
    assert not app.exception
    assert "100 %" in [metric.value for metric in app.metric]
    app.selectbox(key="resolution_issue").set_value(2).run()
    assert not app.exception
    assert any("errors with an accepted action" in one.value for one in app.markdown)
    table = next(frame.value for frame in app.dataframe if "linear" in frame.value.columns)
    assert len(table) == 10
    assert any("only 1 answers" in one.value.replace("\\", "") for one in app.markdown)
