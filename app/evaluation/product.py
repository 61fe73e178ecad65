"""The product, wired over a throw-away store, so that a measurement meets what a page would show.

`app.bootstrap` wires the same and lies above this package; a test holds the two together.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.evaluation.report import Request
from app.services.analysis import AnalysisService
from app.services.anomaly import AnomalyService
from app.services.embeddings import EmbeddingsService
from app.services.ingest import IngestService
from app.services.reading import ReadingService
from app.services.resolutions import ResolutionService
from app.services.search import SemanticSearchService
from app.services.suggestions import SuggestionService
from app.settings import SAMPLE_DATA, Settings
from app.storage.store import Store
from models.vectors.encoder import Encoder
from models.vectors.weights import resolve


@dataclass(frozen=True, slots=True)
class Parts:
    """The services that are measured."""

    encoder: Encoder
    embeddings: EmbeddingsService
    search: SemanticSearchService
    reading: ReadingService
    analysis: AnalysisService
    ingest: IngestService


@contextmanager
def product(request: Request) -> Iterator[Parts]:
    """The services of the request's settings; the store is empty and gone afterwards, caches are the user's."""
    encoder = request.encoder or load_encoder(request.settings)
    with tempfile.TemporaryDirectory(prefix="stacklens-evaluate-") as folder:
        settings = request.settings.model_copy(update={"data_dir": Path(folder), "database_url": ""})
        store = Store(settings.database)
        try:
            yield _wired(settings, store, encoder)
        finally:
            store.close()


def load_encoder(settings: Settings, precision: str | None = None) -> Encoder:
    """The encoder that the settings name, in another precision where one is given."""
    source = resolve(settings.encoder)
    if settings.runtime == "torch" and precision is None:
        from models.vectors.encoder import TorchEncoder

        return TorchEncoder(source)
    from models.vectors.onnx_runtime import OnnxEncoder

    return OnnxEncoder(source, precision or settings.precision, settings.cache_dir, settings.threads)


def _wired(settings: Settings, store: Store, encoder: Encoder) -> Parts:
    search = SemanticSearchService(store, encoder.version, encoder.dims, settings.index_file)
    embeddings = EmbeddingsService(encoder, search)
    reading = ReadingService(SAMPLE_DATA / "corpus", encoder, settings.cache_dir)
    anomaly = AnomalyService(store, encoder.version, reading.reference)
    resolutions = ResolutionService(store, encoder.version, encoder.dims, policy=settings.resolution_policy)
    analysis = AnalysisService(store, embeddings=embeddings, search=search, reading=reading, anomaly=anomaly,
                               suggestions=SuggestionService(store, resolutions))
    return Parts(encoder, embeddings, search, reading, analysis, IngestService(store, analysis, anomaly, search))
