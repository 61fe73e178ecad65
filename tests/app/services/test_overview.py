"""The Overview and the handover: figures that SQL gives too, and text that stays text."""

import re

import pytest

from app.services.handover import OverviewService
from app.storage.issues import IssueFilter


def say(parts, kind, issue, **answer):
    return parts.triage.say(kind, issue, actor="ada", key=f"{kind}{issue}", answer=answer)


@pytest.fixture
def filled(parts):
    parts.ingest.text(
        "\n".join(
            [
                "2026-05-01 10:00:00 ERROR connection to db refused",
                "2026-05-01 10:00:01 ERROR connection to db refused",
                "2026-05-01 12:00:00 INFO started well",
                "2026-05-01 12:00:01 CRITICAL disk full",
            ]
        ),
        actor="ada",
        source_file="orders.log",
    )
    return parts


def test_an_empty_store_has_no_picture(parts):
    assert parts.overview.picture() is None
    assert parts.overview.changes(0.0).new == ()
    assert "0 new issues" in parts.overview.handover(parts.overview.changes(0.0), "UTC")
    assert parts.overview.need_you(IssueFilter()) == 0


def test_the_picture_counts_what_sql_counts(filled):
    picture = filled.overview.picture()
    with filled.store.database.read() as connection:

        def count(query):
            return connection.exec_driver_sql(query).scalar()

        assert picture.totals.events == count("SELECT count(*) FROM events") == 4
        assert picture.totals.lines == count("SELECT sum(lines) FROM uploads") == 4
        assert picture.totals.signatures == count("SELECT count(*) FROM signatures") == 3
        assert picture.totals.issues == count("SELECT count(*) FROM issues WHERE routine = 0")
        assert picture.totals.errors == count("SELECT count(*) FROM events WHERE level IN ('error', 'critical')") == 3
        assert (
            picture.totals.need_you
            == len(picture.urgent)
            == count(
                "SELECT count(*) FROM issues WHERE routine = 0 AND severity IN ('critical', 'high') AND status = 'open'"
            )
        )
    assert {cell.name for cell in picture.by_service} == {"orders"}
    assert sum(cell.n for cell in picture.by_time) == sum(cell.n for cell in picture.by_service)


def test_what_is_answered_or_muted_no_longer_needs_you(filled):
    before = filled.overview.need_you(IssueFilter())
    urgent = [issue.id for issue in filled.overview.picture().urgent]
    assert before == len(urgent) > 0
    say(filled, "acknowledge", urgent[0])
    assert filled.overview.need_you(IssueFilter()) == before - 1 == filled.overview.picture().totals.need_you
    for other in urgent[1:]:
        say(filled, "mute", other, per_hour=9)
    assert filled.overview.need_you(IssueFilter()) == 0 == filled.overview.picture().totals.need_you


def test_the_range_restricts_every_figure(filled):
    picture = filled.overview.picture(since=1777636800.0)
    assert (picture.totals.events, picture.totals.signatures) == (2, 2)


def test_changes_name_what_is_new_came_back_was_resolved(filled):
    changes = filled.overview.changes(0.0)
    assert {issue.title for issue in changes.new} == {"connection to db refused", "disk full"}
    say(filled, "resolve", 1, note="restarted")
    assert [issue.id for issue in filled.overview.changes(0.0).resolved] == [1]
    filled.ingest.text("connection to db refused", actor="ada")
    changes = filled.overview.changes(0.0)
    assert ([issue.id for issue in changes.regressed], changes.resolved, changes.clicks) == ([1], (), 1)


def test_the_handover_is_markdown_in_which_errors_stay_text(parts):
    text = (
        "**bold** [x](javascript:alert(1)) <script>alert(1)</script> `code` # head | a_b ~~s~~ $x$ "
        "![i](http://e/x.png) :smile: &lt;"
    )
    parts.ingest.text(text, actor="ada")
    say(parts, "correct_severity", 1, severity="critical")
    say(parts, "assign", 1, to="**bob**")
    say(parts, "resolve", 1, note="see [here](http://x)")
    markdown = parts.overview.handover(parts.overview.changes(0.0), "Europe/Berlin")
    line = next(line for line in markdown.splitlines() if line.startswith("- **critical**"))
    body = line.removeprefix("- **critical** #1 ")
    assert not re.search(r"(?<!\\)[*`\[\]<>|_~$!]", body)
    assert "Europe/Berlin" in markdown
    assert "\\*\\*bob\\*\\*" in line


def test_a_long_list_is_cut_and_says_so(parts):
    parts.ingest.text("\n".join(f"task {chr(97 + n)}z failed" for n in range(20)), actor="ada")
    assert "- and 5 more" in parts.overview.handover(parts.overview.changes(0.0), "UTC")


def test_a_visit_is_remembered_per_person(parts):
    service = OverviewService(parts.store, clock=lambda: 77.0)
    assert service.last_visit("ada") is None
    service.seen("ada")
    assert (service.last_visit("ada"), service.last_visit("bob"), service.last_visit("")) == (77.0, None, None)
