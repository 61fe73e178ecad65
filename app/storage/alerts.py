"""Alerts: destinations, the policy, and the outbox. A message is stored before it is sent and marked sent after the answer."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, update

from app.domain import NotFound
from app.storage import schema
from app.storage.engine import Database
from app.storage.portable import insert

_D, _O, _M = schema.alert_destinations.c, schema.alert_outbox.c, schema.meta.c
_MARK: Final = "alerts_evaluated"
#: Seconds that a message which is over stays listed.
KEPT: Final = 90 * 86_400.0


@dataclass(frozen=True, slots=True)
class Destination:
    """`kind`: webhook, slack or email. `target` is secret and in no repr."""

    id: int
    name: str
    kind: str
    target: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """`rules` that are on; `cooldown` in seconds; quiet hours in minutes of the day in `zone`, None for none.

    `ticket`: a link template with {title}, {url} and {severity}, "" for none.
    """

    rules: tuple[str, ...]
    cooldown: float
    quiet_from: int | None
    quiet_until: int | None
    zone: str
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the rules have looked: ids of the newest event, issue and log row."""

    event: int
    issue: int
    entry: int


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell: `fact` of `subject` by `rule`. `path` is the page, with its query."""

    rule: str
    subject: str
    fact: str
    title: str
    text: str
    path: str
    issue_id: int | None = None
    severity: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to one destination. `at`: when it was queued, in UTC seconds; the cooldown counts from there.

    `state`: waiting, sent or failed; `said`: how the last try ended, in words.
    """

    id: int
    destination_id: int
    message: Message
    at: float
    state: str
    tries: int
    next_at: float
    ended_at: float | None
    said: str


class Alerts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def destinations(self) -> list[Destination]:
        with self._database.read() as connection:
            rows = connection.execute(select(schema.alert_destinations).order_by(_D.id)).mappings().all()
        return [Destination(**row) for row in rows]

    def destination(self, destination_id: int) -> Destination:
        """NotFound if it was removed."""
        found = [one for one in self.destinations() if one.id == destination_id]
        if not found:
            raise NotFound(f"there is no destination {destination_id}")
        return found[0]

    def add_destination(self, name: str, kind: str, target: str) -> int:
        """With the first one the rules begin to look: at what comes from now on."""
        with self._database.write() as connection:
            if connection.execute(select(func.count()).select_from(schema.alert_destinations)).scalar() == 0:
                _set_mark(connection, _newest(connection))
            row = connection.execute(
                insert(connection, schema.alert_destinations)
                .values(name=name, kind=kind, target=target)
                .returning(_D.id)
            )
            return int(row.scalar_one())

    def remove_destination(self, destination_id: int) -> None:
        """With what still waits for it; what was sent stays listed."""
        with self._database.write() as connection:
            connection.execute(delete(schema.alert_destinations).where(_D.id == destination_id))
            mine = (_O.destination_id == destination_id, _O.state == "waiting")
            connection.execute(delete(schema.alert_outbox).where(*mine))

    def failing(self) -> int:
        """How many messages were given up, or wait for another try."""
        tried = (_O.state == "failed") | ((_O.state == "waiting") & (_O.tries > 0))
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(schema.alert_outbox).where(tried)).scalar_one())

    def policy(self) -> Policy | None:
        with self._database.read() as connection:
            row = connection.execute(select(schema.alert_policy)).mappings().first()
        if row is None:
            return None
        values: dict[str, Any] = {key: row[key] for key in Policy.__slots__}
        return Policy(**values | {"rules": tuple(values["rules"])})

    def set_policy(self, policy: Policy) -> None:
        values = asdict(policy) | {"rules": list(policy.rules)}
        with self._database.write() as connection:
            statement = insert(connection, schema.alert_policy).values(id=1, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))

    def marks(self) -> tuple[Mark | None, Mark]:
        """How far the rules have looked (None: never), and how far they could look now."""
        with self._database.read() as connection:
            value = connection.execute(select(_M.value).where(_M.key == _MARK)).scalar()
            newest = _newest(connection)
        return (Mark(*map(int, value.split())) if value else None), newest

    def new_issues(self, mark: Mark, upto: Mark, limit: int) -> list[int]:
        """Issues that were born between the two marks and are no noise, oldest first. A split bears none."""
        i, s = schema.issues.c, schema.signatures.c
        born = select(s.id).where(s.issue_id == i.id, s.home_id == i.id).exists()
        query = select(i.id).where(i.id > mark.issue, i.id <= upto.issue, i.routine.is_(False), i.count > 0, born)
        with self._database.read() as connection:
            return [int(one) for one in connection.execute(query.order_by(i.id).limit(limit)).scalars()]

    def regressions(self, mark: Mark, upto: Mark) -> list[tuple[int, int]]:
        """(log row, issue) of every resolved issue that came back between the two marks, oldest first."""
        f = schema.feedback.c
        query = (
            select(f.id, f.issue_id).where(f.id > mark.entry, f.id <= upto.entry, f.kind == "regress").order_by(f.id)
        )
        with self._database.read() as connection:
            return [(int(row.id), int(row.issue_id)) for row in connection.execute(query)]

    def put(self, messages: Sequence[Message], *, now: float, due: float, cooldown: float, looked: Mark) -> int:
        """Queues each message once for every destination and moves the mark, in one transaction; how many rows are new.

        A message whose rule and subject were told to a destination within `cooldown` seconds is left out.
        """
        with self._database.write() as connection:
            targets = connection.execute(select(_D.id)).scalars().all()
            new = sum(
                _put(connection, one, to, now=now, due=due, cooldown=cooldown) for one in messages for to in targets
            )
            _set_mark(connection, looked)
            over = (_O.state != "waiting", _O.ended_at < now - KEPT)
            connection.execute(delete(schema.alert_outbox).where(*over))
            return new

    def put_claimed(self, message: Message, destination_id: int, *, now: float, lease: float) -> Outgoing:
        """Queues a message to one destination that the caller sends itself."""
        values = _values(message, destination_id, now, now + lease) | {"tries": 1}
        with self._database.write() as connection:
            query = insert(connection, schema.alert_outbox).values(values).returning(*_O)
            return _outgoing(connection.execute(query).mappings().one())

    def claim(self, now: float, lease: float) -> Outgoing | None:
        """The message that has been due longest, the caller's alone for `lease` seconds; due again if it then says nothing."""
        with self._database.write() as connection:
            due = select(_O.id).where(_O.state == "waiting", _O.next_at <= now).order_by(_O.next_at, _O.id).limit(1)
            mine = update(schema.alert_outbox).where(_O.id == due.scalar_subquery())
            query = mine.values(next_at=now + lease, tries=_O.tries + 1).returning(*_O)
            row = connection.execute(query).mappings().first()
        return None if row is None else _outgoing(row)

    def end(self, outgoing_id: int, state: str, said: str, at: float) -> None:
        with self._database.write() as connection:
            row = update(schema.alert_outbox).where(_O.id == outgoing_id)
            connection.execute(row.values(state=state, said=said, ended_at=at))

    def later(self, outgoing_id: int, said: str, next_at: float) -> None:
        with self._database.write() as connection:
            row = update(schema.alert_outbox).where(_O.id == outgoing_id)
            connection.execute(row.values(said=said, next_at=next_at))

    def again(self, outgoing_id: int, now: float) -> bool:
        """Queues one that failed once more, with all its tries."""
        with self._database.write() as connection:
            row = update(schema.alert_outbox).where(_O.id == outgoing_id, _O.state == "failed")
            values: dict[str, Any] = {"state": "waiting", "tries": 0, "next_at": now, "ended_at": None}
            return connection.execute(row.values(values)).rowcount == 1

    def next_due(self) -> float | None:
        """When the next message that waits is due; None where none waits."""
        with self._database.read() as connection:
            return connection.execute(select(func.min(_O.next_at)).where(_O.state == "waiting")).scalar()

    def newest(self, limit: int = 50) -> list[Outgoing]:
        with self._database.read() as connection:
            query = select(schema.alert_outbox).order_by(_O.id.desc()).limit(limit)
            return [_outgoing(row) for row in connection.execute(query).mappings()]


def _put(connection: Connection, one: Message, to: int, *, now: float, due: float, cooldown: float) -> int:
    told = (_O.destination_id == to, _O.rule == one.rule, _O.subject == one.subject, _O.at > now - cooldown)
    if connection.execute(select(_O.id).where(*told).limit(1)).first() is not None:
        return 0
    query = insert(connection, schema.alert_outbox).values(_values(one, to, now, due)).on_conflict_do_nothing()
    return int(connection.execute(query.returning(_O.id)).first() is not None)


def _values(message: Message, destination_id: int, now: float, due: float) -> dict[str, Any]:
    return asdict(message) | {
        "at": now, "destination_id": destination_id, "state": "waiting", "tries": 0, "next_at": due, "said": "",
    }  # fmt: skip


def _outgoing(row: Any) -> Outgoing:
    message = Message(**{key: row[key] for key in Message.__slots__})
    rest = {key: row[key] for key in Outgoing.__slots__ if key != "message"}
    return Outgoing(message=message, **rest)


def _newest(connection: Connection) -> Mark:
    tables = (schema.events, schema.issues, schema.feedback)
    return Mark(*(int(connection.execute(select(func.max(one.c.id))).scalar() or 0) for one in tables))


def _set_mark(connection: Connection, mark: Mark) -> None:
    value = f"{mark.event} {mark.issue} {mark.entry}"
    query = insert(connection, schema.meta).values(key=_MARK, value=value)
    connection.execute(query.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
