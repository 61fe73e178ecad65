"""Search: have we seen this, and how did it end?"""

import streamlit as st

from app.bootstrap import services
from app.domain import StackLensError
from components import exports, looks, state
from components.navigation import issue_link
from components.plain import ago, clock, count, markdown
from components.sidebar import view

shared = view()
state.show_notice()
st.subheader("Have we seen this?", anchor=False)
question = st.text_area(
    "A question in words, or a pasted error",
    key="ask",
    bind="query-params",
    height=90,
    placeholder="database out of connections after a release",
    label_visibility="collapsed",
)
left, right = st.columns(2)
threshold = left.slider("Similarity at least", 0.0, 1.0, 0.4, 0.05, key="threshold", bind="query-params")
top_k = right.slider("At most", 1, 50, 10, key="most", bind="query-params")
if not question.strip():
    st.caption("Finds stored errors by meaning; answers say how each one ended.")
    st.stop()
try:
    found = services().analysis.find(question, top_k=top_k, threshold=threshold)
except StackLensError as error:
    st.warning(markdown(str(error)))
    st.stop()
if not found:
    st.info(
        f"Nothing stored is as similar as {threshold:.2f}. A lower similarity shows what comes closest.",
        icon=":material/search_off:",
    )
    st.stop()
worked = sum(item.issue.worked == "yes" for item in found)
st.markdown(
    f"**{count(len(found), 'similar error')}**, the nearest at {found[0].similarity:.2f}; "
    f"{sum(item.issue.status == 'resolved' for item in found)} resolved, {worked} with a fix that worked"
)
for item in found:
    issue = item.issue
    ending = [looks.status(issue.status)]
    if issue.accepted_action:
        ending.append(f"accepted: {issue.accepted_action.replace('_', ' ')}")
    if issue.worked:
        ending.append(f"it worked: {issue.worked}")
    if issue.resolution_note:
        ending.append(f"note: {markdown(issue.resolution_note, 160)}")
    with st.container(border=True, gap="xsmall"):
        issue_link(
            issue.id, f"**{item.similarity:.2f} {looks.SEVERITY_SHAPE[issue.severity]} {markdown(issue.title, 160)}**"
        )
        st.caption(
            f"{looks.severity(issue.severity)}, {issue.category}; {markdown(item.reason)}; {', '.join(ending)}; "
            f"{count(issue.count, 'event')}, last {ago(issue.last_seen, shared.now)}"
        )
exports.download(
    [
        {
            "issue": item.issue.id,
            "similarity": item.similarity,
            "reason": item.reason,
            "title": item.issue.title,
            "severity": item.issue.severity,
            "status": item.issue.status,
            "worked": item.issue.worked,
            "resolution_note": item.issue.resolution_note,
            "last_seen": clock(item.issue.last_seen, shared.zone),
        }
        for item in found
    ],
    "search",
)
