"""IngestService: a stream of text into the store, batch by batch, with progress and cancel."""

import hashlib
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import BinaryIO

from app.domain import Entry, InvalidInput
from app.services.analysis import AnalysisService, title_of
from app.services.anomaly import AnomalyService
from app.services.archives import Source, preview
from app.services.joining import JoiningService
from app.services.reading import principal
from app.services.search import SemanticSearchService
from app.services.sources import service_of_file, storable
from app.storage.ingestion import Batch, NewSignature, Occurrence, Outdated
from app.storage.store import Store
from app.storage.uploads import Upload
from models.analyse.judgement import louder
from models.records import Event, Signature
from models.text.array_lines import elements
from models.text.decode import iter_lines, lines_of
from models.text.normalise import MAX_CHARACTERS
from models.text.parse import FORMATS, read_events
from models.text.redact import Redactor
from models.text.signature import signature

#: Events per transaction: short enough that a click never waits long, long enough to be fast.
BATCH = 5_000
#: Characters per transaction, so that memory stays bounded whatever the length of the lines.
BATCH_CHARACTERS = 8 << 20
#: Signatures of texts seen lately, by text: most lines of a log repeat.
REMEMBERED = 50_000
REMEMBERED_CHARACTERS = 16 << 20
#: Bytes that an archive may unpack to.
MAX_UNPACKED = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is. `done` in [0, 1], or None where the size is unknown (standard input)."""

    lines: int
    events: int
    new_signatures: int
    done: float | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an input comes from: who sends it, what it is called, by which door, and whether it is made up."""

    actor: str
    name: str
    source: str
    simulated: bool = False


@dataclass(slots=True)
class _Tally:
    """What was met so far; `lines` were read, `kept` of them belong to batches that are stored."""

    lines: int = 0
    kept: int = 0
    events: int = 0
    duplicates: int = 0
    stored: int = 0
    new: int = 0
    keys: set[str] = field(default_factory=set)
    problems: Counter[str] = field(default_factory=Counter)
    redactor: Redactor = field(default_factory=Redactor)


@dataclass(frozen=True, slots=True)
class _Found:
    """A batch that was read and not yet stored; `lines` of the source were read by then."""

    events: list[Event]
    signatures: list[Signature]
    occurrences: list[Occurrence]
    lines: int


@dataclass(frozen=True, slots=True)
class Opened:
    """An upload that goes on, with the keys of its signatures."""

    upload: Upload
    keys: set[str]


class IngestService:
    def __init__(
        self,
        store: Store,
        analysis: AnalysisService,
        anomaly: AnomalyService,
        search: SemanticSearchService,
        clock: Callable[[], float] = time.time,
        *,
        max_unpacked: int = MAX_UNPACKED,
        after: Callable[[], object] = lambda: None,
        removed: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._analysis = analysis
        self._anomaly = anomaly
        self._search = search
        self._joining = JoiningService(store, search, clock)
        self._clock = clock
        self._after = after
        self._removed = removed
        self.max_unpacked = max_unpacked

    def text(
        self,
        text: str,
        *,
        actor: str,
        name: str = "pasted text",
        source: str = "paste",
        format: str = "auto",
        simulated: bool = False,
        source_file: str = "",
        extra: Sequence[str] = (),
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Upload:
        """Stores a text that is already in memory; `extra` are exact texts that a person marked as secrets."""
        if not text.strip():
            raise InvalidInput("there is nothing in it: the text is empty")
        tally = _Tally(redactor=Redactor(extra))
        total = max(text.count("\n"), 1)
        lines = _read(lines_of(storable(text)), tally)
        return self._store_lines(
            [(source_file, lines)],
            tally,
            lambda: min(tally.lines / total, 1.0),
            self._begin(Origin(actor, name, source, simulated), format),
            format=format,
            progress=progress,
            cancelled=cancelled,
        )

    def stream(
        self,
        stream: BinaryIO,
        *,
        actor: str,
        name: str,
        source: str,
        size: int | None = None,
        format: str = "auto",
        extra: Sequence[str] = (),
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Upload:
        """Stores a byte stream in constant memory; `size` in bytes, where known, makes the progress a share.

        It is a text or an archive of texts, each of which is a source of its own.
        """
        tally = _Tally(redactor=Redactor(extra))
        if stream.seekable():
            preview(stream, name, ceiling=self.max_unpacked)  # refuses a bomb before anything is stored
        archive = Source(stream, name, problems=tally.problems, ceiling=self.max_unpacked, size=size)
        return self._store_lines(
            ((member.name, _read(iter_lines(member.chunks), tally)) for member in archive.members()),
            tally,
            archive.share,
            self._begin(Origin(actor, name, source), format),
            format=format,
            progress=progress,
            cancelled=cancelled,
        )

    def append(
        self, texts: Sequence[str], origin: Origin, opened: Opened | None = None, ids: Sequence[str] = ()
    ) -> Opened:
        """Stores texts that came one after another by one door: in the upload that is open, else in a new one.

        `ids`, one a text where they are given, name messages of a stream: what an id brought is stored once, however often it
        comes, and stands as the events' source. NotFound if the open upload was removed meanwhile.
        """
        opened = opened or Opened(self._begin(origin, "auto"), set())
        tally = _Tally(keys=opened.keys)
        read = (_read(lines_of(storable(text)), tally) for text in texts)
        sources = zip(ids, read, strict=True) if ids else [("", chain.from_iterable(read))]
        upload = self._store_lines(sources, tally, lambda: None, opened.upload, messages=bool(ids))
        return Opened(upload, opened.keys)

    def remove(self, upload_id: int, *, actor: str, key: str) -> int:
        """Takes an upload out for good; an audit row stays. Returns how many signatures went with it."""
        before = self._store.log.by_key(key)
        if before is not None:
            return _removed_before(before, upload_id)
        upload = self._store.uploads.get(upload_id)
        entry = Entry(
            key=key,
            at=self._clock(),
            actor=actor,
            kind="remove_upload",
            answer={"upload": upload.id, "name": upload.name, "events": upload.events},
        )
        gone = self._store.uploads.remove(upload_id, entry, lambda raw: title_of(principal(raw)))
        self._search.purge()
        self._anomaly.refresh()
        self._removed()
        return len(gone)

    def _begin(self, origin: Origin, format: str) -> Upload:
        """A new upload. InvalidInput for a format that is not known."""
        if format not in ("auto", *FORMATS):
            raise InvalidInput(f"unknown format {format!r}: choose one of auto, {', '.join(FORMATS)}")
        id = self._store.uploads.begin(
            name=storable(origin.name), source=origin.source, actor=origin.actor, at=self._clock(), simulated=origin.simulated
        )
        return self._store.uploads.get(id)

    def _store_lines(
        self,
        sources: Iterable[tuple[str, Iterator[str]]],
        tally: _Tally,
        done: Callable[[], float | None],
        upload: Upload,
        *,
        format: str = "auto",
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        messages: bool = False,
    ) -> Upload:
        start, now, upload_id = time.perf_counter(), self._clock(), upload.id
        run = _Run(
            self._store, self._analysis, self._joining, tally, upload_id=upload_id, now=now, messages=messages
        )
        state = "failed"
        try:
            events = (
                event
                for file, lines in sources
                for event in read_events(lines, now=now, source_file=storable(file), format=format)
            )
            for batch in _stored(map(run.read, _batches(events)), run.store):
                if progress:
                    progress(Progress(batch.lines, tally.events, tally.new, done()))
                if cancelled():
                    state = "cancelled"
                    break
            else:
                state = "done"
        except KeyboardInterrupt:
            state = "cancelled"
            raise
        finally:
            upload = replace(
                upload,
                state=state,
                lines=upload.lines + (tally.lines if state == "done" else tally.kept),
                events=upload.events + tally.stored,
                duplicates=upload.duplicates + tally.duplicates,
                signatures=len(tally.keys),
                new_signatures=upload.new_signatures + tally.new,
                problems=dict(Counter(upload.problems) + tally.problems),
                redacted=dict(Counter(upload.redacted) + tally.redactor.found),
                seconds=round(upload.seconds + time.perf_counter() - start, 3),
            )
            self._store.uploads.finish(upload)
        self._anomaly.refresh()
        self._after()
        return upload


class _Run:
    """One upload on its way into the store: remembers texts it has seen and which signatures are stored."""

    def __init__(
        self,
        store: Store,
        analysis: AnalysisService,
        joining: JoiningService,
        tally: _Tally,
        *,
        upload_id: int,
        now: float,
        messages: bool,
    ) -> None:
        self._store = store
        self._analysis = analysis
        self._joining = joining
        self._upload_id = upload_id
        self._now = now
        self._messages = messages  # each source is one, known by its id
        self._tally = tally
        self._by_text: OrderedDict[str, Signature] = OrderedDict()
        self._by_text_size = 0
        self._turn_to("")

    def _turn_to(self, source_file: str) -> None:
        """The next events are of this source."""
        self._source_file = source_file
        self._service = "" if self._messages else service_of_file(source_file)
        self._repeats = _Repeats(source_file)

    def read(self, events: list[Event]) -> _Found:
        """What takes the interpreter's time and no store."""
        signatures = [self._signature(event) for event in events]
        found = [self._occurrence(event, kind) for event, kind in zip(events, signatures, strict=True)]
        return _Found(events, signatures, found, self._tally.lines)

    def store(self, found: _Found) -> _Found:
        batch = self._add(found.events, found.signatures, found.occurrences)
        self._tally.keys.update({kind.key for kind in found.signatures})
        self._tally.kept = found.lines
        self._tally.events += len(found.events)
        self._tally.stored += batch.stored
        self._tally.duplicates += batch.duplicates
        self._tally.new += len(batch.added)
        self._tally.problems.update(event.problem for event in found.events if event.problem)
        return found

    def _add(self, events: list[Event], signatures: list[Signature], found: list[Occurrence]) -> Batch:
        new = self._new(events, signatures, self._tally.keys)
        try:
            batch = self._store.uploads.add(self._upload_id, new, found)
        except Outdated:  # an upload that stored some of the signatures was removed since
            new = self._new(events, signatures, set())
            batch = self._store.uploads.add(self._upload_id, new, found)
        self._joining.join(new, batch.added)
        return batch

    def _occurrence(self, event: Event, kind: Signature) -> Occurrence:
        if event.source_file != self._source_file:
            self._turn_to(event.source_file)
        service = event.service or self._service
        time_ = self._now if event.time is None else event.time
        known = event.time is not None or self._messages
        return Occurrence(kind.key, event, time_, service, self._repeats.identity(event.raw) if known else None)

    def _signature(self, event: Event) -> Signature:
        if event.trace is not None or not event.message:
            return signature(event)
        seen = event.message[:MAX_CHARACTERS]  # the normaliser looks no further
        kind = self._by_text.get(seen)
        if kind is None:
            kind = self._by_text[seen] = signature(event)
            self._by_text_size += len(seen)
            while len(self._by_text) > REMEMBERED or self._by_text_size > REMEMBERED_CHARACTERS:
                self._by_text_size -= len(self._by_text.popitem(last=False)[0])
        return kind

    def _new(self, events: list[Event], signatures: list[Signature], stored: set[str]) -> list[NewSignature]:
        """Examines the signatures that the store does not hold, each once, with its first event and loudest level."""
        unknown = {kind.key for kind in signatures} - stored
        if not unknown:
            return []
        unknown -= self._store.signatures.ids_of(unknown).keys()
        if not unknown:
            return []
        first: dict[str, tuple[Event, Signature]] = {}
        level: dict[str, str] = {}
        for event, kind in zip(events, signatures, strict=True):
            if kind.key in unknown:
                first.setdefault(kind.key, (event, kind))
                level[kind.key] = louder(level.get(kind.key, ""), event.level)
        examined = self._analysis.examine([kind for _, kind in first.values()])
        return [
            NewSignature(
                item.signature,
                event.raw,
                title_of(event),
                event.exception_type,
                level[item.signature.key],
                self._analysis.encoder_version,
                item.vector,
                item.reading,
                item.strangeness,
                item.detector,
                self._analysis.ner.facets(event.raw),
            )
            for item, (event, _) in zip(examined, first.values(), strict=True)
        ]


class _Repeats:
    """Equal numbers for the same timed line of the same source, so that reading a file twice stores it once.

    How many times the line came before in this upload is part of it: real repeats stay. Lines are
    forgotten a generation after they were last seen, so memory is bounded; equal lines with equal
    times stand close together.
    """

    def __init__(self, source_file: str) -> None:
        self._source = hashlib.blake2b(source_file.encode(errors="replace") + b"\0", digest_size=8)
        self._seen: dict[bytes, int] = {}
        self._before: dict[bytes, int] = {}

    def identity(self, raw: str) -> int:
        digest = self._source.copy()
        digest.update(raw.encode(errors="replace"))
        line = digest.digest()
        place = self._seen.get(line) or self._before.get(line, 0)
        self._seen[line] = place + 1
        if len(self._seen) > REMEMBERED:
            self._seen, self._before = {}, self._seen
        if place:
            digest.update(b"\0%d" % place)
            line = digest.digest()
        return int.from_bytes(line, "big", signed=True)


def _removed_before(entry: Entry, upload_id: int) -> int:
    if entry.kind != "remove_upload" or entry.answer.get("upload") != upload_id:
        raise InvalidInput("this key names another request: use a new one")
    return int(entry.answer.get("signatures", 0))


def _stored(batches: Iterable[_Found], store: Callable[[_Found], _Found]) -> Iterator[_Found]:
    """Each batch once it is stored. It is, in a thread of its own, while the next is read: SQLite needs no interpreter.

    Nothing is being stored while the caller has its turn; when it goes no further, what was read ahead is left.
    """
    with ThreadPoolExecutor(1, "ingest") as writer:
        writing: Future[_Found] | None = None
        for batch in batches:
            if writing is not None:
                yield writing.result()
            writing = writer.submit(store, batch)
        if writing is not None:
            yield writing.result()


def _batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    batch: list[Event] = []
    size = 0
    for event in events:
        batch.append(event)
        size += len(event.raw)
        if len(batch) == BATCH or size > BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read(lines: Iterable[str], tally: _Tally) -> Iterator[str]:
    """The lines counted and without secrets; an array on one long line counts as many lines as it has elements."""
    redact = tally.redactor.line
    for line in elements(lines):
        tally.lines += 1
        yield redact(line)
