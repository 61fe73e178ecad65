"""Learning from people: at once, undone to the digit, rebuilt from the log alone, never from the audit sample or a purged text."""

import pytest

from app.bootstrap import Services, build
from app.domain import Entry
from app.services import labels
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

WORDS = ("alpha", "bravo", "carol", "delta", "echo", "fox", "golf", "hotel", "india", "julia", "kilo", "lima", "mike")
#: One kind of error in thirteen wordings: close to each other, none a copy.
LIKE = [f"ledger sync of {word} stopped: peer replied nothing useful for account batch" for word in WORDS]
OTHER = ["no space left on device while writing the journal", "certificate of the mail relay has expired"]


@pytest.fixture
def store(parts: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """None of the texts is in the audit sample, which two in a hundred are by their keys."""
    monkeypatch.setattr(labels, "AUDIT_BELOW", "")
    parts.ingest.text("\n".join(LIKE + OTHER), actor="test")
    return parts


def issues(parts: Services) -> dict[str, tuple[int, str]]:
    from app.storage.issues import IssueFilter

    found = parts.inbox.page(IssueFilter(routine=True), limit=100).issues
    return {issue.title: (issue.id, issue.category) for issue in found}


def readings(parts: Services) -> dict[str, object]:
    ids, _ = parts.store.signatures.vectors(parts.encoder.version)
    return {row.signature.key: row.reading for row in parts.store.signatures.by_id(ids.tolist()).values()}


def other_than(category: str) -> str:
    return "network" if category != "network" else "storage"


def correct(parts: Services, titles: list[str], category: str) -> None:
    for title in titles:
        parts.triage.say(
            "correct_category", issues(parts)[title][0], actor="ada", key=title, answer={"category": category}
        )
    parts.learning.wait()


def test_twelve_corrections_change_the_thirteenth_and_an_undo_changes_it_back(store: Services) -> None:
    before, last = readings(store), LIKE[-1]
    wrong = issues(store)[last][1]
    right = other_than(wrong)
    correct(store, LIKE[:-1], right)
    assert issues(store)[last][1] == right, "the thirteenth was never corrected"
    assert {title: issues(store)[title][1] for title in OTHER} == {title: issues(store)[title][1] for title in OTHER}
    analysed = store.analysis.analyse(last).examined.reading
    assert analysed == readings(store)[store.analysis.analyse(last).examined.signature.key]
    change = store.learning.last_change()
    assert change is not None
    assert change.labels == len(LIKE) - 1
    assert change.after is not None and change.before is not None and change.after > change.before
    assert change.version == store.reading.version
    for title in LIKE[:-1]:
        store.triage.undo(issues(store)[title][0], actor="ada", key=f"undo {title}")
    store.learning.wait()
    assert readings(store) == before
    assert issues(store)[last][1] == wrong
    assert store.learning.reader() is None


def test_the_same_log_gives_the_same_reader_and_answers(store: Services, settings: Settings) -> None:
    correct(store, LIKE[:6], other_than(issues(store)[LIKE[0]][1]))
    version, stored = store.reading.version, readings(store)
    assert "+labels-6@" in version
    fresh = build(settings, encoder=HashingEncoder())
    try:
        assert fresh.reading.version == version
        assert fresh.learning.refresh() is None, "nothing is stale"
        assert fresh.store.log.rebuild() == 0
        plain = {one: row.reading.untaught for one, row in fresh.store.signatures.by_id(
            fresh.store.signatures.vectors(fresh.encoder.version)[0].tolist()).items() if row.reading.untaught}  # fmt: skip
        assert plain, "some were taught"
        fresh.store.labels.set_readings(
            {one: (fresh.store.signatures.get(one).reading.model, reading) for one, reading in plain.items()}
        )
        assert readings(fresh) != stored
        assert fresh.learning.refresh() is not None
        assert readings(fresh) == stored, "the shipped readings and the log give the very same again"
    finally:
        fresh.close()


def test_what_is_far_from_every_label_is_read_as_shipped(store: Services) -> None:
    before = readings(store)
    correct(store, LIKE[:1], other_than(issues(store)[LIKE[0]][1]))
    after = readings(store)
    far = [key for key, reading in after.items() if reading == before[key]]
    assert far and all("+labels" not in after[key].model for key in far)  # type: ignore[attr-defined]


def test_a_labelled_text_reads_as_its_label_in_every_process(store: Services, settings: Settings) -> None:
    other = build(settings, encoder=HashingEncoder())
    try:
        wanted = other_than(issues(store)[OTHER[0]][1])
        correct(store, OTHER[:1], wanted)
        reading = other.analysis.analyse(OTHER[0]).examined.reading
        assert reading.category == wanted
        assert reading.evidence[0][0].startswith("label ")
    finally:
        other.close()


def test_the_audit_sample_never_teaches(store: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "AUDIT_BELOW", "g")  # every key of hexadecimal digits
    correct(store, [OTHER[0]], other_than(issues(store)[OTHER[0]][1]))
    assert store.learning.agreed(), "it was answered"
    assert store.learning.reader() is None


def test_a_label_of_a_purged_text_is_gone(store: Services) -> None:
    secret = "hotel"
    parts = store
    row = next(row for row in parts.store.signatures.by_id(list(range(1, 40))).values() if secret in row.raw)
    question = parts.label_queue.question(row.id)
    parts.label_queue.label(question, "low", "data", actor="ada", key="1")
    parts.learning.wait()
    assert parts.learning.reader() is not None
    parts.purge.purge(f"of {secret} stopped", actor="ada", key="p")
    assert parts.learning.reader() is None
    assert all(reading.untaught is None for reading in readings(parts).values())  # type: ignore[attr-defined]


def test_nothing_is_lost_on_the_corpus_by_a_label_that_is_far_from_it(store: Services) -> None:
    correct(store, LIKE[:2], other_than(issues(store)[LIKE[0]][1]))
    change = store.learning.last_change()
    assert change is not None
    assert change.frozen == len(store.reading.templates)
    assert 0 <= change.lost < 0.01 * change.frozen


def test_labels_left_and_suspects_say_what_few_labels_can(store: Services) -> None:
    assert store.learning.labels_left("category", 0.9).left is None
    correct(store, LIKE[:8], other_than(issues(store)[LIKE[0]][1]))
    odd = next(item for item in store.store.labels.items(range(1, 40)).values() if item.title == LIKE[9])
    store.label_queue.label(store.label_queue.question(odd.id), "low", "security", actor="ada", key="odd")
    store.learning.wait()
    found = [(one.signature_id, one.label) for one in store.learning.suspects() if one.part == "category"]
    assert (odd.id, "security") in found


def test_what_a_killed_process_had_not_learned_the_next_one_learns(store: Services, settings: Settings) -> None:
    last = LIKE[-1]
    right = other_than(issues(store)[last][1])
    entries = [
        Entry(title, 1.0, "ada", "correct_category", issues(store)[title][0], answer={"category": right})
        for title in LIKE[:6]
    ]
    store.store.log.append_many(entries)  # as stored by a process that ended then
    assert issues(store)[last][1] != right
    fresh = build(settings, encoder=HashingEncoder())
    try:
        fresh.learning.catch_up()
        fresh.learning.wait()
        assert issues(fresh)[last][1] == right
        fresh.learning.catch_up()
        assert not fresh.learning.pending, "there is nothing to catch up with"
    finally:
        fresh.close()


def test_a_removed_upload_takes_its_labels_along(store: Services) -> None:
    correct(store, LIKE[:2], other_than(issues(store)[LIKE[0]][1]))
    assert store.learning.reader() is not None
    store.ingest.text("disk of the archive is full again", actor="test")
    store.ingest.remove(1, actor="ada", key="remove")
    store.learning.wait()
    assert store.learning.reader() is None
    assert all(reading.untaught is None for reading in readings(store).values())  # type: ignore[attr-defined]
