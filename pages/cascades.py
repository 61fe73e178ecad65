"""Cascades: what breaks next, how soon, and can I believe it?"""

import streamlit as st

from app.bootstrap import services
from app.domain import StackLensError
from app.services.cascade import LOOK_BACK
from components import cascade_view, following_view, state
from components.plain import clock, markdown
from components.sample_banner import banner
from components.sidebar import view

shared = view()
state.show_notice()
banner()

following_view.of_url()
pasted = st.session_state.get(cascade_view.PASTED)
try:
    with st.spinner("Reading the errors so far", show_time=True):
        outlook = services().cascade.from_text(pasted) if pasted else services().cascade.outlook()
except StackLensError as error:
    st.error(markdown(str(error), 400), icon=":material/error:")
    cascade_view.paste_box(opened=True)
    st.stop()
if outlook is None:
    newest = services().store.issues.newest_event()
    missing = (
        "Nothing is stored yet, so nothing can be forecast."
        if newest is None
        else f"No error in the {LOOK_BACK / 3600:.0f} hours before {clock(newest, shared.zone)}, so nothing is expected to fail."
    )
    st.info(f"{missing} Paste a sequence of errors, or take the example.", icon=":material/timeline:")
    cascade_view.paste_box(opened=True)
    st.stop()

main, side = st.columns([7, 3], gap="medium")
with main:
    cascade_view.headline(outlook, shared)
    cascade_view.charts(outlook)
with side:
    cascade_view.next_errors(outlook)
cascade_view.paste_box()
if not pasted:
    cascade_view.timeline(outlook, shared)
    cascade_view.earlier(shared)
    cascade_view.hindsight(outlook.forecast.at, shared)
