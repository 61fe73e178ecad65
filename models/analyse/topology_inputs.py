"""Topologies from files: services and calls as CSV or JSON, Jaeger's dependencies, OpenTelemetry spans (OTLP JSON).

From bytes to a ServiceGraph. The format is told from the content. Everything is bounded and nothing is evaluated; what is
no topology is a TopologyError whose message says what to give.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from models.analyse.graph_reading import ServiceGraph
from models.analyse.topology_build import Call, TopologyError, graph_of
from models.analyse.topology_spans import calls_of_spans
from models.text.decode import MAX_LINE, iter_lines

#: Largest file, in bytes: half a million spans.
MAX_BYTES: Final = 200_000_000

_CALLER: Final = ("caller", "from", "source", "parent", "client", "src")
_CALLEE: Final = ("callee", "to", "target", "child", "server", "dst", "depends_on", "dependency")
_NAME: Final = ("name", "service", "id", "node", "service_name")
_KIND: Final = ("kind", "type")
_PROTOCOL: Final = ("protocol", "over", "label")
_CERTAINTY: Final = ("certainty", "weight")
_EDGES: Final = ("edges", "calls", "links", "dependencies", "data")
_SERVICES: Final = ("services", "nodes")
WANTED: Final = (
    'a topology is CSV with the columns "caller,callee" (or "from,to"), JSON {"services": […], "edges": [{"from", "to"}]}, '
    "Jaeger's dependencies as JSON, or OpenTelemetry spans as OTLP JSON"
)


def read_topology(data: bytes) -> ServiceGraph:
    """The topology in a file of any of the formats. TopologyError (a ValueError) if there is none in it."""
    if len(data) > MAX_BYTES:
        raise TopologyError(
            f"the file has more than {MAX_BYTES // 1_000_000} MB: give the calls themselves, not every span"
        )
    lines = iter_lines([data])
    text = "\n".join(lines)
    start = text.lstrip()[:1]
    if not start:
        raise TopologyError(f"the file is empty; {WANTED}")
    graph = _from_json(text) if start in "{[" else _from_csv(text)
    if not len(graph):
        raise TopologyError(f"no service is in it; {WANTED}")
    return graph


def _from_json(text: str) -> ServiceGraph:
    values = _values(text)
    spans = [value for value in values if isinstance(value, Mapping) and "resourceSpans" in value]
    if spans:
        return graph_of(*calls_of_spans(spans))
    if len(values) > 1:  # JSON lines, one call each
        return graph_of(_calls(values))
    value = values[0]
    if isinstance(value, list):
        inner = [item for item in value if isinstance(item, Mapping) and "resourceSpans" in item]
        return graph_of(*calls_of_spans(inner)) if inner else graph_of(_calls(value))
    if not isinstance(value, Mapping):
        raise TopologyError(WANTED)
    edges, services = (_first(value, names) for names in (_EDGES, _SERVICES))
    if edges is None and services is None:
        return graph_of(_adjacency(value))
    if not isinstance(edges, list | None) or not isinstance(services, list | Mapping | None):
        raise TopologyError(f"services and edges are lists; {WANTED}")
    return graph_of(_calls(edges or []), _kinds(services or []))


def _values(text: str) -> list[Any]:
    """One JSON value, or one a line."""
    try:
        return [json.loads(text)]
    except RecursionError as error:
        raise TopologyError("the JSON is nested too deeply to be a topology") from error
    except ValueError as error:
        first = text.lstrip().partition("\n")[0]
        try:
            json.loads(first)
        except (ValueError, RecursionError):
            raise TopologyError(f"the JSON cannot be read: {str(error)[:120]}") from error
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise TopologyError(f"line {number} is no JSON: {str(error)[:120]}") from error
    return found


def _calls(rows: Iterable[Any]) -> Iterator[Call]:
    for number, row in enumerate(rows, start=1):
        if isinstance(row, Mapping):
            # Jaeger counts the calls that its traces hold.
            known_by = "traces" if "callCount" in row else "given"
            caller, callee = _first(row, _CALLER), _first(row, _CALLEE)
            protocol, certainty = _first(row, _PROTOCOL) or "", _first(row, _CERTAINTY)
        elif isinstance(row, list) and len(row) in (2, 3):
            caller, callee, protocol, known_by = row[0], row[1], row[2] if len(row) == 3 else "", "given"
            certainty = None
        else:
            raise TopologyError(f"edge {number} is neither an object nor a pair; {WANTED}")
        if not isinstance(caller, str) or not isinstance(callee, str):
            raise TopologyError(f"edge {number} does not name its two services as text (from, to)")
        yield Call(
            caller,
            callee,
            protocol if isinstance(protocol, str) else "",
            known_by,
            _certainty(certainty, f"edge {number}"),
        )


def _kinds(services: Any) -> dict[str, str]:
    """Name to kind, "" where no kind is said."""
    if isinstance(services, Mapping):
        return {str(name): kind if isinstance(kind, str) else "" for name, kind in services.items()}
    found: dict[str, str] = {}
    for number, service in enumerate(services, start=1):
        name = _first(service, _NAME) if isinstance(service, Mapping) else service
        if not isinstance(name, str):
            raise TopologyError(f"service {number} has no name")
        kind = _first(service, _KIND) if isinstance(service, Mapping) else ""
        found[name] = kind if isinstance(kind, str) else ""
    return found


def _adjacency(value: Mapping[str, Any]) -> Iterator[Call]:
    """{"orders": ["orders-db", …]}: whom each service calls."""
    for caller, callees in value.items():
        if not isinstance(callees, list) or not all(isinstance(callee, str) for callee in callees):
            raise TopologyError(WANTED)
        yield from (Call(caller, callee) for callee in callees)


def _from_csv(text: str) -> ServiceGraph:
    head = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise TopologyError(f"the CSV cannot be read: {error}; {WANTED}") from error
    if not rows or len(head) >= MAX_LINE:
        raise TopologyError(WANTED)
    header = [cell.strip().lower().replace(" ", "_") for cell in rows[0]]
    columns = {
        role: next((header.index(name) for name in names if name in header), None)
        for role, names in (
            ("caller", _CALLER),
            ("callee", _CALLEE),
            ("name", _NAME),
            ("kind", _KIND),
            ("protocol", _PROTOCOL),
            ("certainty", _CERTAINTY),
        )
    }
    if columns["caller"] is not None and columns["callee"] is not None:
        return _from_table(rows[1:], columns)
    if columns["name"] is not None:
        return graph_of([], {_cell(row, columns["name"]): _cell(row, columns["kind"]) for row in rows[1:]})
    if all(len(row) == 2 for row in rows):  # pairs without a header
        return graph_of(Call(row[0], row[1]) for row in rows)
    raise TopologyError(WANTED)


def _from_table(rows: list[list[str]], columns: Mapping[str, int | None]) -> ServiceGraph:
    """A row without a callee is a service that calls nobody; `kind` is the caller's."""
    calls, kinds = [], {}
    for number, row in enumerate(rows, start=2):
        caller, callee = _cell(row, columns["caller"]), _cell(row, columns["callee"])
        if not caller and not callee:
            raise TopologyError(f"row {number} names no service")
        if caller and callee:
            certainty = _certainty(_cell(row, columns["certainty"]) or None, f"row {number}")
            calls.append(Call(caller, callee, _cell(row, columns["protocol"]), "given", certainty))
        kind = _cell(row, columns["kind"])
        if kind or not (caller and callee):
            kinds[caller or callee] = kind
    return graph_of(calls, kinds)


def _certainty(value: Any, where: str) -> float:
    """How sure a call is that a file gives, in [0, 1]; 1 where it does not say."""
    if value is None:
        return 1.0
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= 1:
        raise TopologyError(f"the certainty of {where} is no number from 0 to 1")
    return number


def _cell(row: list[str], place: int | None) -> str:
    return row[place].strip() if place is not None and place < len(row) else ""


def _first(value: Any, names: Iterable[str]) -> Any:
    return next((value[name] for name in names if name in value), None)
