"""StackLensTransformer: from the tokens of an error to severity, category and confidence, and its embedding.

    tokens ─> frozen BERT trunk ─┬─> mean over real tokens ─────────────────────────> embedding (the reference)
                                 └─> + vector of the technical term that a token is a part of
                                       └─> error attention (12 heads, masked) ─> mean over real tokens ─> heads

The trunk is a pretrained BERT (MiniLM's by default, Wang 2020; any `BertModel` folder such as
bert-base-uncased by setting). It is not trained, so that one pass gives the embedding that search, map and
anomaly detection use, and the classes.

How the client's sketch is mended
- It let every token attend to the padding, so that an answer changed with the longest text of its batch. Here
  padding gets no weight, neither in the attention nor in the mean.
- It had a confidence head and no target for it. Here the target is "severity and category are both right" of
  texts whose family of technologies the network that read them had not seen; the head looks at the embedding
  and at how decided the classes are, and no gradient of it reaches them.
- It took the first token of an untrained pooler. Here all real tokens count alike, as in the trunk's own training.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from models.nets.vocabulary import TERMS
from models.taxonomy import CATEGORIES, SEVERITIES
from models.vectors.weights import Source, resolve

HEADS: Final = 12
#: What the confidence sees of the classes: see `decidedness`.
DECIDED: Final = 6


@dataclass(frozen=True, slots=True)
class Classified:
    """B texts of at most T tokens.

    `severity_logits` (B, 4), `category_logits` (B, 10), `confidence` (B,) in [0, 1], `embeddings` (B, dims) unit
    rows, `attention_weights` (B, 12, T, T): how much of token j goes into token i; rows sum to 1, 0 on padding.
    """

    severity_logits: Tensor
    category_logits: Tensor
    confidence: Tensor
    embeddings: Tensor
    attention_weights: Tensor


class ErrorAttention(nn.Module):
    """Multi-head self-attention (Vaswani 2017) over real tokens, after a layer norm, with a residual."""

    def __init__(self, dims: int, heads: int = HEADS, dropout: float = 0.0) -> None:
        super().__init__()
        if dims % heads:
            raise ValueError(f"{dims} dimensions do not share out over {heads} heads")
        self.heads = heads
        self.norm = nn.LayerNorm(dims)
        self.query_key_value = nn.Linear(dims, 3 * dims)
        self.out = nn.Linear(dims, dims)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, T, dims) and mask (B, T), 1 = real, to states (B, T, dims) and weights (B, heads, T, T)."""
        B, T, D = states.shape  # noqa: N806
        parts = self.query_key_value(self.norm(states)).view(B, T, 3, self.heads, D // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, H, T, D / H)
        scores = query @ key.transpose(-1, -2) / (D // self.heads) ** 0.5  # (B, H, T, T)
        scores = scores.masked_fill(mask[:, None, None, :] == 0, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=-1)
        mixed = (self.dropout(weights) @ value).transpose(1, 2).reshape(B, T, D)
        return states + self.out(mixed), weights


class StackLensTransformer(nn.Module):
    """`trunk` None: the states of the trunk are given to `read` (training on stored states)."""

    def __init__(
        self,
        dims: int = 384,
        *,
        trunk: nn.Module | None = None,
        terms: int = TERMS,
        heads: int = HEADS,
        dropout: float = 0.0,
        with_vocabulary: bool = True,
        with_attention: bool = True,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.with_vocabulary, self.with_attention = with_vocabulary, with_attention
        self.vocabulary = nn.Embedding(terms + 1, dims, padding_idx=0)
        nn.init.zeros_(self.vocabulary.weight)
        self.attention = ErrorAttention(dims, heads, dropout)
        self.norm = nn.LayerNorm(dims)
        self.dropout = nn.Dropout(dropout)
        self.severity = nn.Linear(2 * dims, len(SEVERITIES))
        self.category = nn.Linear(2 * dims, len(CATEGORIES))
        self.confidence = nn.Linear(dims + DECIDED, 1)

    @classmethod
    def on(cls, encoder: str, **options: bool) -> "StackLensTransformer":
        """Over the trunk that a setting names (a folder, a hub name, the default), frozen and in evaluation mode."""
        return cls.over(resolve(encoder), **options)

    @classmethod
    def over(cls, source: Source, terms: int = TERMS, **options: bool) -> "StackLensTransformer":
        """The same over a checkpoint on disk, its hash verified; its width decides every other."""
        source.verify()
        return cls(source.dims, trunk=frozen_trunk(source.folder), terms=terms, **options)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, term_ids: Tensor) -> Classified:
        """Tokens, mask (1 = real) and terms (see `Vocabulary.of_tokens`), each (B, T)."""
        if self.trunk is None:
            raise ValueError("this network has no trunk: give the trunk's states to read()")
        states = self.trunk(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state  # (B, T, dims)
        return self.read(states, attention_mask, term_ids)

    def read(self, states: Tensor, mask: Tensor, term_ids: Tensor) -> Classified:
        """The same from the trunk's last hidden states (B, T, dims)."""
        embedding = nn.functional.normalize(mean_of_real(states, mask), dim=1)
        tokens = states + self.vocabulary(term_ids) if self.with_vocabulary else states
        attended, weights = self.attention(tokens, mask)
        pooled = self.norm(mean_of_real(attended if self.with_attention else tokens, mask))
        # A unit row has entries of 1 / sqrt(dims); the other half, after its norm, of 1.
        both = self.dropout(torch.cat([embedding * embedding.shape[1] ** 0.5, pooled], dim=1))  # (B, 2 dims)
        severity, category = self.severity(both), self.category(both)
        confidence = self.confidence(self.sureness_input(embedding, severity, category))[:, 0].sigmoid()
        return Classified(severity, category, confidence, embedding, weights)

    @staticmethod
    def sureness_input(embedding: Tensor, severity: Tensor, category: Tensor) -> Tensor:
        """(B, dims + DECIDED): what the confidence sees; without gradient."""
        return torch.cat([embedding, decidedness(severity, category)], dim=1).detach()


def mean_of_real(states: Tensor, mask: Tensor) -> Tensor:
    """States (B, T, dims) averaged over the tokens of mask 1: (B, dims)."""
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)


def decidedness(severity: Tensor, category: Tensor) -> Tensor:
    """(B, 6): largest and second probability of each, and the logarithms of the largest."""
    one, other = severity.softmax(dim=1).topk(2, dim=1).values, category.softmax(dim=1).topk(2, dim=1).values
    return torch.cat([one, other, one[:, :1].log(), other[:, :1].log()], dim=1)


def frozen_trunk(folder: Path) -> nn.Module:
    """The `BertModel` of a folder, in evaluation mode, with no parameter that learns; eager, so that it can show its attention."""
    from transformers import AutoModel

    trunk: nn.Module = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    return trunk.requires_grad_(False)
