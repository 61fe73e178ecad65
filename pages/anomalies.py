"""Anomalies: what is strange since yesterday, and why?"""

import streamlit as st

from app.bootstrap import services
from app.services.anomaly import KINDS, THRESHOLD, USES
from components import anomaly_figures, anomaly_list, anomaly_threshold, exports, state
from components.navigation import issue_link, path
from components.plain import clock, count, markdown
from components.sample_banner import banner
from components.sidebar import view

DAY = 86_400.0
DISAGREE = 12

shared = view()
state.show_notice()
banner()

newest = services().store.issues.newest_event()
if newest is None:
    st.info("Nothing is stored yet, so nothing can be strange.", icon=":material/troubleshoot:")
    st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
    st.stop()

since = newest - DAY if shared.since is None else shared.since
found = services().anomaly.findings(since)

kind_pills, use_pills = st.columns([2, 3])
kinds = kind_pills.pills(
    "Kind", KINDS, selection_mode="multi", key="kind", bind="query-params", label_visibility="collapsed",
    format_func=lambda kind: f"strange {kind}",
)  # fmt: skip
uses = use_pills.pills("May be", USES, selection_mode="multi", key="use", bind="query-params", label_visibility="collapsed")
shown = [item for item in found if (not kinds or item.kind in kinds) and (not uses or set(uses) & set(item.uses))]

st.markdown(f"**{count(len(shown), 'strange thing')}** since {clock(since, shared.zone)} {shared.zone}, strangest first")
if shown:
    place = anomaly_list.current(shown)
    anomaly_list.draw(shown, place, shared)
else:
    st.info("Nothing strange here. Widen the filters, or the time range on the left.", icon=":material/check_circle:")
with st.container(horizontal=True):
    anomaly_list.undo_last()
    exports.download(anomaly_list.rows(shown, shared.zone), "anomalies")

left, right = st.columns([3, 2], gap="medium")
with left:
    if shown:
        anomaly_list.card(shown, place, shared)
        st.markdown("**When**")
        st.plotly_chart(anomaly_figures.timeline(shown, shared.zone, THRESHOLD), key="anomaly_timeline")
        st.caption("The shaded band is where alerts begin for a service that nobody has clicked for.")
with right:
    st.markdown("**What another threshold would do**")
    anomaly_threshold.panel()
    anomaly_threshold.moved()

st.markdown("**Where the detectors disagree**")
st.caption("One finds it strange, another does not: worth a look by a person, for either may be right.")
for issue, said in sorted(services().anomaly.scores(since), key=lambda pair: -pair[1].disagreement)[:DISAGREE]:
    parts = ", ".join(f"{anomaly_list.WORDS.get(name, name)} {score:.2f}" for name, score in said.scores.items())
    issue_link(issue.id, f"{said.disagreement:.2f} apart: {markdown(issue.title, 100)}")
    st.caption(parts)
