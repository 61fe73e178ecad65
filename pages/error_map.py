"""Error map: what families of errors are there, and which is new?"""

import math
import time

import streamlit as st

from app.bootstrap import services
from app.services.map import ErrorMap
from components import looks, map_selection, state
from components.error_map import MOST_DRAWN, figure, frame
from components.map_answers import selection_panel, undo_button
from components.map_controls import controls, pace
from components.navigation import path
from components.plain import ago, count, markdown
from components.sample_banner import banner
from components.sidebar import view
from models.taxonomy import SEVERITIES
from models.vectors.projection import FEWEST

shared = view()
banner()
found = services().error_map.current()
rate = pace(found)


def about(found: ErrorMap, drawn: int) -> str:
    """The line under the map: how many, how it was laid out, how far to trust it."""
    parts = [f"{drawn:,} of {count(len(found.rows), 'signature')}; near = alike, by {found.method}"]
    if not math.isnan(found.trust):
        parts.append(f"trustworthiness {found.trust:.2f} of 1: how far neighbours here are alike")
    if found.placed:
        parts.append(f"{found.placed:,} came after the map was fitted and lie beside their neighbours")
    if found.fitting_since is not None:
        parts.append(f"a better map is being fitted since {max(time.time() - found.fitting_since, 0):.0f} s")
    elif found.method == "PCA":
        parts.append(markdown(found.problem) if found.problem else f"UMAP takes over from {FEWEST} signatures on")
    if drawn > MOST_DRAWN:
        parts.append("the heat counts all, the dots are a sample")
    parts.append("shapes: " + ", ".join(map(looks.severity, SEVERITIES)))
    return "; ".join(parts) + "."


def family_table(found: ErrorMap) -> None:
    st.markdown(f"**{count(len(found.families), 'family', 'families')}**, newest first")
    newest = sorted(found.families, key=lambda family: -family.first_seen)
    st.dataframe(
        [
            {"Family": family.name, "Signatures": family.size, "First seen": ago(family.first_seen, shared.now)}
            for family in newest
        ],
        hide_index=True,
        height=min(36 * (len(newest) + 1), 430),
        placeholder="",
    )


@st.fragment(run_every=rate)
def board() -> None:
    state.show_notice()
    found = services().error_map.current()
    if not found.rows:
        st.info("Nothing is stored yet: the map fills with the first error.", icon=":material/scatter_plot:")
        st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
        return
    points = frame(found)
    map_selection.take_link(points)
    look = controls(found, points, shared)
    left, right = st.columns([7, 3], gap="medium")
    with left:
        map_selection.draw(figure(points, look.shown, look.colour, map_selection.marked(), shared.zone))
        st.caption(about(found, int(look.shown.sum())))
    with right:
        map_selection.chooser(points, points[look.shown])
        undo_button()
        chosen = map_selection.selected(points)
        if len(chosen):
            selection_panel(chosen)
        else:
            st.caption("Click a point, or draw a box or a lasso round several, to see and answer them.")
            family_table(found)
    if pace(found) != rate:
        st.rerun()


board()
