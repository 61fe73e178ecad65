"""NATS JetStream, Redis streams, RabbitMQ and Kafka behind one contract, by FastStream.

Each gives every message to one worker of the group, again to another where it was not acknowledged, and names it: by the id that
its sender gave (header or property `message-id`, also NATS's `Nats-Msg-Id`), else by its place in the broker. RabbitMQ knows no
place: there a message without an id is known by its content, as at the other doors.

Redelivery of what a dead worker held: NATS after `hold` seconds, Redis likewise (a second subscriber claims it), RabbitMQ and Kafka
at once. The tests use real servers of the first three; Kafka runs the same code and has not been tried on a server.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol
from uuid import uuid4

from faststream import AckPolicy
from faststream.message import StreamMessage

from app.domain import InvalidInput

Message = StreamMessage[Any]
Handler = Callable[[Message], Awaitable[None]]

#: Headers by which a sender may name a message, in lower case.
_ID_HEADERS: Final = ("message-id", "message_id", "x-message-id", "nats-msg-id")
#: Seconds that a worker that stops waits for what it is storing.
GRACE: Final = 30.0
DEAD: Final = "dead"


class Broker(Protocol):
    """A connection to one subject, queue, stream or topic."""

    async def start(self, handler: Handler) -> None:
        """Connects, makes what is missing, and gives messages to the handler, `flight` at once at most."""
        ...

    async def stop(self) -> None:
        """Takes no more, waits for what is being handled, and disconnects."""
        ...

    async def bury(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Puts a message where dead letters lie: the name with `.dead` behind it."""
        ...

    def place(self, message: Message) -> str:
        """What names the message in the broker, the same at every delivery; "" where nothing does."""
        ...

    async def hold(self, message: Message) -> None:
        """Asks for more time before the message is given to another worker."""
        ...


def open_broker(url: str, name: str, *, group: str, flight: int, hold: float) -> Broker:
    """InvalidInput for an address of a kind that is not known."""
    scheme = url.partition("://")[0].lower()
    kinds: dict[str, type[Any]] = {
        "nats": _Nats, "redis": _Redis, "rediss": _Redis, "amqp": _Rabbit, "amqps": _Rabbit, "kafka": _Kafka,
    }  # fmt: skip
    if scheme not in kinds:
        raise InvalidInput(f"unknown broker {scheme or url!r}: nats://, redis://, amqp:// and kafka:// are known")
    if not name or any(letter.isspace() or letter in "*>" for letter in name):
        raise InvalidInput("name one subject, queue, stream or topic, without wildcards")
    broker: Broker = kinds[scheme](url, name, group=group, flight=flight, hold=hold)
    return broker


def sent_id(message: Message) -> str:
    """The id that the sender gave, "" without one."""
    named = {str(key).lower(): value for key, value in (message.headers or {}).items()}
    found = next((named[header] for header in _ID_HEADERS if named.get(header)), "")
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)


async def _whole(message: Message) -> Message:
    """As FastStream's decoder: the handler reads bytes itself."""
    return message


_OPTIONS: Final[dict[str, Any]] = {
    "decoder": _whole, "apply_types": False, "ack_policy": AckPolicy.MANUAL, "graceful_timeout": GRACE, "logger": None,
}  # fmt: skip


class _Nats:
    """A pull consumer; it is durable, so that what is published while no worker runs waits."""

    def __init__(self, url: str, name: str, *, group: str, flight: int, hold: float) -> None:
        from faststream.nats import NatsBroker

        self._broker = NatsBroker(url, max_reconnect_attempts=-1, **_OPTIONS)
        self._name, self._group, self._flight, self._hold = name, group, flight, hold

    async def start(self, handler: Handler) -> None:
        from faststream.nats import JStream, PullSub
        from nats.js.api import ConsumerConfig

        jetstream = (await self._broker.connect()).jetstream()
        stream = await self._stream_of(jetstream, self._name)
        await self._stream_of(jetstream, f"{self._name}.{DEAD}")
        config = ConsumerConfig(ack_wait=self._hold, max_ack_pending=4 * self._flight)
        self._broker.subscriber(
            self._name, stream=JStream(stream, declare=False), durable=f"{self._group}-{_plain(self._name)}", config=config,
            pull_sub=PullSub(batch_size=self._flight, timeout=1.0),
        )(handler)  # fmt: skip
        await self._broker.start()

    @staticmethod
    async def _stream_of(jetstream: Any, subject: str) -> str:
        """The stream that keeps the subject; made where there is none."""
        from nats.js.errors import NotFoundError

        try:
            return str(await jetstream.find_stream_name_by_subject(subject))
        except NotFoundError:
            made = await jetstream.add_stream(name=f"stacklens-{_plain(subject)}", subjects=[subject])
            return str(made.config.name)

    async def stop(self) -> None:
        await self._broker.stop()

    async def bury(self, body: bytes, headers: Mapping[str, str]) -> None:
        from nats.js.errors import NoStreamResponseError

        jetstream = (await self._broker.connect()).jetstream()
        with suppress(NoStreamResponseError):
            await jetstream.publish(f"{self._name}.{DEAD}", body, headers=dict(headers))

    def place(self, message: Message) -> str:
        about = message.raw_message.metadata
        return f"{about.stream}:{about.sequence.stream}"

    async def hold(self, message: Message) -> None:
        await message.raw_message.in_progress()


class _Redis:
    def __init__(self, url: str, name: str, *, group: str, flight: int, hold: float) -> None:
        from faststream.redis import RedisBroker

        self._broker = RedisBroker(url, **_OPTIONS)
        self._name, self._group, self._flight, self._hold = name, group, flight, hold
        self._consumer = f"stacklens-{uuid4().hex[:12]}"

    async def start(self, handler: Handler) -> None:
        from faststream.redis import StreamSub
        from redis.exceptions import ResponseError

        client: Any = await self._broker.connect()
        with suppress(ResponseError):  # the group is there; FastStream would make it without what was published before
            await client.xgroup_create(self._name, self._group, id="0", mkstream=True)
        common: dict[str, Any] = {"group": self._group, "last_id": ">", "polling_interval": 200}
        fresh = StreamSub(self._name, consumer=self._consumer, max_records=self._flight, **common)
        orphans = StreamSub(self._name, consumer=self._consumer, min_idle_time=int(self._hold * 1000), **common)
        for stream in (fresh, orphans):
            self._broker.subscriber(stream=stream, max_workers=self._flight)(handler)
        await self._broker.start()

    async def stop(self) -> None:
        await self._broker.stop()

    async def bury(self, body: bytes, headers: Mapping[str, str]) -> None:
        client: Any = await self._broker.connect()
        await client.xadd(f"{self._name}.{DEAD}", {"data": body, **headers})

    def place(self, message: Message) -> str:
        return message.raw_message["message_ids"][0].decode()  # type: ignore[no-any-return]

    async def hold(self, message: Message) -> None:
        client: Any = await self._broker.connect()
        await client.xclaim(self._name, self._group, self._consumer, 0, message.raw_message["message_ids"], justid=True)


class _Rabbit:
    """A durable queue; an existing one is used as it is. As many messages as are in flight are given in advance."""

    def __init__(self, url: str, name: str, *, group: str, flight: int, hold: float) -> None:
        from faststream.rabbit import Channel, RabbitBroker

        self._broker = RabbitBroker(url, default_channel=Channel(prefetch_count=flight), **_OPTIONS)
        self._name = name

    async def start(self, handler: Handler) -> None:
        from faststream.rabbit import RabbitQueue

        await self._declare(self._name)
        await self._declare(f"{self._name}.{DEAD}")
        self._broker.subscriber(RabbitQueue(self._name, durable=True, declare=False))(handler)
        await self._broker.start()

    async def _declare(self, name: str) -> None:
        from aiormq.exceptions import ChannelNotFoundEntity

        connection: Any = await self._broker.connect()
        channel = await connection.channel()
        try:
            await channel.get_queue(name, ensure=True)
        except ChannelNotFoundEntity:  # which closes the channel
            channel = await connection.channel()
            await channel.declare_queue(name, durable=True)
        await channel.close()

    async def stop(self) -> None:
        await self._broker.stop()

    async def bury(self, body: bytes, headers: Mapping[str, str]) -> None:
        await self._broker.publish(body, f"{self._name}.{DEAD}", headers=dict(headers), persist=True)

    def place(self, message: Message) -> str:
        return str(message.raw_message.message_id or "")

    async def hold(self, message: Message) -> None:
        """RabbitMQ waits for a worker as long as it is connected."""


class _Kafka:
    """Offsets are committed after storing, one message after another; partitions share the work among the group."""

    def __init__(self, url: str, name: str, *, group: str, flight: int, hold: float) -> None:
        from faststream.kafka import KafkaBroker

        self._broker = KafkaBroker(url.partition("://")[2], **_OPTIONS)
        self._name, self._group = name, group

    async def start(self, handler: Handler) -> None:
        self._broker.subscriber(
            self._name, group_id=self._group, auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL
        )(handler)
        await self._broker.start()

    async def stop(self) -> None:
        await self._broker.stop()

    async def bury(self, body: bytes, headers: Mapping[str, str]) -> None:
        await self._broker.publish(body, f"{self._name}.{DEAD}", headers=dict(headers))

    def place(self, message: Message) -> str:
        raw = message.raw_message
        return f"{raw.topic}:{raw.partition}:{raw.offset}"

    async def hold(self, message: Message) -> None:
        """The group waits `max_poll_interval_ms`, five minutes."""


def _plain(subject: str) -> str:
    """A name of a stream or consumer holds no dots."""
    return subject.replace(".", "_")
