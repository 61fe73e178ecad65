"""The shipped StackLensTransformer without its trunk, in NumPy: from the states of one text's tokens to its logits.

The trunk runs in the fast runtime anyway, for the embedding; what comes after it (vocabulary, error attention,
heads) is a few small products, so the server needs no torch. The reference is `models.nets.transformer`; a test
holds the two together. Loaded from a folder of model.safetensors, terms.txt and card.json, which names their hashes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.nets.vocabulary import Vocabulary, read_terms
from models.vectors.encoder import Tokens

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

WEIGHTS, TERMS, CARD = "model.safetensors", "terms.txt", "card.json"
#: Prefix of the tensors that are not the network's but say how to blend it with the kernel reader.
BLEND: Final = "blend."


class HeadUnusable(ValueError):  # noqa: N818 - reads as what is the case
    """The shipped files are missing, damaged or of another trunk; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Of one text: logits (4,) and (10,), and the confidence in [0, 1] that both are right."""

    severity: Doubles
    category: Doubles
    confidence: float


class TokenHead:
    """Safe to share between threads. `trunk` is the sha256 of the encoder's weights that it was trained on.

    `product`: "blend" or "kernel", whichever read validation families better when this was trained.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], vocabulary: Vocabulary, *, heads: int, trunk: str, version: str,
                 product: str = "blend") -> None:
        self.version, self.trunk, self.product = version, trunk, product
        self._vocabulary, self._heads = vocabulary, heads
        self.blend = {name.removeprefix(BLEND): np.asarray(array, dtype=np.float64)
                      for name, array in arrays.items() if name.startswith(BLEND)}
        self._net = {name: np.asarray(array, dtype=np.float32) for name, array in arrays.items() if not name.startswith(BLEND)}

    @classmethod
    def load(cls, folder: Path) -> "TokenHead":
        """HeadUnusable unless all three files are there and are the ones that the card names."""
        from safetensors.numpy import load

        try:
            card = json.loads((folder / CARD).read_text(encoding="utf-8"))
            data = {name: (folder / name).read_bytes() for name in (WEIGHTS, TERMS)}
            expected = {name: card["files"][name] for name in data}
            heads, trunk, version = int(card["heads"]), str(card["trunk_sha256"]), str(card["version"])
            product = str(card.get("product", "blend"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise HeadUnusable(f"the classifier in {folder} cannot be read ({error}); {_AGAIN}") from error
        for name, content in data.items():
            if hashlib.sha256(content).hexdigest() != expected[name]:
                raise HeadUnusable(f"{name} in {folder} is damaged: its sha256 is not the one in {CARD}; {_AGAIN}")
        return cls(load(data[WEIGHTS]), read_terms(folder / TERMS), heads=heads, trunk=trunk, version=version,
                   product=product)

    def __call__(self, tokens: Tokens) -> Outputs:
        """What the network says of one text; no batch, so no padding."""
        terms = self._vocabulary.of_tokens(tokens.text, tokens.offsets)
        return self.read(np.asarray(tokens.states, dtype=np.float32), terms)

    def read(self, states: Floats, terms: NDArray[np.int64]) -> Outputs:
        """States (T, dims) and terms (T,) as `Vocabulary.of_tokens` numbers them."""
        mean = states.mean(axis=0)
        embedding = mean / max(float(np.linalg.norm(mean)), 1e-12)
        pooled = self._norm("norm", self._attended(states + self._net["vocabulary.weight"][terms]).mean(axis=0))
        both = np.concatenate([embedding * len(embedding) ** 0.5, pooled])
        severity, category = self._linear("severity", both), self._linear("category", both)
        seen = np.concatenate([embedding, _decidedness(severity, category)])
        confidence = 1 / (1 + np.exp(-self._linear("confidence", seen)[0]))
        return Outputs(severity.astype(np.float64), category.astype(np.float64), float(confidence))

    def _attended(self, states: Floats) -> Floats:
        """Error attention with its residual: (T, dims) to (T, dims)."""
        T, D = states.shape  # noqa: N806
        parts = self._linear("attention.query_key_value", self._norm("attention.norm", states))
        query, key, value = parts.reshape(T, 3, self._heads, D // self._heads).transpose(1, 2, 0, 3)  # each (H, T, D / H)
        weights = _softmax(query @ key.transpose(0, 2, 1) / np.float32((D // self._heads) ** 0.5))  # (H, T, T)
        mixed = (weights @ value).transpose(1, 0, 2).reshape(T, D)
        return states + self._linear("attention.out", mixed)

    def _linear(self, name: str, rows: Floats) -> Floats:
        product: Floats = rows @ self._net[f"{name}.weight"].T + self._net[f"{name}.bias"]
        return product

    def _norm(self, name: str, rows: Floats) -> Floats:
        """Layer norm over the last axis."""
        centred = rows - rows.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        normed: Floats = scaled * self._net[f"{name}.weight"] + self._net[f"{name}.bias"]
        return normed


_AGAIN: Final = "check out models/pretrained/classifier again, or run: stacklens train classifier"


def _softmax(scores: Floats) -> Floats:
    risen = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Floats = risen / risen.sum(axis=-1, keepdims=True)
    return shares


def _decidedness(severity: Floats, category: Floats) -> Floats:
    """(6,): see `models.nets.transformer.decidedness`."""
    one, other = np.sort(_softmax(severity))[::-1][:2], np.sort(_softmax(category))[::-1][:2]
    return np.concatenate([one, other, np.log(one[:1]), np.log(other[:1])])
