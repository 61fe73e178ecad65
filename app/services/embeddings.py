"""EmbeddingsService: texts to unit vectors, each distinct text only once."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from app.services.reading import prepared
from app.services.search import SemanticSearchService
from models.analyse.token_head import Outputs, TokenHead
from models.vectors.encoder import Encoder, TokenEncoder

#: 20,000 vectors of 384 float32 are 31 MB; the texts, at most 1,000 characters each, are less.
CACHE_SIZE = 20_000
CACHED_CHARACTERS = 1_000


class EmbeddingsService:
    """Sentence embeddings behind a cache of raw texts; safe to share between threads."""

    def __init__(self, encoder: Encoder, search: SemanticSearchService) -> None:
        self._encoder = encoder
        self._search = search
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._outputs: OrderedDict[str, Outputs] = OrderedDict()
        self._lock = Lock()

    @property
    def dims(self) -> int:
        return self._encoder.dims

    @property
    def version(self) -> str:
        """Names model, runtime and weights; stored with every vector."""
        return self._encoder.version

    def get_embedding(self, text: str) -> NDArray[np.float32]:
        """(dims,) float32, unit norm."""
        vector: NDArray[np.float32] = self.get_embeddings([text])[0]
        return vector

    def get_embeddings(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dims) float32, unit rows, in the order of the texts."""
        with self._lock:
            known = {text: self._cache[text] for text in set(texts) if text in self._cache}
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        if missing:
            known.update(zip(missing, self._encoder.encode(missing), strict=True))
            self._remember({text: known[text] for text in missing if len(text) <= CACHED_CHARACTERS})
        rows = [known[text] for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dims), dtype=np.float32)

    def get_embeddings_and_outputs(
        self, texts: Sequence[str], head: TokenHead | None
    ) -> tuple[NDArray[np.float32], list[Outputs] | None]:
        """The embeddings, and what a head makes of the same tokens: one pass for a text that is new to either.

        None where there is no head, or no token to give it.
        """
        if head is None or not isinstance(self._encoder, TokenEncoder):
            return self.get_embeddings(texts), None
        with self._lock:
            known = {text: self._outputs[text] for text in set(texts) if text in self._outputs and text in self._cache}
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        vectors: dict[str, NDArray[np.float32]] = {}
        if missing:
            rows, made = self._encoder.encode_tokens(missing, head)
            vectors.update(zip(missing, rows, strict=True))
            known.update(zip(missing, made, strict=True))
            kept = [text for text in missing if len(text) <= CACHED_CHARACTERS]
            self._remember({text: vectors[text] for text in kept}, {text: known[text] for text in kept})
        rest = list(dict.fromkeys(text for text in texts if text not in vectors))
        vectors.update(zip(rest, self.get_embeddings(rest), strict=True))
        stacked = np.stack([vectors[text] for text in texts]) if texts else np.empty((0, self.dims), dtype=np.float32)
        return stacked, [known[text] for text in texts]

    def find_similar_errors(self, text: str, top_k: int = 5, threshold: float = 0.7) -> list[tuple[int, float]]:
        """Stored errors most like a text: (signature id, cosine), most alike first, cosine >= threshold.

        The text is read like a stored one, so that the same error finds itself with 1.0.
        """
        vector = self.get_embedding(prepared(text))
        found = self._search.neighbours(vector, top_k=top_k, threshold=threshold)
        return [(neighbour.id, neighbour.similarity) for neighbour in found]

    def forget(self) -> None:
        """Empties the cache: what was purged must not live on in it."""
        with self._lock:
            self._cache.clear()
            self._outputs.clear()

    def _remember(self, fresh: dict[str, NDArray[np.float32]], outputs: dict[str, Outputs] | None = None) -> None:
        with self._lock:
            self._cache.update(fresh)
            self._outputs.update(outputs or {})
            for cache in (self._cache, self._outputs):
                while len(cache) > CACHE_SIZE:
                    cache.popitem(last=False)
