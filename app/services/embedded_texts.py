"""Texts embedded before need not be embedded again: vectors by the hash of their text, in one file of the cache."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from app.services.files import atomic_write
from models.vectors.encoder import Encoder

Rows = dict[bytes, NDArray[np.float32]]


def embedded(
    texts: Sequence[str], encoder: Encoder, file: Path, progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float32]:
    """(n, dims) float32, one row a text; only those that `file` does not hold are embedded, with progress.

    `file` then holds exactly these texts' hashes and vectors, so it does not grow from version to version.
    """
    keys = [
        hashlib.blake2b(f"{encoder.version}\0{text}".encode(errors="replace"), digest_size=16).digest()
        for text in texts
    ]
    rows = _read(file, encoder.dims)
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
    if missing:
        vectors = encoder.encode(list(missing.values()), progress)
        rows |= dict(zip(missing, vectors, strict=True))
        kept = list(dict.fromkeys(keys))
        arrays = {
            "keys": np.frombuffer(b"".join(kept), dtype=np.uint8),
            "vectors": np.stack([rows[key] for key in kept]),
        }
        atomic_write(file, lambda stream: np.savez(stream, **arrays))  # type: ignore[arg-type]
    return np.stack([rows[key] for key in keys]) if keys else np.empty((0, encoder.dims), dtype=np.float32)


def _read(file: Path, dims: int) -> Rows:
    """What the file holds; nothing where it is missing, damaged or of another shape."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            keys, vectors = arrays["keys"].tobytes(), arrays["vectors"]
    except (OSError, EOFError, ValueError, KeyError, AttributeError, BadZipFile):  # an .npy has no names
        return {}
    if vectors.ndim != 2 or vectors.shape[1] != dims or len(keys) != 16 * len(vectors):
        return {}
    return {keys[16 * row : 16 * row + 16]: vector for row, vector in enumerate(vectors)}
