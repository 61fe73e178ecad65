"""`evaluate pairs`: precision and recall of joined pairs, and whether an error is new."""

import json

import pytest

from app.domain import InvalidInput
from app.evaluation.run import evaluate
from models.vectors.hashing import HashingEncoder

TRACE = "java.lang.IllegalStateException: no session\n\tat com.shop.Cart.{}(Cart.java:42)\n\tat com.shop.Main.main(Main.java:9)\n"


def write(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def measure(path, settings):
    return evaluate("pairs", path, settings=settings, encoder=HashingEncoder())


def test_pairs_of_equal_traces_are_found_and_others_are_not(tmp_path, settings):
    calls = (("a", "save"), ("a", "save"), ("b", "load"))
    rows = [{"project": "shop", "bug": bug, "trace": TRACE.format(call)} for bug, call in calls]
    report = measure(write(tmp_path / "t.jsonl", rows), settings)
    assert report["metrics"]["pair_precision"]["value"] == report["metrics"]["pair_recall"]["value"] == 1
    assert report["metrics"]["new_issue_auroc"]["value"] == 1
    assert set(report["baselines"]) == {"signature", "exact_top_frames", "tfidf"}


def test_a_wrong_pair_costs_precision_and_rows_of_two_projects_are_not_compared(tmp_path, settings):
    rows = [{"project": project, "bug": bug, "trace": TRACE.format("save")}
            for project, bug in (("shop", "a"), ("shop", "a"), ("shop", "b"), ("bank", "c"))]
    report = measure(write(tmp_path / "t.jsonl", rows), settings)
    assert report["metrics"]["pair_precision"]["value"] == pytest.approx((1 / 2 + 0) / 2)
    assert report["metrics"]["pair_recall"]["value"] == 1


def test_duplicate_ids_tie_reports_together(tmp_path, settings):
    report_of = {"project": "p", "summary": "the parser fails on an empty file", "description": ""}
    rows = [report_of | {"issue_id": str(n), "duplicate_ids": d} for n, d in ((1, ["2"]), (2, []), (3, []))]
    rows[2]["summary"] = "wrong colour of the button"
    report = measure(write(tmp_path / "t.jsonl", rows), settings)
    assert "2 groups, 1 of them with several" in report["notes"][0]
    assert report["metrics"]["pair_recall"]["value"] == 1


def test_a_file_without_pairs_is_refused(tmp_path, settings):
    with pytest.raises(InvalidInput, match="nothing to find"):
        measure(write(tmp_path / "t.jsonl", [{"bug": "a", "trace": TRACE.format("x")}]), settings)
