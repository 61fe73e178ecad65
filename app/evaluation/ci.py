"""Task `ci`: does what is shown first of a failed build's log hold the lines that a person marked as the reason?

PATH: the folder `ci_logs` or one of its files. A build counts where it has its text and marked lines. A method shows three
events (or lines); the build is found (within_3) if one of them shares a line with the marked ones, within_1 for
the first alone. Line numbers count from 1 in the text; an event covers the lines that were read for it. `lines_shown` is
how many lines the three hold: an event over many lines is found more easily than a single line. seen_3 is stricter: only the
first lines of each, as the page shows them, count.

Methods: `product`, the reasons of `models.analyse.failing_lines`; `inbox`, the issues that the Inbox would list first if the
log were an upload of its own (by severity, then the newest event, then the order of arrival; an issue holds every event
of its signature); lines with one of the words error, fail, fatal, exception, the first three and the last three;
the last three lines that are not blank; the first three events logged as error or worse.

A third of the projects, by hash of the name, is the test part: the metrics are of it alone. The rules were written while
looking at the other projects, whose figures stand in the notes. Intervals: bootstrap over projects, which fail alike.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.domain import InvalidInput
from app.evaluation import metrics as m
from app.evaluation.data import Row, read_rows
from app.evaluation.product import Parts, product
from app.evaluation.report import Interval, Metrics, Report, Request
from models.analyse.failing_lines import rank
from models.analyse.judgement import judge, louder
from models.analyse.judgement import rank as severity_rank
from models.records import Event
from models.text.parse import parse_text
from models.text.signature import encoder_text, signature

SHOWN: Final = 3
#: Lines of each that a page shows before "more".
SEEN: Final = 6
#: Signatures that are read at once.
BATCH: Final = 2_000
#: One project in so many is of the test part.
PARTS: Final = 3
#: Only completes times without a year.
NOW: Final = 1_772_668_800.0
VERSION: Final = "failing-lines-1"

_WORDS: Final = re.compile(r"error|fail|fatal|exception", re.IGNORECASE)

#: First and last line, both included, from 1.
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Build:
    """A failed build: its log and the lines marked in it. `whole`: the log was not cut around them."""

    project: str
    text: str
    marked: tuple[Span, ...]
    whole: bool
    events: tuple[Event, ...]

    @property
    def held_out(self) -> bool:
        return int(hashlib.sha256(self.project.encode()).hexdigest(), 16) % PARTS == 0


#: What a method shows of a build: at most SHOWN things, each with the lines that it covers.
Shown = list[list[Span]]


def measure(request: Request) -> Report:
    builds = list(_builds(request.data))
    if not any(build.held_out for build in builds):
        raise InvalidInput("no project of the data falls into the test part: more projects are needed")
    shown = {name: [method(build) for build in builds] for name, method in METHODS.items()}
    with product(request) as parts:  # in the test part only: the models need their time for a hundred thousand lines
        inbox = Inbox(parts, [build for build in builds if build.held_out])
        shown["inbox"] = [inbox.first(build) if build.held_out else [] for build in builds]
    test = [place for place, build in enumerate(builds) if build.held_out]
    rest = [place for place, build in enumerate(builds) if not build.held_out]
    results = {name: _metrics(builds, found, test, request.seed) for name, found in shown.items()}
    return Report(len(test), VERSION, results.pop("product"), results, tuple(_notes(builds, shown, test, rest, request.seed)))


def by_reasons(build: Build) -> Shown:
    return [[_span(reason.event)] for reason in rank(build.events, SHOWN)]


def first_words(build: Build) -> Shown:
    return [[(at, at)] for at in _matching(build.text)[:SHOWN]]


def last_words(build: Build) -> Shown:
    return [[(at, at)] for at in _matching(build.text)[-SHOWN:]]


def last_lines(build: Build) -> Shown:
    return [[(at, at)] for at, line in enumerate(build.text.split("\n"), start=1) if line.strip()][-SHOWN:]


def first_errors(build: Build) -> Shown:
    return [[_span(event)] for event in build.events if event.level in ("error", "critical")][:SHOWN]


METHODS: Final[Mapping[str, Callable[[Build], Shown]]] = {
    "product": by_reasons, "first_words": first_words, "last_words": last_words, "last_lines": last_lines,
    "first_errors": first_errors}


class Inbox:
    """The first issues of a log as an upload of its own; every signature is read once for all logs."""

    def __init__(self, parts: Parts, builds: Sequence[Build]) -> None:
        self._severity: dict[str, tuple[str, float]] = {}
        found = (signature(event) for build in builds for event in build.events)
        kinds = {kind.key: encoder_text(kind) for kind in found}
        for start in range(0, len(kinds), BATCH):
            keys = list(kinds)[start : start + BATCH]
            texts = [kinds[key] for key in keys]
            for key, reading in zip(keys, parts.reading.read(parts.embeddings.get_embeddings(texts), texts), strict=True):
                self._severity[key] = reading.severity, reading.confidence

    def first(self, build: Build) -> Shown:
        kinds = [signature(event) for event in build.events]
        issues: dict[str, list[Event]] = {}
        for kind, event in zip(kinds, build.events, strict=True):
            issues.setdefault(kind.key, []).append(event)
        order = sorted((*self._urgency(key, events), place, key) for place, (key, events) in enumerate(issues.items()))
        return [[_span(event) for event in issues[key]] for routine, *_, key in order if not routine][:SHOWN]

    def _urgency(self, key: str, events: Sequence[Event]) -> tuple[bool, int, float]:
        level = ""
        for event in events:
            level = louder(level, event.level)
        judgement = judge(*self._severity[key], level, any(event.exception_type for event in events))
        return judgement.routine, severity_rank(judgement.severity), -max(event.time or NOW for event in events)


def _builds(path: Path) -> Iterator[Build]:
    files = sorted(path.glob("*.jsonl.gz")) if path.is_dir() else [path]
    if not files:
        raise InvalidInput(f"{path} has no .jsonl.gz file")
    for file in files:
        for row in read_rows(file):
            build = _build(row)
            if build is not None:
                yield build


def _build(row: Row) -> Build | None:
    """None for a row without its text or its marked lines."""
    if "fail_log" in row:
        text, whole = str(row["fail_log"] or ""), True
        marked = tuple((int(first), int(last)) for first, last in row.get("error_lines") or ())
    elif "chunk_first_line" in row:
        text, before = str(row["text"] or ""), int(row["text_first_line"] or 1) - 1
        first, last = int(row["chunk_first_line"] or 0), int(row["chunk_last_line"] or 0)
        marked, whole = ((first - before, last - before),) if first else (), before == 0
    else:
        raise InvalidInput("the rows have neither chunk_first_line nor fail_log: this is no data set of build logs")
    if not text or not marked:
        return None
    return Build(str(row["project"]), text, marked, whole, tuple(parse_text(text, now=NOW)))


def _matching(text: str) -> list[int]:
    return [at for at, line in enumerate(text.split("\n"), start=1) if _WORDS.search(line)]


def _span(event: Event) -> Span:
    return event.source_line, event.source_line + event.raw.count("\n")


def found(build: Build, shown: Shown) -> bool:
    """Whether something shown shares a line with what is marked."""
    return any(start <= last and first <= end for spans in shown for start, end in spans for first, last in build.marked)


def seen(shown: Shown) -> Shown:
    """The lines of what is shown that a person reads without opening it."""
    return [[(start, min(end, start + SEEN - 1)) for start, end in spans[:1]] for spans in shown]


def _metrics(builds: Sequence[Build], shown: Sequence[Shown], places: Sequence[int], seed: int) -> Metrics:
    projects = [builds[place].project for place in places]

    def interval(value: Callable[[int], float]) -> Interval:
        return m.bootstrap(m.mean([value(place) for place in places]), len(places), seed=seed, units=projects)

    return {
        "within_3": interval(lambda place: found(builds[place], shown[place])),
        "seen_3": interval(lambda place: found(builds[place], seen(shown[place]))),
        "within_1": interval(lambda place: found(builds[place], shown[place][:1])),
        "lines_shown": interval(lambda place: sum(end - start + 1 for spans in shown[place] for start, end in spans)),
    }


def _notes(builds: Sequence[Build], shown: Mapping[str, Sequence[Shown]], test: Sequence[int], rest: Sequence[int],
           seed: int) -> Iterator[str]:
    yield (f"test part: {len(test)} builds of {len({builds[place].project for place in test})} projects; the rules were written on "
           f"{len(rest)} builds of {len({builds[place].project for place in rest})} others")
    for name in shown:
        if name != "product":
            gain = [float(found(builds[at], shown["product"][at])) - found(builds[at], shown[name][at]) for at in test]
            units = [builds[place].project for place in test]
            yield f"product minus {name}, within_3: {m.bootstrap(m.mean(gain), len(test), seed=seed, units=units)}"
    for label, chosen in (("whole logs of the test part", [place for place in test if builds[place].whole]),
                          ("logs cut around the marked lines", [place for place in test if not builds[place].whole]),
                          ("development projects", rest)):
        if chosen:
            named = [name for name in shown if name != "inbox" or chosen is not rest]
            values = ", ".join(f"{name} {_metrics(builds, shown[name], chosen, seed)['within_3']}" for name in named)
            yield f"{label} ({len(chosen)}), within_3: {values}"
