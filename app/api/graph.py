"""POST /graph and POST /deploys: who depends on whom, how each service is, where it started, whom a failure would hit."""

from typing import Annotated, Any, Literal

from fastapi import Depends
from pydantic import ConfigDict, Field

from app.api.requests import StoredId, Strict, Time
from app.bootstrap import Services, services
from app.domain import InvalidInput
from app.services import graph_answers
from app.services.service_graph import Known, Picture
from models.analyse.graph_reading import Hit
from models.analyse.topology_build import MAX_CALLS, MAX_NAME, MAX_SERVICES, Call, TopologyError, graph_of

Parts = Annotated[Services, Depends(services)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
State = Literal["healthy", "degraded", "failing", "failed", "recovering"]
EXAMPLE: dict[str, Any] = {
    "topology": {
        "services": [{"name": "orders-db", "kind": "database"}],
        "edges": [
            {"from": "gateway", "to": "orders", "protocol": "http"},
            {"from": "orders", "to": "orders-db", "protocol": "sql"},
        ],
    },
    "break_services": ["orders-db"],
}


class ServiceIn(Strict):
    name: Name
    kind: Annotated[
        str, Field(max_length=40, description="database, cache, queue, …; told from the name if left out")
    ] = ""


class EdgeIn(Strict):
    """`from` calls, and so depends on, `to`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    caller: Annotated[Name, Field(alias="from")]
    callee: Annotated[Name, Field(alias="to")]
    protocol: Annotated[str, Field(max_length=40)] = ""
    certainty: Annotated[Share, Field(description="how sure the call is")] = 1.0


class TopologyIn(Strict):
    services: Annotated[list[ServiceIn], Field(default_factory=list, max_length=MAX_SERVICES)]
    edges: Annotated[list[EdgeIn], Field(default_factory=list, max_length=MAX_CALLS)]


class GraphRequest(Strict):
    """Every part may be left out: the stored topology (or the guess from the logs), now, nothing broken."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE, {}]})

    topology: Annotated[TopologyIn | None, Field(description="read instead of the stored one; not stored")] = None
    at: Annotated[Time | None, Field(description="UTC seconds, the end of the window; the newest event by default")] = (
        None
    )
    break_services: Annotated[
        list[Name], Field(default_factory=list, max_length=100, description="what if these failed")
    ]
    break_edges: Annotated[
        list[EdgeIn], Field(default_factory=list, max_length=100, description="what if these calls failed")
    ]


class ServiceOut(Strict):
    name: str
    kind: str
    health: State
    probabilities: dict[State, Share]
    errors: Annotated[int, Field(description="in the window")]


class EdgeOut(Strict):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    caller: Annotated[str, Field(alias="from")]
    callee: Annotated[str, Field(alias="to")]
    protocol: str
    propagation: Annotated[Share, Field(description="probability that trouble of `to` reaches `from`")]
    delay_seconds: Annotated[float, Field(ge=0, description="the median")]
    known_by: str
    certainty: Share


class CauseOut(Strict):
    service: str
    score: Annotated[Share, Field(description="sums to 1 over all services")]
    evidence: list[str]


class HitOut(Strict):
    service: str
    probability: Share
    seconds: Annotated[float, Field(ge=0)]
    path: list[str]


class PullOut(Strict):
    service: str
    system_health_without_its_errors: Share


class GraphAnswer(Strict):
    model: str
    topology: Annotated[str, Field(description="where the graph is from")]
    at: float | None
    system_health: Annotated[Share, Field(description="higher = better")]
    pulled_down_by: PullOut | None
    services: list[ServiceOut]
    edges: list[EdgeOut]
    causes: Annotated[list[CauseOut], Field(description="best first")]
    what_if: Annotated[list[HitOut], Field(description="who would be hit, likeliest first")]


class DeployRequest(Strict):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"service": "orders", "version": "4.12.0", "at": 1777629600}]}
    )

    service: Name
    version: Annotated[str, Field(max_length=200)] = ""
    at: Annotated[Time | None, Field(description="UTC seconds; now by default")] = None
    actor: Annotated[str, Field(min_length=1, max_length=100)] = "api"


class DeployAnswer(Strict):
    id: int


def graph(request: GraphRequest, parts: Parts) -> GraphAnswer:
    """The stored graph or the one that is sent, read with what the store has seen of its services."""
    picture = _picture(request, parts)
    hits: tuple[Hit, ...] = ()
    if request.break_services or request.break_edges:
        place = {name: number for number, name in enumerate(picture.graph.names)}
        broken = [_place(place, name) for name in request.break_services]
        edges = [_edge(picture, place, edge) for edge in request.break_edges]
        hits = parts.graph.what_if(picture, broken, edges)
    return GraphAnswer.model_validate(graph_answers.of_picture(picture, parts.graph.pull(picture), hits))


def deploys(request: DeployRequest, parts: Parts) -> DeployAnswer:
    """Evidence for the root cause; the same release at the same time is stored once."""
    return DeployAnswer(id=parts.graph.deploy(request.service, request.version, at=request.at, actor=request.actor))


def remove_deploy(deploy: StoredId, parts: Parts) -> None:
    """For a marker that was set by mistake: it is no evidence any more."""
    parts.graph.remove_deploy(deploy)


def _picture(request: GraphRequest, parts: Services) -> Picture:
    if request.topology is None:
        picture = parts.graph.picture(request.at)
        if picture is None:
            raise InvalidInput("no service is known yet: send a topology, or store events that name their service")
        return picture
    given = request.topology
    try:
        known = graph_of(
            [Call(edge.caller, edge.callee, edge.protocol, "given", edge.certainty) for edge in given.edges],
            {service.name: service.kind for service in given.services},
        )
    except TopologyError as error:
        raise InvalidInput(str(error)) from error
    if not len(known):
        raise InvalidInput("the topology names no service")
    return parts.graph.read_given(Known(known, "sent with the request"), request.at)


def _place(place: dict[str, int], name: str) -> int:
    if name not in place:
        raise InvalidInput(f"there is no service {name!r} in the graph")
    return place[name]


def _edge(picture: Picture, place: dict[str, int], edge: EdgeIn) -> int:
    pair = [_place(place, edge.caller), _place(place, edge.callee)]
    callers, callees = picture.graph.edges
    found = ((callers == pair[0]) & (callees == pair[1])).nonzero()[0]
    if not len(found):
        raise InvalidInput(f"{edge.caller!r} does not call {edge.callee!r} in the graph")
    return int(found[0])
