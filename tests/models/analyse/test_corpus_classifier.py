"""The kernel reader on a corpus small enough to see through."""

import numpy as np
import pytest

from models.analyse.corpus_classifier import STATE, CorpusClassifier, State, Training, fit
from models.corpus import Template
from models.taxonomy import ACTIONS
from models.vectors.hashing import HashingEncoder

KINDS = [("disk volume is full", "high", "storage", "free_resources"),
         ("connection to peer refused", "medium", "network", "restart_service"),
         ("password login rejected", "low", "security", "renew_credentials")]
WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")
OTHERS = ["a walk in the park", "soup and bread for lunch", "the museum opens at ten", "red blue green"]
ENCODER = HashingEncoder()


def training() -> Training:
    templates = [Template(f"{category}-{word}", word, f"{word} {text}", severity, category, (action,))
                 for text, severity, category, action in KINDS for word in WORDS]
    texts = [f"{template.text} {ending}" for template in templates for ending in ("again", "now")]
    return Training(templates, ENCODER.encode(texts), texts, ENCODER.encode(OTHERS), OTHERS)


@pytest.fixture(scope="module")
def state() -> State:
    return fit(training())


def reader(state: State) -> CorpusClassifier:
    data = training()
    return CorpusClassifier(data.templates, data.vectors, data.other_vectors, state, "test@1")


def test_it_reads_what_it_was_shown_and_what_is_like_it(state: State) -> None:
    texts = ["zulu disk volume is full", "yankee connection to peer refused"]
    storage, network = reader(state).read(ENCODER.encode(texts), texts)
    assert (storage.severity, storage.category, storage.actions[0][0]) == ("high", "storage", "free_resources")
    assert (network.severity, network.category, network.actions[0][0]) == ("medium", "network", "restart_service")
    assert storage.evidence[0][0].startswith("storage-")
    assert storage.model == "test@1"


def test_shapes_and_ranges(state: State) -> None:
    (reading,) = reader(state).read(ENCODER.encode(["x"]), ["x"])
    assert sum(reading.severity_probabilities) == pytest.approx(1, abs=1e-3)
    assert sum(reading.category_probabilities) == pytest.approx(1, abs=1e-3)
    assert sorted(action for action, _ in reading.actions) == sorted(ACTIONS)
    assert sum(share for _, share in reading.actions) == pytest.approx(1, abs=1e-3)
    assert all(share >= 0 for _, share in reading.actions)
    assert 0 <= reading.confidence <= 1
    assert [cosine for _, cosine in reading.evidence] == sorted((c for _, c in reading.evidence), reverse=True)


def test_what_is_no_error_is_less_sure(state: State) -> None:
    texts = ["zulu disk volume is full", "bread in the park", "0 0 0 0"]
    error, prose, digits = reader(state).read(ENCODER.encode(texts), texts)
    assert error.confidence > prose.confidence
    assert error.confidence > digits.confidence


def test_the_batch_does_not_matter_and_inputs_stay(state: State) -> None:
    texts = ["disk full", "password rejected", "hello there", ""]
    vectors = ENCODER.encode(texts)
    before = vectors.copy()
    together = reader(state).read(vectors, texts)
    assert together == [reader(state).read(vectors[i : i + 1], [text])[0] for i, text in enumerate(texts)]
    assert np.array_equal(vectors, before)
    assert reader(state).read(vectors[:0], []) == []


def test_fitting_again_gives_the_same_arrays(state: State) -> None:
    again = fit(training())
    assert set(again) == set(STATE)
    assert all(np.array_equal(again[name], state[name]) for name in STATE)


def test_a_corpus_of_one_technology_and_no_others_still_reads() -> None:
    whole = training()
    alone = Training(whole.templates[:1], whole.vectors[:2], whole.texts[:2], whole.vectors[:0], [])
    fitted = CorpusClassifier(alone.templates, alone.vectors, alone.other_vectors, fit(alone), "one")
    assert fitted.read(alone.vectors[:1], alone.texts[:1])[0].category == "storage"


def test_vectors_must_share_out_over_the_templates() -> None:
    whole = training()
    with pytest.raises(ValueError, match="do not share out"):
        Training(whole.templates, whole.vectors[:-1], whole.texts[:-1], whole.other_vectors, OTHERS)
