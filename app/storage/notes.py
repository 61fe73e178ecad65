"""Small things that are stored by name: runbook links, visits, marks of the store itself."""

from sqlalchemy import delete, select

from app.domain import Entry
from app.storage import schema
from app.storage.engine import Database
from app.storage.log import append, stored_under
from app.storage.portable import insert


class Notes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def set_runbook(self, action: str, service: str, url: str, entry: Entry) -> None:
        """The link for an action on a service ("" = any service); an empty url takes it away. Logged."""
        table = schema.runbooks
        with self._database.write() as connection:
            if stored_under(connection, entry.key) is not None:
                return  # said before; what came after it holds
            connection.execute(delete(table).where(table.c.action == action, table.c.service == service))
            if url:
                connection.execute(insert(connection, table).values(action=action, service=service, url=url))
            append(connection, entry)

    def runbook(self, action: str, service: str) -> str:
        """The link for this service, else the one for any service, else ""."""
        table = schema.runbooks
        query = (
            select(table.c.url)
            .where(table.c.action == action, table.c.service.in_((service, "")))
            .order_by(table.c.service.desc())
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar() or ""

    def runbooks(self) -> list[tuple[str, str, str]]:
        with self._database.read() as connection:
            return [tuple(row) for row in connection.execute(select(schema.runbooks).order_by("action", "service"))]

    def visited(self, actor: str, at: float) -> float | None:
        """Records a visit and gives the time of the one before it."""
        table = schema.visits
        with self._database.write() as connection:
            before = connection.execute(select(table.c.at).where(table.c.actor == actor)).scalar()
            row = insert(connection, table).values(actor=actor, at=at)
            connection.execute(row.on_conflict_do_update(index_elements=["actor"], set_={"at": at}))
        return before

    def last_visit(self, actor: str) -> float | None:
        with self._database.read() as connection:
            return connection.execute(select(schema.visits.c.at).where(schema.visits.c.actor == actor)).scalar()

    def mark(self, key: str, value: str) -> None:
        with self._database.write() as connection:
            row = insert(connection, schema.meta).values(key=key, value=value)
            connection.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": value}))

    def claim(self, key: str, value: str) -> bool:
        """Sets a mark that nobody has set yet; False if there is one (of several processes, one gets True)."""
        with self._database.write() as connection:
            row = insert(connection, schema.meta).values(key=key, value=value).on_conflict_do_nothing()
            return connection.execute(row.returning(schema.meta.c.key)).first() is not None

    def marked(self, key: str) -> str:
        """The value of a mark, "" where there is none."""
        with self._database.read() as connection:
            return connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == key)).scalar() or ""
