"""Tokens of machines, by the hash of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from app.domain import NotFound
from app.storage import schema
from app.storage.engine import Database

_T = schema.tokens.c
_SHOWN = [column for column in schema.tokens.c if column.name != "sha256"]


@dataclass(frozen=True, slots=True)
class Token:
    """Times in UTC seconds; None: never. `scopes` of `app.services.tokens.SCOPES`."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: float
    created_by: str
    expires_at: float | None
    used_at: float | None
    revoked_at: float | None
    revoked_by: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "scopes", tuple(self.scopes))


class Tokens:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, name: str, scopes: Sequence[str], sha256: str, *, at: float, actor: str, expires_at: float | None
    ) -> Token:
        values = {"name": name, "scopes": list(scopes), "sha256": sha256, "created_at": at, "created_by": actor,
                  "expires_at": expires_at, "revoked_by": ""}  # fmt: skip
        with self._database.write() as connection:
            row = connection.execute(insert(schema.tokens).values(values).returning(*_SHOWN)).mappings().one()
        return Token(**row)

    def by_hash(self, sha256: str) -> Token | None:
        with self._database.read() as connection:
            row = connection.execute(select(*_SHOWN).where(_T.sha256 == sha256)).mappings().first()
        return Token(**row) if row else None

    def all(self) -> list[Token]:
        """The newest first, those that no longer work too."""
        with self._database.read() as connection:
            return [Token(**row) for row in connection.execute(select(*_SHOWN).order_by(_T.id.desc())).mappings()]

    def revoke(self, token_id: int, *, at: float, actor: str) -> None:
        """NotFound if there is none; one that is revoked stays as it is."""
        with self._database.write() as connection:
            if connection.execute(select(_T.id).where(_T.id == token_id)).first() is None:
                raise NotFound(f"there is no token {token_id}")
            gone = update(schema.tokens).where(_T.id == token_id, _T.revoked_at.is_(None))
            connection.execute(gone.values(revoked_at=at, revoked_by=actor))

    def used(self, token_id: int, at: float) -> None:
        with self._database.write() as connection:
            connection.execute(update(schema.tokens).where(_T.id == token_id).values(used_at=at))
