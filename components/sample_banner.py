"""The sample incident: progress while it loads, and a banner that removes it with one click."""

import streamlit as st

from app.bootstrap import services
from components import state


def banner() -> None:
    """Nothing where the sample is not in the store."""
    sample = services().sample
    if sample.progress is not None:
        _loading()
        st.stop()  # a list that grows under the reader's eyes answers nothing
    elif sample.loaded():
        with st.container(horizontal=True, vertical_alignment="center", key="sample-banner"):
            st.caption(
                "**Sample incident (simulated):** a day of a web shop whose order database runs out of disk. Paste your own errors "
                "under Submit.",
                width="stretch",
            )
            st.button(
                "Remove the sample",
                icon=":material/delete:",
                on_click=state.write,
                args=(_remove,),
                key="remove_sample",
            )


def _remove(actor: str) -> str:
    gone = services().sample.remove(actor=actor, key=state.request_key("remove-sample"))
    return f"The sample incident is gone ({gone} signatures)."


@st.fragment(run_every=1.0)
def _loading() -> None:
    progress = services().sample.progress
    if progress is None:
        st.rerun()
    else:
        st.progress(
            min(progress, 1.0), "Loading the sample incident (simulated); the first start also prepares the models"
        )
