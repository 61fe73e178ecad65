"""An encoder without weights: words hashed to signed dimensions (feature hashing, Weinberger 2009).

Alike only by shared words. The lexical rival of the sentence encoder, and its stand-in wherever a
test needs vectors but not meaning: it loads nothing and is exact to the bit on every machine.
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.vectors.encoder import Progress

_WORD = re.compile(r"[A-Za-z]{2,64}|\d{1,32}")


class HashingEncoder:
    def __init__(self, dims: int = 384) -> None:
        self._dims = dims

    @property
    def version(self) -> str:
        return f"hashing-{self._dims}@1"

    @property
    def dims(self) -> int:
        return self._dims

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self._dims), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in _WORD.findall(text.lower()) or [text]:
                digest = int.from_bytes(hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest(), "big")
                rows[row, digest % self._dims] += 1.0 if digest >> 63 else -1.0
        rows[~rows.any(axis=1), 0] = 1.0  # words that cancel out, or none: still a unit row
        if progress:
            progress(len(texts), len(texts))
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit
