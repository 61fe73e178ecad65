"""The pages, in the groups of the sidebar. Paths are absolute: Streamlit reads relative ones from the entry file."""

from typing import Any, Final

import streamlit as st

from app.settings import ROOT

_PAGES: Final = {
    "Triage": (
        ("inbox", "Inbox", ":material/inbox:"),
        ("submit", "Submit", ":material/add_notes:"),
        ("search", "Search", ":material/search:"),
        ("live", "Live", ":material/stream:"),
    ),
    "Explore": (
        ("overview", "Overview", ":material/monitoring:"),
        ("anomalies", "Anomalies", ":material/troubleshoot:"),
        ("attention", "Attention", ":material/highlight:"),
        ("error_map", "Error map", ":material/scatter_plot:"),
        ("cascades", "Cascades", ":material/timeline:"),
        ("service_graph", "Service graph", ":material/account_tree:"),
        ("replay", "Incident replay", ":material/movie:"),
    ),
    "Teach": (
        ("label_queue", "Label queue", ":material/label:"),
        ("resolutions", "Resolutions", ":material/recommend:"),
    ),
    "Operate": (
        ("model_card", "Models", ":material/neurology:"),
        ("drift", "Drift", ":material/trending_up:"),
        ("alerts", "Alerts", ":material/notifications:"),
        ("system", "System", ":material/monitor_heart:"),
    ),
}
DEFAULT: Final = "inbox"


def path(name: str) -> str:
    """For `st.switch_page` and `st.page_link`."""
    return str(ROOT / "pages" / f"{name}.py")


def title_of(name: str) -> str:
    return next(title for entries in _PAGES.values() for each, title, _ in entries if each == name)


def pages() -> dict[str, list[Any]]:
    return {
        group: [
            st.Page(path(name), title=title, icon=icon, url_path=name, default=name == DEFAULT)
            for name, title, icon in entries
        ]
        for group, entries in _PAGES.items()
    }


def issue_link(issue_id: int, label: str) -> None:
    """A link to an issue in the Inbox, in the same session; `label` is Markdown, already made safe."""
    st.page_link(path("inbox"), label=label, query_params={"issue": str(issue_id)})
