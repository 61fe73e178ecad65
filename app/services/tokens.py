"""TokenService: who may speak at the API, and for what.

A token is 256 random bits, shown once. Stored is its SHA-256: a hash that is slow on purpose, as for passwords, is for what can
be guessed, and 256 bits cannot. A token works until it expires or is revoked, which holds from the next request on.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

from app.domain import InvalidInput, StackLensError
from app.storage.store import Store
from app.storage.tokens import Token

#: What a token may be for; `admin` is everything, removing and purging too.
SCOPES: Final = ("read", "ingest", "feedback", "admin")
PREFIX: Final = "sl_"
#: Seconds between two notes of when a token was last used.
_NOTED: Final = 60.0
_DAY: Final = 86_400.0
_MAX_NAME: Final = 100


class TokenNeeded(StackLensError):  # noqa: N818 - reads as what is the case
    """None was sent, or it is unknown, expired or revoked: which of these is not said."""

    code = "token_needed"


class NotAllowed(StackLensError):  # noqa: N818 - reads as what is the case
    """The token is known and is not for this."""

    code = "not_allowed"


class TokenService:
    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock

    def create(self, name: str, scopes: Sequence[str], *, actor: str, days: float | None = None) -> tuple[str, Token]:
        """The secret, which is not stored, and the token. `days` until it expires; None: it does not."""
        name, actor = " ".join(name.split()), " ".join(actor.split())
        if not name or len(name) > _MAX_NAME:
            raise InvalidInput(f"a token needs a name of at most {_MAX_NAME} characters: which machine shows it?")
        if not actor:
            raise InvalidInput("a name is needed: who makes it?")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise InvalidInput(f"a token is for one or more of {', '.join(SCOPES)}")
        if days is not None and not 0 < days <= 3650:
            raise InvalidInput("a token expires within ten years, or never")
        secret, now = PREFIX + secrets.token_urlsafe(32), self._clock()
        expires = None if days is None else now + days * _DAY
        ordered = [scope for scope in SCOPES if scope in scopes]
        return secret, self._store.tokens.add(name, ordered, _hash(secret), at=now, actor=actor, expires_at=expires)

    def check(self, secret: str, scope: str) -> Token:
        """TokenNeeded, or NotAllowed where the token is for something else."""
        token = self._store.tokens.by_hash(_hash(secret)) if secret.startswith(PREFIX) else None
        if token is None or not self.works(token):
            raise TokenNeeded("send a token that works: Authorization: Bearer sl_…; `stacklens token create` makes one")
        if scope not in token.scopes and "admin" not in token.scopes:
            raise NotAllowed(f"the token {token.name!r} is for {', '.join(token.scopes)}, and this needs {scope}")
        if token.used_at is None or self._clock() - token.used_at > _NOTED:
            self._store.tokens.used(token.id, self._clock())
        return token

    def works(self, token: Token) -> bool:
        return token.revoked_at is None and (token.expires_at is None or self._clock() < token.expires_at)

    def revoke(self, token_id: int, *, actor: str) -> None:
        """It works no more, from the next request on."""
        if not actor.strip():
            raise InvalidInput("a name is needed: who revokes it?")
        self._store.tokens.revoke(token_id, at=self._clock(), actor=actor.strip())

    def all(self) -> list[Token]:
        return self._store.tokens.all()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
