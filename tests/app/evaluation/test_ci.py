"""Task `ci`: what counts as found, the parts, and a whole run on logs written for it."""

import gzip
import json
from pathlib import Path

import pytest

from app.domain import InvalidInput
from app.evaluation import ci
from app.evaluation.run import evaluate
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

LOG = ["$ make", *["fine"] * 20, "cart.c:42:9: error: unknown type name 'cart_t'", *["fine"] * 5, "0 errors elsewhere",
       "a failure is fine", "no exception", "make: *** [cart.o] Error 1", 'The command "make" exited with 2.', "bye", "bye", "bye"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    chunks = [{"project": f"team/{number}", "chunk_first_line": 1022, "chunk_last_line": 1022, "text_first_line": 1001,
               "text": "\n".join(LOG)} for number in range(9)]
    unmarked = {"project": "team/none", "chunk_first_line": 0, "chunk_last_line": 0, "text_first_line": 0, "text": ""}
    _write(tmp_path / "logchunks.jsonl.gz", [*chunks, unmarked])
    _write(tmp_path / "cidiff.jsonl.gz", [
        {"project": "other", "error_lines": [[22, 22], [29, 29]], "fail_log": "\n".join(LOG)},
        {"project": "large", "error_lines": [[22, 22]], "fail_log": ""}])
    return tmp_path


def _write(file: Path, rows: list[dict[str, object]]) -> None:
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


def test_lines_are_those_of_the_text_and_rows_without_any_are_left_out(folder: Path) -> None:
    builds = list(ci._builds(folder))
    assert len(builds) == 10
    assert {build.marked for build in builds} == {((22, 22),), ((22, 22), (29, 29))}
    assert [build.whole for build in builds] == [True, *[False] * 9]


def test_a_build_is_found_where_something_shown_shares_a_line(folder: Path) -> None:
    build = next(build for build in ci._builds(folder) if not build.whole)
    assert ci.found(build, [[(1, 1)], [(20, 22)]])
    assert not ci.found(build, [[(1, 21)], [(23, 40)]])
    assert not ci.found(build, [])
    assert ci.found(build, ci.seen([[(17, 30)]]))
    assert not ci.found(build, ci.seen([[(16, 30)], [(1, 1), (22, 22)]]))
    assert ci.by_reasons(build)[0] == [(22, 22)]
    assert ci.first_words(build)[0] == [(22, 22)]
    assert ci.last_words(build) == [[(at, at)] for at in (29, 30, 31)]
    assert ci.last_lines(build) == [[(at, at)] for at in (33, 34, 35)]


def test_a_project_lies_on_one_side_whatever_the_order(folder: Path) -> None:
    builds = list(ci._builds(folder))
    sides: dict[str, set[bool]] = {}
    for build in [*builds, *reversed(builds)]:
        sides.setdefault(build.project, set()).add(build.held_out)
    assert all(len(side) == 1 for side in sides.values())
    assert {True, False} <= {side for known in sides.values() for side in known}


def test_the_report_has_the_product_beside_its_rivals(folder: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")
    report = evaluate("ci", folder, settings=settings, encoder=HashingEncoder())
    assert report["metrics"]["within_3"]["value"] == 1.0
    assert report["metrics"]["within_1"]["value"] == 1.0
    assert set(report["baselines"]) == {"inbox", "first_words", "last_words", "last_lines", "first_errors"}
    assert report["baselines"]["last_lines"]["within_3"]["value"] == 0.0
    assert report["n"] == sum(build.held_out for build in ci._builds(folder))


def test_data_of_another_kind_is_refused_in_words(tmp_path: Path) -> None:
    _write(tmp_path / "x.jsonl.gz", [{"text": "x"}])
    with pytest.raises(InvalidInput, match="no data set of build logs"):
        list(ci._builds(tmp_path))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InvalidInput, match=r"no \.jsonl\.gz"):
        list(ci._builds(empty))
