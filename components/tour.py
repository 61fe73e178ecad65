"""The tour: five steps in a box at the top, begun on the first page of a new store, skipped or finished for good by one click.

It stands beside the page and never over it, and takes no keys from it. Whoever goes on is led from page to page; that it is over is
a note in the store, so that it does not come back with another browser. The System page shows it again.
"""

from typing import Final

import streamlit as st

from app.bootstrap import services
from components.navigation import DEFAULT, path, title_of

#: Page and what it is for, in the order of a first day.
STEPS: Final = (
    ("inbox", "Here are the problems, most urgent first. Each one says what to do: press A to accept it, X to reject it."),
    ("submit", "Paste an error or upload a log. It is read and shown first; secrets are taken out, and only Store keeps it."),
    ("service_graph", "Services, as the logs tell of them: where it started, whom it hits, and whom it would hit."),
    ("label_queue", "One error, one key: every answer makes the next reading better, and can be undone."),
    ("system", "Is StackLens itself well? Look here first when something is odd. The tour can be seen again from here."),
)
_STEP: Final = "tour_step"
_MARK: Final = "tour"


def draw(page: str) -> None:
    """The box, where it is due: on the first page until it is over, on every page once somebody goes on with it."""
    step = st.session_state.get(_STEP)
    if step is None:
        if page != DEFAULT or services().store.notes.marked(_MARK):
            return
        step = 0
    name, words = STEPS[step]
    with st.container(border=True, key="tour"), st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Tour, {step + 1} of {len(STEPS)}: {title_of(name)}.** {words}", width="stretch")
        if name != page:
            st.page_link(path(name), label=f"Go to {title_of(name)}")
        if step + 1 < len(STEPS):
            if st.button("Continue tour", key="tour_on", icon=":material/arrow_forward:"):
                st.session_state[_STEP] = step + 1
                st.switch_page(path(STEPS[step + 1][0]))
            st.button("Skip tour", key="tour_skip", type="tertiary", on_click=_over)
        else:
            st.button("End tour", key="tour_end", icon=":material/check:", on_click=_over)


def again() -> None:
    """A button that begins it anew, for this browser alone."""
    if st.button("Show the tour", key="tour_again", icon=":material/tour:"):
        st.session_state[_STEP] = 0
        st.switch_page(path(STEPS[0][0]))


def _over() -> None:
    st.session_state.pop(_STEP, None)
    services().store.notes.mark(_MARK, "over")
