"""Live: what is coming in right now, and from where?"""

import streamlit as st

from app.bootstrap import services
from components import state
from components.clients import how_to_send
from components.sample_banner import banner
from components.sidebar import view
from components.tail import controls, tail

shared = view()
state.show_notice()
banner()

if not services().store.arrivals.newest(1):
    st.info("Nothing has come in yet. Point a program here, and what it reports appears by itself.", icon=":material/stream:")
    how_to_send(expanded=True)
    st.stop()

severities, service = controls()
tail(severities, service, shared)
how_to_send(expanded=False)
