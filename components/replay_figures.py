"""Figures of the Incident replay page, pure: the race of the two lanes, and the services that a replay draws."""

from html import escape
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.services.replay import Film
from app.services.replay_lanes import FALSE_ALARM, OPEN, RIGHT
from components.plain import moment
from components.replay_words import SIGN, of_hit, of_warning

WARNED, HIT, CHANCE = "StackLens warned", "users were hit", "probability"
#: Okabe and Ito's colours, and the red of a failed service.
COLOUR: Final = {RIGHT: "#0072b2", FALSE_ALARM: "#e69f00", OPEN: "#8a8a8a"}
FAILED: Final = "#c2185b"
_SYMBOL: Final = {RIGHT: "triangle-up", FALSE_ALARM: "triangle-up-open", OPEN: "circle-open"}
#: Services that are drawn: all of a small graph, else those with most errors in the range.
SMALL: Final = 60
MOST: Final = 120


def race(film: Film, at: float, zone: str) -> go.Figure:
    """Two lanes over the range, the probability of a failure above them; grey: what lies after the moment `at`."""
    figure = go.Figure()
    known = [one for one in (frame.forecast for frame in film.frames) if one is not None and one.forecastable]
    figure.add_scatter(
        x=[moment(one.at, zone) for one in known],
        y=[2 + 0.9 * one.probability for one in known],
        customdata=[one.probability for one in known],
        mode="lines",
        line={"color": "#8a8a8a", "width": 1.5},
        name="probability of a failure within 30 min",
        hovertemplate="%{x|%H:%M} %{customdata:.0%} within 30 min<extra></extra>",
    )
    for outcome in (RIGHT, FALSE_ALARM, OPEN):
        found = [one for one in film.lanes.warnings if one.outcome == outcome]
        if found:
            figure.add_scatter(**_bars([(one.since, one.until) for one in found], zone, COLOUR[outcome]))
            figure.add_scatter(
                x=[moment(one.since, zone) for one in found],
                y=[1] * len(found),
                mode="markers",
                name=f"{SIGN[outcome]} {'warned, ' if outcome != FALSE_ALARM else ''}{outcome}",
                marker={"color": COLOUR[outcome], "symbol": _SYMBOL[outcome], "size": 13, "line": {"width": 2}},
                hovertext=[escape(of_warning(one, zone)) for one in found],
                hovertemplate="%{hovertext}<extra></extra>",
            )
    hits = film.lanes.hits
    failed = [one for one in film.truth if one.kind == "first_failure"]
    if failed:
        figure.add_scatter(
            x=[moment(one.time, zone) for one in failed],
            y=[0] * len(failed),
            mode="markers",
            name="○ failed, as the simulation knows",
            marker={"color": FAILED, "symbol": "circle-open", "size": 9},
            hovertext=[escape(f"{one.service}: {one.what}") for one in failed],
            hovertemplate="%{x|%H:%M} %{hovertext}<extra></extra>",
        )
    if hits:
        figure.add_scatter(
            x=[moment(one.at, zone) for one in hits],
            y=[0] * len(hits),
            mode="markers",
            name="✕ a service failed",
            marker={"color": FAILED, "symbol": "x", "size": 11},
            hovertext=[escape(of_hit(one, zone)) for one in hits],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    if hits and hits[0].warned_at is not None:
        figure.add_scatter(
            x=[moment(hits[0].warned_at, zone), moment(hits[0].at, zone)], y=[1, 0], mode="lines", hoverinfo="skip",
            showlegend=False, line={"color": COLOUR[RIGHT], "dash": "dot", "width": 2},
        )  # fmt: skip
    end = moment(film.span.until, zone)
    figure.add_vrect(x0=moment(at, zone), x1=end, fillcolor="#8a8a8a", opacity=0.22, line_width=0)
    figure.add_vline(x=moment(at, zone), line_color=FAILED, line_width=2)
    figure.update_xaxes(range=[moment(film.span.since, zone), end], showgrid=False)
    figure.update_yaxes(
        range=[-0.5, 3.0],
        tickvals=[0, 1, 2.4],
        ticktext=[HIT, WARNED, CHANCE],
        showgrid=False,
        zeroline=False,
        automargin=True,
    )
    figure.update_layout(
        height=210,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        uirevision="replay",
    )
    return figure


def drawn(film: Film) -> NDArray[np.bool_]:
    """(n,) the services that are drawn, the same at every moment; empty where no moment has a picture."""
    pictures = [frame.picture for frame in film.frames if frame.picture is not None]
    if not pictures:
        return np.zeros(0, dtype=bool)
    n = len(pictures[0].graph)
    if n <= SMALL:
        return np.ones(n, dtype=bool)
    errors = np.sum([picture.signals.counts.sum(axis=(0, 2)) for picture in pictures], axis=0)
    shown = np.zeros(n, dtype=bool)
    shown[np.argsort(-errors, kind="stable")[:MOST]] = True
    return shown


def _bars(spans: list[tuple[float, float]], zone: str, colour: str) -> dict[str, Any]:
    x = [place for since, until in spans for place in (moment(since, zone), moment(until, zone), None)]
    return {
        "x": x, "y": [1 if place is not None else None for place in x], "mode": "lines", "hoverinfo": "skip",
        "showlegend": False, "line": {"color": colour, "width": 7}, "opacity": 0.55,
    }  # fmt: skip
