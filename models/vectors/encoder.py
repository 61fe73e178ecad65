"""Texts to unit vectors: what every encoder promises, and the torch reference.

A row never depends on the batch that it came in. That rules out dynamic quantisation over padded
batches, whose activation scale is shared by the batch: see `onnx_runtime` for how it is kept there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.vectors.weights import Source

Progress = Callable[[int, int], None]
T = TypeVar("T")

#: Tokens that an encoder reads of a text, [CLS] and [SEP] included: what matters of an error comes early.
MAX_TOKENS: Final = 128


class Encoder(Protocol):
    """`version` names weights and runtime; equal versions give equal vectors."""

    @property
    def version(self) -> str: ...

    @property
    def dims(self) -> int: ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """(n, dims) float32, unit rows, in the order of the texts; `progress(done, n)` as it goes."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the trunk made of one text: `ids` (T,), `offsets` (T,) [start, end) in characters, `states` (T, dims) float32.

    [CLS] and [SEP] are among them, with the offsets (0, 0).
    """

    text: str
    ids: Sequence[int]
    offsets: Sequence[tuple[int, int]]
    states: NDArray[np.float32]


#: What to make of the tokens of a text while they are at hand; called from several threads.
UseTokens = Callable[[Tokens], T]


@runtime_checkable
class TokenEncoder(Encoder, Protocol):
    """An encoder with a trunk whose token states can be used in the pass that makes the embedding."""

    def encode_tokens(
        self, texts: Sequence[str], use: UseTokens[T], progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], list[T]]:
        """What `encode` gives, to the bit, and `use` of every text's tokens, both in the order of the texts."""
        ...


class TorchEncoder:
    """The reference: sentence-transformers' mean over tokens, then unit norm, in fp32."""

    def __init__(self, source: Source) -> None:
        from transformers import AutoModel, AutoTokenizer

        source.verify()
        self._tokenizer = AutoTokenizer.from_pretrained(source.folder)
        self._model = AutoModel.from_pretrained(source.folder).eval()
        self._lock = Lock()
        self._source = source

    @property
    def version(self) -> str:
        return self._source.version_on("torch")

    @property
    def dims(self) -> int:
        return self._source.dims

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        rows = np.empty((len(texts), self.dims), dtype=np.float32)
        for row, text in enumerate(texts):  # one by one: padding changes the last bits of a row
            rows[row] = self._one(text)
            if progress:
                progress(row + 1, len(texts))
        return rows

    def encode_tokens(
        self, texts: Sequence[str], use: UseTokens[T], progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], list[T]]:
        rows, made = np.empty((len(texts), self.dims), dtype=np.float32), []
        for row, text in enumerate(texts):
            rows[row], tokens = self._read(text)
            made.append(use(tokens))
            if progress:
                progress(row + 1, len(texts))
        return rows, made

    def _one(self, text: str) -> NDArray[np.float32]:
        return self._read(text)[0]

    def _read(self, text: str) -> tuple[NDArray[np.float32], Tokens]:
        import torch

        tokens = self._tokenizer(
            text, truncation=True, max_length=MAX_TOKENS, return_offsets_mapping=True, return_tensors="pt"
        )  # (1, T)
        offsets = [(int(start), int(end)) for start, end in tokens.pop("offset_mapping")[0]]
        with self._lock, torch.inference_mode():
            hidden = self._model(**tokens).last_hidden_state[0]  # (T, dims)
        vector = torch.nn.functional.normalize(hidden.mean(dim=0), dim=0)
        return vector.numpy(), Tokens(text, tokens["input_ids"][0].tolist(), offsets, hidden.numpy())
