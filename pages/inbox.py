"""Inbox: what needs me now, and what should I do about it?"""

import streamlit as st

from app.bootstrap import services
from app.domain import NotFound
from components import exports, issue_list, label_banner, state
from components.arrivals import arrivals
from components.entities import filter_note
from components.filters import UPLOAD, filters, upload_in_url
from components.issue_detail import issue_detail
from components.keys import move_keys
from components.merging import followed
from components.navigation import path
from components.sample_banner import banner
from components.sidebar import view
from components.status_bar import bulk_bar
from components.uploads import upload_note

PAGE = 50

shared = view()
state.show_notice()
banner()
controls = st.container()
summary, switches = st.columns([3, 2], vertical_alignment="center")
with controls:
    wanted = filters(shared, switches)
number = st.session_state.get("inbox_page", 0)
found = services().inbox.page(wanted, limit=PAGE, offset=PAGE * number)
if not found.issues and number:
    st.session_state["inbox_page"] = 0
    st.rerun()
arrivals()
label_banner.banner()
filter_note()
upload = upload_in_url()
if upload is not None:
    upload_note(upload, UPLOAD)
if not found.total:
    if services().store.overview.span() is None:
        st.info("Nothing is stored yet. Paste an error or upload a log to begin.", icon=":material/inbox:")
        st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
    else:
        st.info(
            "No issue matches. Widen the filters, or the time range on the left; routine and muted ones are hidden until asked for",
            icon=":material/filter_alt_off:",
        )
    st.stop()

current = followed(issue_list.current(found.issues))
need = services().overview.need_you(wanted)
summary.markdown(f"**{need} need you** of {found.total:,} issues, most urgent first")
ticked = issue_list.draw(found, current, shared)
with st.container(horizontal=True, vertical_alignment="center"):
    move_keys(found, current)
    if found.total > PAGE:
        pages = -(-found.total // PAGE)
        st.button(
            "Previous page",
            disabled=number == 0,
            on_click=st.session_state.__setitem__,
            args=("inbox_page", number - 1),
        )
        st.button(
            "Next page",
            disabled=number + 1 >= pages,
            on_click=st.session_state.__setitem__,
            args=("inbox_page", number + 1),
        )
        st.caption(f"page {number + 1} of {pages}")
    exports.download(issue_list.rows(found.issues, shared.zone), "issues")
if ticked:
    bulk_bar(ticked)
elif current is not None:
    try:
        issue_detail(services().inbox.detail(current), shared)
    except NotFound:
        st.warning("This issue is no longer stored. Choose another one from the list.", icon=":material/search_off:")
