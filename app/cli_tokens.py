"""`stacklens token`: tokens by which machines speak to the API."""

import getpass
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from app.bootstrap import services
from app.services.tokens import SCOPES
from app.storage.tokens import Token

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def create(
    name: Annotated[str, typer.Argument(help="which machine or program will show it")],
    scope: Annotated[list[str], typer.Option(help=f"what it is for: {', '.join(SCOPES)}; may be given more than once")],
    days: Annotated[float | None, typer.Option(help="until it expires; without, it does not")] = None,
    as_json: AsJson = False,
) -> None:
    """Makes a token and prints its secret, which is not stored and is not shown again."""
    parts = services()
    try:
        secret, token = parts.tokens.create(name, scope, actor=getpass.getuser(), days=days)
    finally:
        parts.close()
    print(json.dumps({"secret": secret, **_row(token, True)}) if as_json else secret)


def list_(as_json: AsJson = False) -> None:
    """All tokens, the newest first, without their secrets."""
    parts = services()
    try:
        rows = [_row(token, parts.tokens.works(token)) for token in parts.tokens.all()]
    finally:
        parts.close()
    if as_json:
        print(json.dumps({"tokens": rows}))
        return
    for row in rows:
        state = "works" if row["works"] else "revoked" if row["revoked_at"] else "expired"
        print(f"{row['id']:<4} {state:<8} {','.join(row['scopes']):<22} last used {row['used_at'] or 'never':<20} {row['name']}")


def revoke(token_id: Annotated[int, typer.Argument(help="as `stacklens token list` numbers it", min=1)]) -> None:
    """It works no more, from the next request on."""
    parts = services()
    try:
        parts.tokens.revoke(token_id, actor=getpass.getuser())
    finally:
        parts.close()
    print(f"token {token_id} works no more")


def _row(token: Token, works: bool) -> dict[str, Any]:
    times = {name: _time(getattr(token, name)) for name in ("created_at", "expires_at", "used_at", "revoked_at")}
    about = {"id": token.id, "name": token.name, "scopes": list(token.scopes), "works": works}
    return about | {"created_by": token.created_by, **times}


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


COMMANDS: Final[dict[str, Callable[..., None]]] = {"create": create, "list": list_, "revoke": revoke}
