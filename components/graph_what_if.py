"""What if: services and calls that are supposed to fail, and who is hit, how likely, how soon."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from app.bootstrap import services
from app.services.service_graph import Picture
from components import exports
from components.graph_view import SERVICE
from components.plain import markdown, one_line
from models.analyse.graph_reading import Hit

SERVICES: Final = "graph_break"
CALLS: Final = "graph_break_calls"
#: More calls than this are not offered at once.
MOST_OFFERED: Final = 2_000
#: From so many on, a probability is called high, and moderate.
HIGH, MODERATE = 0.5, 0.2


def broken(picture: Picture) -> tuple[list[int], list[int]]:
    """The services and edges that are supposed to fail, by number, as far as the graph has them."""
    place = {name: number for number, name in enumerate(picture.graph.names)}
    edges = {name: number for number, name in enumerate(_names(picture))}
    return (
        [place[name] for name in st.session_state.get(SERVICES, []) if name in place],
        [edges[name] for name in st.session_state.get(CALLS, []) if name in edges],
    )


def hits(picture: Picture) -> tuple[Hit, ...]:
    """Who is hit, likeliest first; nobody while nothing is supposed to fail. Called before the panel is drawn."""
    for key, known in ((SERVICES, picture.graph.names), (CALLS, _names(picture))):
        chosen = st.session_state.get(key, [])
        kept = [name for name in chosen if name in known]
        if kept != chosen:  # another topology is in use since
            st.session_state[key] = kept
    failing, edges = broken(picture)
    return services().graph.what_if(picture, failing, edges) if failing or edges else ()


def panel(picture: Picture, found: tuple[Hit, ...]) -> None:
    """The two choices, and the answer as a sentence and a list."""
    names = sorted(picture.graph.names)
    st.multiselect(
        "Services that fail",
        names,
        key=SERVICES,
        placeholder="break a service",
        format_func=lambda name: one_line(name, 60),
    )
    st.multiselect(
        "Calls that fail",
        _offered(picture),
        key=CALLS,
        placeholder="break a call",
        format_func=lambda name: one_line(name, 80),
    )
    if not any(broken(picture)):
        st.caption("Choose what fails; who is hit is marked in the drawing too.")
        return
    if not found:
        st.info("Nobody would be hit: no other service depends on it.", icon=":material/check_circle:")
        return
    first = found[0]
    st.markdown(
        f"**{len(found)} would be hit**, {markdown(picture.graph.names[first.service])} first: "
        f"{strength(first.probability)} ({first.probability:.0%}), after about {soon(first.seconds)}."
    )
    rows = hit_rows(picture, found)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="graph_hits",
        column_config={
            "Probability": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.2f", width=90),
            "How likely": st.column_config.TextColumn(width=80),
            "By way of": st.column_config.TextColumn(width="medium"),
        },
    )
    exports.download(rows, "what_if")


def hit_rows(picture: Picture, found: tuple[Hit, ...]) -> list[dict[str, Any]]:
    """The list for the table and for export."""
    names = picture.graph.names
    return [
        {
            "Service": names[hit.service],
            "Probability": round(hit.probability, 3),
            "How likely": strength(hit.probability),
            "How soon": soon(hit.seconds),
            "By way of": " → ".join(names[service] for service in hit.path),
        }
        for hit in found
    ]


def strength(probability: float) -> str:
    """A probability in a word."""
    return "high" if probability >= HIGH else "moderate" if probability >= MODERATE else "low"


def soon(seconds: float) -> str:
    """Seconds as people say them: "40 s", "3 min"."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _offered(picture: Picture) -> list[str]:
    """The calls to choose from; of a large graph those of the chosen services, since a browser is slow with more."""
    names = _names(picture)
    if len(names) <= MOST_OFFERED:
        return names
    graph = picture.graph
    chosen = {st.session_state.get(SERVICE), *st.session_state.get(SERVICES, [])}
    beside = [
        name
        for name, pair in zip(names, graph.edges.T, strict=True)
        if chosen.intersection(graph.names[end] for end in pair)
    ]
    return list(dict.fromkeys([*st.session_state.get(CALLS, []), *beside]))


def _names(picture: Picture) -> list[str]:
    graph = picture.graph
    return [f"{graph.names[caller]} → {graph.names[callee]}" for caller, callee in graph.edges.T]
