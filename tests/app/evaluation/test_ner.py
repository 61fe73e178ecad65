"""Task `ner`: exact spans, labels through the map beside the file, and rivals in the same report."""

import csv
import gzip
import json

import pytest

from app.domain import InvalidInput
from app.evaluation import evaluate

ROWS = [
    {
        "text": "open cart.py and call get_total() now",
        "entities": [[5, 12, "File_Name"], [22, 33, "Function_Name"]],
        "doc": "1",
        "source": "so",
    },
    {"text": "nothing is named", "entities": [], "doc": "2", "source": "so"},
    {"text": "look into pool.py", "entities": [[10, 17, "File_Name"], [0, 4, "Verb"]], "doc": "3", "source": "so"},
]


def _written(folder, rows):
    path = folder / "rows.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    with gzip.open(folder / "label_map.csv.gz", "wt", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows(
            [["source", "source_label", "label"], ["so", "File_Name", "FILE"], ["so", "Function_Name", "FUNCTION"]]
        )
    return path


def test_exact_spans_of_mapped_labels_are_scored(tmp_path, settings):
    report = evaluate("ner", _written(tmp_path, ROWS), settings=settings)
    grammar = report["baselines"]["grammar_only"]
    assert report["n"] == 3
    assert grammar["f1_FILE"]["value"] == grammar["f1_FUNCTION"]["value"] == 1
    assert report["metrics"]["words_per_second"]["value"] > 0
    assert not any("Verb" in name for name in report["metrics"])


def test_a_span_that_is_one_character_off_is_wrong(tmp_path, settings):
    off = [{**ROWS[0], "entities": [[5, 11, "File_Name"]]}]
    assert (
        evaluate("ner", _written(tmp_path, off), settings=settings)["baselines"]["grammar_only"]["f1_FILE"]["value"]
        == 0
    )


def test_a_file_without_entities_is_refused(tmp_path, settings):
    with pytest.raises(InvalidInput, match="text or entities"):
        evaluate("ner", _written(tmp_path, [{"text": "a"}]), settings=settings)
