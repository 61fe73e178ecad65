"""Everything that lives in the session, by one name each, and the key that makes a click count once."""

import secrets
from collections.abc import Callable
from typing import Any

import streamlit as st

from app.domain import StackLensError
from components.plain import markdown

ACTOR = "actor"
_SESSION = "session_id"
_NOTICE = "notice"
_PENDING = "pending_write"


def actor() -> str:
    """The person's name, "" until it was given."""
    return str(st.session_state.get(ACTOR, ""))


def request_key(*parts: object) -> str:
    """Names one click: the same session and parts give the same key, so that a rerun or a double click stores nothing more.

    The parts hold what changes with every stored statement (the id of the newest log entry), so that the next click differs.
    """
    session = st.session_state.setdefault(_SESSION, secrets.token_hex(8))
    return ":".join((session, *map(str, parts)))


def write(action: Callable[[str], str]) -> None:
    """Runs a write with the actor's name and keeps its message for `show_notice`; asks for the name first if there is none.

    For callbacks of buttons: it is over before the page is drawn again, so what the page says is stored.
    """
    if not actor():
        st.session_state[_PENDING] = action
        return
    try:
        st.session_state[_NOTICE] = ("ok", action(actor()))
    except StackLensError as error:
        st.session_state[_NOTICE] = ("error", str(error))


def show_notice() -> None:
    """What the last write did, once; and the question for a name if a write waits for it."""
    kind, message = st.session_state.pop(_NOTICE, ("", ""))
    if kind == "ok":
        st.toast(markdown(message), icon=":material/check:")
    elif kind == "error":
        st.error(markdown(message), icon=":material/error:")
    if _PENDING in st.session_state:
        _ask_name()


def _forget_pending() -> None:
    st.session_state.pop(_PENDING, None)


@st.dialog("Who are you?", on_dismiss=_forget_pending)
def _ask_name() -> None:
    st.write("Your name goes with every answer, so that the next shift knows whom to ask. It is asked once.")
    with st.form("name", border=False):
        name = st.text_input("Name", max_chars=100, key="name_input")
        if st.form_submit_button("Save", type="primary") and name.strip():
            st.session_state[ACTOR] = name.strip()
            pending: Any = st.session_state.pop(_PENDING)
            write(pending)
            st.rerun()
