"""What the map shows of each signature: its text, and how its issue stands. Read only."""

from dataclasses import dataclass

from app.storage.engine import Database
from app.storage.portable import sql

#: Characters of a signature's text that the map holds.
CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class MapRow:
    """A signature on the map; severity to assignee are its issue's, times (UTC seconds) and service of its own events."""

    id: int
    issue_id: int
    text: str
    severity: str
    category: str
    strangeness: float
    service: str
    first_seen: float
    last_seen: float
    status: str
    routine: bool
    muted_until: float | None
    mute_per_hour: int | None

    def is_muted(self, now: float) -> bool:
        return self.mute_per_hour is not None or (self.muted_until is not None and self.muted_until > now)


class Map:
    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> str:
        """Changes with whatever a row shows: a signature, an event, an answer, a score."""
        query = sql(
            "SELECT (SELECT value FROM meta WHERE key = 'vectors'), (SELECT max(id) FROM events), "
            "(SELECT max(id) FROM feedback), (SELECT round(CAST(sum(strangeness) AS NUMERIC), 3) FROM issues)"
        )
        with self._database.read() as connection:
            return " ".join(map(str, connection.execute(query).one()))

    def rows(self, encoder: str) -> list[MapRow]:
        """Every signature whose vector this encoder made, by id."""
        query = sql(
            "SELECT s.id, s.issue_id, substr(s.text, 1, :characters), i.severity, i.category, s.strangeness, "
            "coalesce((SELECT service FROM events WHERE signature_id = s.id AND service != '' LIMIT 1), i.service), "
            "coalesce((SELECT min(time) FROM events WHERE signature_id = s.id), i.first_seen), "
            "coalesce((SELECT max(time) FROM events WHERE signature_id = s.id), i.last_seen), "
            "i.status, i.routine, i.muted_until, i.mute_per_hour "
            "FROM signatures s JOIN issues i ON i.id = s.issue_id WHERE s.encoder = :encoder ORDER BY s.id"
        )
        with self._database.read() as connection:
            return [MapRow(*row) for row in connection.execute(query, {"encoder": encoder, "characters": CHARACTERS})]
