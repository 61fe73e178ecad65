"""Figures of the report as SVG text, pure: the two lanes, each service's health over time, the graph at a moment.

Text in them is escaped here; colours are read on white and on black, and a state differs in height or sign too.
"""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Final

import numpy as np

from app.services.replay import Film
from app.services.service_graph import Picture
from components.graph_figures import COLOUR as HEALTH_COLOUR
from components.graph_figures import SIGN as HEALTH_SIGN
from components.graph_layout import part, positions
from components.plain import one_line
from components.replay_figures import COLOUR, FAILED, HIT, WARNED, drawn
from components.replay_words import SIGN, of_hit, of_warning, time_of

WIDTH: Final = 960
#: Where the time axis begins and ends.
_LEFT, _RIGHT = 170, WIDTH - 16
#: Services with a row of their own.
ROWS: Final = 30
_HEIGHT_OF: Final = {"healthy": 3, "recovering": 6, "degraded": 8, "failing": 12, "failed": 16}


def lanes(film: Film, zone: str) -> str:
    """The probability of a failure, the warnings and the failures over the range."""
    marks = [
        _text(8, 112, WARNED),
        _text(8, 152, HIT),
        _text(8, 50, "probability"),
        _text(8, 64, "of a failure", small=True),
    ]
    known = [one for one in (frame.forecast for frame in film.frames) if one is not None and one.forecastable]
    line = " ".join(f"{_x(film, one.at):.1f},{76 - 60 * one.probability:.1f}" for one in known)
    marks.append(f'<polyline points="{line}" fill="none" stroke="#8a8a8a" stroke-width="1.5"/>')
    for warning in film.lanes.warnings:
        x, end = _x(film, warning.since), _x(film, warning.until)
        marks.append(
            f'<g><title>{escape(of_warning(warning, zone))}</title><rect x="{x:.1f}" y="102" width="{max(end - x, 2):.1f}" '
            f'height="12" fill="{COLOUR[warning.outcome]}" opacity="0.5"/>'
            + _text(x, 113, SIGN[warning.outcome], colour=COLOUR[warning.outcome], middle=True)
            + "</g>"
        )
    for hit in film.lanes.hits:
        about = f"<title>{escape(of_hit(hit, zone))}</title>"
        marks.append(f"<g>{about}{_text(_x(film, hit.at), 153, '✕', colour=FAILED, middle=True)}</g>")
    for one in film.truth:
        if one.kind == "first_failure":
            about = f"<title>{escape(f'{one.service}: {one.what}')}</title>"
            marks.append(f"<g>{about}{_text(_x(film, one.time), 153, '○', colour=FAILED, middle=True)}</g>")
    first = film.lanes.hits[0] if film.lanes.hits else None
    if first is not None and first.warned_at is not None:
        marks.append(
            f'<line x1="{_x(film, first.warned_at):.1f}" y1="114" x2="{_x(film, first.at):.1f}" y2="142" '
            f'stroke="{COLOUR["right"]}" stroke-width="2" stroke-dasharray="2 3"/>'
        )
    return _svg(190, marks + _axis(film, zone, 166), "Warnings and failures over time")


def health(film: Film, zone: str) -> str:
    """A row for each service that was ever unwell, the first to be so on top; higher and warmer is worse. "" without any."""
    pictures = [(frame.at, frame.picture) for frame in film.frames if frame.picture is not None]
    if not pictures:
        return ""
    states = np.array([[picture.state(service) for service in range(len(picture.graph))] for _, picture in pictures])
    unwell = states != "healthy"
    order = [int(place) for place in np.argsort(unwell.argmax(axis=0), kind="stable") if unwell[:, place].any()][:ROWS]
    marks = []
    for row, service in enumerate(order):
        bottom = 22 + 22 * row
        marks.append(_text(8, bottom, one_line(pictures[0][1].graph.names[service], 22)))
        for state, group in groupby(enumerate(states[:, service]), key=lambda item: str(item[1])):
            places = [place for place, _ in group]
            x = _x(film, pictures[places[0]][0])
            width = min(_x(film, pictures[places[-1]][0] + film.span.every), float(_RIGHT)) - x
            tall = _HEIGHT_OF[state]
            marks.append(
                f'<rect x="{x:.1f}" y="{bottom - tall}" width="{max(width, 1):.1f}" height="{tall}" fill="{HEALTH_COLOUR[state]}">'
                f"<title>{escape(state)} from {time_of(pictures[places[0]][0], zone)}</title></rect>"
            )
    return (
        _svg(len(order) * 22 + 52, marks + _axis(film, zone, len(order) * 22 + 16), "Health of each service over time")
        if order
        else ""
    )


def legend() -> str:
    return ", ".join(f"{HEALTH_SIGN[state]} {state}" for state in _HEIGHT_OF)


def network(film: Film, picture: Picture) -> str:
    """The graph at a moment, laid out as on the page."""
    graph, services, edges = part(picture.graph, drawn(film))
    places = positions(graph)
    rows = float(-places[:, 1].min())
    x = 60 + (places[:, 0] - places[:, 0].min()) / max(float(np.ptp(places[:, 0])), 1e-9) * (WIDTH - 120)
    y = 24 - places[:, 1] * 62
    marks = []
    for number, (caller, callee) in zip(edges, graph.edges.T, strict=True):
        ill = picture.state(int(services[caller])) != "healthy" and picture.state(int(services[callee])) != "healthy"
        marks.append(
            f'<line x1="{x[callee]:.0f}" y1="{y[callee]:.0f}" x2="{x[caller]:.0f}" y2="{y[caller]:.0f}" '
            f'stroke="{HEALTH_COLOUR["failing"] if ill else "#8a8a8a"}" opacity="{0.8 if ill else 0.35}" '
            f'stroke-width="{0.6 + 3 * float(picture.reading.propagation[number]):.1f}"/>'
        )
    for place, service in enumerate(services):
        state = picture.state(int(service))
        marks.append(
            _text(x[place], y[place] + 6, HEALTH_SIGN[state], colour=HEALTH_COLOUR[state], middle=True, size=20)
        )
        marks.append(_text(x[place], y[place] + 22, one_line(graph.names[place], 20), middle=True, small=True))
    return _svg(int(rows * 62 + 58), marks, "The services and their calls at this moment")


def _axis(film: Film, zone: str, y: int) -> list[str]:
    marks = [f'<line x1="{_LEFT}" y1="{y}" x2="{_RIGHT}" y2="{y}" stroke="#8a8a8a"/>']
    for at in np.linspace(film.span.since, film.span.until, 7):
        x = _x(film, float(at))
        marks.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 4}" stroke="#8a8a8a"/>')
        marks.append(_text(min(x, _RIGHT - 14), y + 18, time_of(float(at), zone, float(at)), middle=True, small=True))
    return marks


def _x(film: Film, at: float) -> float:
    span = film.span
    return _LEFT + (_RIGHT - _LEFT) * min(max((at - span.since) / (span.until - span.since), 0.0), 1.0)


def _text(
    x: float,
    y: float,
    said: str,
    *,
    colour: str = "currentColor",
    middle: bool = False,
    small: bool = False,
    size: int = 13,
) -> str:
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{11 if small else size}"{anchor}>{escape(said)}</text>'


def _svg(height: int, marks: Sequence[str], title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{"".join(marks)}</svg>'
