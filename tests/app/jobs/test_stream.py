"""Streams over the real brokers: shared by workers, killed in the middle, stopped, poisoned; each message is stored once."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlparse
from uuid import uuid4

import pytest

from app.bootstrap import build
from app.domain import InvalidInput, StoreUnavailable, Unavailable
from app.jobs import stream
from app.jobs.stream_brokers import open_broker
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

ROOT = Path(__file__).resolve().parents[3]
URLS = {"nats": "nats://127.0.0.1:4222", "redis": "redis://127.0.0.1:6379", "rabbitmq": "amqp://guest:guest@127.0.0.1:5672/"}
#: A worker over a store of its own process, with the hashing encoder: what is tested is the way of the messages.
WORKER = """
import sys
from app.bootstrap import build
from app.jobs.stream import run
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

data, cache, url, name, idle = sys.argv[1:]
parts = build(Settings(data_dir=data, cache_dir=cache, sample=False), encoder=HashingEncoder())
print("ready", flush=True)
count = run(parts.receiving, url, name, hold=2.0, flight=50, until_idle=float(idle))
parts.close()
print(count.stored, count.buried, flush=True)
"""


def answers(url: str) -> bool:
    place = urlparse(url)
    try:
        socket.create_connection((place.hostname, place.port), timeout=2).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=sorted(URLS))
def url(request):
    if not answers(URLS[request.param]):
        if os.environ.get("CI"):
            pytest.fail(f"CI has no {request.param}: the streams must be tested there")
        pytest.skip(f"no {request.param} on this machine")
    return URLS[request.param]


@pytest.fixture
def name(url):
    made = f"stacklens_test_{uuid4().hex[:10]}"
    yield made
    asyncio.run(removed(url, made))


async def removed(url, name):
    if url.startswith("nats"):
        import nats

        client = await nats.connect(url)
        for subject in (name, f"{name}.dead"):
            try:
                stream_name = await client.jetstream().find_stream_name_by_subject(subject)
            except Exception:
                continue
            await client.jetstream().delete_stream(stream_name)
        await client.close()
    elif url.startswith("redis"):
        from redis.asyncio import Redis

        async with Redis.from_url(url) as client:
            await client.delete(name, f"{name}.dead")
    else:
        import aio_pika

        async with await aio_pika.connect(url) as connection, connection.channel() as channel:
            for queue in (name, f"{name}.dead"):
                await channel.queue_delete(queue)


async def published(url, name, bodies):
    """As a program without FastStream would publish, with an id of its own for each message."""
    if url.startswith("nats"):
        import nats

        client = await nats.connect(url)
        jetstream = client.jetstream()
        try:
            await jetstream.find_stream_name_by_subject(name)
        except nats.js.errors.NotFoundError:
            await jetstream.add_stream(name=f"s_{name}", subjects=[name])
        await asyncio.gather(*(jetstream.publish(name, body, headers={"message-id": id}) for id, body in bodies))
        await client.close()
    elif url.startswith("redis"):
        from redis.asyncio import Redis

        async with Redis.from_url(url) as client:
            for id, body in bodies:
                await client.xadd(name, {"message": body, "id": id})
    else:
        import aio_pika

        async with await aio_pika.connect(url) as connection, connection.channel() as channel:
            await channel.declare_queue(name, durable=True)
            for id, body in bodies:
                await channel.default_exchange.publish(aio_pika.Message(body, message_id=id, delivery_mode=2), name)


async def dead_letters(url, name):
    """(body, reason) of what was buried."""
    if url.startswith("nats"):
        import nats

        client = await nats.connect(url)
        found = await (await client.jetstream().pull_subscribe(f"{name}.dead", "reader")).fetch(10, timeout=5)
        await client.close()
        return [(one.data, one.headers["reason"]) for one in found]
    if url.startswith("redis"):
        from redis.asyncio import Redis

        async with Redis.from_url(url) as client:
            return [(fields[b"data"], fields[b"reason"].decode()) for _, fields in await client.xrange(f"{name}.dead")]
    import aio_pika

    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.get_queue(f"{name}.dead")
        found = [await queue.get(timeout=5) for _ in range(queue.declaration_result.message_count)]
        return [(one.body, one.headers["reason"]) for one in found]


def worker(settings, url, name, idle=3.0):
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(settings.data_dir), str(settings.cache_dir), url, name, str(idle)],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def bodies(n, start=0):
    """Lines without a time of their own: nothing but the message's id tells two of them apart."""
    return [(f"m{number}", b"ERROR connection to orders-db refused") for number in range(start, start + n)]


def stored(settings):
    parts = build(settings, encoder=HashingEncoder())
    try:
        return sum(issue.count for issue in parts.store.issues.by_id(range(1, 50)).values())
    finally:
        parts.close()


def test_each_message_is_stored_once_though_it_is_sent_twice(parts, url, name):
    asyncio.run(published(url, name, bodies(20)))
    if not url.startswith("redis"):  # there the id is the place in the stream, and a second message is another one
        asyncio.run(published(url, name, bodies(20)))
    count = stream.run(parts.receiving, url, name, until_idle=1.5)
    assert count.stored == (20 if url.startswith("redis") else 40) and count.buried == 0
    (issue,) = parts.store.issues.by_id(range(1, 50)).values()
    assert issue.count == 20 and issue.title.endswith("connection to orders-db refused")
    upload = parts.store.uploads.newest()[0]
    assert (upload.source, upload.events) == ("stream", 20)


def test_what_was_published_while_no_worker_ran_waits(parts, url, name):
    asyncio.run(published(url, name, bodies(3)))
    assert stream.run(parts.receiving, url, name, until_idle=1.0).stored == 3
    asyncio.run(published(url, name, bodies(2, start=3)))
    assert stream.run(parts.receiving, url, name, until_idle=1.0).stored == 2


def test_poison_is_buried_with_the_reason_and_the_rest_goes_on(parts, url, name):
    poison = [("p1", b"\xff\xfe\x00broken"), ("p2", b"  "), ("p3", b"x" * (stream.LARGEST + 1))]
    if url.startswith("redis"):  # there a message is a set of fields, which are text of JSON at least
        poison = poison[2:]
    asyncio.run(published(url, name, [*bodies(2), *poison, *bodies(2, start=2)]))
    count = stream.run(parts.receiving, url, name, until_idle=1.5)
    assert (count.stored, count.buried) == (4, len(poison))
    letters = asyncio.run(dead_letters(url, name))
    reasons = " ".join(reason for _, reason in letters)
    assert len(letters) == len(poison) and "more than the 1,000,000" in reasons
    if len(poison) == 3:
        assert (poison[0][1], "no UTF-8 text: invalid start byte at byte 0") in letters
        assert "nothing in it" in reasons


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(settings, url, name):
    build(settings, encoder=HashingEncoder()).close()
    asyncio.run(published(url, name, bodies(600)))
    first, second = worker(settings, url, name, 5.0), worker(settings, url, name, 5.0)
    until = time.monotonic() + 30
    while stored(settings) < 50 and time.monotonic() < until:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=10)
    said, errors = second.communicate(timeout=90)
    assert second.returncode == 0, errors
    assert stored(settings) == 600
    assert int(said.split()[0]) > 0


def test_a_worker_that_is_told_to_stop_leaves_nothing_half_done(settings, url, name):
    build(settings, encoder=HashingEncoder()).close()
    asyncio.run(published(url, name, bodies(100)))
    process = worker(settings, url, name, 60.0)
    until = time.monotonic() + 30
    while stored(settings) < 1 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    _, errors = worker(settings, url, name, 4.0).communicate(timeout=90)
    assert stored(settings) == 100, errors


def test_while_the_store_cannot_take_it_messages_wait(parts, url, name, monkeypatch):
    monkeypatch.setattr(stream, "PAUSES", (0.1, 0.2))
    append, failures = parts.ingest.append, iter(range(3))

    def sometimes(*args, **kwargs):
        if next(failures, None) is not None:
            raise StoreUnavailable("the disk is full")
        return append(*args, **kwargs)

    monkeypatch.setattr(parts.ingest, "append", sometimes)
    asyncio.run(published(url, name, bodies(5)))
    count = stream.run(parts.receiving, url, name, until_idle=1.5)
    assert (count.stored, count.buried, next(failures, None)) == (5, 0, None)


def test_a_message_that_fails_by_itself_does_not_take_its_neighbours_with_it(parts, url, name, monkeypatch):
    append = parts.ingest.append

    def picky(texts, *args, **kwargs):
        if any("unreadable" in text for text in texts):
            raise ValueError("cannot be read")
        return append(texts, *args, **kwargs)

    monkeypatch.setattr(parts.ingest, "append", picky)
    asyncio.run(published(url, name, [*bodies(3), ("bad", b"ERROR unreadable"), *bodies(3, start=3)]))
    count = stream.run(parts.receiving, url, name, until_idle=1.5)
    assert (count.stored, count.buried) == (6, 1)
    assert asyncio.run(dead_letters(url, name))[0][1] == "ValueError: cannot be read"


@pytest.mark.parametrize("wrong", ["ftp://somewhere:21", "nonsense", ""])
def test_an_unknown_broker_is_said_in_words(wrong):
    with pytest.raises(InvalidInput, match="nats://, redis://, amqp:// and kafka:// are known"):
        open_broker(wrong, "errors", group="g", flight=1, hold=1.0)


def test_wildcards_are_refused():
    with pytest.raises(InvalidInput, match="without wildcards"):
        open_broker(URLS["nats"], "errors.>", group="g", flight=1, hold=1.0)


def test_a_broker_that_does_not_answer_is_said_without_its_password(parts, monkeypatch):
    monkeypatch.setattr(stream, "CONNECT_SECONDS", 2.0)
    with pytest.raises(Unavailable, match=r"redis://127.0.0.1:1 cannot be used") as caught:
        stream.run(parts.receiving, "redis://user:secret@127.0.0.1:1", "errors")
    assert "secret" not in str(caught.value)


def test_the_command_stores_and_says_how_many(settings, tmp_path):
    url, name = URLS["redis"], f"stacklens_test_{uuid4().hex[:10]}"
    if not answers(url):
        pytest.skip("no Redis on this machine")
    asyncio.run(published(url, name, bodies(3)))
    settings = Settings(data_dir=tmp_path)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("stacklens")), "stream", name, "--broker", url, "--until-idle", "1", "--json"],
        cwd=ROOT, text=True, capture_output=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "STACKLENS_DATA_DIR": str(settings.data_dir), "STACKLENS_SAMPLE": "false"},
    )  # fmt: skip
    asyncio.run(removed(url, name))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"stored": 3, "dead_letters": 0}
