"""The Inbox's list: one row an issue, most urgent first; the current one is marked and never moves by itself."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.services.inbox import InboxPage
from app.storage.issues import Issue
from components import looks, state
from components.plain import ago, clock, moment, one_line
from components.sidebar import View

CURRENT = "issue"  # also the name in the URL
_NONCE = "list_nonce"
ROW = 35
VISIBLE_ROWS = 8


def current(issues: Sequence[Issue]) -> int | None:
    """The issue that the URL names; else the first of the list, which the URL then keeps: new arrivals do not move it."""
    wanted = st.query_params.get(CURRENT, "")
    if wanted.isdigit():
        return int(wanted)
    if not issues:
        return None
    st.query_params[CURRENT] = str(issues[0].id)
    return issues[0].id


def go_to(issue_id: int) -> None:
    """Makes an issue the current one, from a button: the list is drawn anew with its mark there."""
    st.query_params[CURRENT] = str(issue_id)
    st.session_state[_NONCE] = st.session_state.get(_NONCE, 0) + 1


def draw(page: InboxPage, selected: int | None, view: View) -> list[int]:
    """The list with its mark; returns the ids ticked for a bulk answer."""
    frame = _frame(page, selected, view)
    places = [place for place, issue in enumerate(page.issues) if issue.id == selected]
    key = f"issues_{st.session_state.get(_NONCE, 0)}_{state.request_key(*(issue.id for issue in page.issues))[-200:]}"
    event: Any = st.dataframe(
        frame,
        key=key,
        hide_index=True,
        width="stretch",
        height=ROW * (min(max(len(frame), 1), VISIBLE_ROWS) + 1) + 3,
        column_config=_COLUMNS,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": places[:1]}},
        placeholder="",
        row_height=ROW,
    )
    ticked = [page.issues[row].id for row in sorted(event.selection.rows) if row < len(page.issues)]
    if len(ticked) == 1 and ticked[0] != selected:
        st.query_params[CURRENT] = str(ticked[0])
        st.rerun()
    return ticked if len(ticked) > 1 else []


def rows(issues: Sequence[Issue], zone: str) -> list[dict[str, Any]]:
    """The list for export: absolute times, every column."""
    return [
        {
            "id": issue.id,
            "severity": issue.severity,
            "title": issue.title,
            "category": issue.category,
            "confidence": round(issue.confidence, 3),
            "strangeness": round(issue.strangeness, 3),
            "count": issue.count,
            "service": issue.service,
            "first_seen": clock(issue.first_seen, zone),
            "last_seen": clock(issue.last_seen, zone),
            "time_zone": zone,
            "status": issue.status,
            "assignee": issue.assignee,
            "accepted_action": issue.accepted_action,
            "worked": issue.worked,
            "resolution_note": issue.resolution_note,
        }
        for issue in issues
    ]


def _frame(page: InboxPage, selected: int | None, view: View) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Severity": ("▸ " if issue.id == selected else "") + looks.severity(issue.severity),
                "Error": one_line(issue.title, 160),
                "Service": issue.service,
                "Events": issue.count,
                "Trend": page.trends.get(issue.id, []),
                "Last": ago(issue.last_seen, view.now),
                "Category": issue.category,
                "Sure": issue.confidence,
                "Strange": issue.strangeness,
                "Status": looks.status(issue.status) + (" (muted)" if issue.is_muted(view.now) else ""),
                "First seen": moment(issue.first_seen, view.zone),
                "Last seen": moment(issue.last_seen, view.zone),
                "Who": issue.assignee,
            }
            for issue in page.issues
        ],
        columns=list(_COLUMNS),
    )


_COLUMNS: dict[str, Any] = {
    "Severity": st.column_config.TextColumn(width=110),
    "Error": st.column_config.TextColumn(width=385),
    "Service": st.column_config.TextColumn(width=105),
    "Events": st.column_config.NumberColumn(
        width=65, format="localized", help="events within the time range and the upload"
    ),
    "Trend": st.column_config.BarChartColumn(
        width=100, y_min=0, help="events per hour over the newest day, or over the time range"
    ),
    "Last": st.column_config.TextColumn(
        width=85, help="when it was last seen; the column Last seen has the absolute time"
    ),
    "Category": st.column_config.TextColumn(width=105),
    "Sure": st.column_config.NumberColumn(
        width=60, format="%.2f", help="confidence in [0, 1] that severity and category are both right"
    ),
    "Strange": st.column_config.NumberColumn(
        width=65, format="%.2f", help="share of known errors that are less strange"
    ),
    "Status": st.column_config.TextColumn(width=125),
    "First seen": st.column_config.DatetimeColumn(width=150, format="YYYY-MM-DD HH:mm:ss"),
    "Last seen": st.column_config.DatetimeColumn(width=150, format="YYYY-MM-DD HH:mm:ss"),
    "Who": st.column_config.TextColumn(width=80),
}
