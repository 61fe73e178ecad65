"""Anomaly scores: in range, the same in every process and after a restart, set anew when the store outgrows its reference."""

import numpy as np
import pytest

from app.bootstrap import build
from app.services import anomaly
from models.vectors.hashing import HashingEncoder


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(anomaly, "ENOUGH", 20)


def texts(n, start=0):
    """`n` different lines; letters only, since numbers would be normalised away."""
    return "\n".join(
        f"task {chr(97 + i // 26 % 26)}{chr(97 + i % 26)}z of {chr(97 + i * 7 % 26)}q failed"
        for i in range(start, start + n)
    )


def stored(parts):
    return {issue.id: issue.strangeness for issue in parts.store.issues.strangest(0.0, 500)}


def test_scores_lie_in_range_and_what_is_stranger_scores_higher(parts):
    parts.ingest.text(texts(60), actor="ada")
    vectors = parts.embeddings.get_embeddings(["task aaz of aq failed", "task abz of hq failed"])
    score = parts.anomaly.score(vectors)
    assert ((score >= 0) & (score <= 1)).all()
    assert set(parts.anomaly.predict(vectors)) <= {-1, 1}
    assert parts.anomaly.score(np.empty((0, 384), dtype=np.float32)).shape == (0,)


def test_a_small_store_is_judged_by_the_corpus_a_larger_one_by_itself(parts):
    by_corpus = parts.anomaly.version
    parts.ingest.text(texts(19), actor="ada")
    assert parts.anomaly.version == by_corpus
    parts.ingest.text(texts(1, start=19), actor="ada")
    assert parts.anomaly.version != by_corpus


def test_the_reference_grows_in_steps_and_scores_all_again(parts):
    parts.ingest.text(texts(20), actor="ada")
    first = parts.anomaly.version
    parts.ingest.text(texts(9, start=20), actor="ada")
    assert parts.anomaly.version == first
    parts.ingest.text(texts(1, start=29), actor="ada")
    assert parts.anomaly.version != first
    ids, vectors = parts.store.signatures.vectors(parts.encoder.version)
    expected = dict(zip(ids.tolist(), np.round(parts.anomaly.score(vectors), 4).tolist(), strict=True))
    assert stored(parts) == pytest.approx(expected)
    assert parts.store.log.rebuild() == 0


def test_every_process_fits_the_same_detector(parts, settings):
    other = build(settings, encoder=HashingEncoder())
    assert other.anomaly.version == parts.anomaly.version
    parts.ingest.text(texts(30), actor="ada")
    assert other.anomaly.version == parts.anomaly.version
    other.store.close()


def test_an_answer_equals_what_is_stored_after_the_reference_changed(parts):
    parts.ingest.text(texts(30), actor="ada")
    answer = parts.analysis.analyse("task aaz of aq failed")
    assert answer.examined.strangeness == pytest.approx(answer.seen.strangeness, abs=1e-4)


def test_a_removal_takes_its_texts_out_of_the_reference(parts):
    by_corpus = parts.anomaly.version
    upload = parts.ingest.text(texts(30), actor="ada")
    parts.ingest.text(texts(25, start=30), actor="ada")
    both = parts.anomaly.version
    parts.ingest.remove(upload.id, actor="ada", key="1")
    assert parts.anomaly.version not in (both, by_corpus)
    assert len(stored(parts)) == 25
    parts.ingest.remove(upload.id + 1, actor="ada", key="2")
    assert parts.anomaly.version == by_corpus
