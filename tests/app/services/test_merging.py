"""Grouping through the services: what a person corrects stays, in the list, the link, the activity and the similar ones."""

import pytest

from app.bootstrap import build
from app.domain import InvalidInput, NotFound
from app.storage.issues import IssueFilter
from models.vectors.hashing import HashingEncoder

LOG = "\n".join(
    (
        "2026-05-01 10:00:00 ERROR could not connect to ledger at port 5432",
        "2026-05-01 10:00:01 ERROR could not connect to ledger within time",
        "2026-05-01 10:00:02 ERROR no space left on device",
    )
)


@pytest.fixture(autouse=True)
def issues(parts):
    parts.ingest.text(LOG, actor="ada")


def counts(parts):
    found = parts.inbox.page(IssueFilter(routine=True, muted=True), limit=500).issues
    return {issue.id: (issue.title, issue.count, issue.first_seen, issue.last_seen) for issue in found}


def merge(parts, issue=2, into=1, key="m"):
    return parts.triage.say("merge", issue, actor="ada", key=key, answer={"into": into})


def test_a_merge_outlives_new_events_a_restart_and_a_rebuild_and_an_undo_restores_every_count(parts, settings):
    before = counts(parts)
    assert merge(parts) == merge(parts)
    parts.ingest.text("2026-05-01 11:00:00 ERROR could not connect to ledger within time", actor="ada")
    merged = counts(parts)
    assert sorted(merged) == [1, 3]
    assert merged[1][1:] == (3, before[1][2], before[2][3] + 3599)
    parts.close()
    again = build(settings, encoder=HashingEncoder())
    assert counts(again) == merged
    assert again.store.log.rebuild() == 0
    assert again.triage.undo(1, actor="ada", key="u").kind == "merge"
    assert again.triage.undo(1, actor="ada", key="u").kind == "merge"  # sent twice
    apart = counts(again)
    assert apart[1] == before[1]
    assert apart[2] == (before[2][0], 2, before[2][2], before[2][3] + 3599)
    assert again.store.log.rebuild() == 0
    with pytest.raises(NotFound):
        again.triage.undo(1, actor="ada", key="u2")
    again.close()


def test_the_link_leads_on_and_the_activity_keeps_what_was_said(parts):
    parts.triage.say("comment", 2, actor="bob", key="c", answer={"text": "seen in May"})
    parts.triage.say("accept", 2, actor="bob", key="a", answer={"action": "scale_out"})
    merge(parts)
    assert parts.inbox.leads_to(2) == 1
    with pytest.raises(NotFound, match="part of issue 1"):
        parts.inbox.detail(2)
    detail = parts.inbox.detail(1)
    assert [(entry.issue_id, entry.kind) for entry in detail.activity] == [(2, "comment"), (2, "accept"), (2, "merge")]
    assert [member.id for member in detail.members] == [1, 2]
    assert next(item for item in detail.suggestions if item.action == "scale_out").past
    assert 2 not in [item.issue.id for item in detail.similar]


def test_an_undo_asked_of_the_merged_issue_or_of_the_other_is_the_same(parts):
    merge(parts)
    assert parts.triage.undo(2, actor="ada", key="u").kind == "merge"
    assert sorted(counts(parts)) == [1, 2, 3]
    merge(parts, key="m2")
    parts.triage.say("acknowledge", 1, actor="ada", key="k")
    assert parts.triage.undo(1, actor="ada", key="u2").kind == "acknowledge"
    assert parts.triage.undo(1, actor="ada", key="u3").kind == "merge"


def test_a_split_and_its_undo(parts):
    before = counts(parts)
    merge(parts)
    merged = counts(parts)
    parts.triage.say("split", 1, actor="ada", key="s", answer={"signature": 2})
    assert counts(parts) == before
    assert parts.triage.undo(1, actor="ada", key="u").kind == "split"
    assert counts(parts) == merged
    with pytest.raises(InvalidInput, match="signature alone"):
        parts.triage.say("split", 1, actor="ada", key="s2", answer={"signature": 2, "issue": 3})


def test_not_the_same_is_never_shown_as_similar_again(parts):
    assert [item.issue.id for item in parts.inbox.detail(1).similar] == [2]
    parts.triage.say("not_same", 1, actor="ada", key="n", answer={"issue": 2})
    assert parts.inbox.detail(1).similar == parts.inbox.detail(2).similar == ()
    assert [entry.kind for entry in parts.inbox.detail(2).activity] == ["not_same"]
    parts.triage.undo(2, actor="ada", key="u")  # from either side
    assert [item.issue.id for item in parts.inbox.detail(1).similar] == [2]


def test_many_merged_at_once_from_the_list(parts):
    parts.triage.say_of_many("merge", [2, 3], actor="ada", key="bulk", answer={"into": 1})
    parts.triage.say_of_many("merge", [2, 3], actor="ada", key="bulk", answer={"into": 1})
    assert {issue: row[1] for issue, row in counts(parts).items()} == {1: 3}
    assert len(parts.store.log.entries()) == 2


def test_a_purge_and_a_removal_keep_the_counts_and_the_merge(parts):
    secret = "zq81Kfa0pLm2-vX"
    upload = parts.ingest.text(f"2026-05-01 12:00:00 ERROR no session {secret} for ada", actor="ada")
    merge(parts, issue=4, into=3)
    assert counts(parts)[3][1] == 2
    parts.purge.purge(secret, actor="ada", key="p")
    purged = counts(parts)
    assert purged[3][1] == 2
    assert parts.store.log.rebuild() == 0
    assert parts.triage.undo(3, actor="ada", key="u").kind == "merge"
    assert (counts(parts)[3][1], counts(parts)[4][1]) == (1, 1)
    assert "[redacted:marked]" in counts(parts)[4][0]
    merge(parts, issue=4, into=3, key="m2")
    parts.ingest.remove(upload.id, actor="ada", key="r")
    assert counts(parts)[3][1] == 1
    assert parts.inbox.leads_to(4) == 3
    assert parts.store.log.rebuild() == 0


def test_a_split_holds_for_the_signature_that_a_purge_put_in_its_place(parts):
    secret = "zq81Kfa0pLm2-vX"
    parts.ingest.text(f"2026-05-01 12:00:00 ERROR no session {secret} for ada", actor="ada")
    merge(parts, issue=4, into=3)
    parts.triage.say("split", 3, actor="ada", key="s", answer={"signature": 4})
    parts.purge.purge(secret, actor="ada", key="p")
    assert sorted(counts(parts)) == [1, 2, 3, 4]
    assert parts.store.log.rebuild() == 0
    assert parts.triage.undo(3, actor="ada", key="u").kind == "split"
    assert counts(parts)[3][1] == 2
    assert parts.store.log.rebuild() == 0
