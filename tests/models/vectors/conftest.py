"""Encoders: one that hashes words, a tiny random BERT written here, and the real MiniLM (marker `model`)."""

import json
from pathlib import Path

import pytest
from platformdirs import user_cache_path
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from models.vectors.encoder import TorchEncoder
from models.vectors.hashing import HashingEncoder
from models.vectors.onnx_runtime import OnnxEncoder
from models.vectors.weights import DEFAULT, resolve

WORDS = ("connection", "refused", "disk", "full", "timeout", "after", "the", "a", "to", "database")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 2 layers and 32 dimensions with random weights and a vocabulary of its own."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny-bert")
    letters = [prefix + chr(97 + i) for prefix in ("", "##") for i in range(26)]
    vocabulary = {
        word: number for number, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters))
    }
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "pad_token": "[PAD]",
                "unk_token": "[UNK]",
                "model_max_length": 128,
            }
        )
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def encoders(tiny: Path, tmp_path_factory: pytest.TempPathFactory):
    """Makes an encoder by name, once a session; the real ones export into the user's cache, as the product does."""
    made = {}

    def make(name):
        if name not in made:
            made[name] = _make(name, tiny, tmp_path_factory)
        return made[name]

    return make


def _make(name, tiny, tmp_path_factory):
    if name == "hashing":
        return HashingEncoder()
    kind, weights, precision = name.split()
    source = resolve(DEFAULT if weights == "MiniLM" else str(tiny))
    if kind == "torch":
        return TorchEncoder(source)
    cache = user_cache_path("stacklens") if weights == "MiniLM" else tmp_path_factory.mktemp("export")
    return OnnxEncoder(source, precision, cache)
