"""One upload above the list it filters: its counts, what could not be read, and its removal."""

import streamlit as st

from app.bootstrap import services
from app.domain import NotFound
from app.services.archives import said
from app.storage.uploads import Upload
from components import state
from components.plain import count, markdown


def counts(upload: Upload) -> str:
    """The counts of an upload in one line."""
    rate = f", {upload.lines / upload.seconds:,.0f} lines a second" if upload.seconds else ""
    again = f", {upload.duplicates:,} were stored before" if upload.duplicates else ""
    return (
        f"{count(upload.lines, 'line')}, {count(upload.events, 'event')} stored{again}, {count(upload.signatures, 'signature')} "
        f"({upload.new_signatures:,} new){rate}"
    )


def problems(upload: Upload) -> None:
    for reason, number in upload.problems.items():
        st.caption(markdown(said(reason, number)))


def upload_note(upload_id: int, parameter: str) -> None:
    try:
        upload = services().store.uploads.get(upload_id)
    except NotFound:
        st.warning("This upload was removed.", icon=":material/delete:")
        return
    with st.container(border=True):
        st.markdown(f"Only the upload **{markdown(upload.name)}** ({upload.state}): {counts(upload)}")
        problems(upload)
        with st.container(horizontal=True):
            st.button("Show all issues", key="all_issues", on_click=_clear, args=(parameter,))
            remove_button(upload)


def _clear(parameter: str) -> None:
    st.query_params.pop(parameter, None)


def remove_button(upload: Upload) -> None:
    """Two clicks: removing is for good."""

    def store(actor: str) -> str:
        gone = services().ingest.remove(upload.id, actor=actor, key=state.request_key("remove", upload.id))
        return f"Removed {upload.name}: its events and {gone} signatures are gone."

    with st.popover("Remove this upload", icon=":material/delete:"):
        st.write("Its events and the signatures that only it has are deleted for good. An audit row stays.")
        st.button("Remove for good", type="primary", key=f"remove_{upload.id}", on_click=state.write, args=(store,))
