"""A secret that slipped through, purged from the page of an issue that shows it."""

import secrets

import streamlit as st

from app.bootstrap import services
from app.domain import InvalidInput
from app.storage.purging import Held
from components import state
from components.plain import count, markdown

_TEXT = "purge_text"
_KEY = "purge_key"


def purge_button(issue_id: int) -> None:
    """Opens the dialog; small, for it is rarely needed."""
    if st.button(
        "Purge a secret…",
        key=f"purge_{issue_id}",
        type="tertiary",
        icon=":material/remove_moderator:",
        help="a password, token or name that should not have been stored: takes it out everywhere, for good",
    ):
        st.session_state[_KEY] = f"purge:{secrets.token_hex(8)}"
        _dialog()


def _forget() -> None:
    st.session_state.pop(_TEXT, None)


@st.dialog("Purge a secret", on_dismiss=_forget)
def _dialog() -> None:
    st.write(
        "Paste the secret. It is taken out of every stored text, comment and search index, here and in all other issues; "
        "an audit row without it stays. This cannot be undone."
    )
    st.text_area(
        "Secret",
        key=_TEXT,
        max_chars=10_000,
        height=100,
        placeholder="the exact text, upper and lower case as it stands; several lines are taken out line by line",
    )
    secret = str(st.session_state.get(_TEXT, ""))
    held = _held(secret) if secret.strip() else None
    with st.container(horizontal=True):
        st.button("Look", key="purge_look", help="says how much holds it; changes nothing")
        if held is not None and st.button(
            "Purge for good",
            type="primary",
            key="purge_now",
            disabled=not any((held.events, held.signatures, held.entries, held.uploads)),
        ):
            _purge(secret)


def _held(secret: str) -> Held | None:
    """Says how much holds the secret, or why it cannot be purged."""
    try:
        held = services().purge.held(secret)
    except InvalidInput as error:
        st.warning(markdown(str(error)))
        return None
    if not any((held.events, held.signatures, held.entries, held.uploads)):
        st.info("Nothing that is stored holds it.")
        return held
    places = [f"{count(held.events, 'event')} of {count(held.signatures, 'signature')}"]
    if held.entries:
        places.append(count(held.entries, "answer or comment", "answers and comments"))
    if held.uploads:
        places.append(f"the name of {count(held.uploads, 'upload')}")
    st.warning(f"Held by {', '.join(places)}.", icon=":material/shield:")
    return held


def _purge(secret: str) -> None:
    key = str(st.session_state[_KEY])

    def store(actor: str) -> str:
        purged = services().purge.purge(secret, actor=actor, key=key)
        left = "" if purged.scrubbed else " Another program still reads old pages of the store: stop it and purge once more."
        return f"Purged from {count(purged.events, 'event')} and {count(purged.entries, 'comment')}.{left}"

    state.write(store)
    _forget()
    st.rerun()
