"""The frozen trunk's last hidden states of many texts, kept in one file of half precision.

A frozen trunk gives the same states every epoch: they are computed once (by whatever runtime the product
uses), written to a memory-mapped file in the cache folder, and read from there by rows.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.nets.vocabulary import Vocabulary
from models.vectors.encoder import Progress, TokenEncoder, Tokens

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class TokenStates:
    """Of n texts: `states` (N, dims) float16, N tokens in all; text i has the rows starts[i] to starts[i + 1].

    `offsets` (N, 2) are the tokens' places in their text.
    """

    texts: Sequence[str]
    starts: NDArray[np.int64]
    states: NDArray[np.float16]
    offsets: NDArray[np.int32]

    @property
    def dims(self) -> int:
        return int(self.states.shape[1])

    def of(self, row: int) -> NDArray[np.float32]:
        """(T, dims) of one text."""
        return self.states[self.starts[row] : self.starts[row + 1]].astype(np.float32)

    def places(self, row: int) -> list[tuple[int, int]]:
        """(T,) [start, end) in characters of one text."""
        return [(int(start), int(end)) for start, end in self.offsets[self.starts[row] : self.starts[row + 1]]]

    def terms(self, vocabulary: Vocabulary) -> NDArray[np.int64]:
        """(N,) the term that each token is a part of, plus one; 0 for none."""
        found = [vocabulary.of_tokens(text, self.places(row)) for row, text in enumerate(self.texts)]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def token_states(encoder: TokenEncoder, texts: Sequence[str], cache: Path, progress: Progress | None = None) -> TokenStates:
    """The states of the texts, from the file of an earlier run where the same were asked of the same encoder."""
    file = cache / f"states-{_fingerprint(encoder, texts)}"
    if not (made := file.with_suffix(".json")).is_file():
        cache.mkdir(parents=True, exist_ok=True)
        _write(encoder, texts, file, progress)
    card = json.loads(made.read_text(encoding="utf-8"))
    shape = (int(card["starts"][-1]), encoder.dims)
    states = np.memmap(file.with_suffix(".f16"), dtype=np.float16, mode="r", shape=shape)
    return TokenStates(list(texts), np.array(card["starts"]), states, np.array(card["offsets"], dtype=np.int32))


def _write(encoder: TokenEncoder, texts: Sequence[str], file: Path, progress: Progress | None) -> None:
    """The states, then the card that says they are whole."""

    def use(tokens: Tokens) -> tuple[NDArray[np.float16], Sequence[tuple[int, int]]]:
        return tokens.states.astype(np.float16), tokens.offsets

    made = encoder.encode_tokens(texts, use, progress)[1]
    starts = np.cumsum([0, *(len(states) for states, _ in made)]).tolist()
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        for states, _ in made:
            stream.write(states.tobytes())
    part.replace(file.with_suffix(".f16"))
    card = {"starts": starts, "offsets": [place for _, offsets in made for place in offsets]}
    file.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")


def _fingerprint(encoder: TokenEncoder, texts: Sequence[str]) -> str:
    digest = hashlib.blake2b(f"{_FORMAT}\0{encoder.version}".encode(), digest_size=8)
    for text in texts:
        digest.update(text.encode(errors="replace") + b"\0")
    return digest.hexdigest()
