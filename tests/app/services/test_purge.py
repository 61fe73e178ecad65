"""A secret that slipped through is gone from every byte of the data folder, and everything else still holds together."""

import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from app.bootstrap import build
from app.domain import InvalidInput
from app.storage.issues import IssueFilter
from app.storage.purging import CODED, FREE, spellings
from app.storage.schema import metadata
from models.vectors.hashing import HashingEncoder

SECRET = "zq81Kfa0pLm2-vX"
LOG = f"""2026-05-01 10:00:00 ERROR could not reach vault with {SECRET} as the session
2026-05-01 10:00:01 ERROR could not reach vault with {SECRET} as the session
2026-05-01 10:00:02 ERROR disk 98 % full
{{"time":"2026-05-01T10:00:03Z","level":"error","service":"{SECRET}","message":"refused by {SECRET}"}}
2026-05-01 10:00:04 ERROR plain{SECRET}word in the middle
"""


def on_disk(folder):
    return {file.name: file.read_bytes().lower() for file in folder.rglob("*") if file.is_file()}


def holds(folder, secret=SECRET):
    words = {secret.lower().encode(), secret[:10].lower().encode(), secret[-9:].lower().encode()}
    return sorted(name for name, data in on_disk(folder).items() if any(word in data for word in words))


def issues(parts):
    return parts.inbox.page(IssueFilter(routine=True, muted=True), limit=500).issues


def consistent(parts):
    """Counts are those of the events, no issue or signature is empty, and search holds what is stored."""
    with parts.store.database.read() as connection:
        events = connection.exec_driver_sql(
            "SELECT issue_id, count(*), min(time), max(time) FROM events JOIN signatures s ON s.id = signature_id GROUP BY 1"
        ).all()
        words = connection.exec_driver_sql("SELECT rowid, text FROM signature_text ORDER BY rowid").all()
        kept = connection.exec_driver_sql("SELECT id, text FROM signatures ORDER BY id").all()
        empty = connection.exec_driver_sql(
            "SELECT count(*) FROM signatures WHERE id NOT IN (SELECT signature_id FROM events)"
        ).scalar()
    assert {tuple(row) for row in events} == {(i.id, i.count, i.first_seen, i.last_seen) for i in issues(parts)}
    assert words == kept
    assert empty == 0
    assert len(parts.search) == len(kept)
    assert parts.store.log.rebuild() == 0
    assert parts.store.check() == ""


@pytest.fixture
def stored(parts):
    parts.ingest.text(LOG, actor="ada", name=f"{SECRET}.log", source_file=f"{SECRET}.log")
    issue = next(issue for issue in issues(parts) if "vault" in issue.title)
    parts.triage.say("comment", issue.id, actor="ada", key=f"k:{SECRET}", answer={"text": f"is {SECRET} ours?"})
    parts.triage.say("resolve", issue.id, actor="ada", key="r", answer={"note": f"rotated '{SECRET}'"})
    parts.analysis.find(f"vault {SECRET}", top_k=3, threshold=0.0)
    parts.search.save()
    return issue


def test_it_is_gone_from_every_byte_after_purge_rebuild_and_restart(parts, stored, settings):
    assert holds(settings.data_dir)
    purged = parts.purge.purge(SECRET, actor="grace", key="p1")
    assert (purged.events, purged.entries, purged.uploads, purged.scrubbed) == (5, 2, 1, True)
    assert holds(settings.data_dir) == []
    assert parts.store.log.rebuild() == 0
    parts.anomaly.refresh()
    consistent(parts)
    parts.search.save()
    assert holds(settings.data_dir) == []
    parts.close()
    again = build(settings, encoder=HashingEncoder())
    consistent(again)
    assert again.analysis.find("could not reach vault", top_k=3, threshold=0.0)
    again.close()
    assert holds(settings.data_dir) == []


def test_the_story_and_what_people_said_stay(parts, stored):
    parts.purge.purge(SECRET, actor="grace", key="p1")
    issue = parts.store.issues.get(stored.id)
    assert (issue.status, issue.count) == ("resolved", 2)
    assert issue.resolution_note == "rotated '[redacted:marked]'"
    assert issue.title == "could not reach vault with [redacted:marked] as the session"
    comment = parts.store.log.of_issue(stored.id)[0]
    assert (comment.actor, comment.answer["text"]) == ("ada", "is [redacted:marked] ours?")
    assert {event.raw for event in parts.store.issues.events(stored.id)} == {
        f"2026-05-01 10:00:0{n} ERROR could not reach vault with [redacted:marked] as the session" for n in (0, 1)
    }


def test_the_audit_row_says_who_and_how_much_and_nothing_else(parts, stored):
    parts.purge.purge(SECRET, actor="grace", key="p1")
    (row,) = parts.store.log.entries(kinds=("purge",))
    assert (row.actor, row.issue_id, row.answer["length"], row.answer["events"]) == ("grace", None, len(SECRET), 5)
    assert SECRET not in str(row)


def test_the_same_key_does_nothing_more(parts, stored):
    first = parts.purge.purge(SECRET, actor="grace", key="p1")
    stamp = parts.store.signatures.stamp()
    assert parts.purge.purge(SECRET, actor="grace", key="p1") == first
    assert parts.store.signatures.stamp() == stamp
    with pytest.raises(InvalidInput, match="another request"):
        parts.purge.purge("another secret", actor="grace", key="p1")


@pytest.mark.parametrize("secret", ["", "  ", "short", "a\nb\nc", "redacted", "[redacted:marked]", "x" * 20_000])
def test_what_would_tear_texts_apart_is_refused_in_words(parts, secret):
    with pytest.raises(InvalidInput):
        parts.purge.purge(secret, actor="grace", key="p1")
    assert parts.store.log.entries() == []


def test_a_name_or_key_that_holds_the_secret_is_refused(parts, stored):
    for actor, key in ((SECRET, "p"), ("grace", f"p:{SECRET}")):
        with pytest.raises(InvalidInput, match="stay in the log"):
            parts.purge.purge(SECRET, actor=actor, key=key)


def test_a_cleaned_text_that_is_stored_already_counts_there(parts, settings):
    parts.ingest.text(f"login refused, token is plain{SECRET}word here", actor="ada")
    parts.ingest.text("login refused, token is plain[redacted:marked]word here", actor="ada")
    before = issues(parts)
    assert [issue.count for issue in before] == [1, 1]
    parts.purge.purge(SECRET, actor="grace", key="p1")
    (left,) = issues(parts)
    assert left.count == 2
    (row,) = parts.store.log.entries(kinds=("purge",))
    assert row.answer["merged"].endswith(f"into {left.id}")
    consistent(parts)
    assert holds(settings.data_dir) == []


def test_an_answered_issue_takes_over_the_one_that_nobody_answered(parts):
    parts.ingest.text("login refused, token is plain[redacted:marked]word here", actor="ada")
    parts.ingest.text(f"login refused, token is plain{SECRET}word here", actor="ada")
    held = next(issue for issue in issues(parts) if SECRET in issue.title)
    parts.triage.say("acknowledge", held.id, actor="ada", key="a")
    parts.purge.purge(SECRET, actor="grace", key="p1")
    (left,) = issues(parts)
    assert (left.id, left.count, left.status) == (held.id, 2, "acknowledged")
    assert SECRET not in left.title
    consistent(parts)


def test_vectors_and_the_cache_are_made_from_cleaned_text(parts, stored):
    parts.purge.purge(SECRET, actor="grace", key="p1")
    assert parts.embeddings._cache == {} or not any(SECRET in text for text in parts.embeddings._cache)
    from models.text.signature import encoder_text

    for issue in issues(parts):
        for row in parts.store.signatures.of_issue(issue.id):
            assert SECRET not in row.signature.text + row.raw
            expected = HashingEncoder().encode([encoder_text(row.signature)])[0]
            assert row.vector == pytest.approx(expected, abs=1e-5)


def test_reading_the_file_again_with_the_secret_marked_stores_nothing(parts):
    timed = f"2026-05-01 10:00:00 ERROR vault refused {SECRET}\n" * 2
    parts.ingest.text(timed, actor="ada", source_file="vault.log")
    parts.purge.purge(SECRET, actor="grace", key="p1")
    again = parts.ingest.text(timed, actor="ada", source_file="vault.log", extra=(SECRET,))
    assert (again.events, again.duplicates, again.redacted) == (0, 2, {"marked": 2})


@pytest.mark.parametrize("secret", ['pa"ss\\wörd 12', "näher/heran?so=1", "it's 100% \t odd"])
def test_every_way_a_secret_is_written_goes(parts, secret):
    import json

    lines = [f"failed with {word} at once" for word in spellings(secret)]
    lines.append(json.dumps({"level": "error", "message": f"refused {secret} here"}))
    parts.ingest.text("\n".join(lines), actor="ada")
    parts.purge.purge(secret, actor="grace", key="p1")
    texts = str([(row.title, [event.raw for event in parts.store.issues.events(row.id)]) for row in issues(parts)])
    assert not any(word in texts for word in spellings(secret))
    assert parts.purge.held(secret).events == parts.purge.held(secret).signatures == 0
    consistent(parts)


def test_a_secret_taken_apart_by_colours_goes_too(parts):
    parts.ingest.text(f"ERROR refused {SECRET[:5]}\x1b[31m{SECRET[5:]} here", actor="ada")
    parts.purge.purge(SECRET, actor="grace", key="p1")
    (issue,) = issues(parts)
    assert issue.title == "refused [redacted:marked] here"
    consistent(parts)


def test_a_private_key_goes_line_by_line(parts, settings):
    key = "\n".join("MIIE" + letter * 30 for letter in "abcd")
    parts.ingest.text("\n".join(f"dump: {line}" for line in key.split("\n")), actor="ada")
    assert parts.purge.held(key).events == 4
    parts.purge.purge(key, actor="grace", key="p1")
    assert holds(settings.data_dir, "a" * 30) == holds(settings.data_dir, "d" * 30) == []


def test_words_of_the_taxonomy_in_the_log_are_no_texts(parts, stored):
    from models.taxonomy import ACTIONS

    parts.triage.say("accept", stored.id, actor="ada", key="a", answer={"action": ACTIONS[0]})
    parts.purge.purge(ACTIONS[0], actor="grace", key="p1")
    assert parts.store.issues.get(stored.id).accepted_action == ACTIONS[0]
    consistent(parts)


def test_events_that_come_in_meanwhile_are_not_missed(parts, stored, monkeypatch):
    late = iter([f"2026-05-01 11:00:00 ERROR late {SECRET} event"])
    held = parts.store.purging.events

    def events(secrets):
        rows = list(held(secrets))
        for text in late:
            parts.ingest.text(text, actor="ada")
        return iter(rows)

    monkeypatch.setattr(parts.store.purging, "events", events)
    assert parts.purge.purge(SECRET, actor="grace", key="p1").events == 6
    assert parts.purge.held(SECRET).events == 0


def test_a_failed_purge_changes_nothing(parts, stored, monkeypatch):
    monkeypatch.setattr("app.storage.purging._record", lambda *_: 1 / 0)
    before = [issue.title for issue in issues(parts)]
    with pytest.raises(ZeroDivisionError):
        parts.purge.purge(SECRET, actor="grace", key="p1")
    assert [issue.title for issue in issues(parts)] == before
    assert parts.purge.held(SECRET).events == 5


def test_the_log_stays_append_only_but_for_a_recorded_purge(parts, stored, settings):
    parts.purge.purge(SECRET, actor="grace", key="p1")
    file = settings.database
    for statement in (
        "UPDATE feedback SET answer = '{\"text\": \"[redacted:marked]\"}' WHERE id = 1",
        "UPDATE feedback SET actor = 'x'",
        "DELETE FROM feedback",
    ):
        with closing(sqlite3.connect(file)) as plain, pytest.raises(sqlite3.IntegrityError, match="append-only"):
            plain.execute(statement)
    with closing(sqlite3.connect(file)) as plain:  # even while a purge runs, who said what stays
        plain.execute("INSERT INTO meta VALUES ('purging', (SELECT max(id) FROM feedback))")
        for statement in ("UPDATE feedback SET kind = 'reject' WHERE id = 1", "UPDATE feedback SET actor = 'x' WHERE id = 1"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                plain.execute(statement)


def test_every_column_with_text_is_known_to_the_purge():
    for table in metadata.sorted_tables:
        texts = {column.name for column in table.columns if str(column.type).split("(")[0] in ("VARCHAR", "TEXT", "JSON")}
        known = Counter((*FREE.get(table.name, ()), *CODED.get(table.name, ())))
        assert set(known) == texts, table.name
        assert set(known.values()) <= {1}
