"""The simulated web shop: its services, the file and format each one logs in, and who calls whom."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the shop.

    `format` names a writer of `log_writers`, `file` the log it writes to; both "" for a partner that
    we call and that sends us no logs. `hosts` are the machines or pods that its lines come from.
    """

    name: str
    kind: str
    format: str
    file: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`caller` depends on `callee`: a failure travels from callee to caller."""

    caller: str
    callee: str
    protocol: str


SERVICES: Final = (
    Service("storefront", "web", "pino", "storefront.jsonl", ("storefront-1", "storefront-2")),
    Service("gateway", "gateway", "nginx", "gateway.log", ("gw-1",)),
    Service("catalog", "service", "python", "catalog.log", ("catalog-1",)),
    Service("search", "service", "logback", "search.log", ("search-1",)),
    Service("cart", "service", "pino", "cart.jsonl", ("cart-1", "cart-2")),
    Service("checkout", "service", "spring", "checkout.log", ("checkout-1",)),
    Service("orders", "service", "spring", "orders.log", ("orders-1",)),
    Service("payments", "service", "logback", "payments.log", ("payments-1",)),
    Service("inventory", "service", "spring", "inventory.log", ("inventory-1",)),
    Service("notifications", "service", "python", "notifications.log", ("notifications-1",)),
    Service("worker", "worker", "python", "worker.log", ("worker-1",)),
    Service("orders-db", "database", "postgres", "orders-db.syslog", ("db-1",)),
    Service("order-queue", "queue", "rabbitmq", "order-queue.log", ("mq-1",)),
    Service("cache", "cache", "syslog", "cache.syslog", ("cache-1",)),
    Service("host", "host", "syslog", "host.syslog", ("db-1",)),
    Service("payment-provider", "external", "", "", ()),
    Service("mail-provider", "external", "", "", ()),
)

CALLS: Final = (
    Call("storefront", "gateway", "http"),
    Call("gateway", "catalog", "http"),
    Call("gateway", "search", "http"),
    Call("gateway", "cart", "http"),
    Call("gateway", "checkout", "http"),
    Call("gateway", "orders", "http"),
    Call("catalog", "cache", "redis"),
    Call("search", "catalog", "http"),
    Call("cart", "cache", "redis"),
    Call("cart", "catalog", "http"),
    Call("checkout", "cart", "http"),
    Call("checkout", "orders", "http"),
    Call("checkout", "payments", "http"),
    Call("checkout", "inventory", "http"),
    Call("checkout", "order-queue", "amqp"),
    Call("orders", "orders-db", "postgresql"),
    Call("orders", "order-queue", "amqp"),
    Call("payments", "orders", "http"),
    Call("payments", "payment-provider", "https"),
    Call("inventory", "orders-db", "postgresql"),
    Call("worker", "orders-db", "postgresql"),
    Call("worker", "order-queue", "amqp"),
    Call("order-queue", "worker", "consumer"),
    Call("notifications", "order-queue", "amqp"),
    Call("notifications", "mail-provider", "smtp"),
    Call("orders-db", "host", "runs on"),
)

Topology = dict[str, list[dict[str, str]]]


def topology() -> Topology:
    """Services and calls as plain values for JSON; "from" is the caller, "to" what it depends on."""
    return {
        "services": [{"name": s.name, "kind": s.kind, "format": s.format, "file": s.file} for s in SERVICES],
        "calls": [{"from": call.caller, "to": call.callee, "protocol": call.protocol} for call in CALLS],
    }
