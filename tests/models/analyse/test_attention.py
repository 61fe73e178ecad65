"""The explanation of one text by a tiny random trunk and random heads: what it promises, not what it finds."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from models.analyse.attention import Explainer, Explanation
from models.analyse.token_head import CARD, TERMS, WEIGHTS, HeadUnusable
from models.vectors.weights import resolve

WORDS = ("connection", "refused", "disk", "full", "timeout", "to", "the", "database")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A trunk of 2 layers, 4 heads and 48 dimensions with its tokenizer, and heads for it."""
    import torch
    from safetensors.torch import save
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel

    from models.learn.classifier import without_trunk
    from models.nets.transformer import StackLensTransformer

    trunk, heads = tmp_path_factory.mktemp("trunk"), tmp_path_factory.mktemp("heads")
    torch.manual_seed(0)
    vocabulary = {word: number for number, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS))}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.save(str(trunk / "tokenizer.json"))
    BertModel(BertConfig(vocab_size=len(vocabulary), hidden_size=48, num_hidden_layers=2, num_attention_heads=4,
                         intermediate_size=32)).save_pretrained(trunk)
    network = StackLensTransformer(48, terms=2)
    torch.nn.init.normal_(network.vocabulary.weight)
    weights, terms = save(without_trunk(network)), b"connection refused\ndisk\n"
    (heads / WEIGHTS).write_bytes(weights)
    (heads / TERMS).write_bytes(terms)
    files = {name: hashlib.sha256(data).hexdigest() for name, data in ((WEIGHTS, weights), (TERMS, terms))}
    (heads / CARD).write_text(json.dumps({"files": files, "heads": 12, "trunk_sha256": "", "version": "tiny"}))
    return trunk, heads


@pytest.fixture(scope="module")
def explained(folders: tuple[Path, Path]) -> Explanation:
    return Explainer(resolve(str(folders[0])), folders[1]).explain("connection refused to the database")


def test_tokens_stand_where_the_text_has_them(explained: Explanation) -> None:
    assert [(token.text, token.start, token.end) for token in explained.tokens][:2] == [("connection", 0, 10), ("refused", 11, 18)]
    assert [token.term for token in explained.tokens] == ["connection refused", "connection refused", "", "", ""]


def test_shapes_and_ranges(explained: Explanation) -> None:
    assert explained.error.shape == explained.gradient.shape == (5,)
    assert explained.error_heads.shape == (12, 7, 7)
    assert explained.trunk.shape == (2, 4, 7, 7)
    assert np.allclose(explained.error_heads.sum(axis=-1), 1, atol=1e-5)
    assert np.allclose(explained.trunk.sum(axis=-1), 1, atol=1e-5)
    assert 0 < explained.error.sum() <= 1
    assert 0 < explained.probability < 1
    found = explained.faithfulness
    assert all(-1 <= fall <= 1 for fall in (found.attention, found.trunk, found.gradient, found.lot))


def test_the_same_text_is_explained_the_same(folders: tuple[Path, Path], explained: Explanation) -> None:
    again = Explainer(resolve(str(folders[0])), folders[1]).explain("connection refused to the database")
    assert again.faithfulness == explained.faithfulness
    assert np.array_equal(again.gradient, explained.gradient)


@pytest.mark.parametrize("text", ["", "disk", "disk " * 400, "\u202e<b>"])
def test_no_text_breaks_it(folders: tuple[Path, Path], text: str) -> None:
    found = Explainer(resolve(str(folders[0])), folders[1]).explain(text)
    assert len(found.tokens) == len(found.error) == len(found.gradient)
    assert np.isfinite(found.faithfulness.lot)


def test_damaged_heads_are_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    for file in folders[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / TERMS).write_text("other\n")
    with pytest.raises(HeadUnusable, match="damaged"):
        Explainer(resolve(str(folders[0])), tmp_path)
