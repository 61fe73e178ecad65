"""A JSON array on one long line."""

import json

import pytest

from models.text.array_lines import elements
from models.text.decode import MAX_LINE, iter_lines, lines_of
from models.text.parse import read_events


def rows(count: int) -> list[dict[str, object]]:
    return [{"level": "error", "msg": f"no room ] [ }} {{ for \"order\" {number}", "pad": "x" * 900} for number in range(count)]


def test_every_element_of_an_array_of_many_pieces_is_an_event_of_its_own() -> None:
    text = json.dumps(rows(4_000))
    assert len(text) > 3 * MAX_LINE
    events = list(read_events(elements(lines_of(text + "\nplain line after it")), now=0.0))
    assert [event.message for event in events[:-1]] == [row["msg"] for row in rows(4_000)]
    assert {event.problem for event in events} == {""}
    assert events[-1].message == "plain line after it"


def test_bytes_and_text_give_the_same_and_a_number_among_the_objects_is_kept() -> None:
    text = "[" + ",".join([*map(json.dumps, rows(1_500)), "17", *map(json.dumps, rows(2))]) + "]"
    assert list(elements(iter_lines([text.encode()]))) == list(elements(lines_of(text))) == [
        *map(json.dumps, rows(1_500)), "17", *map(json.dumps, rows(2))
    ]


@pytest.mark.parametrize("tail", ["", '{"msg": "broken off', "]]]", "no json at all", '{"a":' * 100_000])
def test_what_is_left_of_a_broken_array_is_not_lost(tail: str) -> None:
    whole = [json.dumps(row) for row in rows(1_500)]
    text = "[" + ", ".join(whole) + ", " + tail
    found = list(elements(lines_of(text)))
    assert found[:1_500] == whole
    assert "".join(found[1_500:]).startswith(tail.replace("]]]", ""))


@pytest.mark.parametrize("text", ["[" * (MAX_LINE + 5), "[{" * MAX_LINE, "x" * (2 * MAX_LINE + 1), '[{"a": "' + "y" * 3 * MAX_LINE])
def test_long_lines_that_are_no_arrays_pass_on_whole_and_in_bounded_pieces(text: str) -> None:
    found = list(elements(lines_of(text)))
    assert "".join(found) == (text if not text.startswith("[{") else text[1:])
    assert max(map(len, found)) <= MAX_LINE
