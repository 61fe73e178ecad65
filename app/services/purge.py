"""PurgeService: a secret that slipped through, taken out of everything that is stored; an audit row stays.

The row says who, when, how much and how long the secret was: never the secret, nor a hash of it, which a
guess could be checked against.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.domain import Entry, InvalidInput, Unavailable
from app.services.active_learning import ActiveLearningService
from app.services.analysis import AnalysisService, title_of
from app.services.anomaly import AnomalyService
from app.services.embeddings import EmbeddingsService
from app.services.ingest import _Repeats
from app.services.reading import principal
from app.services.registry import ModelRegistry
from app.services.search import SemanticSearchService
from app.storage.ingestion import NewSignature
from app.storage.purging import Changed, Cleaned, Held, HeldEvent, without
from app.storage.store import Store
from models.records import Event, Signature
from models.text.redact import MARKED
from models.text.signature import signature

#: A shorter text stands inside too many others: taking it out would tear them apart.
SHORTEST = 6
LONGEST = 10_000
#: Rounds against events that come in while the held ones are read anew.
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Purged:
    """What was taken out, by numbers. `scrubbed`: no old page is left, neither in the journal nor in the file."""

    events: int
    signatures: int
    entries: int
    uploads: int
    scrubbed: bool


class PurgeService:
    def __init__(
        self,
        store: Store,
        *,
        analysis: AnalysisService,
        embeddings: EmbeddingsService,
        search: SemanticSearchService,
        anomaly: AnomalyService,
        learning: ActiveLearningService | None = None,
        registry: ModelRegistry | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._analysis = analysis
        self._embeddings = embeddings
        self._search = search
        self._anomaly = anomaly
        self._learning = learning
        self._registry = registry
        self._clock = clock

    def held(self, secret: str) -> Held:
        """How much holds the secret; nothing is changed. InvalidInput: too short, too long."""
        return self._store.purging.held(_parts(secret))

    def purge(self, secret: str, *, actor: str, key: str) -> Purged:
        """Takes the secret out for good: texts, log, search, vectors, index, journal and free pages.

        A second request with the same key does nothing more.
        """
        parts = _parts(secret)
        if any(part in word for part in parts for word in (actor, key)):
            raise InvalidInput("the name and the key of a purge stay in the log: they must not hold the secret")
        before = self._store.log.by_key(key)
        if before is not None:
            return _purged_before(before, secret)
        entry = Entry(key=key, at=self._clock(), actor=actor.strip(), kind="purge", answer={"length": len(secret.strip())})
        changed = self._change(parts, entry)
        self._embeddings.forget()
        self._search.purge()
        self._anomaly.refresh()
        if self._learning is not None:
            self._learning.refresh()  # a label of a text that is gone must not go on teaching
        if self._registry is not None:
            self._registry.forget_removed()
        scrubbed = self._store.purging.scrub()
        held = changed.held
        return Purged(held.events, held.signatures, held.entries, held.uploads, scrubbed)

    def _change(self, parts: Sequence[str], entry: Entry) -> Changed:
        for _ in range(_ROUNDS):
            held = list(self._store.purging.events(parts))
            reread = [_reread(event, parts) for event in held]
            cleaned = _with_identities(held, reread)
            new = self._new(held, reread)
            changed = self._store.purging.purge(parts, cleaned, new, entry, lambda raw: title_of(principal(raw)))
            if changed is not None:
                return changed
        raise Unavailable("more of it keeps coming in: stop what sends it, or mark it there, and purge again")

    def _new(
        self, held: Sequence[HeldEvent], reread: Sequence[tuple[Event, Signature]]
    ) -> dict[str, tuple[NewSignature, int]]:
        """Signatures that the cleaned texts have and the store does not, examined; each in the issue it came from."""
        first: dict[str, tuple[HeldEvent, Event, Signature]] = {}
        for before, (event, kind) in zip(held, reread, strict=True):
            first.setdefault(kind.key, (before, event, kind))
        known = self._store.signatures.ids_of(first)
        fresh = [item for key, item in first.items() if key not in known]
        examined = self._analysis.examine([kind for _, _, kind in fresh])
        return {
            item.signature.key: (
                NewSignature(
                    item.signature,
                    event.raw,
                    title_of(event),
                    event.exception_type,
                    before.level,
                    self._analysis.encoder_version,
                    item.vector,
                    item.reading,
                    item.strangeness,
                    item.detector,
                    self._analysis.ner.facets(event.raw),
                ),
                before.issue_id,
            )
            for item, (before, event, _) in zip(examined, fresh, strict=True)
        }


def _parts(secret: str) -> tuple[str, ...]:
    """The lines of a secret that can be taken out, the longest first; InvalidInput where none can."""
    if len(secret) > LONGEST:
        raise InvalidInput(f"a secret is at most {LONGEST:,} characters")
    lines = {line.strip() for line in secret.splitlines()}
    parts = tuple(sorted((line for line in lines if len(line) >= SHORTEST), key=lambda line: (-len(line), line)))
    if not parts:
        raise InvalidInput(
            f"fewer than {SHORTEST} characters stand inside too many other words: taking them out would tear the texts apart"
        )
    if any(part in MARKED for part in parts):
        raise InvalidInput(f"{MARKED} is what stands in place of a secret: it cannot be taken out itself")
    return parts


def _reread(held: HeldEvent, parts: Sequence[str]) -> tuple[Event, Signature]:
    """The event read anew from its cleaned text, with that text as `raw`."""
    raw = without(held.raw, parts)
    event = replace(principal(raw), raw=raw)
    kind = signature(event)
    if without(kind.text, parts) == kind.text:
        return event, kind
    # Written in a way that only its parser understands: what is left is what the parser made of it, cleaned.
    raw = without(event.message or kind.text, parts)
    event = replace(principal(raw), raw=raw)
    return event, signature(event)


def _with_identities(held: Sequence[HeldEvent], reread: Sequence[tuple[Event, Signature]]) -> list[Cleaned]:
    """An event with a time gets the identity of its cleaned text: the old one was a hash of the secret too."""
    repeats: dict[str, _Repeats] = {}
    cleaned = []
    for before, (event, kind) in zip(held, reread, strict=True):
        of_file = repeats.setdefault(before.source_file, _Repeats(before.source_file))
        identity = of_file.identity(event.raw) if before.timed else None
        cleaned.append(Cleaned(before.id, before.signature_id, kind.key, event.raw, identity))
    return cleaned


def _purged_before(entry: Entry, secret: str) -> Purged:
    if entry.kind != "purge" or entry.answer.get("length") != len(secret.strip()):
        raise InvalidInput("this key names another request: use a new one")
    answer = entry.answer
    return Purged(answer["events"], answer["signatures"], answer["entries"], answer["uploads"], scrubbed=True)
