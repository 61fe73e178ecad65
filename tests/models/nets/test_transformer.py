"""The network: shapes, masks, that it learns; the same from a tiny random trunk; and NumPy's head as its equal."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.analyse.token_head import TokenHead
from models.learn.classifier import without_trunk
from models.nets.transformer import StackLensTransformer, mean_of_real
from models.nets.vocabulary import Vocabulary
from models.vectors.weights import resolve

TERMS = 7


@pytest.fixture
def network() -> StackLensTransformer:
    torch.manual_seed(0)
    made = StackLensTransformer(48, terms=TERMS).eval()
    torch.nn.init.normal_(made.vocabulary.weight[1:])
    return made


def batch(lengths: tuple[int, ...], seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """States of texts of these lengths, each the same whatever stands beside it; padding holds noise."""
    longest = max(lengths)
    states = torch.full((len(lengths), longest, 48), 9.0)
    mask = torch.zeros(len(lengths), longest, dtype=torch.long)
    terms = torch.full((len(lengths), longest), 3)
    for row, length in enumerate(lengths):
        generator = torch.Generator().manual_seed(seed + length)
        states[row, :length] = torch.randn(length, 48, generator=generator)
        mask[row, :length] = 1
        terms[row, :length] = torch.randint(0, TERMS + 1, (length,), generator=generator)
    return states, mask, terms


def test_shapes_and_ranges(network: StackLensTransformer) -> None:
    seen = network.read(*batch((5, 3, 8)))
    assert seen.severity_logits.shape == (3, 4)
    assert seen.category_logits.shape == (3, 10)
    assert seen.confidence.shape == (3,)
    assert bool(((seen.confidence > 0) & (seen.confidence < 1)).all())
    assert seen.attention_weights.shape == (3, 12, 8, 8)
    assert torch.allclose(seen.embeddings.norm(dim=1), torch.ones(3))


def test_padding_gets_no_attention(network: StackLensTransformer) -> None:
    weights = network.read(*batch((5, 3, 8))).attention_weights.detach()
    assert torch.allclose(weights.sum(dim=-1), torch.ones(3, 12, 8))
    assert float(weights[0, :, :, 5:].abs().max()) == 0
    assert float(weights[1, :, :, 3:].abs().max()) == 0


def test_neither_padding_nor_the_order_of_the_batch_changes_an_answer(network: StackLensTransformer) -> None:
    together, turned = network.read(*batch((5, 3, 8))), network.read(*batch((8, 5, 3)))
    alone = network.read(*batch((5,)))
    for name in ("severity_logits", "category_logits", "confidence", "embeddings"):
        assert torch.allclose(getattr(together, name)[0], getattr(alone, name)[0], atol=1e-5), name
        assert torch.allclose(getattr(together, name)[0], getattr(turned, name)[1], atol=1e-5), name


def test_a_term_changes_what_is_read_but_not_the_embedding(network: StackLensTransformer) -> None:
    states, mask, terms = batch((6,))
    one, other = network.read(states, mask, terms * 0), network.read(states, mask, terms * 0 + 1)
    assert torch.equal(one.embeddings, other.embeddings)
    assert not torch.allclose(one.severity_logits, other.severity_logits)


def test_the_confidence_sends_no_gradient_into_the_classes(network: StackLensTransformer) -> None:
    network.read(*batch((5, 3))).confidence.sum().backward()
    assert network.confidence.weight.grad is not None
    assert all(p.grad is None for name, p in network.named_parameters() if not name.startswith("confidence"))


def test_it_learns_eight_rows_by_heart() -> None:
    torch.manual_seed(0)
    network = StackLensTransformer(48, terms=TERMS)
    rows, severity, category = batch((3, 4, 5, 6, 7, 8, 9, 10)), torch.arange(8) % 4, torch.arange(8)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(60):
        seen = network.read(*rows)
        loss = torch.nn.functional.cross_entropy(seen.severity_logits, severity)
        loss = loss + torch.nn.functional.cross_entropy(seen.category_logits, category)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    seen = network.eval().read(*rows)
    assert torch.equal(seen.severity_logits.argmax(dim=1), severity)
    assert torch.equal(seen.category_logits.argmax(dim=1), category)


def test_the_mean_of_nothing_is_finite() -> None:
    assert torch.equal(mean_of_real(torch.ones(1, 3, 4), torch.zeros(1, 3)), torch.zeros(1, 4))


def test_heads_must_share_out() -> None:
    with pytest.raises(ValueError, match="do not share out"):
        StackLensTransformer(50)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as wide as bert-base-uncased (768), with one layer and random weights."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("wide-bert")
    torch.manual_seed(0)
    config = BertConfig(vocab_size=40, hidden_size=768, num_hidden_layers=1, num_attention_heads=12, intermediate_size=32)
    BertModel(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_a_wider_trunk_by_setting(wide: Path) -> None:
    network = StackLensTransformer.on(str(wide)).eval()
    ids, mask = torch.randint(0, 40, (2, 6)), torch.tensor([[1] * 6, [1] * 4 + [0] * 2])
    seen = network(ids, mask, torch.zeros(2, 6, dtype=torch.long))
    assert seen.embeddings.shape == (2, 768)
    assert seen.attention_weights.shape == (2, 12, 6, 6)
    alone = network(ids[1:, :4], mask[1:, :4], torch.zeros(1, 4, dtype=torch.long))
    assert torch.allclose(seen.embeddings[1], alone.embeddings[0], atol=1e-5)
    assert torch.allclose(seen.category_logits[1], alone.category_logits[0], atol=1e-4)


def test_the_trunk_is_frozen_and_does_not_ship(wide: Path) -> None:
    network = StackLensTransformer.over(resolve(str(wide)), terms=3)
    assert network.trunk is not None
    assert not any(parameter.requires_grad for parameter in network.trunk.parameters())
    assert not any(name.startswith("trunk.") for name in without_trunk(network))


def test_without_a_trunk_only_states_are_read(network: StackLensTransformer) -> None:
    with pytest.raises(ValueError, match="no trunk"):
        network(torch.zeros(1, 2, dtype=torch.long), torch.ones(1, 2), torch.zeros(1, 2, dtype=torch.long))


def test_the_head_in_numpy_is_the_network(network: StackLensTransformer) -> None:
    network.confidence.weight.data.normal_()
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    head = TokenHead(arrays, Vocabulary([f"term{i}" for i in range(TERMS)]), heads=12, trunk="", version="x")
    for length in (1, 5, 9):
        states, mask, terms = batch((length,))
        seen, fast = network.read(states, mask, terms), head.read(states[0].numpy(), terms[0].numpy())
        assert np.allclose(fast.severity, seen.severity_logits[0].detach(), atol=1e-4)
        assert np.allclose(fast.category, seen.category_logits[0].detach(), atol=1e-4)
        assert fast.confidence == pytest.approx(seen.confidence[0].item(), abs=1e-4)
