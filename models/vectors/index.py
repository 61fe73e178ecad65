"""Nearest neighbours by cosine, exact: FAISS' inner product over unit rows, with the store's ids."""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from models.records import Neighbour


class IndexUnusable(Exception):  # noqa: N818 - reads as what is the case
    """The file is missing, damaged, or of another state of the store: build the index anew."""


class ExactIndex:
    """Not thread-safe; the service holds the lock."""

    def __init__(self, dims: int, encoder: str) -> None:
        self.encoder = encoder
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dims))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> list[int]:
        found: list[int] = faiss.vector_to_array(self._index.id_map).tolist()
        return found

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """`vectors` (n, dims) float32, unit rows; ids must be new."""
        if len(ids):
            rows = np.ascontiguousarray(vectors, dtype=np.float32)
            self._index.add_with_ids(rows, np.ascontiguousarray(ids, dtype=np.int64))

    def remove(self, ids: Sequence[int]) -> None:
        """Ids that are not held are ignored."""
        if ids:
            self._index.remove_ids(np.array(ids, dtype=np.int64))

    def neighbours(self, vector: NDArray[np.float32], top_k: int, threshold: float) -> list[Neighbour]:
        """At most `top_k` with cosine >= `threshold`, most alike first, ties by id."""
        return self.neighbours_of_many(vector.reshape(1, -1), top_k, threshold)[0]

    def neighbours_of_many(self, vectors: NDArray[np.float32], top_k: int, threshold: float) -> list[list[Neighbour]]:
        """The same for every row of `vectors` (n, dims), in one pass."""
        k = min(top_k, len(self))
        if k <= 0 or not len(vectors):
            return [[] for _ in vectors]
        similarity, ids = self._index.search(np.ascontiguousarray(vectors, dtype=np.float32), k)
        return [_near(*row, threshold) for row in zip(similarity, ids, strict=True)]

    def save(self, file: Path, stamp: str) -> None:
        """The index beside a card that names what it was built from and its hash; the card is written last."""
        data = faiss.serialize_index(self._index).tobytes()
        card = {"encoder": self.encoder, "stamp": stamp, "dims": self._index.d, "hash": _hash(data)}
        _replace(file, data)
        _replace(_card(file), json.dumps(card).encode())

    @classmethod
    def load(cls, file: Path, encoder: str, stamp: str) -> "ExactIndex":
        """IndexUnusable unless the file is whole and of exactly this encoder and state of the store."""
        try:
            card = json.loads(_card(file).read_text(encoding="utf-8"))
            if (card["encoder"], card["stamp"]) != (encoder, stamp):
                raise IndexUnusable("of another state of the store")
            data = file.read_bytes()
            if card["hash"] != _hash(data):  # FAISS itself would trust the sizes in a damaged file
                raise IndexUnusable("damaged")
            index = cls(int(card["dims"]), encoder)
            index._index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise IndexUnusable(str(error)) from error
        return index

    @staticmethod
    def delete(file: Path) -> None:
        """Takes a saved index away; one that is not there is fine."""
        for each in (_card(file), file):
            each.unlink(missing_ok=True)


def _near(similarity: NDArray[np.float32], ids: NDArray[np.int64], threshold: float) -> list[Neighbour]:
    found = [
        Neighbour(int(i), min(float(s), 1.0)) for s, i in zip(similarity, ids, strict=True) if i >= 0 and s >= threshold
    ]
    return sorted(found, key=lambda neighbour: (-neighbour.similarity, neighbour.id))


def _card(file: Path) -> Path:
    return file.with_suffix(".json")


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _replace(file: Path, data: bytes) -> None:
    """Writes a file that is either whole or as it was, whoever else writes it at the same time."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
