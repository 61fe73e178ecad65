"""The error corpus: templates written by us, read from JSON Lines and rendered with a seed.

A template's text holds slots in braces: `{host}` (a named generator below), `{int:1-500}` (a whole
number of that range, both ends in), `{db:orders|users}` (one of the words). `{{` and `}}` are
literal braces. Rendering is a pure function of (template, seed).

A template also says what its words name: a slot through its generator (`SLOT_LABELS`), everything
else through `entities`, pairs of a literal and a label. A literal is written as it stands in the
template's text, slots and doubled braces included ("{class}.kt"), and marks every occurrence that
starts and ends outside of slots and at the edge of a word.
"""

import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from models.taxonomy import ACTIONS, CATEGORIES, ENTITIES, SEVERITIES

#: A literal that an author marks, and its label.
Mark = tuple[str, str]
#: Characters of a rendered text, from and to (exclusive), and their label.
Span = tuple[int, int, str]

_SLOT = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)(?::([^{}]*))?\}")


class CorpusError(ValueError):
    """A line of the corpus that breaks its rules; the message names file, line and rule."""


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of error as some software phrases it."""

    id: str
    technology: str
    text: str
    severity: str
    category: str
    actions: tuple[str, ...]
    entities: tuple[Mark, ...] = ()


def _word(*words: str) -> Callable[[random.Random], str]:
    return lambda rng: rng.choice(words)


def _number(low: int, high: int) -> Callable[[random.Random], str]:
    return lambda rng: str(rng.randint(low, high))


def _hex(digits: int) -> Callable[[random.Random], str]:
    return lambda rng: f"{rng.getrandbits(4 * digits):0{digits}x}"


def _ip(rng: random.Random) -> str:
    return f"10.{rng.randint(0, 250)}.{rng.randint(0, 250)}.{rng.randint(1, 250)}"


def _uuid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _pod(rng: random.Random) -> str:
    tail = "".join(rng.choices("bcdfghjklmnpqrstvwxz2456789", k=5))
    return f"{_SERVICES(rng)}-{rng.getrandbits(40):010x}-{tail}"


def _timestamp(rng: random.Random) -> str:
    day, hour, minute, second = rng.randint(1, 28), rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
    return f"2026-{rng.randint(1, 12):02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z"


_SERVICES = _word("orders", "payments", "checkout", "inventory", "catalog", "billing", "auth", "search-api",
                  "notifications", "gateway", "profile", "shipping", "pricing", "reports", "ingest", "media")
_TABLES = _word("orders", "users", "payments", "sessions", "invoices", "products", "audit_log", "line_items",
                "accounts", "events", "customers", "subscriptions")
_WORDS = _word("alpha", "primary", "eu-west", "batch7", "nightly", "blue", "canary", "legacy", "tenant42", "west2")

#: Every slot a template may name without an argument.
GENERATORS: dict[str, Callable[[random.Random], str]] = {
    "host": lambda rng: rng.choice(("db", "web", "app", "cache", "worker", "node", "edge", "mq")) + f"-{rng.randint(1, 40)}"
    + rng.choice(("", ".internal", ".prod.example.com", ".eu.example.net")),
    "ip": _ip,
    "ipv6": lambda rng: f"fd00:{rng.getrandbits(16):x}:{rng.getrandbits(16):x}::{rng.getrandbits(12):x}",
    "mac": lambda rng: ":".join(f"{rng.getrandbits(8):02x}" for _ in range(6)),
    "port": _word("5432", "3306", "6379", "9092", "8080", "443", "5672", "9200", "27017", "2379", "11211", "8443"),
    "domain": _word("api.example.com", "login.example.net", "cdn.example.org", "hooks.partner.example", "shop.example.com"),
    "url": lambda rng: f"https://{rng.choice(('api.example.com', 'svc.internal', 'hooks.partner.example'))}/v{rng.randint(1, 3)}/"
    + rng.choice(("orders", "charges", "users", "items", "login", "search")),
    "route": lambda rng: rng.choice(("/api/orders", "/v1/charge", "/login", "/checkout", "/cart", "/search", "/users"))
    + rng.choice(("", f"/{rng.randint(1, 9999)}")),
    "path": lambda rng: rng.choice(("/var/lib/app", "/data/spool", "/srv/files", "/opt/app/run", "/mnt/vol1", "/home/app"))
    + "/" + rng.choice(("state.db", "cache.bin", "upload.tmp", "index.dat", "report.csv", "config.yaml", "segment.log")),
    "dir": _word("/var/lib/app", "/data/spool", "/srv/files", "/mnt/vol1", "/tmp/build", "/opt/app", "/var/log/app"),  # noqa: S108
    "file": _word("orders.py", "settings.yaml", "report.csv", "index.html", "payload.json", "main.tf", "data.parquet", "app.conf"),
    "pyfile": lambda rng: f"/app/{rng.choice(('shop', 'billing', 'core', 'api'))}/"
    + rng.choice(("views.py", "pool.py", "tasks.py", "models.py", "client.py", "handlers.py")),
    "jsfile": lambda rng: f"/usr/src/app/{rng.choice(('src', 'lib', 'dist'))}/"
    + rng.choice(("server.js", "cart.js", "router.js", "worker.js", "client.js")),
    "javafile": _word("OrderService.java", "CartController.java", "PoolManager.java", "UserRepository.java", "JobRunner.java"),
    "device": _word("sda1", "sdb", "nvme0n1", "dm-0", "md127", "xvdf", "sdc2"),
    "uuid": _uuid,
    "hex": _hex(8),
    "addr": lambda rng: "0x" + _hex(12)(rng),
    "sha": _hex(40),
    "id": _number(100, 99_999_999),
    "n": _number(2, 99),
    "big": _number(10_000, 999_999_999),
    "pct": _number(81, 100),
    "ms": _number(200, 60_000),
    "sec": _number(2, 300),
    "bytes": _number(4_096, 2_000_000_000),
    "mb": _number(64, 16_384),
    "gb": _number(2, 900),
    "pid": _number(100, 65_000),
    "line": _number(3, 900),
    "col": _number(1, 120),
    "time": _timestamp,
    "date": lambda rng: _timestamp(rng)[:10],
    "user": _word("alice", "deploy", "svc_orders", "app_rw", "bob", "jenkins", "reporting", "carol", "root_ro"),
    "email": lambda rng: f"{rng.choice(('alice', 'bob', 'ops', 'billing'))}@example.{rng.choice(('com', 'org', 'net'))}",
    "service": _SERVICES,
    "db": _word("orders", "users", "billing", "inventory", "analytics", "auth", "catalog"),
    "table": _TABLES,
    "column": _word("email", "user_id", "order_id", "status", "created_at", "amount", "sku", "country"),
    "index": lambda rng: f"{rng.choice(('idx', 'ix', 'uq', 'pk'))}_{_TABLES(rng)}_{rng.choice(('id', 'email', 'ts', 'sku'))}",
    "collection": _TABLES,
    "queue": lambda rng: f"{_SERVICES(rng)}.{rng.choice(('created', 'events', 'retry', 'dlq', 'jobs'))}",
    "topic": lambda rng: f"{_SERVICES(rng)}-{rng.choice(('events', 'updates', 'commands', 'audit'))}",
    "bucket": lambda rng: f"{rng.choice(('prod', 'acme', 'shop'))}-{rng.choice(('uploads', 'backups', 'assets', 'exports'))}",
    "key": lambda rng: f"{rng.choice(('cart', 'session', 'user', 'lock', 'rate'))}:{rng.randint(1, 99999)}",
    "pod": _pod,
    "node": lambda rng: f"{rng.choice(('ip-10-0', 'gke-pool', 'worker', 'node'))}-{rng.randint(1, 200)}-{rng.randint(1, 200)}",
    "namespace": _word("default", "payments", "shop", "monitoring", "kube-system", "staging", "prod"),
    "container": _SERVICES,
    "image": lambda rng: f"registry.example.com/{_SERVICES(rng)}:{rng.randint(1, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}",
    "region": _word("us-east-1", "eu-west-1", "ap-southeast-2", "westeurope", "europe-west4"),
    "env": _word("DATABASE_URL", "REDIS_HOST", "API_TOKEN", "SECRET_KEY", "S3_BUCKET", "KAFKA_BROKERS", "SMTP_HOST"),
    "setting": _word("max_connections", "pool_size", "worker_count", "log_level", "cache_dir", "listen_port", "retry_limit"),
    "class": _word("OrderService", "CartController", "UserRepository", "PaymentClient", "JobRunner", "SessionStore",
                   "ReportBuilder"),
    "method": _word("getTotal", "processOrder", "findById", "sendEmail", "loadConfig", "applyDiscount", "parseRow", "flush"),
    "function": _word("get_total", "process_order", "find_user", "send_email", "load_config", "apply_discount", "parse_row"),
    "var": _word("user", "order", "total", "items", "session", "price", "payload", "config", "result"),
    "field": _word("email", "amount", "user_id", "created_at", "currency", "quantity", "zip_code"),
    "module": _word("shop.orders", "billing.core", "utils.dates", "api.schemas", "worker.tasks"),
    "package": _word("requests", "lodash", "numpy", "express", "jackson-databind", "boto3", "pydantic", "react"),
    "version": lambda rng: f"{rng.randint(0, 12)}.{rng.randint(0, 40)}.{rng.randint(0, 20)}",
    "thread": lambda rng: rng.choice(("http-nio-8080-exec-", "pool-2-thread-", "worker-", "qtp-")) + str(rng.randint(1, 64)),
    "test": _word("test_checkout_total", "test_login_redirect", "test_parse_row", "shouldApplyDiscount", "test_retry"),
    "word": _WORDS,
}


#: What a slot's words name: by the slot's name, with or without an argument. A slot that is not here names nothing.
SLOT_LABELS: dict[str, str] = {
    "host": "HOST", "ip": "HOST", "ipv6": "HOST", "domain": "HOST", "node": "HOST", "pod": "HOST",
    "path": "FILE", "dir": "FILE", "file": "FILE", "pyfile": "FILE", "jsfile": "FILE", "javafile": "FILE",
    "line": "LINE",
    "service": "SERVICE", "container": "SERVICE",
    "class": "CLASS",
    "method": "FUNCTION", "function": "FUNCTION", "test": "FUNCTION",
    "var": "VARIABLE", "field": "VARIABLE", "column": "VARIABLE", "env": "VARIABLE", "setting": "VARIABLE",
    "module": "LIBRARY", "package": "LIBRARY",
}
#: Slots of which a part names something: the host of an address.
_PARTS: dict[str, tuple[re.Pattern[str], str]] = {"url": (re.compile(r"(?<=//)[^/:]+"), "HOST")}


def render(text: str, seed: int) -> str:
    """The template text with its slots filled; the same seed gives the same text.

    Raises CorpusError for a slot that is neither a generator, a range nor a list of words.
    """
    rng = random.Random(seed)
    return str(_SLOT.sub(lambda match: _filled(match, rng), text))


def _filled(match: re.Match[str], rng: random.Random) -> str:
    """What stands for a slot, or for a doubled brace."""
    whole, name, argument = match.group(0), match.group(1), match.group(2)
    if whole in ("{{", "}}"):
        return whole[0]
    if argument is None:
        if name not in GENERATORS:
            raise CorpusError(f"unknown slot {whole}")
        return GENERATORS[name](rng)
    if "|" in argument:
        return str(rng.choice(argument.split("|")))
    low, dash, high = argument.partition("-")
    if dash and low.isdigit() and high.isdigit() and int(low) <= int(high):
        return str(rng.randint(int(low), int(high)))
    raise CorpusError(f"slot {whole} is neither a range nor words separated by |")


def render_marked(text: str, entities: Iterable[Mark], seed: int) -> tuple[str, list[Span]]:
    """The text that `render` gives, and what its words name: spans in order, none over another.

    Where two marks overlap the longer holds, and a literal before a slot of the same length.
    """
    rendered, places, spans = _filled_places(text, seed)
    marked = [
        (places[start], places[end], label)
        for literal, label in entities
        for start, end in occurrences(text, literal)
        if start in places and end in places
    ]
    return rendered, _apart([*marked, *spans])


def _filled_places(text: str, seed: int) -> tuple[str, dict[int, int], list[Span]]:
    """The rendered text, where each place outside of slots has gone, and the spans of the slots."""
    rng = random.Random(seed)
    rendered, source = "", 0
    places: dict[int, int] = {}
    spans: list[Span] = []
    for match in _SLOT.finditer(text):
        places.update({place: len(rendered) + place - source for place in range(source, match.start() + 1)})
        rendered += text[source : match.start()]
        value = _filled(match, rng)
        spans.extend(_slot_spans(match.group(1) or "", value, len(rendered)))
        rendered, source = rendered + value, match.end()
    places.update({place: len(rendered) + place - source for place in range(source, len(text) + 1)})
    return rendered + text[source:], places, spans


def _slot_spans(name: str, value: str, at: int) -> list[Span]:
    if name in _PARTS:
        pattern, label = _PARTS[name]
        return [(at + part.start(), at + part.end(), label) for part in pattern.finditer(value)]
    return [(at, at + len(value), SLOT_LABELS[name])] if name in SLOT_LABELS and value else []


def occurrences(text: str, literal: str) -> list[tuple[int, int]]:
    """Where a literal stands in a template's text as a word of its own: from and to (exclusive)."""
    before = r"(?<!\w)" if literal[:1].isalnum() or literal[:1] == "_" else ""
    after = r"(?!\w)" if literal[-1:].isalnum() or literal[-1:] == "_" else ""
    return [match.span() for match in re.finditer(before + re.escape(literal) + after, text)]


def _apart(spans: list[Span]) -> list[Span]:
    """The longest of those that overlap, the first given of equally long ones; in order of place."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: span[0] - span[1]):
        if span[0] < span[1] and all(span[1] <= other[0] or other[1] <= span[0] for other in kept):
            kept.append(span)
    return sorted(kept)


def read_template(line: str) -> Template:
    """One JSON line as a Template; CorpusError names the rule that it breaks."""
    try:
        row = json.loads(line)
        template = Template(row["id"], row["technology"], row["text"], row["severity"], row["category"], tuple(row["actions"]),
                            tuple((str(literal), str(label)) for literal, label in row.get("entities", ())))
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"not a template: {error!r}") from error
    if template.severity not in SEVERITIES:
        raise CorpusError(f"{template.id}: unknown severity {template.severity!r}")
    if template.category not in CATEGORIES:
        raise CorpusError(f"{template.id}: unknown category {template.category!r}")
    if not template.actions or not set(template.actions) <= set(ACTIONS) or len(set(template.actions)) < len(template.actions):
        raise CorpusError(f"{template.id}: actions must be distinct and of the taxonomy: {template.actions}")
    _check_text(template)
    return template


def _check_text(template: Template) -> None:
    """The rules of a template's text and of its marks."""
    if not template.text.strip():
        raise CorpusError(f"{template.id}: empty text")
    if loose := re.search(r"[{}]", _SLOT.sub("", template.text)):
        raise CorpusError(f"{template.id}: a {loose.group()} that is neither doubled nor of a slot")
    _, places, _ = _filled_places(template.text, seed=0)
    for literal, label in template.entities:
        if label not in ENTITIES:
            raise CorpusError(f"{template.id}: unknown label {label!r}")
        if not any(start in places and end in places for start, end in occurrences(template.text, literal)):
            raise CorpusError(f"{template.id}: {literal!r} is marked but does not stand in the text")


def read_corpus(files: Iterable[Path]) -> list[Template]:
    """All templates of the files, in order; ids must be unique across them."""
    templates: list[Template] = []
    seen: set[str] = set()
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                template = read_template(line)
            except CorpusError as error:
                raise CorpusError(f"{file.name}:{number}: {error}") from error
            if template.id in seen:
                raise CorpusError(f"{file.name}:{number}: id {template.id} is taken")
            seen.add(template.id)
            templates.append(template)
    return templates
