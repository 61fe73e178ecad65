"""Technical terms: which are mined, and where a text uses them."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.nets.vocabulary import Vocabulary, mine, read_terms

TERMS = Vocabulary(["OOMKilled", "x509", "deadlock", "connection refused", "connection", "java.net.SocketException", "éa"])


def named(text: str) -> list[str]:
    return [text[start:end] for _, start, end in TERMS.spans(text)]


def test_terms_are_found_in_any_case_and_the_longest_wins() -> None:
    assert named("pod oomkilled: Connection refused, then DEADLOCK") == ["oomkilled", "Connection refused", "DEADLOCK"]
    assert named("java.net.SocketException: connection reset") == ["java.net.SocketException", "connection"]


def test_only_whole_words_count() -> None:
    assert named("deadlocked reconnection x5090 my_deadlock x509") == ["x509"]


def test_characters_that_change_length_in_small_letters_do_not_shift_the_rest() -> None:
    assert named("İİİ deadlock") == ["deadlock"]


def test_tokens_of_a_term_carry_its_number() -> None:
    text = "x509: oomkilled now"
    offsets = [(0, 0), (0, 1), (1, 4), (4, 5), (6, 8), (8, 15), (16, 19), (0, 0)]
    assert TERMS.of_tokens(text, offsets).tolist() == [0, 2, 2, 0, 1, 1, 0, 0]


@given(st.text(max_size=80))
def test_no_text_breaks_it_and_spans_are_apart(text: str) -> None:
    spans = TERMS.spans(text)
    assert all(0 <= start < end <= len(text) for _, start, end in spans)
    assert all(one[2] <= other[1] for one, other in pairwise(spans))


def test_mining_prefers_what_the_trunk_breaks_and_keeps_the_usual_spelling() -> None:
    texts = ["pod OOMKilled by kernel", "container OOMKilled", "container oomkilled now", "kernel of the matter"]
    terms = mine(texts, ["Kafka"], lambda word: 4 if word.lower() == "oomkilled" else 1, size=3)
    assert terms[:2] == ["kafka", "OOMKilled"]
    assert len(terms) == 3
    assert mine(texts, ["Kafka"], lambda word: 1, size=3) == mine(reversed(texts), ["Kafka"], lambda word: 1, size=3)


def test_a_file_of_terms(tmp_path) -> None:
    (tmp_path / "terms.txt").write_text("OOMKilled\nx509\n", encoding="utf-8")
    assert read_terms(tmp_path / "terms.txt").terms == ("OOMKilled", "x509")


def test_no_tokens_no_terms() -> None:
    assert np.array_equal(TERMS.of_tokens("deadlock", []), np.empty(0, dtype=np.int64))
