"""The Inbox's filters. They live in the URL, so that a link shows the same list to a colleague."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.bootstrap import services
from app.domain import STATUSES
from app.storage.issues import IssueFilter
from components.entities import in_url
from components.sidebar import View
from models.taxonomy import CATEGORIES, SEVERITIES

UPLOAD = "upload"
_EXTRAS = {"not sure": "not sure", "muted": "muted too", "routine": "routine too"}


def filters(view: View, switches: DeltaGenerator) -> IssueFilter:
    """Draws the filters in one row, the switches in the next, and returns what they ask for."""
    search, severity, category, status, service = st.columns([3, 2, 2, 2, 2])
    text = search.text_input(
        "Find",
        key="q",
        bind="query-params",
        placeholder="words of the error, a name, a file",
        label_visibility="collapsed",
        icon=":material/search:",
    )
    extras = switches.pills(
        "Show",
        list(_EXTRAS),
        selection_mode="multi",
        key="show",
        bind="query-params",
        format_func=_EXTRAS.__getitem__,
        label_visibility="collapsed",
    )
    known = [name for name, _ in services().store.issues.services()]
    return IssueFilter(
        text=text or "",
        severities=tuple(
            severity.multiselect(
                "Severity",
                SEVERITIES,
                key="severity",
                bind="query-params",
                placeholder="any severity",
                label_visibility="collapsed",
            )
        ),
        categories=tuple(
            category.multiselect(
                "Category",
                CATEGORIES,
                key="category",
                bind="query-params",
                placeholder="any category",
                label_visibility="collapsed",
            )
        ),
        statuses=tuple(
            status.multiselect(
                "Status",
                STATUSES,
                key="status",
                bind="query-params",
                placeholder="any status",
                label_visibility="collapsed",
            )
        ),
        services=tuple(
            service.multiselect(
                "Service",
                known,
                key="service",
                bind="query-params",
                placeholder="any service",
                label_visibility="collapsed",
            )
        ),
        upload_id=upload_in_url(),
        since=view.since,
        muted="muted" in extras,
        routine="routine" in extras or upload_in_url() is not None,
        not_sure_below=services().settings.not_sure_below if "not sure" in extras else None,
        entities=in_url(),
    )


def upload_in_url() -> int | None:
    wanted = st.query_params.get(UPLOAD, "")
    return int(wanted) if wanted.isdigit() else None
