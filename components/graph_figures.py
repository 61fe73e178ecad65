"""Figures of the Service graph page, pure: services and calls, and health over time. Names of services are never markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.services.service_graph import Picture, Point
from app.storage.graph import Deploy
from components.graph_layout import part, positions
from components.plain import moment, one_line, percent
from models.taxonomy import HEALTH

#: State to colour, symbol and sign: never by colour alone. Okabe and Ito's colours.
COLOUR: Final = {
    "healthy": "#009e73", "degraded": "#e69f00", "failing": "#d55e00", "failed": "#c2185b", "recovering": "#56b4e9",
}  # fmt: skip
SYMBOL: Final = {
    "healthy": "circle", "degraded": "triangle-up", "failing": "diamond", "failed": "x", "recovering": "triangle-down",
}  # fmt: skip
SIGN: Final = {"healthy": "●", "degraded": "▲", "failing": "◆", "failed": "✕", "recovering": "▽"}
#: Up to so many services each one has its name beside it; of more only those that matter.
NAMED: Final = 60
MOST_NAMED: Final = 24
#: Up to so many calls each one has its arrow; of more only those between services in trouble, and those of marked ones.
ARROWS: Final = 150
#: Names in one row that are nearer than this in x would lie over each other.
_APART: Final = 0.2
_GREY: Final = "#8a8a8a"
#: Of names: read on white and on black, and kept when another service is clicked.
_NAME: Final = "#767680"
_HIT: Final = "#cc79a7"
#: Widths of edges by propagation probability: below each bound.
_WIDTHS: Final = ((0.34, 1.0), (0.67, 2.2), (1.01, 4.0))
#: Size of a healthy service's mark, by how many are drawn at most.
_SIZES: Final = ((NAMED, 16), (200, 11), (10**9, 8))
_DOUBTFUL: Final = ("named in a log", "seen together")


@dataclass(frozen=True, slots=True)
class Marks:
    """What is pointed out: the chosen service, the first suspect, and who a supposed failure hits (service to probability)."""

    chosen: int | None = None
    suspect: int | None = None
    broken: tuple[int, ...] = ()
    hits: Mapping[int, float] | None = None


def network(picture: Picture, shown: NDArray[np.bool_], marks: Marks) -> go.Figure:
    """The `shown` (n,) services and the calls between them. `customdata` of a service is [its number, its name]."""
    graph, services, edges = part(picture.graph, shown)
    places = positions(graph)
    made = go.Figure()
    marked = {marks.chosen, marks.suspect, *marks.broken}
    for trace in _edges(picture, edges, places[graph.edges], marked):
        made.add_trace(trace)
    for trace in _rings(services, places, marks):
        made.add_trace(trace)
    labelled = _labelled(picture, services, places, marks)
    states = [picture.state(int(service)) for service in services]
    size = next(size for most, size in _SIZES if len(services) <= most)
    for state in HEALTH:
        rows = [row for row, found in enumerate(states) if found == state]
        made.add_trace(_dots(picture, services[rows], places[rows], state, labelled, size=size))
    return _dressed(made, places)


def _dots(
    picture: Picture,
    services: NDArray[np.int64],
    places: NDArray[np.float64],
    state: str,
    labelled: set[int],
    *,
    size: int,
) -> go.Scatter:
    names = [label(picture.graph.names[service]) for service in services]
    return go.Scatter(
        x=places[:, 0],
        y=places[:, 1],
        mode="markers+text",
        name=f"{SIGN[state]} {state}",
        text=[name if int(service) in labelled else "" for name, service in zip(names, services, strict=True)],
        textposition="bottom center",
        textfont={"size": 12, "color": _NAME},
        cliponaxis=False,
        customdata=[[int(service), picture.graph.names[service]] for service in services],
        hovertext=[_about(picture, int(service)) for service in services],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={
            "color": COLOUR[state],
            "symbol": SYMBOL[state],
            "size": size if state == "healthy" else round(1.25 * size),
            "line": {"width": 1, "color": "rgba(255,255,255,0.7)"},
            "opacity": 1,
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}, "textfont": {"color": _NAME}},
    )


def _edges(
    picture: Picture, numbers: NDArray[np.int64], ends: NDArray[np.float64], marked: set[int | None]
) -> list[go.Scatter]:
    """Lines by width, doubtful ones dashed; an arrow in the middle of each, from the callee to the caller: as trouble travels.

    `ends` (2, k, 2): where caller and callee of the edges with these `numbers` (k,) lie.
    """
    chance = picture.reading.propagation[numbers]
    doubtful = np.array([picture.graph.known_by[number] in _DOUBTFUL for number in numbers], dtype=bool)
    pairs = picture.graph.edges[:, numbers]
    ill = np.array([picture.state(service) != "healthy" for service in range(len(picture.graph))])
    many = len(numbers) > ARROWS
    thin = 0.4 if many else 0.7 if len(numbers) > 50 else 1.0
    warm = 0.4 if (ill[pairs].all(axis=0)).sum() > ARROWS else 0.7
    found, low = [], 0.0
    for bound, width in _WIDTHS:
        for dashed in (False, True):
            for hot in (False, True):
                inside = (chance >= low) & (chance < bound) & (doubtful == dashed) & (ill[pairs].all(axis=0) == hot)
                if inside.any():
                    found.append(_lines(ends[:, inside], width * (max(thin, warm) if hot else thin), dashed=dashed, hot=hot,
                                        opacity=0.8 if hot else 0.25 + 0.4 * (thin - 0.4)))  # fmt: skip
        low = bound
    pointed = ill[pairs].all(axis=0) | np.isin(pairs, [place for place in marked if place is not None]).any(axis=0)
    drawn = np.flatnonzero(pointed) if many else np.arange(len(numbers))
    if len(drawn):
        found.append(_arrows(picture, numbers[drawn], ends[:, drawn], chance[drawn]))
    return found


def _lines(ends: NDArray[np.float64], width: float, *, dashed: bool, hot: bool, opacity: float) -> go.Scatter:
    """Calls as lines; `hot` between two services in trouble."""
    gap = np.full(ends.shape[1], np.nan)
    return go.Scatter(
        x=np.column_stack([ends[1, :, 0], ends[0, :, 0], gap]).ravel(),
        y=np.column_stack([ends[1, :, 1], ends[0, :, 1], gap]).ravel(),
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"width": width, "color": COLOUR["failing"] if hot else _GREY, "dash": "dash" if dashed else "solid"},
        opacity=opacity,
    )


def _arrows(
    picture: Picture, numbers: NDArray[np.int64], ends: NDArray[np.float64], chance: NDArray[np.float64]
) -> go.Scatter:
    """An arrow's angle is measured from the point before it, which has no size; hovering it says what the call is."""
    # Not from the callee itself: a click on the service would find that point first.
    start, tip = (ends[1] + share * (ends[0] - ends[1]) for share in (0.5, 0.58))
    gap = np.full(len(numbers), np.nan)
    texts = [_of_edge(picture, int(number)) for number in numbers]
    return go.Scatter(
        x=np.column_stack([start[:, 0], tip[:, 0], gap]).ravel(),
        y=np.column_stack([start[:, 1], tip[:, 1], gap]).ravel(),
        mode="markers",
        showlegend=False,
        hovertext=[text for about in texts for text in ("", about, "")],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={
            "symbol": "arrow",
            "angleref": "previous",
            "size": np.column_stack([0 * chance, 7 + 8 * chance, 0 * chance]).ravel(),
            "color": _GREY,
            "opacity": 0.95,
        },
        unselected={"marker": {"opacity": 0.95}},
    )


def _rings(services: NDArray[np.int64], places: NDArray[np.float64], marks: Marks) -> list[go.Scatter]:
    row = {int(service): number for number, service in enumerate(services)}
    found = []
    hits = {row[service]: chance for service, chance in (marks.hits or {}).items() if service in row}
    if hits:
        sizes = [20 + 22 * chance for chance in hits.values()]
        found.append(
            _ring(places[list(hits)], "would be hit", sizes, {"color": _HIT, "opacity": 0.45, "symbol": "circle"})
        )
    broken = [row[service] for service in marks.broken if service in row]
    if broken:
        found.append(
            _ring(
                places[broken], "supposed to fail", 34, {"symbol": "square-open", "color": _HIT, "line": {"width": 3}}
            )
        )
    if marks.suspect in row:
        look = {"symbol": "star-diamond-open", "color": COLOUR["failing"], "line": {"width": 2}}
        found.append(_ring(places[[row[marks.suspect]]], "most likely cause", 34, look))
    if marks.chosen in row:
        look = {"symbol": "circle-open", "color": "#0072b2", "line": {"width": 3}}
        found.append(_ring(places[[row[marks.chosen]]], "chosen", 30, look))
    return found


def _ring(places: NDArray[np.float64], name: str, size: Any, look: dict[str, Any]) -> go.Scatter:
    marker = {"size": size, **look}
    return go.Scatter(
        x=places[:, 0], y=places[:, 1], mode="markers", name=name, hoverinfo="skip", marker=marker,
        unselected={"marker": {"opacity": look.get("opacity", 1)}},
    )  # fmt: skip


def _labelled(picture: Picture, services: NDArray[np.int64], places: NDArray[np.float64], marks: Marks) -> set[int]:
    """All where there is room; else what is marked, then the worst, as far as their names do not lie over each other."""
    if len(services) <= NAMED:
        return set(map(int, services))
    marked = [marks.chosen, marks.suspect, *marks.broken, *(marks.hits or {})]
    worst = [int(service) for service in services[np.argsort(picture.reading.health[services, 0], kind="stable")]]
    off = [service for service in worst if picture.state(service) != "healthy"]
    at = dict(zip(services.tolist(), places.tolist(), strict=True))
    taken: set[int] = set()
    for service in dict.fromkeys([*marked, *off]):
        if service is not None and service in at and len(taken) < MOST_NAMED:
            x, y = at[service]
            if all(abs(x - at[other][0]) > _APART or abs(y - at[other][1]) > 0.5 for other in taken):
                taken.add(service)
    return taken


def _about(picture: Picture, service: int) -> str:
    state = picture.state(service)
    sure = percent(float(picture.reading.health[service].max()))
    errors = picture.errors(service)
    return (
        f"<b>{label(picture.graph.names[service])}</b> ({escape(picture.graph.kinds[service])})<br>"
        f"{SIGN[state]} {state}, {sure} sure<br>{errors:,} errors in the window"
    )


def _of_edge(picture: Picture, edge: int) -> str:
    graph, reading = picture.graph, picture.reading
    caller, callee = (label(graph.names[service]) for service in graph.edges[:, edge])
    over = f" over {escape(one_line(graph.protocols[edge], 20))}" if graph.protocols[edge] else ""
    return (
        f"{caller} calls {callee}{over}<br>trouble of {callee} reaches {caller}: {percent(float(reading.propagation[edge]))}, "
        f"after about {reading.delay[edge]:.0f} s<br>known: {graph.known_by[edge]}, {percent(float(graph.certainty[edge]))} sure"
    )


def label(name: str, limit: int = 32) -> str:
    """A name that Plotly shows as it is: it reads HTML."""
    return escape(one_line(name, limit))


def _dressed(made: go.Figure, places: NDArray[np.float64]) -> go.Figure:
    rows = len(set(places[:, 1].tolist()))
    made.update_layout(
        height=int(np.clip(90 * rows + 120, 380, 760)),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode="pan",
        hovermode="closest",
        hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
        clickmode="event+select",
    )
    made.update_xaxes(visible=False, range=[places[:, 0].min() - 0.18, places[:, 0].max() + 0.18])
    made.update_yaxes(visible=False, range=[places[:, 1].min() - 0.6, places[:, 1].max() + 0.5])
    return made


def trend(points: Sequence[Point], deploys: Sequence[Deploy], zone: str, chosen: int) -> go.Figure:
    """Health of the system over time; a dotted line at each release, a ring at the chosen point."""
    times = [moment(point.at, zone) for point in points]
    made = go.Figure()
    made.add_scatter(
        x=times,
        y=[point.health for point in points],
        mode="lines+markers",
        line={"color": "#0072b2", "width": 2},
        marker={"size": 5},
        hovertext=[
            f"{point.health:.2f}" + (f", first suspect {label(point.worst)}" if point.worst else "") for point in points
        ],
        hovertemplate="%{x|%Y-%m-%d %H:%M}: %{hovertext}<extra></extra>",
    )
    made.add_scatter(
        x=[times[chosen]], y=[points[chosen].health], mode="markers", hoverinfo="skip",
        marker={"size": 14, "symbol": "circle-open", "color": "#d55e00", "line": {"width": 3}},
    )  # fmt: skip
    for deploy in deploys:
        if points[0].at <= deploy.at <= points[-1].at:
            at = moment(deploy.at, zone)
            made.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, line={"dash": "dot", "width": 1, "color": _GREY})
            made.add_annotation(
                x=at, y=1, text=label(f"{deploy.service} {deploy.version}", 24), showarrow=False, yshift=8
            )
    made.update_layout(height=170, margin={"l": 8, "r": 8, "t": 20, "b": 8}, showlegend=False)
    made.update_yaxes(range=[-0.03, 1.08], title="health")
    return made
