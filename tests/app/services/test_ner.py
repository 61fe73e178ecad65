"""NERService: offsets, the facets of signatures and the Inbox's filter, and that spaCy waits for the first text."""

import subprocess
import sys

import pytest

from app.services import answers
from app.services.ner import NERService, facet
from app.settings import ROOT
from app.storage.issues import IssueFilter

TRACE = "Traceback (most recent call last):\n  File \"/srv/shop/pool.py\", line 42, in get_total\n    run()\nKeyError: 'tea'\n"
OTHER = "java.io.IOException: disk full\n\tat com.shop.Store.write(Store.java:7)\n"
EVERYTHING = IssueFilter(muted=True, routine=True)


@pytest.fixture(scope="module")
def grammar_only(tmp_path_factory):
    return NERService(tmp_path_factory.mktemp("none"))


def test_offsets_are_of_the_text_as_given(grammar_only):
    text = "é 😀 why does get_total() fail in cart.py?"
    assert [(text[e.start : e.end], e.label) for e in grammar_only.entities(text)] == [
        ("get_total()", "FUNCTION"),
        ("cart.py", "FILE"),
    ]


def test_facets_name_a_file_without_its_folders_and_leave_lines_out(grammar_only):
    assert sorted(grammar_only.facets(TRACE)) == [
        ("EXCEPTION", "KeyError"),
        ("FILE", "pool.py"),
        ("FUNCTION", "get_total"),
        ("FUNCTION", "run"),
    ]
    assert facet("FILE", "C:\\src\\Cart.cs") == "Cart.cs"


def test_without_weights_the_grammar_answers_and_the_version_says_so(grammar_only):
    assert grammar_only.version == "grammar-1"


def test_the_inbox_narrows_to_issues_that_name_a_file(parts):
    parts.ingest.text(TRACE, actor="test")
    parts.ingest.text(OTHER, actor="test")
    named = parts.inbox.page(IssueFilter(muted=True, routine=True, entities=(("FILE", "pool.py"),)))
    assert parts.inbox.page(EVERYTHING).total == 2
    assert [issue.title for issue in named.issues] == ["KeyError: 'tea'"]
    assert parts.inbox.page(IssueFilter(muted=True, routine=True, entities=(("FILE", "pool.py' OR 1=1"),))).total == 0


def test_facets_go_with_their_signature_and_with_what_is_taken_out_of_its_text(parts):
    parts.ingest.text(TRACE, actor="test")
    with parts.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE signatures SET raw = 'KeyError in pool.py'")
        left = {row.value for row in connection.exec_driver_sql("SELECT value FROM signature_entities")}
        connection.exec_driver_sql("DELETE FROM signatures")
        assert connection.exec_driver_sql("SELECT count(*) FROM signature_entities").scalar() == 0
    assert left == {"KeyError", "pool.py"}


def test_the_answers_of_every_door_carry_entities_of_the_text(parts):
    answer = answers.of_analysis(parts.analysis.analyse(TRACE), 0.5)
    assert {
        "start": TRACE.index("/srv"),
        "end": TRACE.index("/srv") + 17,
        "label": "FILE",
        "text": "/srv/shop/pool.py",
    } in answer["entities"]
    parts.ingest.text(TRACE, actor="test")
    issue = parts.inbox.page(EVERYTHING).issues[0]
    detail = answers.of_detail(parts.inbox.detail(issue.id), 0.5)
    assert all(detail["raw"][item["start"] : item["end"]] == item["text"] for item in detail["entities"])
    assert {"FILE", "FUNCTION", "EXCEPTION", "LINE"} <= {item["label"] for item in detail["entities"]}


def test_wiring_the_services_imports_no_spacy():
    code = "import sys, app.bootstrap; sys.exit('spacy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120, check=False).returncode == 0
