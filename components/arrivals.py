"""New issues wait behind a bar: the list under the reader's eyes changes only when asked to."""

import streamlit as st

from app.bootstrap import services
from components.plain import count

_SEEN = "newest_issue_drawn"
POLL_SECONDS = 5.0


def arrivals() -> None:
    """Call where the bar may appear, once the list was read."""
    st.session_state[_SEEN] = services().store.issues.newest_id()
    _bar()


@st.fragment(run_every=POLL_SECONDS)
def _bar() -> None:
    new = services().store.issues.since_id(st.session_state.get(_SEEN, 0))
    if new and st.button(
        f"{count(new, 'new issue')}: show", key="arrivals", icon=":material/refresh:", width="stretch"
    ):
        st.rerun()
