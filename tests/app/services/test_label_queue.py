"""Who is asked what: reasons, leases, blind questions, the audit sample, alike texts, and labels as files."""

import csv
import io

import pytest

from app.bootstrap import Services
from app.services import label_queue
from app.services.audit import wilson
from app.services.label_files import as_jsonl
from app.services.labels import AUDIT_BELOW, AUDIT_SHARE, is_audit
from components.exports import as_csv

LOG = "\n".join(
    f"ERROR step {chr(97 + n // 5) * 5} of {chr(97 + n % 5) * 7} gave up after {chr(102 + n % 9) * 4}"
    for n in range(25)
)


@pytest.fixture
def store(parts: Services) -> Services:
    parts.ingest.text(LOG, actor="test")
    return parts


def put_into_the_audit_sample(parts: Services, *signature_ids: int) -> None:
    """These, and no other: some of the texts may be in it by their own keys."""
    with parts.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE signatures SET key = 'f' || substr(key, 2)")
        for one in signature_ids:
            connection.exec_driver_sql("UPDATE signatures SET key = ? WHERE id = ?", (f"{one:032x}", one))


def test_two_people_never_get_the_same_text_until_the_lease_is_over(
    store: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr(store.label_queue, "_clock", lambda: now[0])
    ada, bob = store.label_queue.questions("ada"), store.label_queue.questions("bob")
    assert len(ada) == len(bob) == label_queue.BATCH
    assert not {one.item.id for one in ada} & {one.item.id for one in bob}
    assert [one.item.id for one in store.label_queue.questions("ada")] == [one.item.id for one in ada], (
        "a rerun asks the same"
    )
    now[0] += label_queue.LEASE + 1
    carol = store.label_queue.questions("carol", n=25)
    assert {one.item.id for one in ada} <= {one.item.id for one in carol}


def test_every_question_says_why_and_is_answered_once(store: Services) -> None:
    questions = store.label_queue.questions("ada", n=25)
    assert all(one.why and one.reason in label_queue.PATTERN for one in questions)
    first = questions[0]
    row = store.label_queue.label(first, "high", "network", actor="ada", key="k")
    assert store.label_queue.label(first, "high", "network", actor="ada", key="k") == row, "a double click is one label"
    assert len(store.store.labels.said()) == 1
    assert first.item.id not in {one.item.id for one in store.label_queue.questions("ada", n=25)}
    assert store.label_queue.progress("ada").mine == 1


def test_about_one_question_in_ten_hides_the_guess(parts: Services) -> None:
    from dataclasses import replace

    parts.ingest.text(LOG, actor="test")
    item = parts.label_queue.question(1).item
    keys = [f"ffff{'0' * 24}{n:04x}" for n in range(2_000)]
    hidden = sum(label_queue._question(replace(item, key=key), label_queue.UNCERTAIN, 0.0).hidden for key in keys)
    assert 150 < hidden < 250


def test_a_dispute_is_asked_of_a_third_person_blind_and_an_adjudication_settles_it(store: Services) -> None:
    question = store.label_queue.questions("ada")[0]
    store.label_queue.label(question, "high", "network", actor="ada", key="1")
    store.label_queue.label(question, "high", "storage", actor="bob", key="2")
    agreed = store.learning.agreed()[question.item.id]
    assert agreed.disputed and agreed.category == "" and agreed.severity == "high"
    asked = {one.item.id: one for one in store.label_queue.questions("carol", n=25)}[question.item.id]
    assert asked.reason == label_queue.PEOPLE and asked.hidden
    assert question.item.id not in {one.item.id for one in store.label_queue.questions("bob", n=25)}
    store.label_queue.adjudicate(question.item.id, "low", "data", actor="dan", key="3")
    assert store.label_queue.disputes() == []
    assert store.learning.agreed()[question.item.id].category == "data"


def test_the_audit_sample_is_the_same_two_percent_everywhere_and_never_in_the_queue(store: Services) -> None:
    keys = [f"{n:032x}" for n in range(0, 16**32, 16**32 // 10_000)]
    assert sum(map(is_audit, keys)) == pytest.approx(AUDIT_SHARE * len(keys), abs=1)
    put_into_the_audit_sample(store, 3, 4)
    assert not {3, 4} & {one.item.id for one in store.label_queue.questions("ada", n=25)}
    assert [one.item.id for one in store.label_queue.questions("ada", audit=True)] == [3, 4]
    assert all(one.hidden and one.audit for one in store.label_queue.questions("ada", audit=True))
    assert len(AUDIT_BELOW) == 32


def test_accuracy_over_time_comes_from_the_audit_sample_alone_as_read_when_it_was_labelled(
    store: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into_the_audit_sample(store, 3, 4)
    queue, now = store.label_queue, [100.0]
    monkeypatch.setattr(queue, "_clock", lambda: now[0])
    questions = queue.questions("ada", audit=True)
    severity, category, _ = questions[0].guess
    queue.label(questions[0], severity, category, actor="ada", key="1")
    now[0] += 30 * 86_400
    other = "data" if questions[1].guess[1] != "data" else "code"
    queue.label(questions[1], questions[1].guess[0], other, actor="ada", key="2")
    queue.label(queue.questions("ada")[0], "low", "code", actor="ada", key="3")
    weeks = store.audit.accuracy_over_time("category")
    assert [(one.n, one.value) for one in weeks] == [(1, 1.0), (1, 0.0)]
    assert [one.value for one in store.audit.accuracy_over_time("severity")] == [1.0, 1.0]
    assert [(one.signature_id, one.category_right) for one in store.audit.audit_labels()] == [(3, True), (4, False)]
    assert store.learning.reader() is not None and len(store.learning.reader().labels.keys) == 1, (
        "the queue's label alone teaches"
    )
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_alike_texts_are_labelled_with_one_key_and_taken_back_with_one(parts: Services) -> None:
    words = ("ab", "cd", "ef", "gh")
    parts.ingest.text(
        "\n".join(f"could not reach the billing peer {word} for invoice batch number" for word in words), actor="test"
    )
    question = parts.label_queue.question(1)
    alike = parts.label_queue.alike(1)
    assert {one.id for one in alike} == {2, 3, 4}
    parts.label_queue.label(question, "low", "network", actor="ada", key="k", alike=[one.id for one in alike])
    assert len(parts.store.labels.said()) == 4
    assert parts.label_queue.undo(actor="ada", key="u").signature == 1
    assert parts.label_queue.undo(actor="ada", key="u").signature == 1, "the same click twice takes back once"
    assert parts.store.labels.said() == []


def test_labels_go_out_and_come_in_again_once(store: Services) -> None:
    question = store.label_queue.questions("ada")[0]
    store.label_queue.label(question, "high", "network", actor="=ada", key="1")
    rows = store.label_files.rows()
    assert rows[0]["signature"] == question.item.key and rows[0]["category"] == "network"
    table = as_csv(rows)
    assert next(csv.DictReader(io.StringIO(table)))["annotator"] == "'=ada", "a spreadsheet runs nothing"
    lines = (
        as_jsonl([row | {"annotator": "bob"} for row in rows])
        + '{"text": "never seen", "severity": "low", "category": "code"}\n'
    )
    first = store.label_files.read("labels.jsonl", lines, actor="carol")
    assert (first.stored, first.known, first.refused) == (1, 0, 1)
    assert "line 2" in first.reasons[0]
    assert store.label_files.read("labels.jsonl", lines, actor="carol").known == 1
    by_text = "text,severity,category\n" + f"{question.item.raw},low,data\n"
    assert store.label_files.read("labels.csv", by_text, actor="dan").stored == 1
    assert {one.actor for one in store.store.labels.said()} == {"=ada", "bob", "dan"}


@pytest.mark.parametrize("name,text", [("a.txt", ""), ("a.jsonl", "[1]"), ("a.jsonl", "{"), ("a.jsonl", "[" * 5_000)])
def test_a_file_that_is_no_list_of_labels_is_refused_in_words(store: Services, name: str, text: str) -> None:
    from app.domain import InvalidInput

    with pytest.raises(InvalidInput):
        store.label_files.read(name, text, actor="ada")
