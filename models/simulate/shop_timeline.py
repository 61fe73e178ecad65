"""When what happens in the shop incident: the stages in minutes before the end, shifted a little by the seed."""

import random
from dataclasses import dataclass
from typing import Final

#: Length of the window, seconds.
WINDOW: Final = 24 * 3600
#: Each stage moves by at most this, seconds. Neighbours are at least 90 s apart, so their order stays.
JITTER: Final = 40.0


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that happens. `minutes` before the end of the window.

    `kind`: "root_cause", "warning", "first_failure", "escalation", "action", "recovery" belong to the
    cascade; "release" and "defect" to the two defects that have nothing to do with it.
    `cause` is the service that it came from, "" where it began there.
    """

    name: str
    minutes: float
    kind: str
    service: str
    what: str
    cause: str = ""


STAGES: Final = (
    Stage("release", 960, "release", "cart", "release 4.12.0 of cart is deployed (was 4.11.3)"),
    Stage("coupon", 951, "defect", "cart", "first TypeError on a cart whose coupon was deleted; goes on to the end"),
    Stage("certificate", 660, "defect", "notifications",
          "the certificate of smtp.mail.example has expired; mails fail to the end"),
    Stage("archive", 360, "root_cause", "orders-db", "archiving of the write-ahead log starts to fail; pg_wal grows"),
    Stage("disk_80", 250, "warning", "orders-db", "data volume 80 % full"),
    Stage("disk_90", 200, "warning", "orders-db", "data volume 90 % full"),
    Stage("disk_95", 170, "warning", "orders-db", "data volume 95 % full"),
    Stage("disk_full", 156, "first_failure", "orders-db", "No space left on device: writes fail"),
    Stage("statements", 154.5, "warning", "orders", "first statements fail with SQLState 53100", "orders-db"),
    Stage("db_down", 153, "escalation", "orders-db", "PANIC; the server does not come up again"),
    Stage("pool", 149, "first_failure", "orders", "the connection pool runs dry", "orders-db"),
    Stage("stock", 146, "first_failure", "inventory", "no connection to the database", "orders-db"),
    Stage("checkout", 142, "first_failure", "checkout", "calls to orders time out", "orders"),
    Stage("payments", 139, "first_failure", "payments", "confirmation of captures at orders times out", "orders"),
    Stage("worker", 136, "first_failure", "worker", "messages cannot be processed, they are put back", "orders-db"),
    Stage("queue", 132, "first_failure", "order-queue", "backlog; memory alarm blocks publishers", "worker"),
    Stage("breaker", 128, "escalation", "checkout", "circuit breakers open", "orders"),
    Stage("gateway", 125, "first_failure", "gateway", "time-outs and no live upstream: 502, 503, 504", "checkout"),
    Stage("front", 120, "first_failure", "storefront", "the front page fails with 502 and 503", "gateway"),
    Stage("login", 74, "action", "host", "the engineer on call logs in on db-1"),
    Stage("freed", 66, "action", "host", "old dumps are deleted: space on the data volume"),
    Stage("db_up", 60, "recovery", "orders-db", "crash recovery done, connections accepted", "host"),
    Stage("pool_up", 55, "recovery", "orders", "pool filled, orders accepted", "orders-db"),
    Stage("stock_up", 53, "recovery", "inventory", "reservations work", "orders-db"),
    Stage("worker_up", 51, "recovery", "worker", "consumes again, catches up", "orders-db"),
    Stage("payments_up", 47, "recovery", "payments", "captures confirmed", "orders"),
    Stage("queue_up", 43, "recovery", "order-queue", "memory alarm cleared", "worker"),
    Stage("checkout_up", 40, "recovery", "checkout", "circuit breakers closed", "orders"),
    Stage("gateway_up", 34, "recovery", "gateway", "upstreams live", "checkout"),
    Stage("front_up", 29, "recovery", "storefront", "the front page answers", "gateway"),
    Stage("clear", 20, "recovery", "worker", "backlog worked off: the incident is over", "order-queue"),
)

#: From when to when a service fails, as stage names.
OUTAGES: Final = {
    "orders-db": ("disk_full", "db_up"),
    "orders": ("pool", "pool_up"),
    "inventory": ("stock", "stock_up"),
    "checkout": ("checkout", "checkout_up"),
    "payments": ("payments", "payments_up"),
    "worker": ("worker", "worker_up"),
    "order-queue": ("queue", "queue_up"),
    "gateway": ("gateway", "gateway_up"),
    "storefront": ("front", "front_up"),
}

#: Stage name -> seconds relative to the end of the window, at most 0. "begin" and "end" are its two ends.
Timeline = dict[str, float]


def timeline(seed: int) -> Timeline:
    """When each stage happens for this seed; the order of the stages is the same for every seed."""
    rng = random.Random(f"timeline:{seed}")
    times = {stage.name: round(-60 * stage.minutes + rng.uniform(-JITTER, JITTER), 3) for stage in STAGES}
    return {"begin": float(-WINDOW), **times, "end": 0.0}
