"""`stacklens stream`: errors from a broker into the store, each message once, however often it is delivered.

A message is acknowledged when its events are stored, in the same transactions as those of the other doors (group commit). What a
message brought is known by its id or place (see `stream_brokers`), so that a second delivery stores nothing: at least once by the
broker, exactly once in the store. While the store cannot take it (full, down), messages wait unacknowledged, and the broker gives
no more than are in flight. What can never be stored is buried: it goes to the dead letters with the reason, and the rest goes on.
"""

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.domain import StackLensError, Unavailable
from app.jobs.stream_brokers import Broker, Message, open_broker, sent_id
from app.services.ingest import Origin
from app.services.receiving import Busy, ReceivingService

#: Bytes of a message; a longer one is no error.
LARGEST: Final = 1_000_000
#: How often a message is tried that fails for a reason of its own.
TRIES: Final = 3
#: Seconds between two tries while the store cannot take it: doubled up to the second.
PAUSES: Final = (0.5, 15.0)
#: Seconds that a broker may take to answer at first; later, connections that break are made again for ever.
CONNECT_SECONDS: Final = 20.0
#: Messages that one worker has in hand.
FLIGHT: Final = 200


@dataclass(slots=True)
class Count:
    """Messages since the start; `last` is when one came, by `time.monotonic`."""

    stored: int = 0
    buried: int = 0
    waiting: int = 0
    last: float = field(default_factory=time.monotonic)


class Door:
    """What becomes of each message."""

    def __init__(self, broker: Broker, receiving: ReceivingService, origin: Origin, place: str) -> None:
        self._broker = broker
        self._receiving = receiving
        self._origin = origin
        self._place = place
        self.count = Count()

    async def take(self, message: Message) -> None:
        """Stores it, or buries it, and acknowledges it. Left unacknowledged where the process ends before."""
        self.count.last = time.monotonic()
        self.count.waiting += 1
        try:
            why = await self._refused(message)
            if why:
                about = {"reason": why, "origin": self._place, "message-id": self._id(message)}
                await self._broker.bury(bytes(message.body), about)
                self.count.buried += 1
            else:
                self.count.stored += 1
            await message.ack()
        finally:
            self.count.waiting -= 1
            self.count.last = time.monotonic()

    async def _refused(self, message: Message) -> str:
        """Why it can never be stored; "" once it is."""
        body = bytes(message.body)
        if len(body) > LARGEST:
            return f"{len(body):,} bytes, more than the {LARGEST:,} of a message"
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            return f"no UTF-8 text: {error.reason} at byte {error.start}"
        if not text.strip():
            return "there is nothing in it"
        return await self._stored(text, message)

    async def _stored(self, text: str, message: Message) -> str:
        id = self._id(message)
        ids = (f"{self._place}:{id}",) if id else ()
        origin = self._origin if id else Origin(self._origin.actor, f"{self._origin.name}, no ids", self._origin.source)
        pause, tried = PAUSES[0], 0
        while True:
            try:
                stored = self._receiving.hand_in((text,), origin, ids)
                await asyncio.shield(asyncio.wrap_future(stored))  # a worker that stops does not take it back
            except (Unavailable, Busy):
                await self._broker.hold(message)
                await asyncio.sleep(pause)
                pause = min(2 * pause, PAUSES[1])
            except Exception as error:
                tried += 1
                if isinstance(error, StackLensError) or tried == TRIES:
                    return f"{type(error).__name__}: {error}"[:500]
            else:
                return ""

    def _id(self, message: Message) -> str:
        return (sent_id(message) or self._broker.place(message))[:200]


def run(
    receiving: ReceivingService,
    url: str,
    name: str,
    *,
    group: str = "stacklens",
    flight: int = FLIGHT,
    hold: float = 60.0,
    until_idle: float | None = None,
    say: Callable[[Count], None] = lambda _: None,
) -> Count:
    """Works until SIGTERM or SIGINT, or until nothing came for `until_idle` seconds; what was begun is finished first.

    `hold` seconds without an answer, another worker is given the message. `say` is told the count every second.
    """
    return asyncio.run(_run(receiving, url, name, group=group, flight=flight, hold=hold, until_idle=until_idle, say=say))


async def _run(
    receiving: ReceivingService, url: str, name: str, *, group: str, flight: int, hold: float, until_idle: float | None,
    say: Callable[[Count], None],
) -> Count:  # fmt: skip
    broker = open_broker(url, name, group=group, flight=flight, hold=hold)
    scheme = url.partition("://")[0].lower()
    door = Door(broker, receiving, Origin(f"stream:{scheme}", f"{scheme} {name}", "stream"), f"{scheme}:{name}")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await asyncio.wait_for(broker.start(door.take), CONNECT_SECONDS)
    except Exception as error:  # each client has errors of its own
        why = str(error) or type(error).__name__
        raise Unavailable(f"the broker {_without_password(url)} cannot be used: {why}") from error
    try:
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), 1.0)
            except TimeoutError:
                say(door.count)
                resting = 0.0 if door.count.waiting else time.monotonic() - door.count.last
                if until_idle is not None and resting > until_idle:
                    break
    finally:
        await broker.stop()
    return door.count


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
