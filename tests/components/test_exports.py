"""What leaves as a file must not run in a spreadsheet."""

import csv
import io
import json

from components.exports import as_csv, as_json

ROWS = [
    {"id": 1, "title": "=HYPERLINK(\"http://evil.example\")", "note": 'a "quoted", note'},
    {"id": 2, "title": "-1+1", "note": "fine"},
]


def test_formulas_become_text_and_everything_else_comes_back() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(ROWS))))
    assert [row["title"] for row in rows] == ["'=HYPERLINK(\"http://evil.example\")", "'-1+1"]
    assert [row["note"] for row in rows] == ['a "quoted", note', "fine"]


def test_json_is_exact() -> None:
    assert json.loads(as_json(ROWS)) == ROWS


def test_an_empty_list_is_an_empty_file() -> None:
    assert as_csv([]) == ""
