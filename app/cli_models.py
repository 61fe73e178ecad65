"""`stacklens models`: which version of a model answers, and the way to the front and back."""

import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from app.bootstrap import Services, services
from app.services.registry import of_version
from app.storage.versions import Version

Name = Annotated[str, typer.Argument(help="classifier, ner, vae, cascade, graph or resolution")]
Which = Annotated[str, typer.Argument(help="as `stacklens models list` names it")]
Actor = Annotated[str, typer.Option(help="who says so")]
Why = Annotated[str, typer.Option("--why", help="the reason; it stays in the log")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def list_(name: Annotated[str, typer.Argument(help="of one model only")] = "", as_json: AsJson = False) -> None:
    """Versions, newest first; the current one of each model answers."""
    with _parts() as parts:
        rows = [of_version(one) for one in parts.registry.versions(name)]
    if as_json:
        _json({"versions": rows})
        return
    for row in rows:
        print(f"{row['name']:<11} {row['version']:<18} {row['state']:<10} {row['reason']}")


def show(name: Name, version: Which, as_json: AsJson = False) -> None:
    """One version: its data, code, seed, hash, how it was measured, and what the gate says."""
    with _parts() as parts:
        found = parts.registry.get(name, version)
        decision, test = parts.registry.decision(found), parts.registry.ab(found)
        read, alike = parts.store.versions.beside(found.id)
    row = of_version(found) | {
        "gate": asdict(decision) if decision else None,
        "shadow": {"read": read, "as_shown": alike},
        "ab": {"verdict": test.verdict, "reason": test.reason, "low": test.low, "high": test.high,
               "a": asdict(test.a), "b": asdict(test.b)} if found.state == "ab" else None,
    }  # fmt: skip
    if as_json:
        _json(row)
        return
    for key, value in row.items():
        print(f"{key:<10} {value}")


def promote(
    name: Name, version: Which, why: Why, actor: Actor = "cli",
    skip_ab: Annotated[bool, typer.Option("--skip-ab", help="do not wait for the A/B test; the log keeps that")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """From now on this version answers, if shadow, gate and A/B test allow it."""
    with _parts() as parts:
        found = parts.registry.promote(name, version, actor=actor, key=_key(), reason=why, skip_ab=skip_ab)
    _say(found, as_json)


def rollback(name: Name, why: Why, actor: Actor = "cli", as_json: AsJson = False) -> None:
    """The version before the current one answers again."""
    with _parts() as parts:
        found = parts.registry.rollback(name, actor=actor, key=_key(), reason=why)
    _say(found, as_json)


def stage(
    name: Name, version: Which,
    state: Annotated[str, typer.Argument(help="shadow, ab or retired")],
    why: Why,
    share: Annotated[float, typer.Option(help="of new errors in an A/B test")] = 0.2,
    actor: Actor = "cli", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Into the shadow, into an A/B test, or away."""
    with _parts() as parts:
        found = parts.registry.stage(name, version, state, actor=actor, key=_key(), reason=why, share=share)
        parts.registry.shadow()
    _say(found, as_json)


def retrain(actor: Actor = "cli", as_json: AsJson = False) -> None:
    """Queues a new version of the reader; `stacklens worker` (or serve) makes it."""
    with _parts() as parts:
        job = parts.jobs.add("retrain", actor=actor)
    _json({"job": job}) if as_json else print(f"job {job} is queued")


class _parts:  # noqa: N801 - a context, used like a function
    """The services, closed at the end."""

    def __enter__(self) -> Services:
        self._services = services()
        return self._services

    def __exit__(self, *_: object) -> None:
        self._services.close()


def _key() -> str:
    return f"cli:{secrets.token_hex(8)}"


def _say(version: Version, as_json: bool) -> None:
    _json(of_version(version)) if as_json else print(
        f"{version.name} {version.version} is {version.state}: {version.reason}"
    )


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "list": list_, "show": show, "promote": promote, "rollback": rollback, "stage": stage, "retrain": retrain,
}  # fmt: skip
