"""Text of strangers stays text, and times read well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.plain import ago, clock, count, markdown, one_line


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3_600, "1 h ago"),
                                                (47 * 3600, "47 h ago"), (48 * 3600, "2 d ago"), (90 * 86400, "3 months ago")])
def test_ago_uses_the_largest_unit_that_says_enough(seconds: int, words: str) -> None:
    assert ago(1_000_000_000.0 - seconds, 1_000_000_000.0) == words


def test_a_time_of_tomorrow_is_not_negative() -> None:
    assert ago(2.0, 1.0) == "0 s ago"


def test_clock_shows_the_zone() -> None:
    assert clock(0.0, "UTC") == "1970-01-01 00:00:00"
    assert clock(0.0, "Asia/Tokyo") == "1970-01-01 09:00:00"


def test_markdown_leaves_no_markup() -> None:
    assert markdown("**a** [b](c) <d>") == r"\*\*a\*\* \[b\]\(c\) \<d\>"
    assert ":red" not in markdown(":red[x]")
    assert "://" not in markdown("http://evil.example")
    assert markdown("limit: 5") == "limit: 5"


@given(st.text())
def test_one_line_is_one_line_of_bounded_length(text: str) -> None:
    line = one_line(text, 50)
    assert len(line) <= 50
    assert "\n" not in line
    assert "\x1b" not in line


def test_counts() -> None:
    assert count(1, "issue") == "1 issue"
    assert count(1204, "issue") == "1,204 issues"
