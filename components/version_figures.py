"""Versions of the reader as Plotly figures; pure."""

from collections.abc import Sequence

import plotly.graph_objects as go

from app.services.audit import wilson
from app.storage.versions import Version
from models.learn.gate import Compared
from models.learn.sequential import Standing

_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def history(versions: Sequence[Version]) -> go.Figure:
    """Share of the frozen holdout read right, by version, oldest first, with its 95 % interval."""
    held = [one for one in reversed(versions) if one.metrics.get("holdout")]
    shares = [(one.metrics["holdout"]["share"], one.metrics["holdout"]["n"]) for one in held]
    between = [wilson(round(share * n), n) for share, n in shares]
    figure = go.Figure(
        go.Scatter(
            x=[one.version for one in held],
            y=[share for share, _ in shares],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - share for (_, high), (share, _) in zip(between, shares, strict=True)],
                "arrayminus": [share - low for (low, _), (share, _) in zip(between, shares, strict=True)],
            },
            mode="lines+markers",
            marker={"size": 11, "symbol": ["star" if one.state == "current" else "circle" for one in held]},
            customdata=[(one.data.get("labels", 0), one.metrics["holdout"]["n"], one.state) for one in held],
            hovertemplate="%{x} (%{customdata[2]}): %{y:.3f} of %{customdata[1]}, %{customdata[0]} labels<extra></extra>",
        )
    )
    figure.update_yaxes(title="both right, holdout", range=[0, 1])
    figure.update_xaxes(type="category")
    return _dressed(figure, 260)


def gains(parts: Sequence[Compared]) -> go.Figure:
    """Gain of a candidate over the current version, in points, with its 95 % interval; right of 0 is better."""
    figure = go.Figure(
        go.Scatter(
            x=[100 * part.gain for part in parts],
            y=[part.part for part in parts],
            mode="markers",
            marker={"size": 11, "symbol": "diamond"},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * (part.high - part.gain) for part in parts],
                "arrayminus": [100 * (part.gain - part.low) for part in parts],
            },
            hovertemplate="%{y}: %{x:+.1f} points<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"dash": "dash", "width": 1})
    figure.update_xaxes(title="points gained")
    return _dressed(figure, 90 + 40 * len(parts))


def test(standing: Standing) -> go.Figure:
    """The A/B test's difference of accepted shares, in points, with the interval that is valid at any time."""
    known = standing.a.n and standing.b.n
    middle = standing.b.share - standing.a.share if known else 0.0
    figure = go.Figure(
        go.Scatter(
            x=[100 * middle],
            y=["new − current"],
            mode="markers",
            marker={"size": 11, "symbol": "diamond" if known else "x"},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * (standing.high - middle)],
                "arrayminus": [100 * (middle - standing.low)],
            },
            hovertemplate="%{x:+.1f} points<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"dash": "dash", "width": 1})
    figure.update_xaxes(title="accepted more often, points", range=[-100, 100])
    return _dressed(figure, 130)


def _dressed(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(height=height, margin=_MARGIN, showlegend=False)
    return figure
