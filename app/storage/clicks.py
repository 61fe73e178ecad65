"""What the resolution policies learn from: the log's answers in order, and how often an error had come by then."""

from typing import Final

from sqlalchemy import func, select

from app.domain import Entry
from app.storage import schema
from app.storage.engine import Database
from models.analyse.resolution_state import Activity

#: What is learnt from, and what moves or takes back something that was learnt.
LEARNT: Final = ("accept", "reject", "outcome", "resolve", "reopen", "regress", "promote_policy")
MOVING: Final = ("undo", "merge", "split", "not_same", "purge", "remove_upload")
#: More events than these are as good as these.
_MOST: Final = 5_000
_HOUR: Final = 3600.0


class Clicks:
    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self) -> int:
        """The id of the log's newest row, 0 for none: as long as it stays, nothing was said."""
        with self._database.read() as connection:
            return connection.execute(select(func.max(schema.feedback.c.id))).scalar() or 0

    def after(self, entry_id: int) -> list[Entry]:
        """Entries of these kinds with a larger id, in order."""
        c = schema.feedback.c
        query = select(schema.feedback).where(c.id > entry_id, c.kind.in_((*LEARNT, *MOVING))).order_by(c.id)
        with self._database.read() as connection:
            return [Entry(**row) for row in connection.execute(query).mappings()]

    def activity(self, signature_id: int, until: float) -> Activity:
        """Its events up to a time (UTC seconds), and those in the hour and the day before the last of them."""
        c = schema.events.c
        known = (c.signature_id == signature_id, c.time <= until)
        with self._database.read() as connection:
            first, last = connection.execute(
                select(
                    select(func.min(c.time)).where(*known).scalar_subquery(),
                    select(func.max(c.time)).where(*known).scalar_subquery(),
                )
            ).one()
            if first is None or last is None:
                return Activity()

            def counted(since: float) -> int:
                rows = select(c.id).where(*known, c.time >= since).limit(_MOST).subquery()
                return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())

            counts = (counted(first), counted(last - _HOUR), counted(last - 24 * _HOUR))
        return Activity(*counts, age_hours=(until - first) / _HOUR, quiet_hours=(until - last) / _HOUR)
