"""Secrets go, the story stays, and what only looks like one is left alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.redact import KINDS, Redactor, redact

# Put together from parts, so that no scanner takes this file for a leak.
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "abcDEF123_-x"
FOUND = [
    ("jwt", f"token {JWT} rejected", "token [redacted:jwt] rejected"),
    ("aws-key", "denied for AKIA" + "ABCDEFGHIJKLMNOP", "denied for [redacted:aws-key]"),
    ("github-token", "clone with ghp_" + "a" * 36, "clone with [redacted:github-token]"),
    ("gitlab-token", "push: glpat-" + "x" * 20, "push: [redacted:gitlab-token]"),
    ("slack-token", "post xoxb-" + "1234567890-abc", "post [redacted:slack-token]"),
    ("google-key", "key AIza" + "b" * 35, "key [redacted:google-key]"),
    ("stripe-key", "charge sk_live_" + "c" * 24, "charge [redacted:stripe-key]"),
    ("api-key", "openai sk-" + "d" * 40, "openai [redacted:api-key]"),
    ("azure-key", "AccountName=a;AccountKey=" + "e" * 86 + "==", "AccountName=a;AccountKey=[redacted:azure-key]"),
    ("bearer", "Authorization: Bearer abcdef0123456789", "Authorization: Bearer [redacted:bearer]"),
    ("basic-auth", "Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic [redacted:basic-auth]"),
    ("password", "postgres://app:hunter2@db:5432/x refused", "postgres://app:[redacted:password]@db:5432/x refused"),
    ("secret", "connect with password=hunter2, retry", "connect with password=[redacted:secret], retry"),
    ("secret", '{"client_secret": "s3cr3t", "a": 1}', '{"client_secret": "[redacted:secret]", "a": 1}'),
    ("email", "no mailbox for alice.b+x@mail.example.com", "no mailbox for [redacted:email]"),
    ("card", "declined 4111 1111 1111 1111 today", "declined [redacted:card] today"),
]


@pytest.mark.parametrize(("kind", "text", "wanted"), FOUND)
def test_a_secret_is_replaced_by_its_kind(kind: str, text: str, wanted: str) -> None:
    assert redact(text) == (wanted, {kind: 1})
    assert kind in KINDS


def test_every_kind_has_a_case() -> None:
    assert {kind for kind, _, _ in FOUND} | {"private-key", "marked"} == set(KINDS)


@pytest.mark.parametrize("text", [
    "password authentication failed for user app",
    "Invalid token: unexpected end of input",
    "token=null password=None secret=***",
    "order 4111 1111 1111 1112 not found",  # the checksum is wrong
    "at 1764000000123 request 9876543210987654 took 12 ms",
    "GET /users@2x.png 404",
    "postgresql@16-main.service: Main process exited",
    "commit 3f2a9c1d5b7e8f60aa11bb22cc33dd44ee55ff66",
    "basic authentication is deprecated",
    "skipped sk-learn estimator",
])
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert redact(text) == (text, {})


def test_a_private_key_goes_over_all_its_lines() -> None:
    text = "loaded -----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY----- ok\nnext line"
    assert redact(text) == ("loaded [redacted:private-key]\n\n\n ok\nnext line", {"private-key": 1})


def test_a_key_that_never_ends_does_not_swallow_the_log() -> None:
    redactor = Redactor()
    lines = list(redactor.lines(["-----BEGIN " + "PRIVATE KEY-----", *["x"] * 500]))
    assert lines[-1] == "x"
    assert len(lines) == 501


@given(st.text())
def test_twice_is_once(text: str) -> None:
    once, _ = redact(text)
    assert redact(once)[0] == once


@pytest.mark.parametrize("text", ["1 " * 500_000, "@" * 1_000_000, "a@" * 300_000, "password=" * 100_000, "eyJ" + "a" * 1_000_000,
                                  "://" + "a" * 1_000_000, "x" * 500_000 + "@" + "y." * 250_000])
@pytest.mark.timed
def test_hostile_lines_take_linear_time(text: str) -> None:
    start = time.perf_counter()
    redact(text)
    assert time.perf_counter() - start < 3.0


@pytest.mark.parametrize(("text", "extra", "wanted", "times"), [
    ("session zQ81kf of zQ81kf-a ended", ["zQ81kf"], "session [redacted:marked] of [redacted:marked]-a ended", 2),
    ("abcd and abcdef", ["abcd", "abcdef"], "[redacted:marked] and [redacted:marked]", 2),  # the longest first
    ("password=hunter2 redacted", ["redacted", "hunter2"], "password=[redacted:secret] [redacted:marked]", 1),
    ("a+b(c)* is [text]", ["a+b(c)*"], "[redacted:marked] is [text]", 1),
    ("for eve@example.com from 4711", ["for [redacted:email] from"], "[redacted:marked] 4711", 1),
])
def test_what_a_person_marked_goes_wherever_it_stands(text: str, extra: list[str], wanted: str, times: int) -> None:
    shown, found = redact(text, extra)
    assert (shown, found["marked"]) == (wanted, times)
    assert redact(shown, extra) == (wanted, {})


@pytest.mark.parametrize("extra", [["abc"], ["x" * 401], ["two\nlines"], [f"word{n}" for n in range(101)]])
def test_marks_are_bounded(extra: list[str]) -> None:
    with pytest.raises(ValueError, match=r"taken out"):
        Redactor(extra)


@pytest.mark.timed
def test_many_marks_on_a_hostile_line_take_linear_time() -> None:
    marks = ["a" * n for n in range(4, 104)]
    start = time.perf_counter()
    assert redact("a" * 1_000_000, marks)[1]["marked"]
    assert time.perf_counter() - start < 3.0
