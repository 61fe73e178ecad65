"""What every encoder promises, held against each of them; and how near the fast runtime comes to the reference."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from app.services.reading import rendered_texts
from app.settings import SAMPLE_DATA
from models.corpus import read_corpus
from models.vectors.encoder import MAX_TOKENS

real = pytest.mark.model
ENCODERS = [
    "hashing",
    "torch tiny fp32",
    "onnx tiny fp32",
    "onnx tiny int8",
    pytest.param("torch MiniLM fp32", marks=real),
    pytest.param("onnx MiniLM int8", marks=real),
]
TEXTS = [
    "disk full",
    "connection to the database refused after a timeout",
    "",
    "é 日本語 \u202e",
    "x" * 5000,
    "the " * 400,
    "[SEP] [MASK]",
]
every_encoder = pytest.mark.parametrize("name", ENCODERS)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::DeprecationWarning:onnxscript")


@every_encoder
def test_rows_have_unit_norm_and_the_promised_shape(encoders, name):
    encoder = encoders(name)
    rows = encoder.encode(TEXTS)
    assert (rows.shape, rows.dtype) == ((len(TEXTS), encoder.dims), np.float32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


@every_encoder
def test_rows_do_not_depend_on_the_batch_and_keep_the_order(encoders, name):
    encoder = encoders(name)
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    backwards = encoder.encode(TEXTS[::-1])[::-1]
    assert np.allclose(together, alone, atol=1e-5)
    assert np.allclose(together, backwards, atol=1e-5)


@every_encoder
def test_the_same_text_gives_the_same_vector(encoders, name):
    encoder = encoders(name)
    assert np.array_equal(encoder.encode(["disk full"]), encoder.encode(["disk full"]))
    rows = encoder.encode(["disk full", "timeout", "disk full"])
    assert np.array_equal(rows[0], rows[2])
    assert not np.allclose(rows[0], rows[1])


@every_encoder
def test_no_texts_give_no_rows(encoders, name):
    encoder = encoders(name)
    assert encoder.encode([]).shape == (0, encoder.dims)


@every_encoder
def test_progress_ends_with_all(encoders, name):
    seen = []
    encoders(name).encode(["a", "b", "c"], lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    seen.clear()
    encoders(name).encode(["a"], lambda done, total: seen.append((done, total)))
    assert seen[-1] == (1, 1)


@pytest.mark.parametrize("name", ENCODERS[1:])
def test_a_long_text_counts_only_by_its_beginning(encoders, name):
    encoder = encoders(name)
    assert np.allclose(*encoder.encode(["the " * MAX_TOKENS, "the " * 3 * MAX_TOKENS]), atol=1e-5)


@every_encoder
def test_threads_may_share_it(encoders, name):
    encoder = encoders(name)
    expected = encoder.encode(["disk full", "timeout"])
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(lambda _: encoder.encode(["disk full", "timeout"]), range(8)):
            assert np.allclose(rows, expected, atol=1e-5)


@every_encoder
def test_the_version_names_the_weights_and_the_runtime(encoders, name):
    version = encoders(name).version
    assert all(part in version for part in name.split() if part != "tiny")


def test_the_exported_graph_is_the_reference(encoders):
    reference = encoders("torch tiny fp32").encode(TEXTS)
    assert np.allclose(encoders("onnx tiny fp32").encode(TEXTS), reference, atol=1e-4)


@real
@pytest.mark.slow
def test_int8_comes_near_the_reference_on_errors(encoders):
    texts = rendered_texts(read_corpus(sorted((SAMPLE_DATA / "corpus").glob("*.jsonl")))[::29], 1)[:60]
    fast, reference = encoders("onnx MiniLM int8").encode(texts), encoders("torch MiniLM fp32").encode(texts)
    cosine = (fast * reference).sum(axis=1)
    assert len(texts) == 60
    assert np.median(cosine) >= 0.995
    assert cosine.min() >= 0.98


@real
def test_meaning_counts_not_only_words(encoders):
    encoder = encoders("onnx MiniLM int8")
    one, same, other = encoder.encode(["no space left on device", "the disk is full", "invalid user password"])
    assert one @ same > one @ other + 0.2
