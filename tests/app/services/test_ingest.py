"""Ingestion: many formats in one text, repeats, progress, cancel, hostile input, services, and what removal takes."""

import gzip
import io
import json
import os
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import InvalidInput, NotFound
from app.services import ingest as module
from app.services.archives import said
from app.storage.issues import IssueFilter

MIXED = """2026-05-01 10:00:00,123 ERROR [main] com.shop.Cart - Could not save cart 17
java.lang.IllegalStateException: no session
\tat com.shop.Cart.save(Cart.java:42)
\tat com.shop.Main.main(Main.java:9)
{"time":"2026-05-01T10:00:01Z","level":"error","service":"orders","message":"connection to orders-db:5432 refused"}
May  1 10:00:02 web-1 nginx[231]: upstream timed out (110: Connection timed out)

Traceback (most recent call last):
  File "/srv/app/pay.py", line 3, in pay
    charge()
ValueError: bad amount 17
disk 98 % full
"""


def everything(parts):
    return parts.inbox.page(IssueFilter(routine=True, muted=True), limit=500).issues


def titles(parts):
    return {issue.title: issue for issue in everything(parts)}


def stream(parts, data, name="x.log", **more):
    return parts.ingest.stream(io.BytesIO(data), actor="ada", name=name, source="file", **more)


def test_a_text_of_many_formats_becomes_events_signatures_and_issues(parts):
    upload = parts.ingest.text(MIXED, actor="ada")
    assert (upload.state, upload.lines, upload.events, upload.signatures, upload.new_signatures, upload.duplicates) == (
        "done",
        12,
        5,
        5,
        5,
        0,
    )
    found = titles(parts)
    assert found["IllegalStateException: no session"].service == ""
    assert found["connection to orders-db:5432 refused"].service == "orders"
    assert found["upstream timed out (110: Connection timed out)"].service == "nginx"
    assert found["ValueError: bad amount 17"].count == 1
    assert parts.store.uploads.get(upload.id) == upload
    assert parts.store.log.rebuild() == 0


def test_reading_a_timed_file_again_stores_nothing(parts):
    lines = b"".join(b"2026-05-01 10:00:%02d ERROR took %d ms\n" % (n // 3, n % 3 // 2) for n in range(90))
    first, again = stream(parts, lines), stream(parts, lines)
    assert (first.events, first.duplicates) == (90, 0)  # equal lines of one second are events of their own
    assert (again.events, again.duplicates, again.new_signatures) == (0, 90, 0)
    assert stream(parts, lines, name="other.log").events == 90
    assert stream(parts, lines + b"2026-05-01 11:00:00 ERROR took 7 ms\n").events == 1


def test_real_repeats_stay_whatever_the_memory(parts, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 3)
    lines = b"".join(
        b"2026-05-01 10:00:%02d ERROR word%s\n" % (n // 2, b"abcdefghij"[n // 2 : n // 2 + 1]) for n in range(20)
    )
    assert stream(parts, lines).events == 20
    assert stream(parts, lines).events == 0


def test_lines_without_a_time_are_stored_each_time(parts):
    assert [parts.ingest.text("disk full", actor="ada").events for _ in range(2)] == [1, 1]
    assert everything(parts)[0].count == 2


def test_progress_rises_to_the_end(parts, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)
    seen = []
    data = b"".join(b"line %d failed\n" % n for n in range(95))
    stream(parts, data, size=len(data), progress=seen.append)
    assert len(seen) == 10
    assert [step.events for step in seen] == sorted(step.events for step in seen)
    assert (seen[-1].lines, seen[-1].events, seen[-1].done) == (95, 95, 1.0)
    unknown = []
    stream(parts, data, progress=unknown.append)
    assert {step.done for step in unknown} == {None}


def test_cancel_keeps_what_was_stored(parts, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)
    upload = stream(parts, b"boom\n" * 95, cancelled=lambda: True)
    assert (upload.state, upload.events) == ("cancelled", 10)
    assert everything(parts)[0].count == 10


def test_a_failure_is_recorded_and_keeps_what_was_stored(parts, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)

    def fail(step):
        raise OSError("the network went away")

    with pytest.raises(OSError, match="network"):
        stream(parts, b"boom\n" * 95, progress=fail)
    assert [(upload.state, upload.events) for upload in parts.store.uploads.newest()] == [("failed", 10)]


def test_batches_are_bounded_by_characters_too(parts, monkeypatch):
    monkeypatch.setattr(module, "BATCH_CHARACTERS", 1000)
    seen = []
    stream(parts, b"".join(b"%d %s\n" % (n, b"x" * 600) for n in range(6)), progress=seen.append)
    assert len(seen) == 3


def test_problems_are_counted_and_their_lines_kept(parts):
    upload = parts.ingest.text('{"level": "error", "message": \nplain line\n', actor="ada", format="auto")
    assert upload.events == 2
    assert sum(upload.problems.values()) <= 2


def test_secrets_are_taken_out_before_anything_is_stored(parts):
    text = "login failed for ada@example.com password=hunter22 at https://bob:s3cret99@db.example.com/x\n"
    upload = parts.ingest.text(text, actor="ada")
    assert upload.redacted == {"email": 1, "secret": 1, "password": 1}
    stored = repr(parts.inbox.detail(everything(parts)[0].id))
    assert not any(word in stored for word in ("hunter22", "s3cret99", "ada@example"))
    answer = parts.analysis.analyse(text)
    assert answer.redacted == upload.redacted
    assert answer.seen.id == everything(parts)[0].id


@pytest.mark.parametrize("text", ["", "  \n\t\n", "\u2028"])
def test_an_empty_text_is_refused(parts, text):
    with pytest.raises(InvalidInput, match="empty"):
        parts.ingest.text(text, actor="ada")
    assert parts.store.uploads.newest() == []


def test_an_unknown_format_is_refused_before_anything_is_stored(parts):
    with pytest.raises(InvalidInput, match="syslog"):
        parts.ingest.text("x", actor="ada", format="morse")
    assert parts.store.uploads.newest() == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b\x08\x00" + os.urandom(64),
        b"PK\x03\x04" + os.urandom(64),
        b"\x89PNG\r\n\x1a\n" + os.urandom(64),
        bytes(range(1, 32)) * 40,
        "ERROR é\n".encode("utf-16-le") * 20,
    ],
)
def test_a_binary_file_is_refused_in_words(parts, data):
    with pytest.raises(InvalidInput, match=r"x\.log (is no text|can be read)"):
        stream(parts, data)
    assert parts.store.uploads.newest() == []


@pytest.mark.parametrize(
    "data",
    [
        b"ERROR one\n" + b"\0" * 5000 + b"\nERROR two\n",
        b"\xff\xfe" + "ERROR one\nERROR two\n".encode("utf-16-le"),
        b"\x1b[31mERROR one\x1b[0m\nERROR two",
        b"\xef\xbb\xbfERROR one\r\nERROR two\r\n",
        b"ERROR one \xff\xc0\nERROR two",
    ],
)
def test_odd_but_honest_text_is_read(parts, data):
    stream(parts, data)
    assert {"one", "two"} <= {title.split()[0] if title.startswith("one") else title for title in titles(parts)}


def test_an_array_of_many_megabytes_on_one_line_is_an_event_an_element(parts):
    line = {"level": "error", "message": "disk full on /var", "pad": "x" * 1_000}
    rows = [line | {"time": f"2026-05-01T10:{n // 60:02}:{n % 60:02}Z"} for n in range(2_500)]
    upload = stream(parts, json.dumps(rows).encode(), "export.json")
    assert (upload.events, upload.signatures, upload.problems) == (2_500, 1, {})


def test_an_empty_file_is_an_upload_of_nothing(parts):
    upload = stream(parts, b"")
    assert (upload.state, upload.lines, upload.events) == ("done", 0, 0)


ORDERS = b"".join(b"2026-05-01 10:00:%02d ERROR order %d failed\n" % (n % 60, n) for n in range(200))
CART = b"".join(b'{"time":"2026-05-01T10:00:%02dZ","level":"error","message":"cart is gone"}\n' % n for n in range(50))


def packed(**texts):
    """A tar.gz of the texts, each in the folder of its name."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in texts.items():
            info = tarfile.TarInfo(f"var/log/{name}.log")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return data.getvalue()


def test_each_text_of_an_archive_is_a_source_with_a_parser_and_a_service_of_its_own(parts):
    upload = stream(parts, packed(orders=ORDERS, cart=CART), name="logs.tar.gz")
    assert (upload.state, upload.lines, upload.events, upload.problems) == ("done", 250, 250, {})
    assert {(issue.service, issue.count) for issue in everything(parts)} == {("orders", 200), ("cart", 50)}
    sources = {parts.store.issues.events(issue.id)[0].source_file for issue in everything(parts)}
    assert sources == {"logs.tar.gz/var/log/orders.log", "logs.tar.gz/var/log/cart.log"}
    again = stream(parts, packed(orders=ORDERS + ORDERS[:41], cart=CART), name="logs.tar.gz")
    assert (again.events, again.duplicates) == (1, 250)


def test_an_archive_that_breaks_off_keeps_what_was_read_and_says_where(parts):
    data = gzip.compress(b"".join(b"line %d %s failed\n" % (n, os.urandom(40).hex().encode()) for n in range(9000)))
    upload = stream(parts, data[: len(data) // 2], name="orders.log.gz")
    assert upload.state == "done"
    assert 3000 < upload.lines < 6000
    assert [said(*problem) for problem in upload.problems.items()] == [
        "Broken off in orders.log.gz (0.2 MB of the upload were read): it ends in the middle; what came before is kept."
    ]


def test_progress_of_an_archive_is_a_share_of_the_packed_bytes(parts, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 500)
    data = gzip.compress(b"".join(b"%s failed\n" % os.urandom(60).hex().encode() for _ in range(5000)))
    seen = []
    stream(parts, data, name="x.gz", size=len(data), progress=lambda step: seen.append(step.done))
    assert seen == sorted(seen)
    assert 0 < seen[0] < 0.6
    assert seen[-1] == 1.0


def test_a_bomb_is_refused_before_anything_is_stored(parts):
    with pytest.raises(InvalidInput, match="decompression bomb"):
        stream(parts, gzip.compress(bytes(70_000_000)), name="bomb.gz")
    assert parts.store.uploads.newest() == []


def test_a_bomb_that_shows_late_keeps_what_came_before_it(parts):
    parts.ingest.max_unpacked = 100_000

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    with pytest.raises(InvalidInput, match="STACKLENS_MAX_UNPACKED_MB"):
        parts.ingest.stream(
            Pipe(packed(orders=ORDERS * 5, cart=CART * 40)), actor="ada", name="standard input", source="stdin"
        )
    assert [upload.state for upload in parts.store.uploads.newest()] == ["failed"]


def test_an_interrupt_is_a_cancel(parts, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)

    def interrupt(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream(parts, b"boom\n" * 95, progress=interrupt)
    assert [(upload.state, upload.events) for upload in parts.store.uploads.newest()] == [("cancelled", 10)]


@given(st.text(max_size=200), st.sampled_from(["auto", "plain"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_lost_or_raises(parts, text, format):
    try:
        upload = parts.ingest.text(text, actor="ada", format=format)
    except InvalidInput:
        assert not text.strip()
    else:
        assert upload.state == "done"
        assert parts.store.log.rebuild() == 0


HOSTILE = [
    '{"level":"error","message":"\\ud800 boom","service":"\\ud800svc","host":"\\udfff"}',
    "\ud800 half",
    "x\x00y ERROR z",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "[a](javascript:alert(1))",
    "../../etc/passwd",
    "'; DROP TABLE events; --",
    "\u202egnp.exe",
    "1" * 100_000,
    "é" * 50_000,
    '{"a":' * 500,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_stored_and_shown_as_text(parts, text):
    assert parts.ingest.text(text, actor="ada", name=text[:50], source_file=text[:50]).events == 1
    issue = everything(parts)[0]
    detail = parts.inbox.detail(issue.id)
    (detail.signature.raw + issue.title + issue.service + detail.event.host).encode()
    assert parts.analysis.analyse(text).seen.id == issue.id


@pytest.mark.parametrize(
    ("name", "line", "service"),
    [
        ("orders.log", "boom", "orders"),
        ("orders.log", '{"level":"error","service":"cart","message":"boom"}', "cart"),
        ("orders-db.syslog", "May  1 10:00:02 db-1 postgres[231]: boom", "postgres"),
        ("orders-db.syslog", "boom", "orders-db"),
        ("/var/log/pods/orders.2026-05-01.log.gz", "boom", "orders"),
        ("orders-20260501.log.3", "boom", "orders"),
        ("orders.stderr.log", "boom", "orders"),
        ("app.log", "boom", ""),
        ("server.log", "boom", ""),
        ("messages", "boom", ""),
        ("syslog", "boom", ""),
        ("error.log", "boom", ""),
        ("standard input", "boom", ""),
        ("stdin", "boom", ""),
        (".log", "boom", ""),
        ("1.txt", "boom", ""),
        ("", "boom", ""),
        ("C:\\logs\\cart.log", "boom", "cart"),
    ],
)
def test_the_file_names_the_service_where_the_line_does_not(parts, name, line, service):
    stream(parts, line.encode(), name=name)
    assert everything(parts)[0].service == service


def test_a_pasted_text_names_no_service(parts):
    parts.ingest.text("boom", actor="ada")
    assert everything(parts)[0].service == ""


def test_removal_is_for_good_and_repeatable(parts):
    upload = parts.ingest.text(MIXED, actor="ada")
    parts.search.neighbours(parts.embeddings.get_embedding("x"))
    assert parts.ingest.remove(upload.id, actor="ada", key="k") == 5
    assert parts.ingest.remove(upload.id, actor="ada", key="k") == 5
    assert (everything(parts), len(parts.search)) == ((), 0)
    assert [entry.kind for entry in parts.store.log.entries()] == ["remove_upload"]
    with pytest.raises(InvalidInput, match="key"):
        parts.ingest.remove(99, actor="ada", key="k")
    with pytest.raises(NotFound):
        parts.ingest.remove(upload.id, actor="ada", key="other")
    assert parts.ingest.text(MIXED, actor="ada").events == 5


def test_what_a_removal_takes_in_the_middle_of_another_upload_is_examined_again(parts, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)
    first = parts.ingest.text("boom\n", actor="ada")
    removed = []

    def remove_the_first(step):
        if not removed:
            removed.append(parts.ingest.remove(first.id, actor="bob", key="k"))
            parts.store.uploads.newest()

    upload = stream(parts, b"boom\n" * 10 + b"boom\n" * 10, progress=remove_the_first)
    assert upload.events == 20
    assert everything(parts)[0].count == 20


def test_an_upload_that_is_removed_while_it_is_read_stops(parts, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)
    with pytest.raises(NotFound):
        stream(
            parts,
            b"boom\n" * 50,
            progress=lambda step: (
                parts.store.uploads.newest()
                and parts.ingest.remove(parts.store.uploads.newest()[0].id, actor="bob", key="k")
            ),
        )
    assert everything(parts) == ()
