"""Frames of every language: what the grammar finds in a golden trace is what the trace's own parser reads from it."""

import json
from pathlib import Path

import pytest

from models.text.entities import entities

TRACES = Path(__file__).resolve().parents[3] / "data" / "text" / "traces"
NAMELESS = ("<anonymous>", "<module>", "<main>", "{main}", "")
FILES = sorted(TRACES.glob("*.json"))


def spans(text):
    found = {}
    for item in entities(text):
        found.setdefault(item.label, []).append(text[item.start : item.end])
    return found


def frames():
    for file in FILES:
        for number, event in enumerate(json.loads(file.read_text(encoding="utf-8"))):
            if event.get("trace"):
                yield pytest.param(event, id=f"{file.stem}-{number}")


@pytest.mark.parametrize("event", list(frames()))
def test_every_part_of_every_frame_is_found(event):
    found = spans(event["raw"])
    for frame in event["trace"]["frames"]:
        _module, function, file, line = frame.split("|")
        if function not in NAMELESS and function in event["raw"]:
            bare = function.removeprefix("block in ")
            assert bare in found["FUNCTION"], (function, found)
        if file:
            assert any(name in (file, file.removeprefix("https://shop.example")) for name in found["FILE"]), (
                file,
                found,
            )
        if line != "0":
            assert line in found["LINE"]


@pytest.mark.parametrize("event", list(frames()))
def test_every_exception_of_the_chain_is_found(event):
    found = spans(event["raw"]).get("EXCEPTION", [])
    trace = event["trace"]
    for name in (trace["exception_type"], *trace.get("causes", ())):
        if name.endswith(("Error", "Exception")) and name != "Error":  # JavaScript's plain "Error:" is a word like any
            assert name in found


@pytest.mark.parametrize("name", ["java", "kotlin", "dotnet", "php"])
def test_languages_that_name_a_class_give_it(name):
    for event in json.loads((TRACES / f"{name}.json").read_text(encoding="utf-8")):
        if event.get("trace"):
            found = spans(event["raw"]).get("CLASS", [])
            for frame in event["trace"]["frames"]:
                module, function, _file, line = frame.split("|")
                if module and function != "{main}" and (line == "0" or name != "php") and module in event["raw"]:
                    assert module in found
