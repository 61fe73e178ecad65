"""Figures of the Anomalies page, pure: findings over time in bands, and how the scores are spread."""

from collections.abc import Sequence

import plotly.graph_objects as go

from app.services.anomaly import KINDS, Finding
from components.figures import HEIGHT
from components.plain import moment, one_line
from models.analyse.anomaly import COMBINED, Strangeness

#: Kind to colour, shape and word: never by colour alone. Okabe and Ito's colours.
LOOKS = {
    "text": ("#0072b2", "circle", "● text"),
    "rate": ("#e69f00", "triangle-up", "▲ rate"),
    "order": ("#cc79a7", "diamond", "◆ order"),
}
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
_BINS = 40


def timeline(findings: Sequence[Finding], zone: str, limit: float) -> go.Figure:
    """Findings by time and score; the band from `limit` up is where alerts are by default, that below where clicks lowered it."""
    figure = go.Figure()
    lowest = min([limit - 0.02, *(item.score - 0.01 for item in findings)])
    figure.add_hrect(y0=limit, y1=1.005, fillcolor="#d55e00", opacity=0.10, line_width=0)
    for kind in KINDS:
        rows = [item for item in findings if item.kind == kind]
        colour, symbol, name = LOOKS[kind]
        figure.add_scatter(
            x=[moment(item.at, zone) for item in rows],
            y=[item.score for item in rows],
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 11, "opacity": 0.8},
            customdata=[[item.issue.id, _safe(item.issue.title), _safe(item.reason)] for item in rows],
            hovertemplate="%{x|%Y-%m-%d %H:%M}, %{y:.3f}<br>#%{customdata[0]} %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        )
    figure.update_yaxes(title="strangeness", range=[lowest, 1.006])
    return _dressed(figure)


def distribution(said: Sequence[Strangeness], limit: float, chosen: float) -> go.Figure:
    """How many issues have which combined score; lines at the threshold that holds and at the one being tried."""
    figure = go.Figure()
    figure.add_histogram(
        x=[item.scores[COMBINED] for item in said],
        xbins={"start": 0.0, "end": 1.0 + 1 / _BINS, "size": 1 / _BINS},
        marker_color="#0072b2",
        hovertemplate="%{x}: %{y} issues<extra></extra>",
    )
    figure.add_vline(x=limit, line_dash="dot", annotation_text="now", annotation_position="top left")
    if chosen != limit:
        figure.add_vline(x=chosen, line_color="#d55e00", annotation_text="tried", annotation_position="bottom left")
    figure.update_xaxes(title="combined score", range=[0, 1.02])
    figure.update_yaxes(title="issues")
    return _dressed(figure)


def _safe(text: str) -> str:
    """Plotly reads tags in hover texts: take away what opens one."""
    return one_line(text, 100).replace("<", "‹").replace("&", "＆")


def _dressed(figure: go.Figure) -> go.Figure:
    figure.update_layout(height=HEIGHT, margin=_MARGIN, bargap=0.05, legend={"orientation": "h", "y": 1.15, "x": 0})
    return figure
