"""Readings of service graphs as plain values for JSON: the same words through REST and exports."""

from typing import Any

from app.services.service_graph import Picture, Pull
from models.analyse.graph_reading import Hit
from models.taxonomy import HEALTH


def of_picture(picture: Picture, pull: Pull | None, hits: tuple[Hit, ...] = ()) -> dict[str, Any]:
    """Everything about one reading: services with health, edges with propagation, causes with evidence, what-if."""
    graph, reading = picture.graph, picture.reading
    return {
        "model": reading.model,
        "topology": picture.known.source,
        "at": picture.at,
        "system_health": round(reading.system_health, 4),
        "pulled_down_by": None
        if pull is None
        else {"service": graph.names[pull.service], "system_health_without_its_errors": round(pull.without, 4)},
        "services": [of_service(picture, service) for service in range(len(graph))],
        "edges": [of_edge(picture, edge) for edge in range(graph.edges.shape[1])],
        "causes": [
            {"service": graph.names[cause.service], "score": round(cause.score, 4), "evidence": list(cause.evidence)}
            for cause in reading.causes
        ],
        "what_if": [of_hit(picture, hit) for hit in hits],
    }


def of_service(picture: Picture, service: int) -> dict[str, Any]:
    graph = picture.graph
    probabilities = [round(float(value), 4) for value in picture.reading.health[service]]
    return {
        "name": graph.names[service],
        "kind": graph.kinds[service],
        "health": picture.state(service),
        "probabilities": dict(zip(HEALTH, probabilities, strict=True)),
        "errors": picture.errors(service),
    }


def of_edge(picture: Picture, edge: int) -> dict[str, Any]:
    """An edge: `from` calls `to`; trouble of `to` reaches `from` with `propagation` after about `delay_seconds`."""
    graph, reading = picture.graph, picture.reading
    caller, callee = graph.edges[:, edge].tolist()
    return {
        "from": graph.names[caller],
        "to": graph.names[callee],
        "protocol": graph.protocols[edge],
        "propagation": round(float(reading.propagation[edge]), 4),
        "delay_seconds": round(float(reading.delay[edge]), 1),
        "known_by": graph.known_by[edge],
        "certainty": round(float(graph.certainty[edge]), 4),
    }


def of_hit(picture: Picture, hit: Hit) -> dict[str, Any]:
    names = picture.graph.names
    return {
        "service": names[hit.service],
        "probability": round(hit.probability, 4),
        "seconds": round(hit.seconds, 1),
        "path": [names[service] for service in hit.path],
    }
