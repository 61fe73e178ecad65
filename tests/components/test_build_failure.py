"""Why it failed: shown for the log of a build only, as text."""

from streamlit.testing.v1 import AppTest

LOG = """$ make
cart.c:42:9: error: <b>unknown</b> type name
make: *** [cart.o] Error 1
fine
The command "make" exited with 2."""


def _page(text: str) -> None:
    from components.build_failure import why_it_failed
    from models.text.parse import parse_text

    why_it_failed(parse_text(text, now=0.0))


def test_the_reason_comes_first_and_is_shown_as_text() -> None:
    page = AppTest.from_function(_page, args=(LOG,)).run()
    assert not page.exception
    said = [element.value for element in page.markdown]
    assert said[0].startswith("**Why it failed**")
    assert "unknown" in said[1]
    assert "<b>" not in said[1]
    assert page.caption[0].value == "line 2"


def test_other_texts_show_nothing() -> None:
    for text in ("", "ERROR: x", "2026-03-04 05:06:07 ERROR x\n" * 9):
        page = AppTest.from_function(_page, args=(text,)).run()
        assert not page.exception
        assert not page.markdown
