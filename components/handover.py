"""What changed since I was here, and the same as Markdown for the handover of a shift."""

import streamlit as st

from app.bootstrap import services
from components import state
from components.plain import clock, count
from components.sidebar import View

_SHIFTS = {"since I was here": None, "last 8 hours": 8 * 3600.0, "last 12 hours": 12 * 3600.0, "last 24 hours": 86400.0}


def panel(view: View) -> None:
    st.markdown("**Handover**")
    overview = services().overview
    shift = st.selectbox("What changed", list(_SHIFTS), key="shift", label_visibility="collapsed")
    span = _SHIFTS[shift or "last 8 hours"]
    visit = overview.last_visit(state.actor())
    since = view.now - span if span else visit
    if since is None:
        st.caption(
            "Your last visit is not known yet: give your name on the left and press the button below at the end of your shift. "
            "Until then, choose a number of hours."
        )
    else:
        changes = overview.changes(since)
        st.markdown(
            f"Since {clock(since, view.zone)}: {count(len(changes.new), 'new issue')}, {len(changes.regressed)} came back, "
            f"{len(changes.resolved)} resolved, {len(changes.open_urgent)} urgent still open"
        )
        with st.expander("As Markdown, to copy"):
            st.code(overview.handover(changes, view.zone), language="markdown", height=300)
    st.button("I have seen everything up to now", key="seen", on_click=state.write, args=(_seen,))


def _seen(actor: str) -> str:
    services().overview.seen(actor)
    return "Noted: what comes from now on counts as new for you."
