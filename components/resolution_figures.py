"""Figures of the Resolutions page, pure: what each action is worth, and what came of the suggestions over time."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.services.resolution_log import Click
from components.figures import HEIGHT
from components.plain import moment
from models.taxonomy import ACTION_WORDS, ACTIONS

Doubles = NDArray[np.float64]

#: Policy to colour, shape and word: never by colour alone. Okabe and Ito's colours.
LOOKS = {
    "corpus": ("#009e73", "diamond-open", "corpus and clicks alike"),
    "linear": ("#0072b2", "circle", "linear"),
    "dqn": ("#d55e00", "square", "ResolutionDQN"),
}
#: Clicks that a running share is taken over.
WINDOW = 20
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def actions(values: Mapping[str, Doubles], order: Sequence[str], rejected: Sequence[str]) -> go.Figure:
    """What each policy expects of each action, (10,) each, the suggested one on top; rejected ones say so."""
    names = [ACTION_WORDS[action] + (" (rejected)" if action in rejected else "") for action in order]
    places = [ACTIONS.index(action) for action in order]
    figure = go.Figure()
    for policy, (colour, symbol, word) in LOOKS.items():
        if policy in values:
            chances = np.clip(values[policy][places], 0, 1)
            around = symbol.endswith("-open")  # drawn around the others, so that equal values do not hide it
            mark = {
                "color": colour,
                "symbol": symbol,
                "size": 17 if around else 11,
                "line": {"width": 2 if around else 0},
            }
            figure.add_scatter(
                x=chances, y=names, mode="markers", name=word, marker=mark,
                hovertemplate="%{y}: %{x:.2f}<extra>" + word + "</extra>",
            )  # fmt: skip
    figure.update_xaxes(title="estimated chance that it is accepted", range=[-0.03, 1.03])
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=340, margin=_MARGIN, legend={"orientation": "h", "y": 1.12, "x": 0})
    return figure


def over_time(clicks: Sequence[Click], worked: Mapping[int, str], zone: str) -> go.Figure:
    """Share accepted of the last WINDOW answers, and of accepted ones with a known outcome the share that worked."""
    figure = go.Figure()
    answers = [(click.at, float(click.accepted)) for click in clicks]
    known = [(click.at, float(worked[click.step.entry] == "worked")) for click in clicks if click.step.entry in worked]
    for name, rows, colour, dash in (("accepted", answers, "#0072b2", "solid"), ("worked", known, "#009e73", "dash")):
        if rows:
            figure.add_scatter(
                x=[moment(at, zone) for at, _ in rows], y=running([value for _, value in rows]), name=name,
                mode="lines+markers", line={"color": colour, "dash": dash}, marker={"size": 5},
                hovertemplate="%{x|%Y-%m-%d %H:%M}: %{y:.2f}<extra>" + name + "</extra>",
            )  # fmt: skip
    figure.update_yaxes(title=f"share of the last {WINDOW}", range=[-0.03, 1.03])
    return _dressed(figure)


def regret(clicks: Sequence[Click], given_up: Sequence[float]) -> go.Figure:
    """Summed over the clicks: rejected suggestions, and expected acceptance that was given up by showing another action."""
    numbers = list(range(1, len(clicks) + 1))
    figure = go.Figure()
    rejects = np.cumsum([float(not click.accepted) for click in clicks])
    figure.add_scatter(x=numbers, y=rejects, name="rejected", line={"color": "#d55e00"})
    figure.add_scatter(
        x=numbers, y=np.cumsum(given_up), name="expected regret", line={"color": "#0072b2", "dash": "dash"}
    )
    figure.update_xaxes(title="answers")
    figure.update_yaxes(title="summed up", rangemode="tozero")
    return _dressed(figure)


def running(values: Sequence[float]) -> list[float]:
    """The mean of each value and up to WINDOW - 1 before it."""
    return [float(np.mean(values[max(0, place + 1 - WINDOW) : place + 1])) for place in range(len(values))]


def _dressed(figure: go.Figure) -> go.Figure:
    figure.update_layout(height=HEIGHT, margin=_MARGIN, legend={"orientation": "h", "y": 1.15, "x": 0})
    return figure
