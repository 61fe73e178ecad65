"""System: is StackLens itself well, and if not, what is to be done?"""

import streamlit as st

from app import logs
from app.bootstrap import services
from components import state, system_view, tour
from components.sidebar import view

shared = view()
state.show_notice()
health = services().health

with st.spinner("Looking at store, disk, worker and models", show_time=True):
    found = health.look()
system_view.headline(found)
with st.container(horizontal=True):
    st.button("Look again", icon=":material/refresh:", key="look_again")
    tour.again()
system_view.checks(found)
left, right = st.columns(2, gap="medium")
with left:
    if found.state != "down":
        system_view.figures(health.figures(), services().store.overview.sizes(found.at))
    system_view.names("What answers", health.versions())
with right:
    if found.state != "down":
        system_view.names("Installation", health.installation())
system_view.last_errors(logs.newest.lines(), shared)
