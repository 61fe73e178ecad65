"""`stacklens`: the same answers as the pages, for a terminal and for scripts.

Every command takes --json. The exit code is 0 only on success; an error is one line on stderr.
"""

import json
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.domain import InvalidInput, StackLensError
from app.settings import Settings, current

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Triage for software errors: what each one is, how bad, how strange, what it resembles, what to do.",
)
_out = Console(highlight=False, markup=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, markup=False)

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Turns every foreseen error into one line on stderr and exit code 1."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except KeyboardInterrupt as error:
            _err.print("stacklens: cancelled; what was stored before stays")
            raise typer.Exit(130) from error
        except (StackLensError, OSError, ValueError) as error:
            _err.print(f"stacklens: {' '.join(str(error).split())}")
            raise typer.Exit(1) from error

    return run


@app.command()
@_command
def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "",
    port: Annotated[int | None, typer.Option(help="port; 0 picks a free one", min=0, max=65535)] = None,
) -> None:
    """Dashboard and REST API on one port; the store lies in the user's data folder."""
    _serve(_settings(host, port))


@app.command()
@_command
def demo(
    host: Annotated[str, typer.Option(help="address to listen on")] = "",
    port: Annotated[int | None, typer.Option(help="port; 0 picks a free one", min=0, max=65535)] = None,
) -> None:
    """The same with the sample incident, shifted to end now, in a store that is thrown away at the end."""
    with tempfile.TemporaryDirectory(prefix="stacklens-demo-") as folder:
        os.environ |= {"STACKLENS_DATA_DIR": folder, "STACKLENS_DATABASE_URL": "", "STACKLENS_SAMPLE": "true"}
        current.cache_clear()
        _serve(_settings(host, port))


@app.command()
@_command
def ingest(
    files: Annotated[list[str], typer.Argument(help="files to read; - is standard input")],
    format: Annotated[str, typer.Option(help="auto, or the name of a format")] = "auto",
    actor: Annotated[str, typer.Option(help="who stores this")] = "cli",
    as_json: AsJson = False,
) -> None:
    """Parse, analyse and store; prints counts and lines per second."""
    from app.bootstrap import services
    from app.services import answers
    from app.services.archives import said

    parts = services()
    try:
        uploads = [answers.of_upload(_ingest_one(parts, name, format, actor)) for name in files]
    finally:
        parts.close()
    if as_json:
        _print_json({"uploads": uploads})
        return
    table = Table(box=None, pad_edge=False)
    for title in ("file", "lines", "events", "signatures", "new", "stored before", "lines/s"):
        table.add_column(title, justify="left" if title == "file" else "right")
    for upload in uploads:
        table.add_row(
            *(
                str(upload[key])
                for key in ("name", "lines", "events", "signatures", "new_signatures", "duplicates", "lines_per_second")
            )
        )
    _out.print(table)
    for upload in uploads:
        for reason, count in upload["problems"].items():
            _out.print(f"{upload['name']}: {said(reason, count)}")


@app.command()
@_command
def analyse(
    text: Annotated[str, typer.Argument(help="one error; - reads standard input")], as_json: AsJson = False
) -> None:
    """One error, nothing stored: severity, category, confidence, anomaly, similar, suggestions."""
    from app.bootstrap import services
    from app.services import answers

    parts = services()
    answer = answers.of_analysis(parts.analysis.analyse(_text(text)), parts.settings.not_sure_below)
    if as_json:
        _print_json(answer)
        return
    sure = "" if answer["sure"] else " (not sure)"
    _out.print(f"severity    {answer['severity']} ({answer['severity_reason']})")
    _out.print(f"category    {answer['category']}{sure}, confidence {answer['confidence']:.2f}")
    _out.print(f"strangeness {answer['anomaly']['score']:.2f}")
    _out.print(f"signature   {_one_line(answer['signature']['text'])}")
    _out.print(
        "seen        "
        + (f"{answer['seen']['count']} times, issue {answer['seen']['id']}" if answer["seen"] else "never")
    )
    for similar in answer["similar"]:
        _out.print(
            f"similar     {similar['similarity']:.2f} issue {similar['issue']} {_one_line(similar['title'])} ({similar['reason']})"
        )
    for place, suggestion in enumerate(answer["suggestions"][:3], start=1):
        _out.print(f"{'do' if place == 1 else 'or':<11} {suggestion['sentence']}")


@app.command()
@_command
def cascade(
    text: Annotated[str, typer.Argument(help="errors in their order; - reads standard input; left out: the store's own")] = "",
    issue: Annotated[int, typer.Option(help="what usually follows this issue, by its earlier occurrences")] = 0,
    as_json: AsJson = False,
) -> None:
    """What breaks next: a failure within 30 minutes, the next errors."""
    from app.bootstrap import services
    from app.services import cascade_answers

    if issue:
        _following(issue, as_json)
        return
    parts = services()
    try:
        outlook = parts.cascade.from_text(_text(text)) if text else parts.cascade.outlook()
        if outlook is None:
            raise InvalidInput("no error is stored: give a sequence, or store some first")
        answer = cascade_answers.of_outlook(outlook)
    finally:
        parts.close()
    if as_json:
        _print_json(answer)
        return
    _out.print(answer["sentence"])
    if answer["forecastable"]:
        _out.print(answer["reason"])
    for item in answer["next_errors"]:
        _out.print(f"next {item['probability']:.2f}  {_one_line(item['title'])}")
    for note in answer["notes"]:
        _out.print(note)


def _following(issue: int, as_json: bool) -> None:
    from app.bootstrap import services
    from app.services import cascade_answers

    parts = services()
    try:
        answer = cascade_answers.of_following(parts.following.after(issue))
    finally:
        parts.close()
    if as_json:
        _print_json(answer)
        return
    _out.print(f"{answer['occurrences']} occurrences")
    for item in answer["followers"]:
        _out.print(
            f"follows {item['share']:.2f} (usually {item['usual_share']:.2f}) after {item['minutes']:.0f} min  "
            f"issue {item['issue']} {_one_line(item['title'])}"
        )
    for item in answer["after_the_newest"]:
        _out.print(f"after the newest, {item['minutes']:.0f} min  issue {item['issue']} {_one_line(item['title'])}")


def _answer_in_worker() -> Callable[[str], dict[str, Any]]:
    """In a worker of a cluster: the services over the same store, by the settings of its environment."""
    from app.bootstrap import services
    from app.jobs.batch import answer_of

    parts = services()
    return answer_of(parts.analysis, parts.settings.not_sure_below)


@app.command()
@_command
def batch(
    source: Annotated[Path, typer.Argument(metavar="IN", help="JSON lines, CSV (or their gzip) or Parquet with a column text")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help=".jsonl or .parquet; a run that was stopped goes on")],
    engine: Annotated[str, typer.Option(help="local, or ray: a Ray cluster (RAY_ADDRESS), else one on this machine")] = "local",
    as_json: AsJson = False,
) -> None:
    """Score a file of errors: the same answers as the page, nothing stored."""
    from app.bootstrap import services
    from app.jobs import batch as job

    if engine not in ("local", "ray"):
        raise InvalidInput(f"unknown engine {engine!r}: local or ray")
    parts = services()
    try:
        with Progress(SpinnerColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn(), console=_err) as bar:
            task = bar.add_task("rows", total=None)
            here = job.answer_of(parts.analysis, parts.settings.not_sure_below)
            answered = job.local(here) if engine == "local" else job.on_ray(_answer_in_worker)
            done = job.run(source, out, answered, progress=lambda rows: bar.update(task, completed=rows))
    finally:
        parts.close()
    if as_json:
        _print_json(asdict(done))
        return
    before = f", {done.resumed:,} of them by an earlier run" if done.resumed else ""
    _out.print(f"{done.rows:,} rows in {out}{before}; {done.failed:,} could not be answered")


@app.command()
@_command
def replay(
    since: Annotated[str, typer.Option(help="ISO 8601, UTC without a zone; left out: the sample, or the newest hours")] = "",
    until: Annotated[str, typer.Option(help="ISO 8601")] = "",
    out: Annotated[Path, typer.Option(help="the HTML file to write")] = Path("report.html"),
    as_json: AsJson = False,
) -> None:
    """How an incident went, as one self-contained HTML file: who was first, the warning or the failure."""
    from app.bootstrap import services
    from components.replay_report import write

    if bool(since) != bool(until):
        raise InvalidInput("give --since and --until, or neither")
    parts = services()
    try:
        span = parts.replay.span(_utc(since), _utc(until)) if since else parts.replay.sample() or parts.replay.newest()
        if span is None:
            raise InvalidInput("nothing is stored yet: there is nothing to play")
        with _bar(quiet=as_json) as bar:
            number = len(span.moments)
            task = bar.add_task("reading the moments", total=number)
            film = parts.replay.film(span, lambda done: bar.update(task, completed=round(done * number)))
        answer = write(film, out, parts.settings.time_zone)
    finally:
        parts.close()
    _say(answer, as_json)


@app.command()
@_command
def drift(as_json: AsJson = False) -> None:
    """Whether what comes in has changed, what moved, and whether the reader is still as right as it was."""
    from app.bootstrap import services
    from app.services import drift_answers

    parts = services()
    try:
        answer = drift_answers.of_monitor(parts.drift)
    finally:
        parts.close()
    if as_json:
        _print_json(answer)
        return
    _out.print(answer["sentence"])
    for issue in answer["examples"]:
        _out.print(f"for example issue {issue['id']}: {_one_line(issue['title'])}")


@app.command()
@_command
def search(
    text: Annotated[str, typer.Argument(help="a question in words or a pasted error; - reads standard input")],
    top_k: Annotated[int, typer.Option(min=1, max=100)] = 5,
    threshold: Annotated[float, typer.Option(min=-1, max=1, help="smallest cosine")] = 0.5,
    as_json: AsJson = False,
) -> None:
    """Nearest stored errors."""
    from app.bootstrap import services
    from app.services import answers

    parts = services()
    try:
        found = [
            answers.of_similar(item) for item in parts.analysis.find(_text(text), top_k=top_k, threshold=threshold)
        ]
    finally:
        parts.close()
    if as_json:
        _print_json({"results": found})
        return
    for item in found:
        _out.print(
            f"{item['similarity']:.3f}  {item['severity']:<8} {item['status']:<12} #{item['issue']} "
            f"{_one_line(item['title'])} ({item['reason']})"
        )
    if not found:
        _out.print(f"nothing stored is as similar as {threshold}; a lower --threshold shows what comes closest")


@app.command()
@_command
def evaluate(
    task: Annotated[str, typer.Argument(help="classify, ner, group, search, anomaly, graph, ci or speed")],
    data: Annotated[Path, typer.Option(help="data set, in the formats of the evaluation guide, or sim:SEED")],
    data2: Annotated[
        Path | None, typer.Option("--data2", "--fit", exists=True, help="a second file; ner fits on it first")
    ] = None,
    seed: int = 0,
    seeds: Annotated[int | None, typer.Option(min=1)] = None,
    edition: Annotated[str | None, typer.Option(help="of data sets that hold several")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure on an outside data set; every metric with a 95 % interval, beside its rivals."""
    from app.evaluation import evaluate as measure

    report = measure(task, data, data2=data2, seed=seed, seeds=seeds, settings=current(), edition=edition)
    if as_json:
        _print_json(report)
        return
    _out.print(f"{report['task']}: n = {report['n']}, {report['model']}, seed {report['seed']}")
    table = Table(box=None, pad_edge=False)
    columns = {"product": report["metrics"], **report["baselines"]}
    for title in ("metric", *columns):
        table.add_column(title, justify="left" if title == "metric" else "right")
    for metric in dict.fromkeys(name for values in columns.values() for name in values):
        table.add_row(metric, *(_metric(values.get(metric)) for values in columns.values()))
    _out.print(table)
    for note in report["notes"]:
        _out.print(f"- {note}")


@app.command()
@_command
def train(
    name: Annotated[str, typer.Argument(help="classifier, graph, ner, vae, or all")],
    data: Annotated[Path | None, typer.Option(exists=True, help="folder to learn from instead of the shipped one")] = None,
    seed: int = 0,
    as_json: AsJson = False,
) -> None:
    """Train a model anew; writes its weights and card, with progress on stderr."""
    from app.jobs.train import train as learn

    cards = learn(name, current(), seed=seed, data=data, progress=_err.print)
    if as_json:
        _print_json(cards)
        return
    for each, card in cards.items():
        _say({"model": each, **{key: value for key, value in card.items() if isinstance(value, str | int | float)}}, as_json)


@app.command()
@_command
def prepare(as_json: AsJson = False) -> None:
    """Makes what the first error would otherwise wait for: the exported nets and the embedded corpus."""
    from app.bootstrap import services

    parts = services()
    with _bar(quiet=as_json) as bar:
        task = bar.add_task("exporting the encoder and embedding the corpus (once)", total=None)
        parts.reading.prepare(lambda done, total: bar.update(task, completed=done, total=total))
        bar.update(task, description="exporting the cascade model (once)", completed=None, total=None)
        cascade = parts.cascade.version
    _say({"encoder": parts.embeddings.version, "reader": parts.reading.version, "cascade": cascade}, as_json)


@app.command()
@_command
def health(as_json: AsJson = False) -> None:
    """Is all well, and if not, what is to be done? Ends with 1 where something that is needed is down."""
    from app.bootstrap import services

    parts = services()
    found = parts.health.look()
    if as_json:
        _print_json({"status": found.state, "sentence": found.sentence, "checks": [asdict(check) for check in found.checks]})
    else:
        _out.print(found.sentence)
        for check in found.checks:
            _out.print(f"{check.state:<9} {check.name:<7} {check.said}{f'; {check.todo}' if check.todo else ''}", soft_wrap=True)
    if found.state == "down":
        raise typer.Exit(1)


@app.command()
@_command
def doctor(as_json: AsJson = False) -> None:
    """Checks the installation: packages, weights, store, index; says what to do where something is wrong."""
    from app.bootstrap import services
    from models.vectors.weights import resolve

    settings = current()
    source = resolve(settings.encoder)
    source.verify()
    parts = services()
    broken = parts.store.check()
    if broken:
        raise InvalidInput(
            f"the store {parts.store.database.at} is damaged: {broken}; restore a backup, or move it away to start empty"
        )
    rows = parts.store.log.rebuild()
    length = float((parts.embeddings.get_embedding("connection refused") ** 2).sum() ** 0.5)
    _say(
        {
            "python": sys.version.split()[0],
            "store": parts.store.database.at,
            "encoder": parts.embeddings.version,
            "weights_sha256": source.sha256,
            "vector_length": round(length, 4),
            "issues_brought_up_to_date": rows,
            "indexed": len(parts.search),
        },
        as_json,
    )


@app.command()
@_command
def purge(
    yes: Annotated[bool, typer.Option("--yes", help="do not ask; needed where the secret comes through a pipe")] = False,
    actor: Annotated[str, typer.Option(help="who says so")] = "cli",
    older_than: Annotated[int, typer.Option(help="instead, the text of all events older than so many days", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Takes a secret that slipped through out of everything stored, for good; reads it from a prompt or standard input."""
    from app.bootstrap import services

    if older_than:
        _end_retention(older_than, yes=yes, actor=actor, as_json=as_json)
        return

    typed = sys.stdin.isatty()
    secret = typer.prompt("Secret", hide_input=True, err=True) if typed else sys.stdin.read()
    parts = services()
    held = parts.purge.held(secret)
    _err.print(f"held by {held.events} events, {held.signatures} signatures, {held.entries} log entries, {held.uploads} uploads")
    if not yes and not (typed and typer.confirm("Take it out for good?", err=True)):
        raise InvalidInput("nothing was changed; --yes takes it out for good")
    purged = parts.purge.purge(secret, actor=actor, key=f"cli:{secrets.token_hex(8)}")
    parts.close()
    _say(asdict(purged), as_json)


@app.command()
@_command
def deploy(
    service: Annotated[str, typer.Argument(help="the service as the logs name it")],
    version: Annotated[str, typer.Option(help="what went live")] = "",
    at: Annotated[str, typer.Option(help="when, ISO 8601 (UTC where no zone is said); now by default")] = "",
    actor: Annotated[str, typer.Option(help="who says so")] = "cli",
    as_json: AsJson = False,
) -> None:
    """Mark a release: evidence for the service graph's root cause."""
    from app.bootstrap import services

    parts = services()
    try:
        marker = parts.graph.deploy(service, version, at=_utc(at) if at else None, actor=actor)
    finally:
        parts.close()
    _say({"id": marker, "service": service, "version": version}, as_json)


@app.command()
@_command
def migrate(
    source: Annotated[str, typer.Option("--from", help="copy the store at this URL: sqlite:///FILE or postgresql://…")] = "",
    target: Annotated[str, typer.Option("--to", help="into this empty one")] = "",
    as_json: AsJson = False,
) -> None:
    """Brings the store to the newest schema (opening it does the same); with --from and --to, copies one into another."""
    if source or target:
        _copy_store(source, target, as_json)
        return
    from app.bootstrap import services

    parts = services()
    _say({"store": parts.store.database.at, "schema": parts.store.version()}, as_json)


@app.command()
@_command
def worker(
    parent: Annotated[int | None, typer.Option(help="end when this process does", hidden=True)] = None,
) -> None:
    """Does the jobs of the queue (retraining, checks), one at a time, until stopped; serve starts one by itself."""
    from app.bootstrap import services
    from app.jobs.worker import run

    run(current(), services, parent=parent)


@app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@_command
def models(context: typer.Context) -> None:
    """Versions of the models: list, show, promote, rollback, stage, retrain; --help says more."""
    from app import cli_models

    _group("models", cli_models.COMMANDS, context.args)


def _group(name: str, commands: Mapping[str, Callable[..., None]], arguments: list[str]) -> None:
    """Commands of a command, imported only when one of them is asked for."""
    parts = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    for each, command in commands.items():
        parts.command(each)(command)
    code = parts(arguments, prog_name=f"stacklens {name}", standalone_mode=False)
    if code:
        raise typer.Exit(code)


@app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@_command
def token(context: typer.Context) -> None:
    """Tokens of machines: create, list, revoke; --help says more."""
    from app import cli_tokens

    _group("token", cli_tokens.COMMANDS, context.args)


@app.command()
@_command
def stream(
    subject: Annotated[str, typer.Argument(help="subject (NATS), stream (Redis), queue (RabbitMQ) or topic (Kafka)")],
    broker: Annotated[str, typer.Option(help="nats://, redis://, amqp:// or kafka:// with host and port")],
    group: Annotated[str, typer.Option(help="workers of one group share the messages")] = "stacklens",
    flight: Annotated[int, typer.Option(help="messages in hand at once", min=1, max=5_000)] = 200,
    hold: Annotated[float, typer.Option(help="seconds until another worker is given what this one does not answer", min=1)] = 60.0,
    until_idle: Annotated[float | None, typer.Option(help="end when nothing came for so many seconds", min=0.1)] = None,
    as_json: AsJson = False,
) -> None:
    """Errors from a broker into the store, each message once; SIGTERM finishes what was begun. Start as many as you like."""
    from app.bootstrap import services
    from app.jobs.stream import Count, run

    parts = services()
    with _bar(quiet=as_json) as bar:
        task = bar.add_task(f"{subject}: waiting", total=None)

        def say(count: Count) -> None:
            bar.update(task, description=f"{subject}: {count.stored:,} stored, {count.buried:,} to the dead letters")

        try:
            count = run(
                parts.receiving, broker, subject, group=group, flight=flight, hold=hold, until_idle=until_idle, say=say
            )
        finally:
            parts.close()
    _say({"stored": count.stored, "dead_letters": count.buried}, as_json)


def _end_retention(days: int, *, yes: bool, actor: str, as_json: bool) -> None:
    from app.bootstrap import services

    parts = services()
    held = parts.retention.old(days)
    _err.print(f"{held} events older than {days} days have a text; their counts and times stay")
    if not yes and not (sys.stdin.isatty() and typer.confirm("Take the texts out for good?", err=True)):
        raise InvalidInput("nothing was changed; --yes takes them out for good")
    with _bar(quiet=as_json) as bar:
        task = bar.add_task("texts", total=held)
        key = f"cli:{secrets.token_hex(8)}"
        ended = parts.retention.end(days, actor=actor, key=key, report=lambda done: bar.update(task, completed=done))
    parts.close()
    _say(asdict(ended), as_json)


def _copy_store(source: str, target: str, as_json: bool) -> None:
    from app.storage.copying import copy

    if not (source and target):
        raise InvalidInput("a copy needs both: --from and --to")
    with _bar(quiet=as_json) as bar:
        tasks: dict[str, Any] = {}

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done)

        copied = copy(source, target, report)
    if as_json:
        _print_json({"tables": {one.name: {"rows": one.rows, "sha256": one.sha256} for one in copied}})
        return
    _out.print(f"copied {sum(one.rows for one in copied)} rows of {len(copied)} tables; counts and checksums are equal")


def _settings(host: str, port: int | None) -> Settings:
    """The settings with what the command line says; the whole process reads them, links in alerts and instructions included."""
    os.environ |= ({"STACKLENS_HOST": host} if host else {}) | ({} if port is None else {"STACKLENS_PORT": str(port)})
    current.cache_clear()
    return current()


def _serve(settings: Settings) -> None:
    from app.server import serve as run

    if not settings.allow_public and not _loopback(settings.host):
        raise InvalidInput(
            f"other machines reach {settings.host}, and whoever opens the dashboard may read and change everything: "
            "put a proxy with sign-in before it and set STACKLENS_ALLOW_PUBLIC=true, or listen on 127.0.0.1"
        )
    run(settings)


def _loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _ingest_one(parts: Any, name: str, format: str, actor: str) -> Any:
    with _bar(quiet=not sys.stderr.isatty()) as bar:
        task = bar.add_task(name, total=None)

        def show(progress: Any) -> None:
            bar.update(
                task,
                description=f"{name}: {progress.lines:,} lines, {progress.new_signatures:,} new signatures",
                total=100,
                completed=None if progress.done is None else int(100 * progress.done),
            )

        if name == "-":
            return parts.ingest.stream(
                sys.stdin.buffer, actor=actor, name="standard input", source="stdin", format=format, progress=show
            )
        file = Path(name)
        with file.open("rb") as stream:
            return parts.ingest.stream(
                stream,
                actor=actor,
                name=file.name,
                source="file",
                size=file.stat().st_size,
                format=format,
                progress=show,
            )


def _bar(*, quiet: bool) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_err,
        transient=True,
        disable=quiet,
    )


def _utc(text: str) -> float:
    """UTC seconds of an ISO 8601 time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no time: write it as 2026-05-01T10:00:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _text(argument: str) -> str:
    return sys.stdin.read() if argument == "-" else argument


def _one_line(text: str) -> str:
    from models.text.decode import clean

    return " ".join(clean(text).split())[:160]


def _metric(value: dict[str, float] | None) -> str:
    if value is None:
        return ""
    if value.get("low") is None:
        return f"{value['value']:.4g}"
    return f"{value['value']:.4g} [{value['low']:.4g}, {value['high']:.4g}]"


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def _say(values: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(values)
        return
    for key, value in values.items():
        _out.print(f"{key.replace('_', ' '):<26} {value}")


def main() -> None:
    app()
