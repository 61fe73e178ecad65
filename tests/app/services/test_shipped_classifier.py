"""The network that ships: whole, the same in NumPy as in torch, and asked in the pass that embeds."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from platformdirs import user_cache_path

from app.services.embeddings import EmbeddingsService
from app.services.reading import CLASSIFIER, ReadingService
from app.settings import SAMPLE_DATA
from models.analyse.attention import Explainer
from models.analyse.token_head import CARD, WEIGHTS, HeadUnusable, TokenHead
from models.vectors.encoder import TorchEncoder
from models.vectors.hashing import HashingEncoder
from models.vectors.onnx_runtime import OnnxEncoder
from models.vectors.weights import DEFAULT, resolve

TEXTS = ["connection refused", "OOMKilled: container exceeded its memory limit", "x509: certificate has expired", ""]
model = pytest.mark.model
CORPUS = SAMPLE_DATA / "corpus"


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(resolve(DEFAULT), "int8", user_cache_path("stacklens"))


def test_the_files_are_the_ones_that_the_card_names_and_small() -> None:
    head = TokenHead.load(CLASSIFIER)
    card = json.loads((CLASSIFIER / CARD).read_text(encoding="utf-8"))
    assert head.version == card["version"]
    assert head.trunk == resolve(DEFAULT).sha256
    assert len((CLASSIFIER / "terms.txt").read_text(encoding="utf-8").splitlines()) == card["terms"] == 5000
    assert (CLASSIFIER / WEIGHTS).stat().st_size < 15_000_000
    assert set(head.blend) == {"weight", "temperature", "confidence"}


def test_a_damaged_file_stops_with_a_clear_word(tmp_path: Path, encoder_of_letters: HashingEncoder) -> None:
    shutil.copytree(CLASSIFIER, tmp_path / "classifier")
    with (tmp_path / "classifier" / WEIGHTS).open("r+b") as stream:
        stream.seek(5_000)
        stream.write(b"\0\1\2\3")
    with pytest.raises(HeadUnusable, match=r"model\.safetensors .* is damaged"):
        TokenHead.load(tmp_path / "classifier")


@pytest.fixture
def encoder_of_letters() -> HashingEncoder:
    return HashingEncoder()


def test_with_another_encoder_the_kernel_reads_alone(tmp_path: Path, encoder_of_letters: HashingEncoder) -> None:
    assert ReadingService(CORPUS, encoder_of_letters, tmp_path).head is None


@model
def test_numpy_and_torch_say_the_same_of_the_same_tokens() -> None:
    head, explainer = TokenHead.load(CLASSIFIER), Explainer(resolve(DEFAULT), CLASSIFIER)
    _, fast = TorchEncoder(resolve(DEFAULT)).encode_tokens(TEXTS[:3], head)
    for text, outputs in zip(TEXTS, fast, strict=False):
        slow = explainer.explain(text)
        likely = np.exp(outputs.category - outputs.category.max())
        assert float((likely / likely.sum()).max()) == pytest.approx(slow.probability, abs=1e-3)


@model
def test_one_pass_gives_the_embedding_to_the_bit_and_the_classes(encoder: OnnxEncoder) -> None:
    head = TokenHead.load(CLASSIFIER)
    vectors, outputs = encoder.encode_tokens(TEXTS, head)
    assert np.array_equal(vectors, encoder.encode(TEXTS))
    for text, together in zip(TEXTS, outputs, strict=True):
        (alone,) = encoder.encode_tokens([text], head)[1]
        assert np.array_equal(alone.category, together.category)
        assert alone.confidence == together.confidence


@model
def test_the_cache_keeps_what_the_pass_made(encoder: OnnxEncoder) -> None:
    class Counting:
        version, dims, passes = encoder.version, encoder.dims, 0

        def encode(self, texts, progress=None):
            Counting.passes += len(texts)
            return encoder.encode(texts, progress)

        def encode_tokens(self, texts, use, progress=None):
            Counting.passes += len(texts)
            return encoder.encode_tokens(texts, use, progress)

    service, head = EmbeddingsService(Counting(), None), TokenHead.load(CLASSIFIER)  # type: ignore[arg-type]
    vectors, outputs = service.get_embeddings_and_outputs([*TEXTS, TEXTS[0]], head)
    assert Counting.passes == len(TEXTS)
    again, kept = service.get_embeddings_and_outputs(TEXTS[::-1], head)
    assert Counting.passes == len(TEXTS)
    assert np.array_equal(again[::-1], vectors[:4])
    assert kept is not None and outputs is not None
    assert kept[::-1] == outputs[:4]
    assert np.array_equal(service.get_embeddings(TEXTS), vectors[:4])
    assert service.get_embeddings_and_outputs([], head)[0].shape == (0, encoder.dims)
