"""Which events of a build log say why it failed."""

import random
import time

import pytest

from models.analyse.failing_lines import is_build_log, rank
from models.text.parse import parse_text

NOW = 1_772_668_800.0
TRAVIS = """travis_fold:start:worker_info
Worker information
No matching image found, error in cache
$ git clone https://example.org/shop.git
Cloning into 'shop'...
$ npm install
npm WARN deprecated left-pad@1.0.0: error prone
added 900 packages
The command "npm install" exited with 0.
$ make test
gcc -Wall -c errors.c
{reason}
make: *** [cart.o] Error 1
The command "make test" exited with 2.

Done. Your build exited with 1."""


def shown(text: str) -> list[str]:
    return [reason.event.raw.split("\n")[0] for reason in rank(parse_text(text, now=NOW))]


@pytest.mark.parametrize("reason", [
    "cart.c:42:9: error: unknown type name 'cart_t'",
    "Cart.cs(42,9): error CS0103: The name 'x' does not exist",
    "--- FAIL: TestCart (0.03s)",
    "E   AssertionError: assert 1 == 2",
    "not ok 12 - the cart is empty",
    "README.md:2186:Line longer than 80 characters.",
    "flag provided but not defined: -trace",
    "test.sh: line 3: frobnicate: command not found",
    "rake aborted!",
    "Exception in thread \"main\" java.lang.IllegalStateException: no cart",
])
def test_the_line_that_says_why_comes_before_those_that_say_that(reason: str) -> None:
    assert shown(TRAVIS.format(reason=reason))[0] == reason


def test_lines_below_a_heading_of_failures_are_the_reason() -> None:
    reason = "\n".join(["Issues :-(", "> Links", "  1. https://example.org Net::ReadTimeout"])
    assert {"Issues :-(", "> Links"} & set(shown(TRAVIS.format(reason=reason))[:2])


def test_what_only_sounds_like_an_error_is_no_reason() -> None:
    quiet = ("$ make errors\nFinished: 0 errors, 0 failures\ntest_error_is_raised ... ok\nDownloading error-1.0.tgz\n"
             "npm WARN failed once")
    assert shown(quiet) == []


def test_errors_of_the_runner_before_the_first_command_are_left_out() -> None:
    assert not any("cache" in line for line in shown(TRAVIS.format(reason="all is well")))


def test_the_runners_own_error_is_a_reason_unless_it_only_tells_the_exit_code() -> None:
    stamp = "2026-03-04T05:06:07.0000000Z "
    lines = ["##[group]Run make", "ok", "##[error]cart.go:19:2: missing go.sum entry", *["fine"] * 9,
             "##[error]Process completed with exit code 1."]
    first, *_ = rank(parse_text("\n".join(stamp + line for line in lines), now=NOW))
    assert first.event.message == "cart.go:19:2: missing go.sum entry"


def test_three_reasons_are_three_different_things() -> None:
    lines = [f"src/a{number}.c:{number}:1: error: unknown type name 'x'" for number in range(20)]
    other = "tests/b.py:7: AssertionError"
    assert other in shown("\n".join([*lines, *["fine"] * 10, other, *["fine"] * 5]))


def test_only_the_log_of_a_build_is_one() -> None:
    assert is_build_log(parse_text(TRAVIS.format(reason="x"), now=NOW))
    service = "\n".join(f"2026-03-04 05:06:0{second},250 ERROR [main] com.shop.Cart - 3 failed" for second in range(9))
    assert not is_build_log(parse_text(service, now=NOW))
    assert not is_build_log([])
    assert rank([]) == []


def test_points_fall_and_the_order_is_the_same_again() -> None:
    events = parse_text(TRAVIS.format(reason="Error: x\nfatal: y"), now=NOW)
    reasons = rank(events, top=10)
    assert reasons == rank(events, top=10)
    assert len({reason.place for reason in reasons}) == len(reasons)
    assert reasons[0].points == max(reason.points for reason in reasons) > 0


@pytest.mark.parametrize("text", ["error " * 50_000, "npm ERR! " * 40_000, "a:1: " * 60_000, "_" * 300_000, "Error" * 60_000,
                                  "The command " * 20_000, "=" * 300_000, "0 errors " * 30_000])
def test_a_hostile_line_takes_less_than_a_second(text: str) -> None:
    events = parse_text("\n".join([text] * 3), now=NOW)
    start = time.process_time()
    rank(events)
    assert time.process_time() - start < 1


def test_a_long_log_takes_linear_time() -> None:
    rng = random.Random(0)
    words = ["error", "Error 1", "make: ***", "FAIL", "warning: -Werror", "ok", "src/a.c:1:", "Failure:", "exited with 1"]
    events = parse_text("\n".join(" ".join(rng.choices(words, k=6)) for _ in range(5_000)), now=NOW)
    start = time.process_time()
    rank(events)
    assert time.process_time() - start < 8
