"""Drift: has what comes in changed, what moved, and is the reader still right?"""

import streamlit as st

from app.bootstrap import services
from app.services.drift_answers import sentence
from components import drift_figures, state
from components.navigation import issue_link, path
from components.plain import clock, markdown
from components.sample_banner import banner
from components.sidebar import view

shared = view()
state.show_notice()
banner()
monitor = services().drift

with st.spinner("Comparing what comes in with what came before", show_time=True):
    look, loss, looks = monitor.look(), monitor.loss(), monitor.history()
with st.container(border=True, key="title-drift"):
    st.text(sentence(look, loss))
if look is None:
    st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
else:
    st.caption(
        f"The window from {clock(look.since, shared.zone)} to {clock(look.until, shared.zone)} {shared.zone} against the time "
        "before it, one row a kind of error. Together the tests give a false alarm in one of a hundred windows."
    )
    if look.examples:
        st.markdown("**Errors that show the change most**")
        for issue in look.examples:
            issue_link(issue.id, markdown(issue.title, 120))
        st.caption("The label queue asks about these first.")
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Tests, window by window**")
        st.plotly_chart(drift_figures.p_values(looks, shared.zone), key="drift_tests")
        st.markdown("**Kinds of errors never seen before**")
        st.plotly_chart(drift_figures.never_seen(looks, shared.zone), key="drift_new")
    with right:
        st.markdown("**Categories before and now**")
        st.plotly_chart(drift_figures.shares(look), key="drift_shares")

st.markdown("**Is the reader still right?** By the audit sample: two of a hundred new kinds of errors, labelled blind")
weeks = monitor.accuracy()
if weeks:
    st.plotly_chart(drift_figures.accuracy(weeks, shared.zone), key="drift_accuracy")
else:
    st.caption("No audit label yet. Labels of the queue and accepted answers are biased by their selection and do not count here.")
    st.page_link(path("label_queue"), label="Label the audit sample", icon=":material/label:")
