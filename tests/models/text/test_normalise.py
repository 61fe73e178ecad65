"""The normaliser: a pure function that is its own normal form, bounded in length and time, and groups what belongs together."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.text.normalise import MASK, MAX_CHARACTERS, MAX_WORDS, normalise

#: Pieces that the patterns of the normaliser look for; random text alone would hardly ever meet them.
PIECES = st.sampled_from(
    [
        "<*>",
        "<",
        ">",
        "*",
        "0",
        "12",
        "-3",
        "<1 sec",
        "8.7 KB",
        "10 %",
        "10.0.0.1:80",
        "aa:bb:cc:dd:ee:ff",
        "::1",
        "deadbeef",
        "0xCAFE",
        "utf-8",
        "ORA-00942",
        "ECONNREFUSED",
        "db-1.shop.internal",
        "shop.de",
        "cart.js:42",
        "/var/log/x.log",
        "a/b",
        "C:\\x\\y",
        "a@b.c",
        "'",
        '"',
        "`",
        "'x'",
        '"GET /a"',
        "can't",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "[[",
        "]]",
        "()",
        "(<*>)",
        "key=",
        "=",
        "k=v",
        ",",
        ";",
        "|",
        ":",
        "...",
        "..",
        ".",
        "-",
        "!",
        "Mon",
        "Jan",
        "Jan 2",
        "Tue, 3",
        "for user bob",
        "user ",
        "CPU(3)",
        "LOCAL(0)",
        "bytes",
        "sent",
        "of",
        " ",
        "  ",
        "\t",
        "\n",
        "\x00",
        "\x1b[0m",
        "é",
        "数",
        "²",
        "\u200b",
        "\ud800",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join), st.lists(PIECES, max_size=40).map(" ".join)
)

HOSTILE = {
    "digits": "1" * 1_000_000,
    "letters": "x" * 1_000_000,
    "single quotes": "'" * 1_000_000,
    "quotes around letters": "'a" * 500_000,
    "open brackets": "[" * 1_000_000,
    "open brackets and one closed": "[" * 4_000 + "]",
    "brackets across lines": "[{" * 2_000 + "\n]",
    "equals": "=" * 1_000_000,
    "pairs": "a.a=" * 250_000,
    "placeholders": "<*>" * 300_000,
    "open placeholders": "(" + "<*>," * 250_000,
    "colons": "a:" * 500_000,
    "dots": "a." * 500_000,
    "hexadecimal": "abcdef" * 170_000,
    "spaces": " " * 1_000_000,
    "minus": "-" * 1_000_000,
    "months": "Jan " * 250_000,
    "users": "for user " * 110_000,
}


@given(TEXTS)
@example("[[<*>]")
@example("a...1...b")
@settings(max_examples=600, deadline=None)
def test_normalising_twice_equals_once(text):
    once = normalise(text)
    assert normalise(once) == once


@given(st.lists(PIECES, min_size=200, max_size=900).map(" ".join))
@settings(max_examples=60, deadline=None)
def test_long_texts_keep_their_normal_form_and_their_bounds(text):
    once = normalise(text)
    assert normalise(once) == once
    assert len(once.split()) <= MAX_WORDS
    assert len(once) <= MAX_CHARACTERS


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_white_space_does_not_matter(text):
    assert normalise("  " + text.replace(" ", " \t ") + "\n") == normalise(text)


@pytest.mark.timed
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_take_no_longer_than_others(name):
    start = time.perf_counter()
    once = normalise(HOSTILE[name])
    assert time.perf_counter() - start < 0.5
    assert len(once) <= MAX_CHARACTERS
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("connection to 10.0.0.1:5432 refused after 30 ms", "connection to 10.9.8.7:5432 refused after 5 s"),
        ("user 'ada' not found", "user 'grace hopper' not found"),
        ("took 12 ms", "took 3.5 ms"),
        ("lease 5f3c9a1e expired", "lease deadbeef expired"),
        ("open /var/lib/a/1.db failed", "open /srv/b.db failed"),
        ("retry=3 host=db-1", "retry=17 host=db-2"),
        ("Jan  2 12:00:01 said no", "Dec 31 08:09:10 said no"),
        ("items [1, 2, 3] dropped", "items [17] dropped"),
        ("free 8912 bytes", "free 12 bytes"),
    ],
)
def test_what_varies_is_left_out(one, other):
    assert normalise(one) == normalise(other)
    assert MASK in normalise(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ORA-00942 raised", "ORA-01017 raised"),
        ("cannot decode utf-8", "cannot decode utf-16"),
        ("error TS2304 here", "error TS7006 here"),
        ("disk full", "disk fail"),
        ("read timeout", "write timeout"),
    ],
)
def test_what_names_the_error_stays(one, other):
    assert normalise(one) != normalise(other)
