"""The few words that may still be secrets are offered; those of every log are not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.suspicious import SHOWN, suspicious


@pytest.mark.parametrize(("text", "words"), [
    ("login refused for user=jdoe99 with session: 'q8Zk'", ["jdoe99", "q8Zk"]),
    ("cookie zQ81kfA0pLm2vX7Yt4 was not accepted", ["zQ81kfA0pLm2vX7Yt4"]),
    ("no contract for customer 4401778823 today", ["4401778823"]),
    ("could not reach mail.customer-gmbh.de in time", ["mail.customer-gmbh.de"]),
    ('{"x_auth_key": "abcd-efg1"}', ["abcd-efg1"]),
])
def test_what_may_be_a_secret_is_offered(text: str, words: list[str]) -> None:
    assert suspicious(text) == words


@pytest.mark.parametrize("text", [
    "java.lang.IllegalStateException: no session\n\tat com.shop.Cart.save(Cart.java:42)",
    "commit 3f2a9c1d5b7e8f60aa11bb22cc33dd44ee55ff66 at 1764000000123 of 2026-11-24 10:00:00,123",
    "request 123e4567-e89b-12d3-a456-426614174000 took 30000 ms, see https://github.com/org/repo",
    "user=null token=invalid key: missing session=<unknown>",
    "password=[redacted:secret] for [redacted:email]",
    "org.apache.kafka.common.errors.TimeoutException in kafka-producer-network-thread",
])
def test_what_every_log_holds_is_not(text: str) -> None:
    assert suspicious(text) == []


@given(st.text())
def test_each_is_a_part_of_the_text_once_and_they_are_few(text: str) -> None:
    words = suspicious(text)
    assert len(set(words)) == len(words) <= SHOWN
    assert all(word in text for word in words)


@pytest.mark.timed
@pytest.mark.parametrize("text", ["user=" * 200_000, "a1" * 500_000, "1 " * 500_000, "a." * 500_000, "token=" + "x" * 1_000_000])
def test_hostile_text_takes_linear_time(text: str) -> None:
    start = time.perf_counter()
    suspicious(text)
    assert time.perf_counter() - start < 3.0
