"""What a page shows while the store cannot be reached; it goes on by itself when it can."""

import time

import streamlit as st

from app.bootstrap import services
from app.domain import StoreUnavailable
from components.plain import markdown

#: Seconds between two looks.
_EVERY = 3
_SINCE = "outage_since"


def outage(error: StoreUnavailable) -> None:
    """The sentence in place of the page's content, until the store answers again."""
    st.error(markdown(str(error), limit=500), icon=":material/cloud_off:")
    st.caption(f"This page looks again every {_EVERY} seconds and goes on by itself. Nothing that was stored is lost.")
    st.session_state[_SINCE] = time.monotonic()
    _look()


@st.fragment(run_every=_EVERY)
def _look() -> None:
    if time.monotonic() - st.session_state[_SINCE] < _EVERY / 2:
        return  # just drawn; a store that can be read and not written would be looked at without end
    try:
        services().store.version()
    except StoreUnavailable:
        return
    st.rerun()
