"""One error through every door: the same answer before and after it is stored, and what it resembles."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain import InvalidInput
from app.services.analysis import MAX_CHARACTERS

TEXTS = [
    "2026-05-01 10:00:00,123 ERROR [main] com.shop.Cart - Could not save cart 17\njava.lang.IllegalStateException: no session 9\n"
    "\tat com.shop.Cart.save(Cart.java:42)\n\tat com.shop.Main.main(Main.java:9)",
    '{"time":"2026-05-01T10:00:01Z","level":"warn","service":"orders","message":"connection to orders-db:5432 refused"}',
    "May  1 10:00:02 web-1 nginx[231]: upstream timed out (110: Connection timed out)",
    "INFO started in 34 ms",
    "disk 98 % full",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_answer_is_what_is_stored_after_ingesting_the_same_text(parts, text):
    before = parts.analysis.analyse(text)
    assert before.seen is None
    parts.ingest.text(text, actor="ada")
    after = parts.analysis.analyse(text)
    issue = parts.store.issues.get(1)
    detail = parts.inbox.detail(1)
    assert after.seen == issue
    assert replace(after.examined, vector=0) == replace(before.examined, vector=0)
    assert np.array_equal(detail.signature.vector, after.examined.vector)
    assert (issue.severity, issue.category, issue.confidence, issue.strangeness) == (
        before.judgement.severity,
        before.examined.reading.category,
        before.examined.reading.confidence,
        before.examined.strangeness,
    )
    assert detail.signature.signature == before.examined.signature
    assert detail.signature.reading == before.examined.reading
    assert (detail.event.message, detail.event.frames, detail.event.level) == (
        before.event.message,
        before.event.frames,
        before.event.level,
    )
    assert [item.sentence for item in detail.suggestions] == [item.sentence for item in after.suggestions]


def test_nothing_is_stored_by_asking(parts):
    parts.analysis.analyse("disk full")
    parts.analysis.find("disk full", top_k=5, threshold=-1.0)
    assert parts.store.overview.span() is None
    assert parts.store.uploads.newest() == []


def test_similar_issues_come_most_alike_first_without_the_issue_itself(parts):
    parts.ingest.text(
        "connection to orders refused\nconnection to cart refused\nconnection closed early\ndisk full", actor="ada"
    )
    answer = parts.analysis.analyse("connection to orders refused")
    assert answer.seen.title == "connection to orders refused"
    similarities = [item.similarity for item in answer.similar]
    assert similarities == sorted(similarities, reverse=True)
    assert all(0.6 <= similarity <= 1.0 for similarity in similarities)
    assert answer.seen.id not in {item.issue.id for item in answer.similar}
    assert answer.similar[0].issue.title == "connection to cart refused"
    assert answer.similar[0].reason == "share connection, refused"


def test_find_respects_count_and_threshold(parts):
    parts.ingest.text("\n".join(f"{word} failed badly" for word in ("alpha", "beta", "gamma", "delta")), actor="ada")
    assert len(parts.analysis.find("beta failed badly", top_k=2, threshold=-1.0)) == 2
    found = parts.analysis.find("beta failed badly", top_k=10, threshold=0.99)
    assert [(item.similarity, item.reason) for item in found] == [(1.0, "the same signature")]


@pytest.mark.parametrize("text", ["", " \n", "x" * (MAX_CHARACTERS + 1)])
def test_no_text_and_too_much_text_are_refused(parts, text):
    with pytest.raises(InvalidInput):
        parts.analysis.analyse(text)


def test_a_blank_question_is_refused(parts):
    with pytest.raises(InvalidInput):
        parts.analysis.find(" ", top_k=1, threshold=0.0)


def test_every_step_says_how_long_it_took(parts):
    assert set(parts.analysis.analyse("disk full").milliseconds) == {"read", "embed and classify", "name", "compare", "suggest"}


def test_the_same_error_finds_itself_whatever_its_numbers(parts):
    parts.ingest.text("took 12 ms to reach 10.0.0.1", actor="ada")
    assert parts.embeddings.find_similar_errors("took 9000 ms to reach 10.9.9.9") == [(1, pytest.approx(1.0))]
    assert parts.embeddings.find_similar_errors("nothing alike here") == []


def test_embeddings_are_unit_rows_in_order_each_text_encoded_once(parts):
    calls = []

    class Counting(type(parts.encoder)):
        def encode(self, texts, progress=None):
            calls.append(list(texts))
            return super().encode(texts, progress)

    parts.embeddings._encoder = Counting()
    rows = parts.embeddings.get_embeddings(["a b", "c d", "a b"])
    assert rows.shape == (3, 384)
    assert np.array_equal(rows[0], rows[2])
    assert np.array_equal(parts.embeddings.get_embedding("c d"), rows[1])
    assert calls == [["a b", "c d"]]
    assert parts.embeddings.get_embeddings([]).shape == (0, 384)
    rows[0] = 0
    assert np.linalg.norm(parts.embeddings.get_embedding("a b")) == pytest.approx(1.0)
