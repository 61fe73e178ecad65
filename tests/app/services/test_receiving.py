"""Many senders, one writer: what was answered is stored, in one upload a sender, and memory is bounded."""

import threading

import pytest

from app.domain import Unavailable
from app.services import receiving as module
from app.services.ingest import Origin
from app.services.receiving import Busy, ReceivingService

ORIGIN = Origin("web", "web", "test")


def test_what_fifty_senders_were_answered_is_stored_in_one_upload(parts):
    def send(number):
        for turn in range(4):
            parts.receiving.receive([f"2026-05-01 10:{number:02}:{turn:02},000 ERROR [main] a.B: request failed"], ORIGIN)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (upload,) = parts.store.uploads.of_source("test")
    assert (upload.state, upload.lines, upload.events, upload.signatures) == ("done", 200, 200, 1)


def test_two_senders_have_two_uploads_and_another_day_a_third(parts):
    now = [1_800_000_000.0]
    service = ReceivingService(parts.ingest, lambda: now[0])
    service.receive(["first thing failed"], ORIGIN)
    service.receive(["second thing failed"], Origin("db", "db", "test"))
    now[0] += 86_400
    service.receive(["third thing failed"], ORIGIN)
    service.close()
    assert [upload.name for upload in parts.store.uploads.of_source("test")] == ["web", "db", "web"]


def test_a_removed_upload_is_followed_by_another(parts):
    parts.receiving.receive(["first thing failed"], ORIGIN)
    (upload,) = parts.store.uploads.of_source("test")
    parts.ingest.remove(upload.id, actor="ada", key="k")
    parts.receiving.receive(["first thing failed"], ORIGIN)
    (again,) = parts.store.uploads.of_source("test")
    assert (again.id != upload.id, again.events) == (True, 1)


def test_a_failure_of_the_store_is_the_senders_to_know(parts, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(parts.ingest, "append", full)
    with pytest.raises(OSError, match="no space"):
        parts.receiving.receive(["x failed"], ORIGIN)
    monkeypatch.undo()
    parts.receiving.receive(["x failed"], ORIGIN)
    assert parts.store.uploads.of_source("test")[0].events == 1


def test_too_much_is_refused_and_closing_stores_what_waits(parts, monkeypatch):
    monkeypatch.setattr(module, "WAITING_CHARACTERS", 20)
    writing, goes_on = threading.Event(), threading.Event()
    append = parts.ingest.append

    def slow(*arguments):
        writing.set()
        assert goes_on.wait(30)
        return append(*arguments)

    monkeypatch.setattr(parts.ingest, "append", slow)
    service = ReceivingService(parts.ingest)
    futures = [service.hand_in(["one thing failed"], ORIGIN)]
    assert writing.wait(30)
    futures.append(service.hand_in(["another failed"], ORIGIN))
    with pytest.raises(Busy):
        service.hand_in(["a third failed"], ORIGIN)
    goes_on.set()
    service.close()
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(Unavailable):
        service.hand_in(["too late"], ORIGIN)


def test_a_sender_that_takes_it_back_while_it_waits_does_not_stop_the_others(parts):
    """Its future is cancelled: what was handed in is stored all the same, and the writer goes on."""
    first = parts.receiving.hand_in(["one thing failed"], ORIGIN)
    taken_back = parts.receiving.hand_in(["another failed"], ORIGIN)
    taken_back.cancel()
    last = parts.receiving.hand_in(["a third failed"], ORIGIN)
    first.result(timeout=30)
    last.result(timeout=30)
    assert sum(issue.count for issue in parts.store.issues.by_id(range(1, 9)).values()) == 3
