"""Figures of the Drift page, pure: p-values over windows, shares of categories before and now, never-seen errors, accuracy."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from app.services.audit import Accuracy
from app.services.drift import ALARM, Look
from components.figures import HEIGHT
from components.plain import moment
from models.taxonomy import CATEGORIES

_MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}
#: Test to colour, symbol and word. Okabe and Ito's colours.
_TESTS: Final[tuple[tuple[str, str, str, Callable[[Look], float]], ...]] = (
    ("texts", "#0072b2", "circle", lambda look: look.embedding.p_value),
    ("categories", "#e69f00", "triangle-up", lambda look: look.shares.p_value),
    ("never seen", "#cc79a7", "diamond", lambda look: look.new_p),
)
#: p-values are drawn down to here.
_SMALLEST: Final = 1e-4


def p_values(looks: Sequence[Look], zone: str) -> go.Figure:
    """One line a test over windows; below the dashed line is an alarm."""
    figure = go.Figure()
    for name, colour, symbol, p_value in _TESTS:
        figure.add_scatter(
            x=[moment(look.until, zone) for look in looks],
            y=[max(p_value(look), _SMALLEST) for look in looks],
            mode="lines+markers",
            name=name,
            line={"color": colour},
            marker={"symbol": symbol, "size": 9},
            hovertemplate="%{x|%Y-%m-%d %H:%M} p = %{y:.4f}<extra>" + name + "</extra>",
        )
    figure.add_hline(y=ALARM, line={"dash": "dash", "color": "#8a8a8a", "width": 2})
    figure.add_annotation(
        text="alarm below", xref="paper", x=0, xanchor="left", y=float(np.log10(ALARM)), yanchor="top", showarrow=False
    )
    figure.update_yaxes(
        type="log", title="chance of this by luck (p-value)", range=[-4.1, 0.1], dtick=1, tickformat="~r"
    )
    return _dressed(figure)


def shares(look: Look) -> go.Figure:
    """The share of each category before and now."""
    rows = sorted(look.shares.changes, key=lambda change: change[0], reverse=True)
    figure = go.Figure()
    for place, name, colour, pattern in ((1, "before", "#8a8a8a", "/"), (2, "now", "#0072b2", "")):
        figure.add_bar(
            y=[CATEGORIES[row[0]] for row in rows],
            x=[row[place] for row in rows],
            orientation="h",
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="%{y} %{x:.0%}<extra>" + name + "</extra>",
        )
    figure.update_layout(barmode="group")
    figure.update_xaxes(tickformat=".0%")
    return _dressed(figure)


def never_seen(looks: Sequence[Look], zone: str) -> go.Figure:
    """The share of kinds of errors in each window that were never seen before."""
    figure = go.Figure()
    figure.add_bar(
        x=[moment(look.until, zone) for look in looks],
        y=[look.new[1] for look in looks],
        marker_color="#cc79a7",
        hovertemplate="%{x|%Y-%m-%d %H:%M} %{y:.0%}<extra></extra>",
    )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return _dressed(figure)


def accuracy(weeks: Sequence[Accuracy], zone: str) -> go.Figure:
    """Accuracy of the category by week with its 95 % interval."""
    figure = go.Figure()
    figure.add_scatter(
        x=[moment(week.until, zone) for week in weeks],
        y=[week.value for week in weeks],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [week.high - week.value for week in weeks],
            "arrayminus": [week.value - week.low for week in weeks],
        },
        mode="lines+markers",
        customdata=[week.n for week in weeks],
        hovertemplate="week to %{x|%Y-%m-%d}: %{y:.0%} of %{customdata}<extra></extra>",
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return _dressed(figure)


def _dressed(figure: go.Figure) -> go.Figure:
    figure.update_layout(height=HEIGHT, margin=_MARGIN, legend={"orientation": "h", "y": 1.15, "x": 0})
    return figure
