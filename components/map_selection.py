"""What is selected on the map, from where: the plot (click, box, lasso), a family, all that is shown, a link."""

from collections.abc import Iterable
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.error_map import NO_FAMILY

PLOT: Final = "map_plot"
#: Ids of the signatures that are selected.
_SELECTED: Final = "map_selected"
#: Those that the figure itself marks. What was selected in the plot is not among them: the browser marks it already, and
#: a changed figure would be built anew there, with its zoom lost.
_MARKED: Final = "map_marked"
_CHOICE: Final = "map_choice"
_LINKED: Final = "map_linked"
_ALL: Final = "everything shown"


def selected(points: pd.DataFrame) -> pd.DataFrame:
    """The selected points that are still there."""
    return points[points.id.isin(st.session_state.get(_SELECTED, ()))]


def marked() -> frozenset[int]:
    ids: frozenset[int] = st.session_state.get(_MARKED, frozenset())
    return ids


def select(ids: Iterable[int]) -> None:
    """Selects from outside the plot."""
    st.session_state[_SELECTED] = st.session_state[_MARKED] = frozenset(ids)


def keep() -> None:
    """Before the figure changes: what was selected in the plot stays marked in the next one."""
    st.session_state[_MARKED] = frozenset(st.session_state.get(_SELECTED, ()))


def take_link(points: pd.DataFrame) -> None:
    """Selects the issue that the address names, once."""
    wanted = st.query_params.get("issue", "")
    if wanted.isdigit() and st.session_state.get(_LINKED) != wanted:
        st.session_state[_LINKED] = wanted
        select(points.loc[points.issue == int(wanted), "id"].tolist())


def draw(figure: go.Figure) -> None:
    """The plot; what is selected in it is taken over when the selection changes."""
    st.plotly_chart(
        figure,
        key=PLOT,
        on_select=_take,
        selection_mode=("points", "box", "lasso"),
        config={"displaylogo": False, "scrollZoom": True, "displayModeBar": True},
    )


def chooser(points: pd.DataFrame, shown: pd.DataFrame) -> None:
    """The same without a pointer: a family, or everything that the filters leave."""
    names = shown.loc[shown.family != NO_FAMILY, "family"].value_counts()
    st.selectbox(
        "Select",
        [_ALL, *names.index],
        index=None,
        key=_CHOICE,
        placeholder="select a family, or everything shown",
        format_func=lambda name: f"{name} ({len(shown) if name == _ALL else names.get(name, 0):,})",
        label_visibility="collapsed",
        on_change=_choose,
        args=(shown,),
    )


def clear() -> None:
    select(())
    st.session_state[_CHOICE] = None


def _choose(shown: pd.DataFrame) -> None:
    name = st.session_state.get(_CHOICE)
    if name is not None:
        select(shown.id.tolist() if name == _ALL else shown.loc[shown.family == name, "id"].tolist())


def _take() -> None:
    found: Any = st.session_state.get(PLOT)
    points = found["selection"]["points"] if found else []
    st.session_state[_SELECTED] = frozenset(
        int(point["customdata"]) for point in points if isinstance(point.get("customdata"), int | float)
    )
