"""AnalysisService: what an error is, how bad, how strange, what it resembles and what to do.

Ingestion and every door (page, command line, REST) come through `examine`, so the same text gets
the same answer everywhere.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.services.anomaly import AnomalyService
from app.services.embeddings import EmbeddingsService
from app.services.ner import NERService
from app.services.reading import ReadingService, principal
from app.services.search import SemanticSearchService
from app.services.sources import storable
from app.services.suggestions import Suggestion, SuggestionService
from app.storage.issues import Issue
from app.storage.store import Store
from models.analyse.judgement import Judgement, judge
from models.records import Event, Reading, Signature
from models.text.decode import clean
from models.text.entities import Entity
from models.text.redact import redact
from models.text.signature import encoder_text, signature

#: Longest text that is taken as one error; more belongs into an upload.
MAX_CHARACTERS = 256 * 1024
TITLE = 200
SIMILAR = 5
SIMILAR_FROM = 0.6


@dataclass(frozen=True, slots=True)
class Examined:
    """What the models say of one signature. `vector` (dims,) float32, unit norm."""

    signature: Signature
    vector: NDArray[np.float32]
    reading: Reading
    strangeness: float
    detector: str


@dataclass(frozen=True, slots=True)
class Similar:
    """A stored issue that resembles the error, and how it ended."""

    issue: Issue
    signature_id: int
    similarity: float
    reason: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """The whole answer about one error.

    `milliseconds` says what each step took, `redacted` how many secrets of each kind were taken out. `entities` are what
    `text` names: the text as given, without those secrets.
    """

    event: Event
    examined: Examined
    judgement: Judgement
    seen: Issue | None
    similar: tuple[Similar, ...]
    suggestions: tuple[Suggestion, ...]
    milliseconds: dict[str, float]
    redacted: dict[str, int]
    text: str = ""
    entities: tuple[Entity, ...] = ()


class AnalysisService:
    def __init__(
        self,
        store: Store,
        *,
        embeddings: EmbeddingsService,
        search: SemanticSearchService,
        reading: ReadingService,
        anomaly: AnomalyService,
        suggestions: SuggestionService,
        ner: NERService | None = None,
    ) -> None:
        self.ner = ner or NERService()
        self._store = store
        self._embeddings = embeddings
        self._search = search
        self._reading = reading
        self._anomaly = anomaly
        self._suggestions = suggestions

    @property
    def encoder_version(self) -> str:
        return self._embeddings.version

    def examine(self, signatures: Sequence[Signature]) -> list[Examined]:
        """Runs every model once over signatures that are new; one batch for the encoder."""
        texts = [encoder_text(item) for item in signatures]
        vectors, outputs = self._embeddings.get_embeddings_and_outputs(texts, self._reading.asks_head)
        if not len(vectors):
            return []
        readings = self._reading.read(vectors, texts, outputs, [item.key for item in signatures])
        scores = self._anomaly.score(vectors)
        detector = self._anomaly.version
        return [
            Examined(item, vector, reading, round(float(score), 4), detector)
            for item, vector, reading, score in zip(signatures, vectors, readings, scores, strict=True)
        ]

    def analyse(self, text: str) -> Analysis:
        """One error, nothing stored; secrets are taken out first, as before storing. InvalidInput: empty or too long."""
        if not text.strip():
            raise InvalidInput("there is no text to analyse")
        if len(text) > MAX_CHARACTERS:
            raise InvalidInput(
                f"a single error is at most {MAX_CHARACTERS // 1024} KiB of text; upload the file instead"
            )
        watch = Stopwatch()
        text, redacted = redact(storable(text))
        event = principal(text)
        kind = signature(event)
        watch.lap("read")
        examined = self.examine([kind])[0]
        watch.lap("embed and classify")
        seen = self._seen(kind)
        similar = self.similar(examined.vector, examined.signature, besides=seen.id if seen else None)
        watch.lap("compare")
        judgement = judge(
            examined.reading.severity, examined.reading.confidence, event.level, bool(event.exception_type)
        )
        suggestions = self._suggestions.rank(
            examined.reading,
            event,
            examined.vector,
            strangeness=examined.strangeness,
            similar=[(s.issue.id, s.similarity) for s in similar],
            issue_id=seen.id if seen else None,
            signature_id=self._store.signatures.ids_of([kind.key]).get(kind.key) if seen else None,
        )
        watch.lap("suggest")
        named = tuple(self.ner.entities(text))
        watch.lap("name")
        return Analysis(
            event,
            examined,
            judgement,
            seen,
            tuple(similar),
            tuple(suggestions),
            watch.milliseconds,
            dict(redacted),
            text,
            named,
        )

    def find(self, text: str, *, top_k: int, threshold: float) -> list[Similar]:
        """Stored issues that resemble a question in words or a pasted error, most alike first."""
        if not text.strip():
            raise InvalidInput("there is nothing to search for")
        kind = signature(principal(redact(storable(text))[0]))
        vector = self._embeddings.get_embedding(encoder_text(kind))
        return self.similar(vector, kind, top_k=top_k, threshold=threshold)

    def similar(
        self,
        vector: NDArray[np.float32],
        kind: Signature,
        *,
        besides: int | None = None,
        top_k: int = SIMILAR,
        threshold: float = SIMILAR_FROM,
    ) -> list[Similar]:
        """Stored issues near the vector, one row an issue, most alike first.

        Not the issue `besides`, nor one of which a person said that it is not the same.
        """
        found = self._search.neighbours(vector, top_k=4 * top_k, threshold=threshold)
        ids = [neighbour.id for neighbour in found]
        issues, stored = self._store.issues.of_signatures(ids), self._store.signatures.by_id(ids)
        rows: list[Similar] = []
        taken: set[int | None] = {besides}
        if besides is not None:
            taken |= self._store.grouping.apart(besides)
        for neighbour in found:
            issue = issues.get(neighbour.id)
            if issue is not None and neighbour.id in stored and issue.id not in taken:
                taken.add(issue.id)
                reason = _reason(kind, stored[neighbour.id].signature)
                rows.append(Similar(issue, neighbour.id, round(neighbour.similarity, 4), reason))
        return rows[:top_k]

    def _seen(self, kind: Signature) -> Issue | None:
        ids = self._store.signatures.ids_of([kind.key])
        if not ids:
            return None
        return self._store.issues.of_signatures(list(ids.values())).get(ids[kind.key])


class Stopwatch:
    """Milliseconds between laps."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.milliseconds[name] = round((now - self._last) * 1000, 2)
        self._last = now


def title_of(event: Event) -> str:
    """One line for lists: the exception with its message, else the message; plain text, at most 200 characters."""
    trace = event.trace
    message = event.message or (trace.message if trace else "")
    if trace and trace.exception_type and trace.exception_type.rsplit(".", 1)[-1] not in message:
        message = f"{trace.exception_type.rsplit('.', 1)[-1]}: {trace.message or message}"
    line = " ".join(clean(message).split()) or " ".join(clean(event.raw).split()) or "(empty)"
    return line if len(line) <= TITLE else line[: TITLE - 1] + "…"


def _reason(one: Signature, other: Signature) -> str:
    """Why two signatures are alike, in words that can be checked by eye."""
    if one.key == other.key:
        return "the same signature"
    mine, theirs = dict(one.parts), dict(other.parts)
    shared = [
        name for name in ("exception", "message", "frames") if mine.get(name) and mine.get(name) == theirs.get(name)
    ]
    if shared:
        return "same " + " and ".join(shared)
    words = {word for word in _words(one.text) & _words(other.text) if len(word) > 3}
    if words:
        return "share " + ", ".join(sorted(words, key=lambda word: (-len(word), word))[:4])
    return "alike in meaning"


def _words(text: str) -> set[str]:
    return {word.strip(".,:;()[]{}'\"<>=").lower() for word in text.split() if not word.startswith("<")}
