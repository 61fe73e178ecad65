"""Task `search`: does a message find others of its event among all distinct messages of its system?

Every message that has a mate is a query; it is never its own answer. A hit is a message of the same group.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from app.domain import InvalidInput
from app.evaluation import metrics as m
from app.evaluation.data import GROUP, Row, by_system, column, read_rows, texts_of
from app.evaluation.product import Parts, load_encoder, product
from app.evaluation.report import Interval, Metrics, Report, Request
from app.services.reading import prepared
from models.vectors.index import ExactIndex

#: Distinct messages per system.
LIMIT: Final = 2_000
#: Queries per system on which the index is held against exact search.
INDEX_QUERIES: Final = 200
#: BM25 (Robertson, Zaragoza 2009) at its usual constants.
K1, B = 1.5, 0.75
#: A word as all lexical rivals see it.
WORD: Final = r"(?u)\b\w+\b"

Floats = NDArray[np.float32]
#: (n, n): how alike each message (row, as query) is to each other.
Similarity = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Per query of one system (q,): reciprocal rank of its first mate, 0 < rr <= 1."""

    reciprocal: NDArray[np.float64]

    def measures(self) -> dict[str, NDArray[np.float64]]:
        return {"hit_at_1": (self.reciprocal >= 1).astype(float), "hit_at_5": (self.reciprocal >= 1 / 5 - 1e-9).astype(float),
                "mrr": self.reciprocal}


def measure(request: Request) -> Report:
    rows = read_rows(request.data)
    group = column(rows, GROUP)
    systems = {name: _distinct(part, group, request.seed) for name, part in by_system(rows).items()}
    systems = {name: part for name, part in systems.items() if _has_mate(part[1]).any()}
    if not systems:
        raise InvalidInput("no message has another of its group: there is nothing to find")
    with product(request) as parts:
        methods = _methods(parts, request)
        found: dict[str, dict[str, Found]] = {method: {} for method in methods}
        recalls: list[float] = []
        for name, (texts, groups) in systems.items():
            for method, similarity in methods.items():
                found[method][name] = rank(similarity(texts), groups)
            recalls += _index_recall(parts, texts)
        version = parts.embeddings.version
    queries = sum(len(result.reciprocal) for result in found["product"].values())
    results = {method: _metrics(result, request.seed) for method, result in found.items()}
    ours = {**results.pop("product"), "index_recall_at_10": m.bootstrap(m.mean(recalls), len(recalls), seed=request.seed)}
    notes = [f"{queries} queries among {sum(len(t) for t, _ in systems.values())} distinct messages of {len(systems)} systems; "
             "intervals of the mean are over systems, of a system over its queries"]
    notes += [f"product minus {method}: {_gains(found['product'], other, request.seed)}"
              for method, other in found.items() if method != "product"]
    return Report(queries, version, ours, results, tuple(notes))


def rank(similarity: Similarity, groups: NDArray[np.int64]) -> Found:
    """Where the first mate of each message with one stands; of equally alike messages the earlier comes first."""
    alike = np.array(similarity, dtype=np.float64)
    np.fill_diagonal(alike, -np.inf)
    queries = np.flatnonzero(_has_mate(groups))
    order = np.argsort(-alike[queries], axis=1, kind="stable")
    mates = groups[order] == groups[queries][:, None]
    mates &= order != queries[:, None]
    return Found(1.0 / (1 + mates.argmax(axis=1)))


def bm25(texts: Sequence[str]) -> Similarity:
    """Scores of every text as a query (row) against every text as a document (column)."""
    counts = CountVectorizer(token_pattern=WORD).fit_transform(texts).astype(np.float64).tocsr()
    length = np.asarray(counts.sum(axis=1)).ravel()
    found = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log(1 + (len(texts) - found + 0.5) / (found + 0.5))
    norm = np.repeat(K1 * (1 - B + B * length / max(length.mean(), 1e-9)), np.diff(counts.indptr))
    weights = csr_matrix((counts.data * (K1 + 1) / (counts.data + norm) * idf[counts.indices], counts.indices, counts.indptr),
                         shape=counts.shape)
    scores: Similarity = (counts @ weights.T).toarray()
    return scores


def tfidf(texts: Sequence[str]) -> Similarity:
    words = TfidfVectorizer(token_pattern=WORD, sublinear_tf=True).fit_transform(texts)
    cosine: Similarity = (words @ words.T).toarray()
    return cosine


def _methods(parts: Parts, request: Request) -> dict[str, Callable[[Sequence[str]], Similarity]]:
    exact = request.encoder or load_encoder(request.settings, "fp32")  # the reference to six digits, four times as fast

    def minilm_exact(texts: Sequence[str]) -> Similarity:
        vectors = exact.encode(texts)
        return vectors @ vectors.T

    def as_the_page_does(texts: Sequence[str]) -> Similarity:
        vectors = _vectors(parts, texts)
        return vectors @ vectors.T

    return {"product": as_the_page_does, "minilm_exact": minilm_exact, "tfidf": tfidf, "bm25": bm25,
            "tfidf_normalised": lambda texts: tfidf([prepared(text) for text in texts])}


def _vectors(parts: Parts, texts: Sequence[str]) -> Floats:
    """As the search page embeds a question and ingestion a stored error."""
    return parts.embeddings.get_embeddings([prepared(text) for text in texts])


def _index_recall(parts: Parts, texts: Sequence[str]) -> list[float]:
    """Per query: the share of the ten most alike, by similarity, that the index in use gives; ties count as found."""
    vectors = _vectors(parts, texts)
    index = ExactIndex(parts.embeddings.dims, parts.embeddings.version)
    index.add(np.arange(len(vectors), dtype=np.int64), vectors)
    k = min(10, len(vectors))
    recalls = []
    for vector in vectors[:INDEX_QUERIES]:
        exact = np.sort(vectors @ vector)[-k:]
        got = np.array([neighbour.similarity for neighbour in index.neighbours(vector, k, -1.0)])
        recalls.append(float((got >= exact[0] - 1e-5).sum() / k))
    return recalls


def _distinct(rows: Sequence[Row], group: str, seed: int) -> tuple[list[str], NDArray[np.int64]]:
    """At most LIMIT distinct messages, drawn with the seed, and the number of each one's group."""
    first: dict[str, str] = {}
    for text, row in zip(texts_of(rows), rows, strict=True):
        if text.strip():
            first.setdefault(text, str(row[group]))
    texts = list(first)
    if len(texts) > LIMIT:
        texts = [texts[i] for i in sorted(np.random.default_rng(seed).choice(len(texts), LIMIT, replace=False))]
    return texts, np.unique([first[text] for text in texts], return_inverse=True)[1]


def _has_mate(groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    mates: NDArray[np.bool_] = np.bincount(groups)[groups] > 1 if len(groups) else np.zeros(0, dtype=bool)
    return mates


def _metrics(systems: dict[str, Found], seed: int) -> Metrics:
    metrics: dict[str, Interval] = {}
    for measure_name in ("hit_at_1", "hit_at_5", "mrr"):
        values = {name: found.measures()[measure_name] for name, found in systems.items()}
        metrics[measure_name] = m.bootstrap(m.mean([value.mean() for value in values.values()]), len(values), seed=seed)
        for name, value in values.items():
            metrics[f"{measure_name}_{name}"] = m.bootstrap(m.mean(value), len(value), seed=seed)
    return metrics


def _gains(ours: dict[str, Found], other: dict[str, Found], seed: int) -> str:
    def gain(name: str) -> Interval:
        differences = [ours[system].measures()[name].mean() - other[system].measures()[name].mean() for system in ours]
        return m.bootstrap(m.mean(differences), len(differences), seed=seed)

    return ", ".join(f"{name} {gain(name)}" for name in ("hit_at_1", "hit_at_5", "mrr"))
