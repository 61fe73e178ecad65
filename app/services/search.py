"""SemanticSearchService: the stored errors nearest to a vector, over an index that follows the store."""

import logging
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from app.storage.store import Store
from models.records import Neighbour
from models.vectors.index import ExactIndex, IndexUnusable

_LOG = logging.getLogger(__name__)


class SemanticSearchService:
    """Exact search with FAISS. Ids are those of the signatures in the store.

    The store is the truth: the index file is only a shortcut, written when the process ends, and whatever
    another process added or removed is taken over before the next search (one stamp is compared, 0.1 ms).
    """

    def __init__(self, store: Store, encoder_version: str, dims: int, file: Path) -> None:
        self._store = store
        self._encoder_version = encoder_version
        self._dims = dims
        self._file = file
        self._lock = Lock()
        self._index: ExactIndex | None = None
        self._stamp = ""
        self._saved = ""

    def neighbours(self, vector: NDArray[np.float32], *, top_k: int = 5, threshold: float = 0.0) -> list[Neighbour]:
        """At most `top_k` neighbours with cosine >= `threshold`, most alike first; `vector` is (dims,), unit norm."""
        with self._lock:  # FAISS must not search while another thread adds
            return self._fresh().neighbours(vector, top_k, threshold)

    def neighbours_of_many(
        self, vectors: NDArray[np.float32], *, top_k: int, threshold: float
    ) -> list[list[Neighbour]]:
        """The same for every row of `vectors` (n, dims)."""
        with self._lock:
            return self._fresh().neighbours_of_many(vectors, top_k, threshold)

    def __len__(self) -> int:
        with self._lock:
            return len(self._fresh())

    def save(self) -> None:
        """Writes the index beside the store, so that the next start need not read every vector.

        Does nothing where no search was made or nothing has changed; a full disk costs only the shortcut.
        """
        with self._lock:
            if self._index is None or self._stamp == self._saved:
                return
            self._fresh()  # what another process removed or purged must not be written again
            try:
                self._index.save(self._file, self._stamp)
                self._saved = self._stamp
            except OSError as error:
                _LOG.warning("the search index could not be saved, the next start reads the store: %s", error)

    def purge(self) -> None:
        """After a removal: the file may hold vectors of what was removed, so it goes."""
        with self._lock:
            ExactIndex.delete(self._file)
            self._saved = ""

    def _fresh(self) -> ExactIndex:
        stamp = self._store.signatures.stamp()
        if self._index is None:
            self._index = self._loaded(stamp)
        elif stamp != self._stamp:
            self._follow(self._index)
        self._stamp = stamp
        return self._index

    def _loaded(self, stamp: str) -> ExactIndex:
        try:
            index = ExactIndex.load(self._file, self._encoder_version, stamp)
            self._saved = stamp
        except IndexUnusable:  # missing, stale or damaged: all the same, the store has every vector
            index = ExactIndex(self._dims, self._encoder_version)
            self._follow(index)
        return index

    def _follow(self, index: ExactIndex) -> None:
        """Makes the index hold exactly the store's vectors."""
        stored = self._store.signatures.ids(self._encoder_version)
        held = set(index.ids())
        index.remove(sorted(held.difference(stored)))
        missing = set(stored).difference(held)
        if missing:
            ids, vectors = self._store.signatures.vectors(self._encoder_version, after=min(missing) - 1)
            wanted = np.isin(ids, np.fromiter(missing, dtype=np.int64))
            index.add(ids[wanted], vectors[wanted])
