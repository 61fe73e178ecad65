"""Reading goes on while a batch is stored: in order, counted as stored, and never beside the caller."""

import io
import threading

import pytest

from app.services import ingest as module
from app.services.ingest import _stored


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)


def stream(parts, data, **more):
    return parts.ingest.stream(io.BytesIO(data), actor="ada", name="x.log", source="file", **more)


def test_the_next_batch_is_read_while_one_is_stored():
    second_is_read, order = threading.Event(), []

    def batches():
        yield "first"
        second_is_read.set()
        yield "second"

    def store(batch):
        assert second_is_read.wait(10)
        order.append(batch)
        return batch

    assert list(_stored(batches(), store)) == order == ["first", "second"]


def test_nothing_is_stored_while_the_caller_has_its_turn():
    running, stored = threading.Event(), []

    def store(batch):
        running.set()
        stored.append(batch)
        running.clear()
        return batch

    for turn, _ in enumerate(_stored(iter(range(50)), store), start=1):
        assert not running.is_set()
        assert len(stored) == turn


def test_a_failing_store_ends_the_reading():
    read = []

    def store(batch):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        list(_stored((read.append(number) or number for number in range(50)), store))
    assert len(read) == 2


def test_a_cancelled_upload_counts_the_lines_it_stored(parts):
    upload = stream(parts, b"boom\n" * 95, cancelled=lambda: True)
    assert (upload.state, upload.events) == ("cancelled", 10)
    assert upload.lines == 11  # an event ends where the next begins: that line was looked at


def test_a_source_that_breaks_keeps_the_batch_that_was_being_stored():
    broken, stored = threading.Event(), []

    def batches():
        yield "first"
        broken.set()
        raise OSError("the network went away")

    def store(batch):
        assert broken.wait(10)
        stored.append(batch)
        return batch

    with pytest.raises(OSError, match="network"):
        list(_stored(batches(), store))
    assert stored == ["first"]


def test_threads_end_with_the_upload(parts):
    stream(parts, b"boom\n" * 95)
    stream(parts, b"boom\n" * 95, cancelled=lambda: True)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ingest")]


def test_long_messages_share_their_signature_too(parts, monkeypatch):
    calls = []
    monkeypatch.setattr(module, "signature", lambda event, real=module.signature: calls.append(event) or real(event))
    line = b"2026-05-01T10:00:0%dZ ERROR [main] a.b.C: " + b"word " * 600 + b"\n"
    assert stream(parts, b"".join(line % second for second in range(9))).signatures == 1
    assert len(calls) == 1
