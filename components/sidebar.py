"""What every page shares: time range, time zone, name, and the note that the sample is simulated."""

import time
from dataclasses import dataclass
from zoneinfo import available_timezones

import streamlit as st

from app.bootstrap import services
from components import state

_RANGES = {
    "Last hour": 3600.0,
    "6 hours": 6 * 3600.0,
    "24 hours": 86400.0,
    "7 days": 7 * 86400.0,
    "30 days": 30 * 86400.0,
    "Everything": None,
}


@dataclass(frozen=True, slots=True)
class View:
    """`since` in UTC seconds, None for everything stored; `zone` is an IANA name."""

    since: float | None
    zone: str
    now: float


def view() -> View:
    """Draws the shared controls and returns what they say."""
    now = time.time()
    with st.sidebar:
        chosen = st.selectbox(
            "Time range",
            list(_RANGES),
            index=len(_RANGES) - 1,
            key="range",
            bind="query-params",
            persist_state="session",
        )
        zones = sorted(available_timezones())
        zone = st.selectbox(
            "Time zone",
            zones,
            index=zones.index(services().settings.time_zone),
            key="zone",
            bind="query-params",
            persist_state="session",
        )
        name = st.text_input("Your name", value=state.actor(), max_chars=100, placeholder="asked at your first answer")
        if name.strip() and name.strip() != state.actor():
            st.session_state[state.ACTOR] = name.strip()
    span = _RANGES[chosen or "Everything"]
    return View(None if span is None else now - span, zone or "UTC", now)
