"""A small incident for tests: a few errors of orders, then it fails, then an error of nobody else, long after."""

import json
from datetime import UTC, datetime

from app.bootstrap import Services
from app.services.cascade import CascadeService
from app.services.replay import ReplayService
from app.services.service_graph import GraphService
from tests.cascade_fakes import RuleReader
from tests.graph_fakes import FakeReader, fake_what_if

SHOP = json.dumps({"edges": [["gateway", "orders"], ["orders", "orders-db"]]}).encode()


def at(clock: str) -> float:
    """UTC seconds of a time of the day of the incident."""
    return datetime.fromisoformat(f"2026-05-01T{clock}").replace(tzinfo=UTC).timestamp()


def line(clock: str, service: str, text: str, level: str = "FATAL") -> str:
    return json.dumps({"time": f"2026-05-01T{clock}Z", "level": level, "service": service, "msg": text}) + "\n"


#: Two errors at 10:03 and 10:05 (the rule warns), orders fails at 10:20, then quiet until one at 11:30.
EARLY = line("10:00:30", "gateway", "started", "INFO") + line("10:03:10", "orders", "out of memory: <b>killed</b>") + line(
    "10:05:10", "orders", "out of memory: killed again"
)  # fmt: skip
FAILURE = "".join(
    line(f"10:20:{second:02}", "orders", "out of memory: crash, process terminated") for second in range(0, 30, 5)
)
LATE = line("11:30:10", "orders-db", "out of memory: killed")


def fake(parts: Services, reader: type = RuleReader) -> ReplayService:
    """Puts rules in the place of the models; the graph is given."""
    graph = GraphService(parts.store, FakeReader, fake_what_if)
    cascade = CascadeService(parts.store, parts.analysis, parts.encoder.dims, reader)
    made = ReplayService(parts.store, graph, cascade, parts.encoder.version)
    for name, service in (("graph", graph), ("cascade", cascade), ("replay", made)):
        object.__setattr__(parts, name, service)
    graph.give(SHOP, name="shop.json", actor="ada")
    return made
