"""Incident replay: how did it go, and who was first, the warning or the failure?"""

import streamlit as st

from app.bootstrap import services
from app.domain import InvalidInput
from components import replay_player, replay_range, state
from components.navigation import path
from components.plain import markdown
from components.replay_report import name, report
from components.replay_words import TODAY, headline, others
from components.sample_banner import banner
from components.sidebar import view

shared = view()
state.show_notice()
banner()

if services().replay.newest() is None:
    st.info("Nothing is stored yet: there is no incident to play.", icon=":material/movie:")
    st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
    st.stop()
try:
    span = replay_player.restore()
except InvalidInput as error:
    st.warning(markdown(str(error)), icon=":material/error:")
    replay_range.chooser(shared)
    st.stop()
if span is None:
    st.stop()

film = replay_range.film(span)
with st.container(key="title-replay"):
    st.text(headline(film, shared.zone))
said = others(film)
if said:
    st.caption(said)
for missing in film.missing:
    st.warning(markdown(missing, 400), icon=":material/error:")
left, right = st.columns([3, 2], vertical_alignment="bottom")
with left:
    replay_player.controls()
with right, st.container(horizontal=True, horizontal_alignment="right"):
    st.download_button(
        "Report", lambda: report(film, shared.zone), name(film, shared.zone), "text/html", key="replay_report",
        icon=":material/download:", on_click="ignore", help="one HTML file with everything in it, for the post-mortem",
    )  # fmt: skip
replay_player.player(shared)
replay_range.chooser(shared, film)
versions = ", ".join(f"{part} {markdown(version, 80)}" for part, version in film.models)
seed = f" The sample is simulated, seed {film.seed}." if film.seed is not None else ""
st.caption(f"{TODAY} Read by {versions or 'no model'}.{seed}")
