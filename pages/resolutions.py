"""Resolutions: which action for which error, why, and does it get better by what people answer?"""

import streamlit as st

from app.bootstrap import services
from components import exports, resolution_error, resolution_figures, resolution_policy, state
from components.navigation import path
from components.plain import count, moment, percent
from components.sample_banner import banner
from components.sidebar import view
from models.taxonomy import ACTION_WORDS

shared = view()
state.show_notice()
banner()

if services().store.issues.newest_event() is None:
    st.info("Nothing is stored yet, so there is nothing to resolve.", icon=":material/recommend:")
    st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
    st.stop()

issue_id = resolution_error.choose()
if issue_id is None:
    st.info("No error asks for attention.", icon=":material/check_circle:")
else:
    resolution_error.card(issue_id, shared)

clicks, worked = services().resolutions.clicks()
since = shared.since or 0.0
clicks = [click for click in clicks if click.at >= since]

left, right = st.columns([3, 2], gap="medium")
with left:
    st.markdown("**What came of the suggestions**")
    if not clicks:
        st.info("Nobody has accepted or rejected a suggestion in this time.", icon=":material/thumbs_up_down:")
    else:
        given_up = services().resolutions.given_up(clicks)
        tried = sum(
            bool(click.chances) and click.chances[click.action] < max(click.chances.values()) for click in clicks
        )
        known = [worked[click.step.entry] for click in clicks if click.step.entry in worked]
        cells = st.columns(4)
        cells[0].metric(
            "Accepted", percent(sum(click.accepted for click in clicks) / len(clicks)), help="of all answers"
        )
        cells[1].metric(
            "Worked", percent(known.count("worked") / len(known)) if known else "–", help="of known outcomes"
        )
        cells[2].metric(
            "Expected regret", f"{sum(given_up):.1f}", help="acceptances given up by not showing the best, by estimate"
        )
        cells[3].metric("Exploration", percent(tried / len(clicks)), help="answers to an action that was tried instead")
        st.plotly_chart(resolution_figures.over_time(clicks, worked, shared.zone), key="resolution_time")
        st.plotly_chart(resolution_figures.regret(clicks, given_up), key="resolution_regret")
        st.caption(
            f"{count(len(clicks), 'answer')}. Answers come from errors that people chose to open, not from all errors: "
            "these shares tell how suggestions are received, not how often they are right."
        )
        exports.download(
            [
                {
                    "issue": click.issue_id, "action": ACTION_WORDS[click.action], "accepted": click.accepted,
                    "outcome": worked.get(click.step.entry, ""), "probability": click.chances.get(click.action),
                    "model": click.model, "at": str(moment(click.at, shared.zone)), "time_zone": shared.zone,
                }
                for click in clicks
            ],
            "resolutions",
        )  # fmt: skip
with right:
    st.markdown("**Which policy, and would another do better?**")
    resolution_policy.panel(shared)
