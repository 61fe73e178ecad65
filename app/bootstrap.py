"""The one place that wires: settings in, services out. Models are loaded when first needed."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from app.jobs.queue import JobQueue
from app.services.active_learning import ActiveLearningService
from app.services.alerts import AlertService
from app.services.analysis import AnalysisService
from app.services.anomaly import AnomalyService
from app.services.audit import AuditService
from app.services.cascade import CascadeService, shipped_reader
from app.services.drift import DriftMonitor
from app.services.embeddings import EmbeddingsService
from app.services.explaining import ExplainService
from app.services.following import FollowingService
from app.services.handover import OverviewService
from app.services.health import HealthService
from app.services.inbox import InboxService
from app.services.ingest import IngestService
from app.services.label_files import LabelFileService
from app.services.label_queue import LabelQueueService
from app.services.map import ErrorMapService
from app.services.model_card import ModelCardService
from app.services.purge import PurgeService
from app.services.reading import CLASSIFIER, ReadingService
from app.services.receiving import ReceivingService
from app.services.registry import ModelRegistry
from app.services.replay import ReplayService
from app.services.resolutions import ResolutionService
from app.services.retention import RetentionService
from app.services.sample import SampleService
from app.services.search import SemanticSearchService
from app.services.service_graph import GraphService
from app.services.suggestions import SuggestionService
from app.services.tokens import TokenService
from app.services.triage import TriageService
from app.settings import SAMPLE_DATA, Settings, current
from app.storage.store import Store
from models.vectors.encoder import Encoder, Progress, T, TokenEncoder, UseTokens
from models.vectors.weights import resolve


@dataclass(frozen=True)
class Services:
    """Everything that pages, API and command line call. One per process."""

    settings: Settings
    store: Store
    embeddings: EmbeddingsService
    search: SemanticSearchService
    anomaly: AnomalyService
    reading: ReadingService
    analysis: AnalysisService
    suggestions: SuggestionService
    resolutions: ResolutionService
    triage: TriageService
    inbox: InboxService
    ingest: IngestService
    overview: OverviewService
    error_map: ErrorMapService
    explaining: ExplainService
    model_card: ModelCardService
    sample: SampleService
    purge: PurgeService
    retention: RetentionService
    receiving: ReceivingService
    learning: ActiveLearningService
    label_queue: LabelQueueService
    label_files: LabelFileService
    audit: AuditService
    graph: GraphService
    alerts: AlertService
    cascade: CascadeService
    following: FollowingService
    health: HealthService
    tokens: TokenService
    replay: ReplayService
    drift: DriftMonitor
    registry: ModelRegistry
    jobs: JobQueue
    encoder: Encoder

    def close(self) -> None:
        """Saves the search index and closes the store; the last thing a process does."""
        self.alerts.close()
        self.receiving.close()
        self.error_map.close()
        self.learning.close()
        self.resolutions.close()
        self.search.save()
        self.store.close()


def build(settings: Settings, encoder: Encoder | None = None) -> Services:
    """Wires the services over the store that the settings name; tests pass their own encoder."""
    encoder = encoder or LazyEncoder(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)  # index, map and models lie there whatever the store is
    store = Store(settings.database)
    search = SemanticSearchService(store, encoder.version, encoder.dims, settings.index_file)
    embeddings = EmbeddingsService(encoder, search)
    reading = ReadingService(SAMPLE_DATA / "corpus", encoder, settings.cache_dir)
    learning = ActiveLearningService(store, reading, encoder.version)
    reading.learns_from(learning.reader)
    registry = ModelRegistry(store, reading, settings.data_dir / "models", encoder.version)
    reading.served_by(registry)
    audit = AuditService(store)
    drift = DriftMonitor(store, audit, encoder.version)
    anomaly = AnomalyService(store, encoder.version, reading.reference)
    resolutions = ResolutionService(
        store, encoder.version, encoder.dims, policy=settings.resolution_policy, explore=settings.explore
    )
    suggestions = SuggestionService(store, resolutions)
    analysis = AnalysisService(
        store, embeddings=embeddings, search=search, reading=reading, anomaly=anomaly, suggestions=suggestions
    )
    cascade = CascadeService(store, analysis, encoder.dims, partial(shipped_reader, settings.cache_dir))
    alerts = AlertService(store, anomaly, cascade, drift, public_url=settings.address, zone=settings.time_zone)

    def after_ingest() -> None:
        cascade.score()
        alerts.soon()

    def versions() -> dict[str, str]:
        return {
            "encoder": embeddings.version,
            "reader": reading.version,
            "anomaly": anomaly.version,
            "resolution": suggestions.version,
        }

    graph = GraphService(store)
    ingest = IngestService(
        store,
        analysis,
        anomaly,
        search,
        max_unpacked=settings.max_unpacked_mb * 1_000_000,
        after=after_ingest,
        removed=learning.soon,
    )
    return Services(
        settings=settings,
        store=store,
        embeddings=embeddings,
        search=search,
        anomaly=anomaly,
        reading=reading,
        analysis=analysis,
        suggestions=suggestions,
        resolutions=resolutions,
        triage=TriageService(store, learn=learning.soon),
        ingest=ingest,
        inbox=InboxService(store, analysis, suggestions),
        overview=OverviewService(store),
        error_map=ErrorMapService(store, encoder.version, settings.data_dir / "map.npz"),
        sample=SampleService(store, ingest),
        model_card=ModelCardService(store, reading, CLASSIFIER),
        explaining=ExplainService(analysis, reading, resolve(settings.encoder)),
        purge=PurgeService(
            store, analysis=analysis, embeddings=embeddings, search=search, anomaly=anomaly, learning=learning,
            registry=registry,
        ),
        learning=learning,
        label_queue=LabelQueueService(
            store, learning, search, encoder_version=encoder.version, strategy=settings.query_strategy, drifted=drift.region
        ),
        label_files=LabelFileService(store, learning),
        audit=audit,
        drift=drift,
        graph=graph,
        alerts=alerts,
        cascade=cascade,
        following=FollowingService(store),
        health=HealthService(store, settings, versions),
        tokens=TokenService(store),
        replay=ReplayService(store, graph, cascade, encoder.version),
        registry=registry,
        jobs=JobQueue(settings, store),
        retention=RetentionService(store, settings.retention_days),
        receiving=ReceivingService(ingest),
        encoder=encoder,
    )


class LazyEncoder:
    """The encoder that the settings name, loaded at the first text; until then only its version is known."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._source = resolve(settings.encoder)
        self._lock = Lock()
        self._encoder: TokenEncoder | None = None

    @property
    def dims(self) -> int:
        return self._source.dims

    @property
    def version(self) -> str:
        return self._source.version_on(self._settings.runtime, self._settings.precision)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        return self._loaded().encode(texts, progress)

    def encode_tokens(
        self, texts: Sequence[str], use: UseTokens[T], progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], list[T]]:
        return self._loaded().encode_tokens(texts, use, progress)

    def _loaded(self) -> TokenEncoder:
        with self._lock:
            self._encoder = encoder = self._encoder or self._load()
        return encoder

    def _load(self) -> TokenEncoder:
        if self._settings.runtime == "torch":
            from models.vectors.encoder import TorchEncoder

            return TorchEncoder(self._source)
        from models.vectors.onnx_runtime import OnnxEncoder

        return OnnxEncoder(self._source, self._settings.precision, self._settings.cache_dir, self._settings.threads)


#: Python looks for garbage after 700 new objects, which costs an upload a fifth of its time and finds none.
_GARBAGE = (50_000, 20, 20)

_wiring = Lock()
_services: Services | None = None


def services() -> Services:
    """The services of this process, wired at the first call; a second thread waits for the first."""
    global _services  # noqa: PLW0603 - one per process is the point
    with _wiring:
        if _services is None:
            gc.set_threshold(*_GARBAGE)
            _services = build(current())
            _services.learning.catch_up()
            _services.alerts.catch_up()
        return _services
