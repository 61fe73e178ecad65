"""Bytes to lines in every encoding and cut, and what is taken out of a text before it is shown."""

import codecs
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.decode import MAX_LINE, clean, iter_lines, lines_of

TEXT = "première ligne\r\n\nsecond\tline \N{HIGH VOLTAGE SIGN}\nlast"
LINES = ["première ligne", "", "second\tline \N{HIGH VOLTAGE SIGN}", "last"]


@pytest.mark.parametrize("data", [
    TEXT.encode(), codecs.BOM_UTF8 + TEXT.encode(), TEXT.encode("utf-16"), codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    TEXT.encode("utf-32"),
], ids=["utf-8", "utf-8 with BOM", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_encodings_by_their_marks_whatever_the_chunks(data: bytes, size: int) -> None:
    assert list(iter_lines(data[at : at + size] for at in range(0, len(data), size))) == LINES


def test_invalid_bytes_are_replaced_and_nul_bytes_pass() -> None:
    assert list(iter_lines([b"a\xffb\n\x00c"])) == ["a\ufffdb", "\x00c"]


@pytest.mark.parametrize("data", [[], [b""], [b"\xef\xbb\xbf"]])
def test_nothing_gives_no_line(data: list[bytes]) -> None:
    assert list(iter_lines(data)) == []


def test_only_newlines_end_a_line() -> None:
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\rg"
    assert list(lines_of(text)) == [text]
    assert list(iter_lines([text.encode()])) == [text]


def test_a_long_line_comes_in_pieces_and_nothing_is_dropped() -> None:
    line = "abcdefgh" * (MAX_LINE // 4) + "tail"
    pieces = [line[:MAX_LINE], line[MAX_LINE : 2 * MAX_LINE], "tail"]
    assert list(lines_of(f"{line}\r\nnext\n")) == [*pieces, "next"]
    assert list(iter_lines([f"{line}\r\nnext\n".encode()])) == [*pieces, "next"]


def test_memory_stays_small_on_a_line_of_100_mb() -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_000_000

    tracemalloc.start()
    total = sum(len(piece) for piece in iter_lines(chunks()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 100_000_000
    assert peak < 12_000_000


@given(st.text(max_size=400), st.integers(1, 50))
def test_bytes_and_text_give_the_same_lines(text: str, size: int) -> None:
    data = text.encode(errors="replace")
    text = data.decode().removeprefix("\ufeff")
    assert list(iter_lines(data[at : at + size] for at in range(0, len(data), size))) == list(lines_of(text))


@pytest.mark.parametrize(("text", "cleaned"), [
    ("plain", "plain"),
    ("\x1b[31;1mred\x1b[0m", "red"),
    ("\x1b]0;title\x07shown", "shown"),
    ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
    ("\x1b]0;never ended", "0;never ended"),
    ("a\x00b\x07c\rd\x7f", "abcd"),
    ("tab\tand\nline", "tab\tand\nline"),
    ("user\u202egnp.exe", "usergnp.exe"),
    ("z\u200be\u200dr\ufeffo", "zero"),
    ("lone \ud800 surrogate", "lone  surrogate"),
    ("naïve 日本", "naïve 日本"),
])
def test_clean_takes_out_what_hides_or_moves_text(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text())
def test_cleaning_twice_equals_once_where_nothing_was_nested(text: str) -> None:
    cleaned = clean(text)
    assert "\x1b" not in cleaned
    assert clean(cleaned) == cleaned
