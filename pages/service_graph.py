"""Service graph: where did it start, whom does it hit, and whom would it hit?"""

import streamlit as st

from app.bootstrap import services
from app.domain import Unavailable
from app.services.service_graph import Picture, example
from components import graph_source, graph_view, graph_what_if, state
from components.graph_figures import Marks
from components.navigation import path
from components.plain import markdown
from components.sample_banner import banner
from components.sidebar import view

shared = view()
state.show_notice()
banner()


def board(picture: Picture) -> None:
    """The drawing with what is chosen and what would be hit, one service beside it, suspects and what-if below."""
    hits = graph_what_if.hits(picture)
    causes = picture.reading.causes
    left, right = st.columns([7, 3], gap="medium")
    with right:
        chosen = graph_view.choose(picture)
    with left:
        graph_view.drawing(
            picture,
            Marks(
                chosen=chosen,
                suspect=causes[0].service if causes and picture.signals.counts.any() else None,
                broken=tuple(graph_what_if.broken(picture)[0]),
                hits={hit.service: hit.probability for hit in hits},
            ),
        )
    with right:
        if chosen is not None:
            graph_view.detail(picture, chosen, shared)
        else:
            st.caption("A service's errors, its neighbours and services like it show here.")
    first, second = st.columns(2, gap="medium")
    with first:
        st.markdown("**What if this fails?**")
        graph_what_if.panel(picture, hits)
    with second:
        st.markdown("**Where did it start?** Suspects with the evidence")
        graph_view.suspects(picture)


shown = st.session_state.get(graph_source.EXAMPLE)
if shown is not None:
    graph_source.example_note()
    picture = services().graph.read(example(shown))
    graph_view.headline(picture, [], shared)
    board(picture)
    st.stop()

try:
    with st.spinner("Reading the service graph", show_time=True):
        trend = graph_view.points(shared.since)
        newest = services().graph.picture()
except Unavailable as error:
    st.warning(markdown(str(error)), icon=":material/error:")
    st.stop()
if newest is None:
    st.info(
        "No service is known yet: store errors that name their service, or give a topology.",
        icon=":material/account_tree:",
    )
    st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
    graph_source.bar(shared)
    st.stop()

glance, over_time = st.columns([2, 3], gap="medium")
picture = newest
if trend:
    with over_time:
        point = graph_view.moment(trend, shared)
    picture = services().graph.picture(point.at) or newest
with glance:
    graph_view.headline(picture, trend, shared)
graph_source.bar(shared)
board(picture)
