"""What was sent lately: what failed first, and a button that tries it again."""

import streamlit as st

from app.bootstrap import services
from app.services.alert_delivery import host_of
from app.storage.alerts import Destination, Outgoing
from components import state
from components.plain import ago, markdown
from components.sidebar import View

_SHAPES = {"failed": ":red[✕ failed]", "waiting": ":orange[… waiting]", "sent": ":green[✓ sent]"}
_FAILED_SHOWN = 10


def outbox(rows: list[Outgoing], destinations: list[Destination], view: View) -> None:
    st.markdown("**Sent lately**")
    if not rows:
        st.caption("No alert has been sent yet.")
    names = {one.id: f"{one.name} ({host_of(one.target)})" for one in destinations}
    for row in [one for one in rows if one.state == "failed"][:_FAILED_SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"failed_{row.id}"):
            st.markdown(_line(row, names, view))
            if row.destination_id in names:
                st.button("Try again", key=f"again_{row.id}", on_click=_again, args=(row.id,))
    for row in [one for one in rows if one.state != "failed"]:
        st.markdown(_line(row, names, view))


def _line(row: Outgoing, names: dict[int, str], view: View) -> str:
    to = names.get(row.destination_id, "a destination that was removed")
    said = f": {row.said}" if row.said else ""
    when = f", next try or end of the quiet hours {_in(row.next_at - view.now)}" if row.state == "waiting" else ""
    return (
        f"{_SHAPES[row.state]} :gray[{ago(row.at, view.now)}] {markdown(row.message.rule)}: {markdown(row.message.title, 120)} "
        f":gray[to {markdown(to, 120)}{markdown(said)}{when}]"
    )


def _in(seconds: float) -> str:
    return "now" if seconds < 60 else f"in {seconds / 60:.0f} min"


def _again(outgoing_id: int) -> None:
    def action(_actor: str) -> str:
        services().alerts.again(outgoing_id)
        return "It is tried again"

    state.write(action)
