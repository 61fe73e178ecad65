"""Where alerts go: the list with a test button each, and a form for one more. Only the host of an address is ever shown."""

import streamlit as st

from app.bootstrap import services
from app.services.alert_delivery import KINDS, host_of
from app.storage.alerts import Destination
from components import state
from components.plain import markdown

_WORDS = {"webhook": "Webhook (JSON)", "slack": "Slack or compatible", "email": "E-mail"}
_NAME, _KIND, _TARGET = "alert_name", "alert_kind", "alert_target"


def destinations(known: list[Destination]) -> None:
    st.markdown("**Destinations**")
    if not known:
        st.caption("There is none, so nothing is sent. Add one below: rules begin with what comes in after that.")
    for one in known:
        with st.container(horizontal=True, vertical_alignment="center", key=f"destination_{one.id}"):
            st.markdown(f"{markdown(one.name, 100)} :gray[{_WORDS[one.kind]} at {markdown(host_of(one.target), 100)}]")
            st.button("Send a test", key=f"test_{one.id}", on_click=_test, args=(one,))
            st.button("Remove", key=f"remove_{one.id}", on_click=_remove, args=(one,))
    with (
        st.expander("Add a destination", expanded=not known),
        st.form("alert_destination", border=False, clear_on_submit=True),
    ):
        st.text_input("Name", max_chars=100, key=_NAME, placeholder="the on-call channel")
        st.selectbox("Kind", KINDS, key=_KIND, format_func=lambda kind: _WORDS[kind])
        st.text_input(
            "Address",
            type="password",
            max_chars=2_000,
            key=_TARGET,
            autocomplete="off",
            help="https://… for a webhook or Slack; smtp://user:password@host:587/?to=team@example.org&from=… for e-mail, "
            "smtps:// where the server wants TLS from the start. It is kept as a secret: only its host is shown later.",
        )
        st.form_submit_button("Add", on_click=_add)


def _add() -> None:
    name, kind, target = (st.session_state[key] for key in (_NAME, _KIND, _TARGET))

    def action(_actor: str) -> str:
        services().alerts.add_destination(name, kind, target)
        return f"Added: {name}"

    state.write(action)


def _test(destination: Destination) -> None:
    def action(_actor: str) -> str:
        outcome = services().alerts.test(destination.id)
        return f"Test {'sent' if outcome.sent else 'failed'}: {outcome.said}"

    state.write(action)


def _remove(destination: Destination) -> None:
    def action(_actor: str) -> str:
        services().alerts.remove_destination(destination.id)
        return f"Removed: {destination.name}"

    state.write(action)
