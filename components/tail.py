"""The live tail: what comes in, the newest on top, until it is paused."""

import time
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.bootstrap import services
from app.storage.arrivals import Arrival
from components import looks
from components.navigation import path
from components.plain import ago, count, moment, one_line
from components.sidebar import View
from models.taxonomy import SEVERITIES

EVERY: Final = 2.0
SHOWN: Final = 200
ROW: Final = 35
#: The id of the last event when the tail was paused.
_PAUSED: Final = "tail_paused_at"


def controls() -> tuple[tuple[str, ...], str]:
    """Severities and service to show; both live in the link."""
    left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
    chosen = left.pills(
        "Severity", SEVERITIES, selection_mode="multi", key="live_severity", bind="query-params", format_func=looks.severity,
        label_visibility="collapsed",
    )  # fmt: skip
    service = middle.text_input(
        "Service", key="live_service", bind="query-params", placeholder="one service", max_chars=100, label_visibility="collapsed"
    )
    paused = st.session_state.get(_PAUSED) is not None
    right.button(
        "Go on" if paused else "Pause",
        shortcut="P",
        key="tail_pause",
        icon=":material/play_arrow:" if paused else ":material/pause:",
        on_click=_toggle,
        width="stretch",
    )
    return tuple(chosen), service.strip()


def tail(severities: tuple[str, ...], service: str, view: View) -> None:
    """Draws the list; while it is not paused, again every two seconds."""
    paused = st.session_state.get(_PAUSED)
    draw = _list if paused is not None else st.fragment(run_every=EVERY)(_list)
    draw(severities, service, view, paused)


def _list(severities: tuple[str, ...], service: str, view: View, paused: int | None) -> None:
    arrivals = services().store.arrivals
    rows = arrivals.newest(SHOWN, severities=severities, service=service, until_id=paused)
    if paused is None:
        now = time.time()  # not the view's: the list is drawn again and again within one view
        newest = f", the newest of them {ago(rows[0].time, now)}" if rows else ""
        st.caption(
            f"{count(arrivals.rate(now), 'event')} in the last minute; the last {len(rows)} on top, by arrival{newest}"
        )
    else:
        st.caption("Paused: the list stands still. P goes on.")
    if not rows:
        st.info("Nothing has come in that fits.", icon=":material/hourglass_empty:")
        return
    event: Any = st.dataframe(
        _frame(rows, view),
        key=f"tail_{rows[0].id}" if paused is not None else "tail",
        hide_index=True,
        width="stretch",
        height=ROW * 16,
        row_height=ROW,
        on_select="rerun",
        selection_mode="single-row",
        column_config=_COLUMNS,
    )
    chosen = event.selection.rows
    if chosen and chosen[0] < len(rows):
        st.switch_page(path("inbox"), query_params={"issue": str(rows[chosen[0]].issue_id)})


def _toggle() -> None:
    if st.session_state.get(_PAUSED) is None:
        newest = services().store.arrivals.newest(1)
        st.session_state[_PAUSED] = newest[0].id if newest else 0
    else:
        st.session_state[_PAUSED] = None


def _frame(rows: list[Arrival], view: View) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Time": moment(row.time, view.zone),
                "Severity": looks.severity(row.severity),
                "Service": row.service,
                "Error": one_line(row.title, 200),
                "Category": row.category,
                "Issue": row.issue_id,
            }
            for row in rows
        ]
    )


_COLUMNS: dict[str, Any] = {
    "Time": st.column_config.DatetimeColumn(width=150, format="YYYY-MM-DD HH:mm:ss"),
    "Severity": st.column_config.TextColumn(width=90),
    "Service": st.column_config.TextColumn(width=120),
    "Error": st.column_config.TextColumn(width=620),
    "Category": st.column_config.TextColumn(width=110),
    "Issue": st.column_config.NumberColumn(width=65, format="%d"),
}
