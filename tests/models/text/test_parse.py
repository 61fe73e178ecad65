"""Joining of lines, choice of formats, and what no input may do."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.taxonomy import LEVELS
from models.text.decode import MAX_LINE, lines_of
from models.text.formats.head import BAD_TIME, BROKEN_JSON, LONG_EVENT, LONG_LINE, NOT_THE_FORMAT, PROBLEMS
from models.text.parse import FORMATS, parse_text, read_events

NOW = 1_772_668_800.0
HEAD = "2026-03-04 05:06:07,250 ERROR [main] com.shop.Cart - "

#: What hostile and ordinary texts are made of.
PIECES = st.sampled_from([
    HEAD + "text", "ERROR: text", "Traceback (most recent call last):", '  File "a.py", line 1, in f', "ValueError: x", "    code",
    "java.lang.Error: x", "\tat a.B.c(B.java:1)", "Caused by: a.B: x", "... 3 more", "    at f (/a.js:1:2)", "/a/b.js:10", "    ^",
    "Error: x", "}", "", "   ", "\t", "{", "[", '{"msg":"x"}', '{"msg":', "Mar  4 05:06:07 h a[1]: x",
    "Mar  4 05:06:07 h a[1]: \tat a.B.c(B.java:1)",
    "During handling of the above exception, another exception occurred:",
    "\x1b[31m", "\x00", "\ud800", "\u202e",
    "'", '"', "=", "a=1 level=error msg=x",
    "panic: x", "goroutine 1 [running]:", "main.f()", "\t/a.go:1 +0x1", "   at A.B.C() in x.cs:line 1",
    "a.rb:1:in `f': x (E)",
    "#0 /a.php(1): f()",
    "thread 'main' panicked at a.rs:1:2:", "==1==ERROR: AddressSanitizer: x", "    #0 0x1 in f a.c:1:2", "web_1  | ",
    "##[error]x", "travis_fold:start:x",
    "2026-03-04T05:06:07Z stdout F x", "E0304 05:06:07.250000 1 a.go:1] x",
    "<11>1 2026-03-04T05:06:07Z h a 1 - - x", "time,level,message", "1,error,x",
])
#: The header of a table stands in the raw text of every row, which says little without it.
TABLE = "time,level,message"
LINES = st.lists(PIECES | st.text(max_size=30), max_size=60)


@settings(max_examples=300)
@given(LINES)
def test_no_text_raises_and_no_line_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    events = parse_text(text, now=NOW)
    kept = [line for event in events for line in event.raw.split("\n") if line.strip() and line != TABLE]
    assert kept == [line for line in lines_of(text) if line.strip() and line != TABLE]
    assert {event.problem for event in events} <= {"", *PROBLEMS}
    assert {event.level for event in events} <= {"", *LEVELS}
    assert {event.format for event in events} <= set(FORMATS)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for event in events for c in event.message if c not in "\n\t")
    numbers = [event.source_line for event in events]
    assert numbers == sorted(set(numbers))


@given(LINES, st.sampled_from(FORMATS))
def test_no_text_raises_in_a_named_format(lines: list[str], format: str) -> None:
    events = list(read_events(lines_of("\n".join(lines)), now=NOW, format=format))
    assert {event.format for event in events} <= {format, "plain"}


@pytest.mark.parametrize("text", [
    "1" * 1_000_000, '"' * 1_000_000, " " * 1_000_000 + "x", "[" * 1_000_000, '{"a":' * 200_000, "{" * 1_000_000, "a." * 500_000,
    "\t" * 1_000_000 + "at x", "=" * 1_000_000, "a=" * 500_000, "\\" * 1_000_000, '\\"' * 500_000, "(" * 1_000_000,
    "at " * 300_000,
    "\x1b]" * 500_000, "\x1b[" * 500_000, "Error" * 200_000, HEAD + "a.B " * 250_000, "[" + "x" * 1_000_000,
    "<" * 1_000_000,
    "2026-03-04 05:06:07 [" + "[" * 1_000_000, "2026-03-04 05:06:07 " + " " * 1_000_000 + "x", "a:" * 500_000, "-" * 1_000_000,
    "Mar  4 05:06:07 " + "a" * 1_000_000, "<11>" * 250_000, "a@" * 500_000, "| " * 500_000, "#" * 1_000_000, "E0304 " * 160_000,
    '{"time":"' + "1" * 900_000 + '"}', '{"time":' + "1" * 900_000 + "}",
    '{"level":' + "9" * 4_000 + ',"time":' + "9" * 4_000 + "}",
    "at a(" * 200_000, "a" * 1_000_000 + "Exception", "/" * 1_000_000 + ":1", "," * 1_000_000, "'" * 1_000_000,
    "a/" * 500_000 + "b.js:1", "x" * 5_000_000,
    "2026-03-04 05:06:07.250 [error] <" + "1" * 1_000_000, "2026/03/04 05:06:07 [error] 1#1: *" + "1" * 1_000_000,
    "<34>1 2026-03-04T05:06:07Z h a 7 ID47 " + '[a@1 k="v"]' * 90_000, "level=error msg=\"" + '\\"' * 500_000,
    "2026-03-04T05:06:07.25Z stderr F " + '{"a":' * 200_000, "web_1 | " + "[" * 1_000_000,
    "thread 'main' panicked at " + "a:1" * 300_000, "#0 0x1 in " + "(" * 1_000_000, "   at A.B(" + "a " * 500_000,
], ids=lambda text: f"{text[:12]!r} {len(text)}")
def test_a_hostile_line_takes_less_than_a_second(text: str) -> None:
    start = time.process_time()
    assert parse_text(text, now=NOW)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("line", ["\tat a.B.c(B.java:1)", "    x", "ValueError: x", "  File \"a.py\", line 1", "", "{", "Error: x",
                                  HEAD])
def test_many_lines_of_a_kind_take_linear_time_and_bounded_events(line: str) -> None:
    text = "\n".join([HEAD + "x", *[line] * 30_000])
    start = time.process_time()
    events = parse_text(text, now=NOW)
    assert time.process_time() - start < 6
    assert max(len(event.raw) for event in events) <= 260 * 1024
    assert max(event.raw.count("\n") for event in events) <= 2_000


def test_a_cut_event_says_so_and_the_rest_is_kept() -> None:
    first, *rest = parse_text("\n".join([HEAD + "x", *["    more"] * 3_000]), now=NOW)
    assert first.problem == LONG_EVENT
    assert first.raw.count("\n") == 1_999
    assert len(rest) == 1_001


def test_a_long_line_says_so_in_each_piece() -> None:
    events = parse_text(HEAD + "x" * (2 * MAX_LINE) + "\nERROR: next", now=NOW)
    assert [event.problem for event in events] == [LONG_LINE, LONG_LINE, LONG_LINE, ""]
    assert events[0].level == "error"
    assert events[-1].message == "next"


def test_problems_are_named_and_the_text_stays() -> None:
    broken, never = parse_text('{"msg": "x\n2026-99-99 05:06:07 ERROR x', now=NOW)
    assert (broken.problem, broken.format, broken.message) == (BROKEN_JSON, "plain", '{"msg": "x')
    assert (never.problem, never.time, never.message) == (BAD_TIME, None, "x")


def test_a_line_that_is_not_of_the_named_format_says_so() -> None:
    one, other = read_events(["ERROR:root:x", "free text"], now=NOW, format="python")
    assert (one.problem, other.problem, other.format) == ("", NOT_THE_FORMAT, "plain")
    (unremarkable,) = parse_text("free text", now=NOW)
    assert unremarkable.problem == ""


def test_an_unknown_format_names_the_choices() -> None:
    with pytest.raises(ValueError, match="auto, json, "):
        read_events([], now=NOW, format="cobol")


def test_the_source_is_named_and_lines_count_from_one() -> None:
    events = list(read_events(["", HEAD + "a", "  b", "", HEAD + "c"], now=NOW, source_file="x.log"))
    assert [(event.source_file, event.source_line) for event in events] == [("x.log", 2), ("x.log", 5)]


def test_a_coloured_line_is_read_and_its_raw_text_kept() -> None:
    (event,) = parse_text(f"\x1b[31m{HEAD}\x1b[1mbad\x1b[0m", now=NOW)
    assert (event.format, event.message) == ("log4j", "bad")
    assert event.raw.startswith("\x1b[31m")


def test_an_indented_paste_is_read_as_if_it_were_not() -> None:
    text = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    x\nValueError: no'
    (event,) = parse_text("\n".join("    " + line for line in text.split("\n")), now=NOW)
    assert event.exception_type == "ValueError"
    assert len(parse_text(f"  {HEAD}a\n  {HEAD}b", now=NOW)) == 2


def test_lines_wait_for_a_frame_and_are_events_of_their_own_if_none_comes() -> None:
    lines = ["java.lang.Error: x", "one", "two"]
    assert [event.message for event in parse_text("\n".join(lines), now=NOW)] == lines
    (event,) = parse_text("\n".join([*lines, "\tat a.B.c(B.java:1)"]), now=NOW)
    assert event.trace is not None
    assert event.trace.message == "x\none\ntwo"


def test_frames_without_a_header_are_one_event() -> None:
    (event,) = parse_text("\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)", now=NOW)
    assert [frame.function for frame in event.frames] == ["c", "d"]
    assert event.exception_type == ""


def test_two_pastes_of_one_trace_are_two_events() -> None:
    text = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: no\n'
    assert [event.exception_type for event in parse_text(text * 2, now=NOW)] == ["ValueError", "ValueError"]


def test_a_trace_with_the_prefix_on_every_line_is_one_event() -> None:
    prefix = "Mar  4 05:06:07 web-1 shop[7]: "
    lines = ["java.lang.Error: x", "\tat a.B.c(B.java:1)", "Caused by: a.C: y", "\tat a.B.d(B.java:2)", "next"]
    first, second = parse_text("\n".join(prefix + line for line in lines), now=NOW)
    assert first.trace is not None
    assert (first.exception_type, first.trace.causes, first.service) == ("java.lang.Error", ("a.C",), "shop")
    assert second.message == "next"


def test_lines_that_waited_are_not_taken_for_the_container_below_them() -> None:
    waiting, inside = parse_text("Error: x\nweb_1  | up", now=NOW)
    assert (waiting.format, waiting.service) == ("plain", "")
    assert (inside.format, inside.service) == ("compose", "web")
    first, second, inside = parse_text("Error: x\nmore\nweb_1  | up", now=NOW)
    assert (first.format, second.format, inside.format) == ("plain", "plain", "compose")


@pytest.mark.parametrize("line", ["ca-certificates-2019 | 133 KB | 100%", " id | name", "a | b", "| a | b |"])
def test_a_bar_makes_no_container(line: str) -> None:
    (event,) = parse_text(line, now=NOW)
    assert event.format == "plain"


def test_a_long_message_may_stand_before_the_frames() -> None:
    lines = ["junit.framework.ComparisonFailure: expected:<one", *["  two"] * 60, "> but was:<three>", "\tat a.B.c(B.java:1)"]
    (event,) = parse_text("\n".join(lines), now=NOW)
    assert event.exception_type == "junit.framework.ComparisonFailure"


POSTGRES = "2026-03-04 05:06:07.250 UTC [7] shop@orders "
CART = "2026-03-04 05:06:07,250 ERROR [main] com.shop.Cart - "
RABBIT = "2026-03-04 05:06:07.250000+00:00 [error] <0.12.0> "


def test_what_postgres_says_of_an_error_is_part_of_it() -> None:
    lines = ["ERROR:  deadlock detected", "DETAIL:  Process 7 waits", "HINT:  See the log.", "STATEMENT:  UPDATE x"]
    first, other = parse_text("\n".join([*(POSTGRES + line for line in lines), POSTGRES + "ERROR:  next"]), now=NOW)
    assert first.raw == "\n".join(POSTGRES + line for line in lines)
    assert (first.level, first.message, other.message) == ("error", "deadlock detected", "next")


def test_what_another_process_of_postgres_says_is_an_event_of_its_own() -> None:
    lines = [POSTGRES + "ERROR:  deadlock detected", POSTGRES.replace("[7]", "[8]") + "STATEMENT:  UPDATE x"]
    assert [event.message for event in parse_text("\n".join(lines), now=NOW)] == ["deadlock detected", "UPDATE x"]
    again = [*lines, POSTGRES + "ERROR:  again", POSTGRES + "STATEMENT:  UPDATE x"]
    assert parse_text("\n".join(again), now=NOW)[-1].raw == "\n".join(again[-2:])


@pytest.mark.parametrize("front", [CART, ""], ids=["prefixed frames", "bare frames"])
def test_the_line_that_logged_a_prefixed_trace_is_one_event_with_it(front: str) -> None:
    lines = [CART + "cannot add", CART + "java.lang.Error: x", front + "\tat a.B.c(B.java:1)", CART + "next"]
    first, second = parse_text("\n".join(lines), now=NOW)
    assert (first.message, first.exception_type, len(first.frames)) == ("cannot add", "java.lang.Error", 1)
    assert first.trace is not None
    assert first.trace.message == "x"
    assert second.message == "next"


@pytest.mark.parametrize("lines", [
    [CART + "cannot add", CART + "java.lang.Error: x", CART + "next"],
    [CART.replace("ERROR", "INFO") + "adding", CART + "java.lang.Error: x", CART + "\tat a.B.c(B.java:1)"],
    [CART + "a.B: one", CART + "java.lang.Error: two", CART + "three"],
])
def test_a_line_above_an_exception_stays_apart_without_frames_or_below_error(lines: list[str]) -> None:
    events = parse_text("\n".join(lines), now=NOW)
    assert events[0].message in lines[0]
    assert events[0].trace is None
    assert events[1].raw.split("\n")[0] == lines[1]


def test_log4js_instant_keeps_its_fraction() -> None:
    (event,) = parse_text('{"instant":{"epochSecond":1772600767,"nanoOfSecond":250000000},"level":"ERROR","message":"x"}', now=NOW)
    assert event.time == 1772600767.25
    for odd in ('{"epochSecond":1772600767}', '{"epochSecond":1772600767,"nanoOfSecond":"x"}'):
        (event,) = parse_text(f'{{"instant":{odd},"level":"ERROR","message":"x"}}', now=NOW)
        assert event.time == 1772600767


TRACE = ["Traceback (most recent call last):", '  File "a.py", line 1, in f', "    x", "ValueError: no"]


def test_a_trace_is_whole_though_other_containers_write_between_its_lines() -> None:
    lines = [line for part in TRACE for line in (f"web_1  | {part}", "db_1   | LOG:  ready", f"web_2  | {part}")]
    events = parse_text("\n".join(lines), now=NOW)
    traces = [event for event in events if event.trace]
    assert [(event.service, event.exception_type, event.source_line) for event in traces] == [
        ("web", "ValueError", 1), ("web", "ValueError", 3)]
    assert [event.raw.count("\n") + 1 for event in traces] == [4, 4]
    assert sum(event.service == "db" for event in events) == 4
    kept = sorted(line for event in events for line in event.raw.split("\n"))
    assert kept == sorted(lines)


def test_the_number_of_open_containers_is_bounded_and_none_is_lost() -> None:
    lines = [f"web_{number} | {part}" for part in TRACE for number in range(100)]
    events = parse_text("\n".join(lines), now=NOW)
    assert sorted(line for event in events for line in event.raw.split("\n")) == sorted(lines)


def test_a_crash_report_of_rabbitmq_is_one_event() -> None:
    lines = ["** Generic server <0.12.0> terminating", "** Reason for termination ==", "** {badmatch,x}", "", "  crasher:",
             "    initial call: rabbit_reader:init/2"]
    report = [RABBIT + line for line in lines]
    first, other, third = parse_text("\n".join([*report, RABBIT.replace("12", "13") + "  crasher:", RABBIT + "apart"]), now=NOW)
    assert first.raw == "\n".join(report)
    assert first.level == "error"
    assert (other.message, third.message) == ("crasher:", "apart")


@pytest.mark.parametrize("front", ["", "2026-03-04T05:06:07.250000+00:00 heroku[router]: "])
def test_the_router_of_heroku_describes_its_error(front: str) -> None:
    line = 'at=error code=H12 desc="Request timeout" method=GET path="/" dyno=web.1 service=30000ms status=503'
    (event,) = parse_text(front + line, now=NOW)
    assert (event.format, event.level, event.message) == ("logfmt", "error", "H12: Request timeout")
    assert event.service == ("router" if front else "")
    assert (event.time is None) == (not front)
