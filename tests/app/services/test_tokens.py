"""Tokens: shown once, stored as a hash, for something, until they expire or are revoked."""

import pytest

from app.domain import InvalidInput, NotFound
from app.services.tokens import NotAllowed, TokenNeeded, TokenService


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(parts, clock):
    return TokenService(parts.store, clock)


def test_the_secret_is_nowhere_in_the_store(tokens, parts):
    secret, token = tokens.create("fluent-bit on web-1", ["ingest"], actor="ada")
    assert tokens.check(secret, "ingest").id == token.id
    parts.store.database.forget(["tokens"])
    assert secret.encode() not in parts.store.database.file.read_bytes()
    assert secret[3:].encode() not in parts.store.database.file.read_bytes()


def test_two_tokens_differ(tokens):
    assert tokens.create("a", ["read"], actor="ada")[0] != tokens.create("a", ["read"], actor="ada")[0]


def test_a_token_is_for_what_it_says_and_admin_for_everything(tokens):
    ingest, _ = tokens.create("shipper", ["ingest"], actor="ada")
    admin, _ = tokens.create("backup", ["admin"], actor="ada")
    with pytest.raises(NotAllowed, match="'shipper' is for ingest, and this needs read"):
        tokens.check(ingest, "read")
    for scope in ("read", "ingest", "feedback", "admin"):
        tokens.check(admin, scope)


def test_it_expires_and_can_be_revoked_which_holds_at_once(tokens, clock):
    lasting, first = tokens.create("a", ["read"], actor="ada")
    short, _ = tokens.create("b", ["read"], actor="ada", days=1)
    clock.now += 86_401
    with pytest.raises(TokenNeeded):
        tokens.check(short, "read")
    tokens.check(lasting, "read")
    tokens.revoke(first.id, actor="bob")
    with pytest.raises(TokenNeeded):
        tokens.check(lasting, "read")
    gone = tokens.all()[-1]
    assert (gone.revoked_by, gone.revoked_at) == ("bob", clock.now)
    tokens.revoke(first.id, actor="eve")
    assert tokens.all()[-1].revoked_by == "bob"
    with pytest.raises(NotFound):
        tokens.revoke(99, actor="ada")


def test_its_last_use_is_noted_once_a_minute(tokens, clock):
    secret, _ = tokens.create("a", ["read"], actor="ada")
    for seconds, noted in ((0, 1_000_000.0), (30, 1_000_000.0), (40, 1_000_070.0)):
        clock.now += seconds
        tokens.check(secret, "read")
        assert tokens.all()[0].used_at == noted


@pytest.mark.parametrize("secret", ["", "sl_", "sl_unknown", "Bearer", "x" * 100_000, "sl_\x00"])
def test_anything_else_is_refused(tokens, secret):
    with pytest.raises(TokenNeeded):
        tokens.check(secret, "read")


@pytest.mark.parametrize(
    ("name", "scopes", "actor", "days"),
    [("", ["read"], "ada", None), ("a", [], "ada", None), ("a", ["everything"], "ada", None), ("a", ["read"], " ", None),
     ("a", ["read"], "ada", 0), ("a", ["read"], "ada", 1e9), ("a" * 101, ["read"], "ada", None)],
)  # fmt: skip
def test_what_makes_no_token(tokens, name, scopes, actor, days):
    with pytest.raises(InvalidInput):
        tokens.create(name, scopes, actor=actor, days=days)
