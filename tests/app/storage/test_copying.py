"""A store moved from SQLite to PostgreSQL, back, and onto a new file: the same rows, the same answers, ids that go on."""

import pytest

from app.domain import Entry, InvalidInput, NotFound
from app.storage import copying
from app.storage.copying import NotTheSame, copy
from app.storage.issues import IssueFilter
from app.storage.store import Store


@pytest.fixture
def filled(store, put):
    put(store, "disk full", "connection to orders-db refused", "naïve café 🚀 \x00 ended", time=10.0)
    put(store, "disk full", time=50.0, identity=-(2**62))
    put(store, "gone soon", time=60.0)
    for number, (kind, answer) in enumerate(
        (("comment", {"text": "é'\"\\ \x00"}), ("merge", {"into": 1}), ("accept", {"action": "restart_service"}))
    ):
        issue = 2 if kind == "merge" else 1
        store.log.append(
            Entry(key=f"k{number}", at=1.0, actor="ada", kind=kind, issue_id=issue, answer=answer, propensity=0.1)
        )
    store.uploads.remove(3, Entry(key="r", at=2.0, actor="ada", kind="remove_upload", answer={"upload": 3}), str)
    store.notes.set_runbook(
        "restart_service",
        "",
        "https://wiki/restart",
        Entry(
            key="b",
            at=3.0,
            actor="ada",
            kind="set_runbook",
            answer={"action": "restart_service", "service": "", "url": "https://wiki/restart"},
        ),
    )
    store.alerts.add_destination("on call", "webhook", "https://example.org/x")
    return store


def shown(store):
    issues, total = store.issues.page(IssueFilter(routine=True, muted=True), 1_000.0)
    found = {
        word: [one.id for one in store.issues.page(IssueFilter(text=word), 1_000.0)[0]]
        for word in ("ORDERS", "naïve", "k")
    }
    return (
        [(one, store.issues.events(one.id)) for one in issues],
        total,
        found,
        store.log.entries()[0],
        store.notes.runbooks(),
    )


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_copy_answers_alike_and_goes_on_counting(filled, at, kind, tmp_path, postgres, put):
    target = f"sqlite:///{tmp_path / 'new' / 'copy.db'}" if kind == "sqlite" else postgres.schema()
    seen = []
    copied = {one.name: one for one in copy(at, target, lambda *progress: seen.append(progress))}
    assert (copied["events"].rows, copied["signatures"].rows, copied["signature_text"].rows) == (4, 3, 3)
    assert len(copied["feedback"].sha256) == 64
    assert ("events", 4, 4) in seen
    there = Store(target)
    assert there.log.rebuild() == 0
    assert str(shown(there)).replace("\ufffd", "\\x00") == str(shown(filled)).replace("\ufffd", "\\x00")
    put(there, "something new")
    assert there.issues.newest_id() == 5  # 4 was given and is gone
    assert there.uploads.newest(1)[0].id == 4
    there.close()


def test_a_store_with_anything_in_it_is_refused_and_so_is_the_same_one(filled, at, tmp_path, put):
    target = f"sqlite:///{tmp_path / 'other.db'}"
    other = Store(target)
    other.notes.mark("sample", "loaded")
    with pytest.raises(InvalidInput, match="not empty"):
        copy(at, target)
    with pytest.raises(InvalidInput, match="itself"):
        copy(at, at)
    with pytest.raises(NotFound, match="no store"):
        copy(f"sqlite:///{tmp_path / 'mistyped.db'}", at)
    assert not (tmp_path / "mistyped.db").exists()
    assert other.issues.newest_id() == 0
    other.close()


def test_what_arrives_otherwise_is_not_kept(filled, at, tmp_path, monkeypatch):
    target = f"sqlite:///{tmp_path / 'other.db'}"
    feedback = iter([True, False])  # it is read once to be sent, and once to be compared
    rows = copying._rows

    def losing(connection, each):
        yield from rows(connection, each) if each.name != "feedback" or next(feedback) else ()

    monkeypatch.setattr(copying, "_rows", losing)
    with pytest.raises(NotTheSame, match="feedback"):
        copy(at, target)
    other = Store(target)
    assert other.overview.span() is None
    other.close()
