import gzip
import json
from pathlib import Path

import pytest

from app.domain import InvalidInput
from app.evaluation.data import GROUP, by_system, column, read_rows, texts_of


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.jsonl", "rows.jsonl.gz"])
def test_four_kinds_of_file_read_alike(tmp_path: Path, name: str) -> None:
    rows = [
        {"system": "a", "message": "disk\nfull", "event_id": "E1"},
        {"system": "b", "message": "ok", "event_id": "E2"},
    ]
    csv = 'system,message,event_id\na,"disk\nfull",E1\nb,ok,E2\n'
    content = (csv if ".csv" in name else "\n".join(json.dumps(row) for row in rows)).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    found = read_rows(tmp_path / name)
    assert found == rows
    assert texts_of(found) == ["disk\nfull", "ok"]
    assert column(found, GROUP) == "event_id"
    assert list(by_system(found)) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("rows.txt", "x", "neither .csv nor .jsonl"),
        ("rows.jsonl", '{"text": 1}\nnot json', "rows.jsonl:2 is not JSON"),
        ("rows.jsonl", "[1]", "not a JSON object"),
        ("rows.csv", "", "has no rows"),
        ("rows.csv.gz", "not gzip", "cannot be read"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, content: str, says: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InvalidInput, match=says):
        read_rows(tmp_path / name)


def test_a_missing_column_names_those_that_are_there() -> None:
    with pytest.raises(InvalidInput, match=r"text, message.*it has level"):
        texts_of([{"level": "info"}])
