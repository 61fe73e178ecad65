"""How a reader was measured, as Plotly figures; pure."""

from collections.abc import Sequence

import plotly.graph_objects as go

from components.looks import SEVERITY_COLOUR

_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def reliability(bins: Sequence[dict[str, float]]) -> go.Figure:
    """Share that was right against the confidence that was said, one point a bin, its size by the number of errors in it."""
    figure = go.Figure(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name="calibrated", line={"dash": "dash", "width": 1, "color": "#8a8a8a"})
    )
    figure.add_scatter(
        x=[each["confidence"] for each in bins],
        y=[each["right"] for each in bins],
        mode="markers",
        name="measured",
        marker={"size": 10, "symbol": "diamond", "color": SEVERITY_COLOUR["high"]},
        customdata=[each["n"] for each in bins],
        hovertemplate="said %{x:.2f}, was right %{y:.2f} of %{customdata} errors<extra></extra>",
    )
    figure.update_xaxes(title="confidence", range=[0, 1])
    figure.update_yaxes(title="share right", range=[0, 1])
    return _dressed(figure, 320)


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> go.Figure:
    """Rows are the truth, columns the answers, in the order of `labels`; numbers are written into the cells."""
    shares = [[cell / max(sum(row), 1) for cell in row] for row in counts]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(labels),
            y=list(labels),
            text=[[str(cell) for cell in row] for row in counts],
            texttemplate="%{text}",
            colorscale="Blues",
            zmin=0,
            zmax=1,
            showscale=False,
            hovertemplate="is %{y}, read as %{x}: %{text} (%{z:.0%})<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", title="is")
    figure.update_xaxes(title="read as")
    return _dressed(figure, 90 + 32 * len(labels))


def curve(points: Sequence[dict[str, float]]) -> go.Figure:
    """Accuracy on technologies never seen against the number of templates that the network was fitted on."""
    figure = go.Figure()
    for name in ("severity_accuracy", "category_accuracy"):
        figure.add_scatter(
            x=[each["templates"] for each in points],
            y=[each[name] for each in points],
            mode="lines+markers",
            name=name.split("_")[0],
            line={"color": SEVERITY_COLOUR["critical" if name.startswith("severity") else "medium"]},
            marker={"symbol": "square" if name.startswith("severity") else "circle"},
        )
    figure.update_xaxes(title="templates", rangemode="tozero")
    figure.update_yaxes(title="accuracy", range=[0, 1])
    return _dressed(figure, 320)


def _dressed(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(height=height, margin=_MARGIN, legend={"orientation": "h", "y": 1.1})
    return figure
