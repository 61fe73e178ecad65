"""Label queue: the next question, answered by one key."""

import streamlit as st

from app.bootstrap import services
from components import label_banner, label_card, label_files, label_review, state
from components.label_guidelines import guidelines
from components.navigation import path
from components.sample_banner import banner
from components.sidebar import view

TABS = ("Queue", "Audit", "Adjudicate", "Suspected label errors", "Labels")

shared = view()
state.show_notice()
banner()
if services().store.overview.span() is None:
    st.info("Nothing is stored yet, so there is nothing to label.", icon=":material/label:")
    st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
    st.stop()

label_banner.banner()
tab = (
    st.segmented_control("Part", TABS, default=TABS[0], key="part", bind="query-params", label_visibility="collapsed")
    or TABS[0]
)
if not state.actor():
    st.info("Who labels? Your name goes with every answer, and keeps your questions from being asked of others.")
    with st.form("labeller", border=False):
        name = st.text_input("Name", max_chars=100, key="labeller_name")
        if st.form_submit_button("Begin", type="primary") and name.strip():
            st.session_state[state.ACTOR] = name.strip()
            st.rerun()
    st.stop()

if tab in ("Queue", "Audit"):
    label_card.card(audit=tab == "Audit")
    guidelines()
elif tab == "Adjudicate":
    label_review.agreement()
    label_review.disputes(shared)
    guidelines()
elif tab == "Suspected label errors":
    label_review.suspects()
else:
    label_files.progress(shared)
    label_files.files()
