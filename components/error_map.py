"""The error map's figure, pure: points in, Plotly figure out. Severity by shape, the rest by colour; text is never markup."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from html import escape
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.services.map import ErrorMap
from components.looks import SEVERITY_COLOUR, SEVERITY_SHAPE
from components.plain import moment, one_line
from models.taxonomy import SEVERITIES

COLOURS: Final = ("severity", "category", "family", "service", "strangeness", "first seen")
HEIGHT: Final = 640
#: Above so many points a browser takes seconds to draw them: a heat map of all lies under a sample.
MOST_DRAWN: Final = 50_000
_SAMPLE: Final = 15_000
_CELLS: Final = 160
#: From so many points on they are drawn smaller, and what is said of each is shorter.
_MANY: Final = 5_000
#: Families that are named on the map itself; the others would lie over each other.
_NAMED: Final = 12
_SYMBOL: Final = {"critical": "diamond", "high": "triangle-up", "medium": "circle", "low": "circle-open"}
_SIZE: Final = {"critical": 12, "high": 11, "medium": 9, "low": 8}
#: Okabe and Ito's colours and three between them, for groups that have no order.
_PALETTE: Final = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#d55e00",
    "#56b4e9",
    "#b8a900",
    "#7a5195",
    "#8c564b",
    "#2f4b7c",
)
_GREY: Final = "#9a9a9a"
NO_FAMILY: Final = "no family"


@lru_cache(maxsize=2)
def frame(found: ErrorMap) -> pd.DataFrame:
    """One row a point, in the order of the map; made once for a state of the map."""
    names = {family.label: family.name for family in found.families}
    rows = found.rows
    limit = 110 if len(rows) <= _MANY else 60
    made = pd.DataFrame(
        {
            "id": [row.id for row in rows],
            "issue": [row.issue_id for row in rows],
            "severity": [row.severity for row in rows],
            "category": [row.category for row in rows],
            "strangeness": [row.strangeness for row in rows],
            "service": [row.service for row in rows],
            "first seen": [row.first_seen for row in rows],
            "last seen": [row.last_seen for row in rows],
            "routine": [bool(row.routine) for row in rows],
            "text": [row.text for row in rows],
            "hover": [hover(row.text, (row.category, row.service, row.status), row.severity, limit) for row in rows],
        }
    )
    made["family"] = [names.get(label, NO_FAMILY) for label in found.labels.tolist()]
    made[["x", "y"]] = found.points
    return made


def hover(text: str, about: Sequence[str], severity: str, limit: int = 110) -> str:
    """What Plotly shows of a point. It reads HTML, so that a stranger's `<`, `>` and `&` are written as entities."""
    parts = [f"{SEVERITY_SHAPE[severity]} {severity}", *(escape(one_line(part, 40)) for part in about if part)]
    return f"{escape(one_line(text, limit))}<br>{', '.join(parts)}"


def figure(
    points: pd.DataFrame, shown: NDArray[np.bool_], colour: str, marked: Collection[int] = (), zone: str = "UTC"
) -> go.Figure:
    """The map of the `shown` (n,) among the points; the others stay as grey dots, and so do those that are not marked.

    `colour` is one of COLOURS; `marked` are the ids that are selected from the start. Ids travel in `customdata`.
    """
    drawn = points[shown]
    made = go.Figure()
    if len(drawn) > MOST_DRAWN:
        made.add_trace(_density(drawn))
        drawn = drawn[drawn.id.isin(marked) | drawn.id.isin(drawn.id.sample(_SAMPLE, random_state=0))]
    elif not shown.all() and len(points) <= MOST_DRAWN:
        made.add_trace(_context(points[~shown]))
    if colour in ("strangeness", "first seen"):
        made.add_trace(_scale(drawn, colour, marked, zone))
    else:
        for name, tint, rows in _groups(drawn, colour):
            made.add_trace(_dots(rows, name, {"color": tint}, marked))
    _name_families(made, drawn)
    return _dressed(made)


def _groups(drawn: pd.DataFrame, colour: str) -> list[tuple[str, str, pd.DataFrame]]:
    """(name, colour, rows): severities in their order, else the largest groups and the rest together."""
    if colour == "severity":
        return [
            (name, SEVERITY_COLOUR[name], drawn[drawn.severity == name])
            for name in SEVERITIES
            if (drawn.severity == name).any()
        ]
    sizes = drawn[colour].value_counts()
    lone = [name for name in sizes.index if name in ("", NO_FAMILY)]
    largest = sorted((name for name in sizes.index if name not in lone), key=lambda name: (-sizes[name], name))[
        : len(_PALETTE)
    ]
    made = [(_label(name), tint, drawn[drawn[colour] == name]) for name, tint in zip(largest, _PALETTE, strict=False)]
    rest = drawn[~drawn[colour].isin(largest)]
    return made + ([("other or none", _GREY, rest)] if len(rest) else [])


def _dots(rows: pd.DataFrame, name: str, marker: dict[str, Any], marked: Collection[int]) -> go.Scattergl:
    small = 0.6 if len(rows) > _MANY else 1.0
    return go.Scattergl(
        x=rows.x,
        y=rows.y,
        mode="markers",
        name=name,
        customdata=rows.id.to_numpy(),
        text=rows.hover.tolist(),
        hovertemplate="%{text}<extra></extra>",
        marker={
            "symbol": [_SYMBOL[name] for name in rows.severity],
            "size": [_SIZE[name] * small for name in rows.severity],
            "opacity": 0.9,
            **marker,
        },
        selectedpoints=np.flatnonzero(rows.id.isin(marked)).tolist() if marked else None,
        unselected={"marker": {"color": _GREY, "opacity": 0.3}},
    )


def _scale(drawn: pd.DataFrame, colour: str, marked: Collection[int], zone: str) -> go.Scattergl:
    values = drawn[colour].to_numpy(dtype=float)
    bar: dict[str, Any] = {"thickness": 12, "title": {"text": colour}}
    if colour == "first seen" and len(values):
        ticks = np.linspace(values.min(), values.max(), 5)
        bar |= {"tickvals": ticks, "ticktext": [f"{moment(tick, zone):%m-%d %H:%M}" for tick in ticks]}
    return _dots(drawn, colour, {"color": values, "colorscale": "Cividis", "colorbar": bar}, marked).update(
        showlegend=False
    )


def _context(rest: pd.DataFrame) -> go.Scattergl:
    """What the filters leave out: where it lies, and nothing else."""
    return go.Scattergl(
        x=rest.x,
        y=rest.y,
        mode="markers",
        name="filtered out",
        hoverinfo="skip",
        legendrank=2000,  # last
        marker={"size": 4, "color": _GREY, "opacity": 0.25},
        unselected={"marker": {"opacity": 0.25}},
    )


def _density(drawn: pd.DataFrame) -> go.Heatmap:
    """How many points lie in each cell, all of them; darker = more, by the logarithm."""
    counts, xs, ys = np.histogram2d(drawn.x, drawn.y, bins=_CELLS)
    return go.Heatmap(
        x=(xs[:-1] + xs[1:]) / 2,
        y=(ys[:-1] + ys[1:]) / 2,
        z=np.where(counts.T > 0, np.log10(np.maximum(counts.T, 1)), np.nan),
        colorscale=[[0, "rgba(90,130,190,0.12)"], [1, "rgba(90,130,190,0.9)"]],
        showscale=False,
        hoverinfo="skip",
    )


def _name_families(made: go.Figure, drawn: pd.DataFrame) -> None:
    for name in drawn.loc[drawn.family != NO_FAMILY, "family"].value_counts().index[:_NAMED]:
        rows = drawn[drawn.family == name]
        made.add_annotation(
            x=float(rows.x.median()),
            y=float(rows.y.max()),
            text=_label(name),
            showarrow=False,
            yshift=14,
            bgcolor="rgba(128,128,128,0.14)",
            font={"size": 12},
        )


def _label(name: str) -> str:
    return escape(one_line(str(name), 40)) or "(none)"


def _dressed(made: go.Figure) -> go.Figure:
    made.update_layout(
        height=HEIGHT,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        dragmode="select",
        hovermode="closest",
        hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
        showlegend=True,
    )
    made.update_xaxes(visible=False)
    made.update_yaxes(visible=False)
    return made
