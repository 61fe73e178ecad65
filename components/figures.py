"""Plotly figures, pure: values in, figure out. Severity by colour and by order; no text from users is markup."""

from collections.abc import Sequence

import plotly.graph_objects as go

from app.storage.overview import Cell
from components.looks import SEVERITY_COLOUR, SEVERITY_SHAPE
from components.plain import moment, one_line
from models.taxonomy import SEVERITIES

HEIGHT = 260
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def over_time(cells: Sequence[Cell], since: float, until: float, buckets: int, zone: str) -> go.Figure:
    """Events per bucket between two times (UTC seconds), stacked by severity, most urgent at the bottom."""
    width = (until - since) / buckets
    times = [moment(since + (bucket + 0.5) * width, zone) for bucket in range(buckets)]
    figure = go.Figure()
    for severity in SEVERITIES:
        values = {int(cell.name): cell.n for cell in cells if cell.severity == severity}
        figure.add_bar(
            x=times,
            y=[values.get(bucket, 0) for bucket in range(buckets)],
            name=f"{SEVERITY_SHAPE[severity]} {severity}",
            marker_color=SEVERITY_COLOUR[severity],
            hovertemplate="%{x|%Y-%m-%d %H:%M}: %{y} events<extra>" + severity + "</extra>",
        )
    return _dressed(figure, "events")


def by_service(cells: Sequence[Cell], most: int = 12) -> go.Figure:
    """Events per service and severity; the services with the most events, the rest left out."""
    total: dict[str, int] = {}
    for cell in cells:
        total[cell.name] = total.get(cell.name, 0) + cell.n
    names = sorted(total, key=lambda name: (-total[name], name))[:most]
    shown = [_label(name) for name in names]
    figure = go.Figure()
    for severity in SEVERITIES:
        values = {cell.name: cell.n for cell in cells if cell.severity == severity}
        figure.add_bar(
            y=shown,
            x=[values.get(name, 0) for name in names],
            orientation="h",
            name=f"{SEVERITY_SHAPE[severity]} {severity}",
            marker_color=SEVERITY_COLOUR[severity],
            hovertemplate="%{y}: %{x} events<extra>" + severity + "</extra>",
        )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_layout(height=max(HEIGHT, 60 + 24 * len(names)))
    return _dressed(figure, "")


def _label(name: str) -> str:
    """Plotly reads tags in labels: take away what opens one."""
    return one_line(name, 40).replace("<", "‹").replace("&", "＆") or "(none)"


def _dressed(figure: go.Figure, title: str) -> go.Figure:
    figure.update_layout(
        barmode="stack",
        margin=_MARGIN,
        height=figure.layout.height or HEIGHT,
        yaxis_title=title or None,
        legend={"orientation": "h", "y": 1.12, "x": 0},
        bargap=0.08,
    )
    return figure
