"""Every format and every language of traces against a text written for it, with the events expected of it.

UPDATE_GOLDEN=1 writes what is read now as what is expected; the difference is to be read before it is kept.
"""

import json
import os
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest

from models.records import Event
from models.taxonomy import LEVELS
from models.text.decode import lines_of
from models.text.parse import FORMATS, parse_text, read_events
from models.text.traces import LANGUAGES

DATA = Path(__file__).parents[2] / "data" / "text"
#: 2026-03-05 00:00 UTC, a day after the times in the texts.
NOW = 1_772_668_800.0
DEFAULTS = {field.name: field.default for field in fields(Event)}
TEXTS = sorted(DATA.glob("*/*.txt"))
#: Texts whose records do not stand on lines of their own: an event's raw text has what the record needs to be read again.
SHARED = {"csv", "json_blocks", "json_otel"}
#: Texts in which the lines of one event lie between those of others.
INTERLEAVED = {"compose_interleaved"}


def shown(event: Event) -> dict[str, Any]:
    """The fields of an event that say something, as JSON holds them."""
    said = {name: value for name, value in asdict(event).items() if value != DEFAULTS[name] and name != "trace"}
    if event.trace:
        trace = asdict(event.trace)
        trace["frames"] = [f"{frame.module}|{frame.function}|{frame.file}|{frame.line}" for frame in event.trace.frames]
        said["trace"] = trace
    return json.loads(json.dumps(said))


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_text_gives_the_events_beside_it(file: Path) -> None:
    events = [shown(event) for event in parse_text(file.read_text(encoding="utf-8"), now=NOW)]
    beside = file.with_suffix(".json")
    if os.environ.get("UPDATE_GOLDEN"):
        beside.write_text(json.dumps(events, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert events == json.loads(beside.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_levels_are_of_the_taxonomy_and_no_line_is_lost(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    events = parse_text(text, now=NOW)
    assert {event.level for event in events} <= {"", *LEVELS}
    kept = [line for event in events for line in event.raw.split("\n") if line.strip()]
    lines = [line for line in lines_of(text) if line.strip()]
    assert file.stem in SHARED or kept == lines or (file.stem in INTERLEAVED and sorted(kept) == sorted(lines))


@pytest.mark.parametrize("name", sorted(SHARED))
def test_the_raw_text_of_a_record_is_read_as_the_record_was(name: str) -> None:
    for event in parse_text((DATA / "formats" / f"{name}.txt").read_text(encoding="utf-8"), now=NOW):
        again = parse_text(event.raw, now=NOW)[0]
        if not event.problem:
            assert replace(again, raw="", source_line=0) == replace(event, raw="", source_line=0)


def test_every_format_and_language_has_a_text() -> None:
    assert {file.stem for file in DATA.glob("formats/*.txt")} >= set(FORMATS)
    assert {file.stem for file in DATA.glob("traces/*.txt")} >= {language.name for language in LANGUAGES}


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "plain"])
def test_a_named_format_reads_its_text_as_auto_does(name: str) -> None:
    text = (DATA / "formats" / f"{name}.txt").read_text(encoding="utf-8")
    named = list(read_events(lines_of(text), now=NOW, format=name))
    auto = parse_text(text, now=NOW)
    assert [e.message for e in named if e.format == name] == [e.message for e in auto if e.format == name]
