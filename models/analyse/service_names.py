"""Which other services a log text names, and whether as one that is called or as one that calls.

A name counts where it cannot be mistaken for a word: as the host of an address or the first segment of an API's path, after
words such as "call to", "upstream" or "circuit breaker", or anywhere if it looks like no word ("orders-db"). A text that
speaks a database's, a cache's or a queue's language (JDBC, Redis, AMQP) names the one there is, if there is only one.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from models.analyse.topology_build import kind_of

#: How sure each way of naming is that the one depends on the other.
ADDRESS, PHRASE, DISTINCT, PATH, CLIENT, DRIVER = 0.95, 0.9, 0.8, 0.7, 0.7, 0.5

_WORD: Final = r"([A-Za-z][\w\-]{0,60}(?:\.[\w\-]{1,60}){0,6})"
_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.\-]{1,15}://(?:[^@/\s\"']{1,200}@)?" + _WORD, re.IGNORECASE)
_PORT: Final = re.compile(r"(?<![\w./\-@])" + _WORD + r":\d{2,5}\b")
_PHRASE: Final = re.compile(
    r"\b(?:call(?:ing|s|ed)?(?: (?:to|of|service|the))*|requests? (?:to|for)(?: the)?|connect(?:ion|ing|ed)? (?:to|with)(?: the)?"
    r"|send(?:ing)? to|publish(?:ing|ed)? to|reach(?:ing)?|upstream:?|lookup|circuit ?breaker|waiting for|response (?:from|of)"
    r"|(?:depends|depending) on|downstream|dependency|backend|peer|no such host:?)[ :=]{1,3}[\"'`(\[]?" + _WORD,
    re.IGNORECASE,
)
_CLIENT: Final = re.compile(
    r"\b(?:(?:requests?|calls?|connections?|messages?|client)(?: received)? (?:from|by)(?: the)?|user(?:name)?|client|caller"
    r"|application_name)[ :=]{1,3}[\"'`(\[]?" + _WORD,
    re.IGNORECASE,
)
_PATH: Final = re.compile(r"[\s\"']/(?:api/(?:v\d{1,2}/)?|v\d{1,2}/)([a-z][\w\-]{1,60})(?=[/?\s\"'])")
_DISTINCT: Final = re.compile(r"(?<![\w./\-])([A-Za-z][A-Za-z0-9]{0,40}(?:[\-_][A-Za-z0-9]{1,40}){1,6})(?![\w\-]|\.\w)")
_DRIVERS: Final = (
    (
        "database",
        re.compile(
            r"\b(?:jdbc|hikari\w{0,10}|psqlexception|org\.postgresql|psycopg2?|sqlstate|sqlalchemy|pymongo|mongoclient|ora-\d{4,5}|pgx"
            r"|sqlexception|activerecord::\w{1,40})\b",
            re.IGNORECASE,
        ),
    ),
    ("cache", re.compile(r"\b(?:redis\w{0,20}|ioredis|jedis\w{0,20}|lettuce|memcached?|valkey)\b", re.IGNORECASE)),
    (
        "queue",
        re.compile(
            r"\b(?:amqp\w{0,20}|rabbit(?:mq|template)?|kafka\w{0,20}|pika|basic\.(?:publish|consume|ack|nack)|jms\w{0,20})\b",
            re.IGNORECASE,
        ),
    ),
)


class Named(NamedTuple):
    """`service` is a place among the names; `calls` where the writer calls it, not the other way; `certainty` in [0, 1]."""

    service: int
    calls: bool
    certainty: float


class ServiceNames:
    """Finds the names in texts; upper and lower case do not matter. Time per text is linear in its length."""

    def __init__(self, names: Sequence[str]) -> None:
        self._places = {name.lower(): place for place, name in enumerate(names)}
        kinds = [kind_of(name) for name in names]
        self._only = {kind: kinds.index(kind) for kind, _ in _DRIVERS if kinds.count(kind) == 1}

    def named(self, text: str, writer: str = "") -> list[Named]:
        """Each service that `text` names but its own `writer`, in the surest way that it does."""
        best: dict[int, Named] = {}
        own = self._places.get(writer.lower(), -1)
        for token, calls, certainty in _tokens(text):
            place = self._place(token)
            if place is not None and place != own and (place not in best or certainty > best[place].certainty):
                best[place] = Named(place, calls, certainty)
        for kind, pattern in _DRIVERS:
            place = self._only.get(kind)
            if place is not None and place != own and place not in best and pattern.search(text):
                best[place] = Named(place, True, DRIVER)
        return sorted(best.values())

    def _place(self, token: str) -> int | None:
        """A host belongs to the service of its whole name or of its first label ("orders.shop.internal")."""
        lower = token.lower().rstrip(".")
        return self._places.get(lower, self._places.get(lower.partition(".")[0]))


def _tokens(text: str) -> Iterator[tuple[str, bool, float]]:
    for pattern, calls, certainty in (
        (_ADDRESS, True, ADDRESS), (_PORT, True, ADDRESS), (_CLIENT, False, CLIENT), (_PHRASE, True, PHRASE),
        (_DISTINCT, True, DISTINCT), (_PATH, True, PATH),
    ):  # fmt: skip
        for match in pattern.finditer(text):
            yield match[1], calls, certainty
