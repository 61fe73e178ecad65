"""The kernel with labelled texts: they are read as labelled, and what is kept reads as what was fitted."""

from collections.abc import Sequence

import numpy as np

from models.analyse.corpus_classifier import CorpusClassifier, Training, fit
from models.analyse.taught_kernel import TaughtTexts, pack, unpack, with_texts
from models.corpus import Template
from models.vectors.hashing import HashingEncoder

WORDS = (("disk full", "high", "memory"), ("login refused", "medium", "security"), ("peer unreachable", "high", "network"))


def training(encoder: HashingEncoder) -> Training:
    templates = [
        Template(f"t{row}", f"tech{row}", f"{text} on unit {row}", severity, category, ("restart_service", "patch_code"))
        for row, (text, severity, category) in enumerate(WORDS * 4)
    ]  # fmt: skip
    texts = [f"{template.text} {fill}" for template in templates for fill in ("a", "b")]
    others = ["the weather is fine", "a list of names"]
    return Training(templates, encode(encoder, texts), texts, encode(encoder, others), others)


def encode(encoder: HashingEncoder, texts: Sequence[str]) -> np.ndarray:
    return np.asarray(encoder.encode(list(texts)), dtype=np.float32)


def taught(encoder: HashingEncoder) -> TaughtTexts:
    texts = ("gadget frobnicated quux", "gadget frobnicated zork")
    actions = (("restart_service",), ("free_resources",))
    keys = ("a" * 32, "b" * 32)
    return TaughtTexts(keys, encode(encoder, texts), ("low", "low"), ("data", "data"), actions, texts)


def test_what_is_kept_reads_as_what_was_fitted_and_the_labelled_texts_teach_their_like() -> None:
    encoder = HashingEncoder()
    known, labels = training(encoder), taught(encoder)
    joined = with_texts(known, labels)
    state = fit(joined)
    fitted = CorpusClassifier(joined.templates, joined.vectors, joined.other_vectors, state, "v1")
    arrays = pack(state, labels)
    assert not any(array.dtype == object or array.dtype.kind in "US" for array in arrays.values())
    kept = unpack(arrays, labels.keys, known.templates, known.vectors, known.other_vectors, "v1")
    texts = ["gadget frobnicated plugh", "disk full on unit 9"]
    vectors = encode(encoder, texts)
    readings = kept.read(vectors, texts)
    assert readings == fitted.read(vectors, texts)
    shipped = CorpusClassifier(known.templates, known.vectors, known.other_vectors, fit(known), "v0").read(vectors, texts)
    assert (readings[0].severity, readings[0].category) == ("low", "data") != (shipped[0].severity, shipped[0].category)
    assert readings[1].category == shipped[1].category
    assert readings[0].evidence[0][0].startswith("label ")


def test_a_holdout_is_left_out_and_no_label_is_the_corpus_itself() -> None:
    encoder = HashingEncoder()
    known = training(encoder)
    nothing = TaughtTexts((), np.empty((0, 0), dtype=np.float32), (), (), ())
    assert with_texts(known, nothing).texts == list(known.texts)
    part = with_texts(known, taught(encoder), [0, 2])
    assert [template.id for template in part.templates] == ["t0", "t2", "label aaaaaaaa", "label bbbbbbbb"]
    assert part.vectors.shape[0] == len(part.texts) == 8
