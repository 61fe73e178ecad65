"""Lines that differ in their time alone are read once: with the same events as if each had been read."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import front as module
from models.text import redact as redaction
from models.text.decode import lines_of
from models.text.formats import assembly
from models.text.front import Shapes, front_of
from models.text.parse import read_events
from models.text.redact import Redactor

DATA = Path(__file__).parents[2] / "data" / "text"
NOW = 1_772_668_800.0
#: A second digit of a clock's minute or second.
CLOCK = re.compile(r"(?<=:[0-5])\d(?!\d)")
STARTS = st.sampled_from(
    [
        "2026-03-04T05:06:07.123Z",
        "2026-03-04 05:06:07,123",
        "2026-13-04 05:06:07",
        "081109 203615",
        "17/06/09 20:10:40",
        "[2026-03-04 05:06:07]",
        "05:06:07",
        "1772668800",
        "10.0.0.1",
        "2026-03-04 05:06:07.000",
        "12345678",
        "",
    ]
)
RESTS = st.sampled_from(
    [
        " ERROR [main] a.b.C: boom",
        " INFO a.b.C - fine",
        " boom",
        "ERROR x: y",
        " +0200 WARN x",
        " UTC ERROR: y",
        "|x",
        "] ERROR z",
        ' - - [04/Mar/2026:05:06:07 +0000] "GET / HTTP/1.1" 500 12',
        " INFO 12 --- [main] a.B : started",
        " ERROR a.b.C: java.lang.E: x",
        "\tat a.b.C.d(C.java:1)",
        "Caused by: a.b.CException: x",
        " 4111 1111 1111 1111",
        " password=hunter22",
        " ",
        "",
    ]
)


def later(line: str, by: int) -> str:
    """The line with another digit in every clock of it."""
    return CLOCK.sub(lambda found: str((int(found.group()) + by) % 10), line)


def events(lines: list[str], monkeypatch: pytest.MonkeyPatch, *, one_by_one: bool) -> list[object]:
    with monkeypatch.context() as patch:
        if one_by_one:
            patch.setattr(assembly, "front_of", lambda line: None)
        return list(read_events(iter(lines), now=NOW, source_file="x"))


@pytest.mark.parametrize("file", sorted(DATA.glob("*/*.txt")), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_format_gives_the_same_events_looked_up_or_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = list(lines_of(file.read_text(encoding="utf-8")))
    # Each line several times in a row, and the whole several times: what is remembered meets what came before it.
    many = [later(line, by) for by in range(3) for line in lines] + [
        later(line, by) for line in lines for by in range(3)
    ]
    assert events(many, monkeypatch, one_by_one=False) == events(many, monkeypatch, one_by_one=True)


@given(st.lists(st.tuples(STARTS, RESTS, st.integers(0, 9)), max_size=12))
def test_any_mixture_gives_the_same_events_looked_up_or_read(parts: list[tuple[str, str, int]]) -> None:
    lines = [later(start + rest, by) for start, rest, by in parts]
    with pytest.MonkeyPatch.context() as patch:
        assert events(lines * 2, patch, one_by_one=False) == events(lines * 2, patch, one_by_one=True)


@given(st.lists(st.tuples(STARTS, RESTS, st.integers(0, 9)), max_size=12))
def test_any_mixture_is_redacted_the_same(parts: list[tuple[str, str, int]]) -> None:
    lines = [later(start + rest, by) for start, rest, by in parts] * 2
    remembering, fresh = Redactor(), Redactor()
    found = list(remembering.lines(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "front_of", lambda line: None)
        assert found == list(fresh.lines(lines))
    assert remembering.found == fresh.found


def test_lines_of_one_layout_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    take = assembly.Assembler._take
    monkeypatch.setattr(assembly.Assembler, "_take", lambda self, *line: (read.append(line), take(self, *line)))
    lines = [f"2026-03-04 05:06:{second:02} ERROR [main] a.b.C: boom" for second in range(50)]
    found = list(read_events(iter(lines), now=NOW))
    assert len(read) == 2  # the first, and the one that is remembered
    assert [event.raw for event in found] == lines
    assert {(event.message, event.logger, event.level) for event in found} == {("boom", "a.b.C", "error")}
    assert [event.source_line for event in found] == list(range(1, 51))
    assert [round(event.time - found[0].time) for event in found] == list(range(50))


def test_a_shape_keeps_all_but_the_digits_of_the_time() -> None:
    one, other = front_of("2026-03-04 05:06:07 user 17"), front_of("2025-12-31 23:59:59 user 17")
    assert one is not None and other is not None
    assert one[0] == other[0]
    assert (one[1], other[1]) == ("2026-03-04 05:06:07", "2025-12-31 23:59:59")
    assert front_of("2026-03-04 05:06:07 user 18")[0] != one[0]
    assert front_of("no time") is front_of("") is front_of("12 apples") is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 100)
    shapes: Shapes[int] = Shapes()
    for number in range(1_000):
        shapes.remember((b"", f"{number:010}"), number)
    assert len(shapes._known) <= 10
    assert shapes.get((b"", "0000000999")) == 999
    assert front_of("2026-03-04 05:06:07 " + "x" * module._LONGEST) is None


@pytest.mark.timed
@pytest.mark.parametrize("piece", ["0", "00:", "0-", "0.", "0T00", "0 ", "[0", "0,00 "])
def test_a_hostile_front_takes_little_time(piece: str) -> None:
    line = piece * 200_000
    start = time.perf_counter()
    for _ in range(100):
        front_of(line)
    assert time.perf_counter() - start < 1
