"""Figures of the Cascades page, pure: errors by service, the risk ahead, attention over the steps, forecasts over time."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from app.services.cascade import Outlook, Reliability
from app.storage.forecasts import Failure
from components.figures import HEIGHT
from components.looks import SEVERITY_COLOUR, SEVERITY_SHAPE
from components.plain import moment, one_line
from models.analyse.forecast import HORIZON, Forecast
from models.taxonomy import SEVERITIES

_SYMBOL: Final = {"critical": "diamond", "high": "triangle-up", "medium": "circle", "low": "circle-open"}
_MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}
_EXPECTED: Final = "#d55e00"
#: Services with a row of their own; the quieter ones share the last.
ROWS: Final = 12
#: Steps whose attention is drawn: those that the forecast looked at most.
STEPS: Final = 10

#: (bucket, service, severity, number of errors)
Counts = Sequence[tuple[int, str, str, int]]


def timeline(counts: Counts, since: float, until: float, *, buckets: int, zone: str, forecast: Forecast) -> go.Figure:
    """A mark for each service, stretch of time and severity, larger for more errors; the half hour ahead is shaded."""
    width = (until - since) / buckets
    totals: dict[str, int] = {}
    for _, service, _, number in counts:
        totals[service] = totals.get(service, 0) + number
    loudest = sorted(totals, key=lambda service: (-totals[service], service))[:ROWS]
    figure = go.Figure()
    for severity in reversed(SEVERITIES):
        rows = [row for row in counts if row[2] == severity]
        if rows:
            names = [_name(service, loudest) for _, service, _, _ in rows]
            figure.add_scatter(
                x=[moment(since + (bucket + 0.5) * width, zone) for bucket, *_ in rows],
                y=names,
                mode="markers",
                name=f"{SEVERITY_SHAPE[severity]} {severity}",
                marker={
                    "color": SEVERITY_COLOUR[severity],
                    "symbol": _SYMBOL[severity],
                    "size": [6 + 5 * float(np.log10(number)) for *_, number in rows],
                },
                customdata=[number for *_, number in rows],
                hovertemplate="%{x|%H:%M:%S} %{y}: %{customdata} " + severity + "<extra></extra>",
            )
    figure.add_vrect(
        x0=moment(forecast.at, zone),
        x1=moment(forecast.at + HORIZON * 60, zone),
        fillcolor="#8a8a8a",
        opacity=0.12,
        line_width=0,
    )
    if forecast.minutes is not None:
        low, median, high = (moment(forecast.at + minutes * 60, zone) for minutes in forecast.minutes)
        figure.add_vrect(x0=low, x1=high, fillcolor=_EXPECTED, opacity=0.18, line_width=0)
        figure.add_vline(x=median, line_color=_EXPECTED, line_dash="dot")
    order = [_name(service, loudest) for service in reversed(loudest)]
    rows_drawn = (["other services"] if len(totals) > len(loudest) else []) + order
    figure.update_yaxes(categoryorder="array", categoryarray=rows_drawn, automargin=True)
    return _dressed(figure, HEIGHT + 16 * len(rows_drawn))


def risk(forecast: Forecast) -> go.Figure:
    """The probability that a service has failed by each minute ahead, and the interval of when."""
    failed = 1 - np.cumprod(1 - forecast.hazard)
    figure = go.Figure()
    if forecast.minutes is not None:
        low, median, high = forecast.minutes
        figure.add_vrect(
            x0=low, x1=high, fillcolor=_EXPECTED, opacity=0.15, line_width=0, annotation_text="90 % of failures"
        )
        figure.add_vline(x=median, line_color=_EXPECTED, line_dash="dot")
    figure.add_scatter(
        x=list(range(HORIZON + 1)),
        y=[0.0, *failed.tolist()],
        mode="lines",
        line={"color": "#0072b2", "width": 3},
        hovertemplate="within %{x} min: %{y:.0%}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title="minutes from now", range=[0, HORIZON])
    figure.update_yaxes(title="has failed", range=[0, 1], tickformat=".0%")
    return _dressed(figure, HEIGHT)


def attention(outlook: Outlook) -> go.Figure:
    """A bar for each of the `STEPS` steps most looked at, in the order they came, the newest at the bottom."""
    read = len(outlook.forecast.attention)
    places = np.sort(np.argsort(-outlook.forecast.attention, kind="stable")[:STEPS])
    weights = outlook.forecast.attention[places]
    steps = [outlook.steps[-read:][place] for place in places]
    titles = [outlook.titles[-read:][place] for place in places]
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(steps))),
        x=weights.tolist(),
        orientation="h",
        marker_color="#009e73",
        customdata=[
            [_safe(step.service or "no service"), _safe(title)] for step, title in zip(steps, titles, strict=True)
        ],
        hovertemplate="%{x:.2f} %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
    )
    labels = [
        f"{_safe(step.service or 'no service')[:14]}: {_safe(one_line(title, 34))}"
        for step, title in zip(steps, titles, strict=True)
    ]
    figure.update_xaxes(title="share of the attention", rangemode="tozero", tickformat=".0%")
    figure.update_yaxes(tickvals=list(range(len(steps))), ticktext=labels, autorange="reversed", automargin=True)
    return _dressed(figure, max(HEIGHT, 60 + 18 * len(steps)))


def reliability(found: Sequence[Reliability]) -> go.Figure:
    """What was forecast against how often it came, with the 95 % interval; on the dotted line they are equal."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": "#8a8a8a"}, hoverinfo="skip", showlegend=False
    )
    figure.add_scatter(
        x=[one.forecast for one in found],
        y=[one.failed for one in found],
        error_y={
            "type": "data",
            "array": [one.high - one.failed for one in found],
            "arrayminus": [one.failed - one.low for one in found],
        },
        mode="markers",
        marker={"color": "#0072b2", "size": 10},
        customdata=[one.n for one in found],
        hovertemplate="forecast %{x:.0%}, came %{y:.0%} of %{customdata}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title="forecast probability", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title="share that failed", range=[0, 1.02], tickformat=".0%")
    return _dressed(figure, HEIGHT)


def course(forecasts: Sequence[Forecast], failures: Sequence[Failure], zone: str) -> go.Figure:
    """The probability that was forecast at each moment, and when services failed."""
    figure = go.Figure()
    figure.add_scatter(
        x=[moment(one.at, zone) for one in forecasts],
        y=[one.probability for one in forecasts],
        mode="lines",
        name="probability of a failure within 30 min",
        line={"color": "#0072b2", "width": 2},
        hovertemplate="%{x|%H:%M} %{y:.0%}<extra></extra>",
    )
    warned = [one for one in forecasts if one.minutes is not None]
    figure.add_scatter(
        x=[moment(one.at, zone) for one in warned],
        y=[one.probability for one in warned],
        mode="markers",
        name="▲ warned",
        marker={"color": _EXPECTED, "symbol": "triangle-up", "size": 9},
        hovertemplate="%{x|%H:%M} %{y:.0%}<extra>warned</extra>",
    )
    figure.add_scatter(
        x=[moment(one.at, zone) for one in failures],
        y=[1.02] * len(failures),
        mode="markers",
        name="✕ a service failed",
        marker={"color": "#c2185b", "symbol": "x", "size": 11},
        customdata=[_safe(one.service) for one in failures],
        hovertemplate="%{x|%H:%M} %{customdata} failed<extra></extra>",
    )
    figure.update_yaxes(range=[0, 1.08], tickformat=".0%")
    return _dressed(figure, HEIGHT)


def _name(service: str, loudest: Sequence[str]) -> str:
    return (_safe(service) or "no service") if service in loudest else "other services"


def _safe(text: str) -> str:
    """Plotly reads tags: take away what opens one."""
    return one_line(text, 100).replace("<", "‹").replace("&", "＆")


def _dressed(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(height=height, margin=_MARGIN, legend={"orientation": "h", "y": 1.15, "x": 0}, bargap=0.1)
    return figure
