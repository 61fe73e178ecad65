"""On the page of an issue: two errors beside each other, joins with their reason, and merging by pasted links."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import bootstrap

ROOT = Path(__file__).resolve().parents[2]
LOG = """2026-11-24 10:00:00,123 ERROR [main] com.shop.OrderDao: could not save the order because the disk is full
2026-11-24 10:00:01,123 ERROR [main] com.shop.OrderDao: could not save the order because the table is locked
2026-11-24 10:00:02,123 WARN [main] com.shop.Cart: no space left on device: /var/lib/cart
"""


@pytest.fixture
def app(parts: bootstrap.Services) -> AppTest:
    parts.ingest.text(LOG, actor="test")
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.query_params["issue"] = "1"
    app.session_state["actor"] = "Ada"
    return app.run()


def test_compare_shows_what_differs_and_a_second_click_closes_it(app: AppTest) -> None:
    app.button(key="compare_2").click().run()
    shown = [code.value for code in app.code if code.language == "diff"]
    assert shown == [
        "@@ message\n- could not save the order because the disk is full\n+ could not save the order because the table is locked"
    ]
    assert any("The same error by" in caption.value for caption in app.caption)
    app.button(key="compare_2").click().run()
    assert not [code for code in app.code if code.language == "diff"]


def test_pasted_links_and_numbers_become_part_of_the_issue(parts: bootstrap.Services, app: AppTest) -> None:
    app.text_input(key="merge_text").set_value("http://127.0.0.1:8501/?issue=2 and #3, see also 1")
    app.button(key="FormSubmitter:merge_1-Merge").click().run()
    assert not app.exception
    assert len(parts.store.grouping.members(1)) == 3
    assert {(entry.issue_id, entry.actor) for entry in parts.store.log.entries(kinds=("merge",))} == {(2, "Ada"), (3, "Ada")}


def test_a_text_without_a_number_merges_nothing_and_says_what_to_paste(parts: bootstrap.Services, app: AppTest) -> None:
    app.text_input(key="merge_text").set_value("version-2 of 10.0.0.1:80")
    app.button(key="FormSubmitter:merge_1-Merge").click().run()
    assert [error.value for error in app.error if "paste the links" in error.value]
    assert parts.store.log.entries(kinds=("merge",)) == []


def test_the_activity_of_a_join_says_why(parts: bootstrap.Services) -> None:
    line = "2026-11-24 10:00:00,123 ERROR [main] com.shop.Dao: could not read rows of the table {} because the file is damaged"
    parts.ingest.text("\n".join(map(line.format, ("customer_orders", "stock_items"))), actor="test")
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    assert any("because: same template, other name" in text.value.replace("\\", "").replace("\u2060", "") for text in app.markdown)
