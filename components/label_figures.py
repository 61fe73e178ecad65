"""Accuracy over time on the audit sample."""

from collections.abc import Mapping, Sequence
from typing import Final

import plotly.graph_objects as go

from app.services.audit import Accuracy
from components.plain import moment

_LOOKS: Final = {"category": ("#0072b2", "circle"), "severity": ("#d55e00", "diamond")}


def accuracy(spans: Mapping[str, Sequence[Accuracy]], zone: str) -> go.Figure:
    """Points with their 95 % intervals by week; shares right in [0, 1], number of labels on hover."""
    figure = go.Figure()
    for part, found in spans.items():
        colour, symbol = _LOOKS[part]
        figure.add_scatter(
            x=[moment(one.since, zone) for one in found],
            y=[one.value for one in found],
            error_y={"type": "data", "array": [one.high - one.value for one in found],
                     "arrayminus": [one.value - one.low for one in found]},
            mode="lines+markers",
            name=part,
            marker={"color": colour, "symbol": symbol, "size": 9},
            line={"color": colour},
            customdata=[one.n for one in found],
            hovertemplate="%{y:.2f} of %{customdata} labels<extra>" + part + "</extra>",
        )  # fmt: skip
    figure.update_layout(
        height=260, margin={"l": 10, "r": 10, "t": 10, "b": 10}, yaxis={"range": [0, 1], "title": "share right"}
    )
    return figure
