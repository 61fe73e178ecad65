"""The service graph as it is read: health in words with its trend, the drawing, one service in detail, suspects with evidence."""

from typing import Any, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.bootstrap import services
from app.services.graph_signals import WINDOW
from app.services.service_graph import Picture, Point
from app.storage.issues import IssueFilter
from components import exports, graph_figures
from components.graph_figures import SIGN, Marks
from components.graph_layout import near, nearest
from components.navigation import issue_link, path
from components.plain import clock, count, markdown, one_line, percent
from components.sidebar import View
from models.taxonomy import HEALTH

#: The chosen service by name; also the name in the URL.
SERVICE: Final = "graph_service"
CHART: Final = "graph_chart"
MOMENT: Final = "graph_moment"
HOPS: Final = "graph_hops"
#: Beyond so many services only what is near one of them is drawn, and at most so many.
MOST_DRAWN: Final = 500
NEAR: Final = 120
#: Suspects and errors that are listed.
SUSPECTS: Final = 5
ERRORS: Final = 5
#: Suspects below this score are left out of the list; the export has them all.
LEAST: Final = 0.01
#: Health of the system from which on it is called so.
_WORDS: Final = ((0.9, "healthy"), (0.7, "degraded"), (0.4, "failing"), (-1.0, "failed"))


def word(health: float) -> str:
    """What a health in [0, 1] is called."""
    return next(name for bound, name in _WORDS if health >= bound)


def points(since: float | None) -> list[Point]:
    """The trend; a bar shows how far it is while it is read for the first time."""
    place = st.empty()
    found = services().graph.trend(since, progress=lambda done: _show(place, done))
    place.empty()
    return found


def moment(trend: list[Point], view: View) -> Point:
    """The point of the trend that is looked at, the newest by default; drawn with a slider and a button to the worst."""
    last = len(trend) - 1
    key = f"{MOMENT}_{len(trend)}"
    chosen = int(st.session_state.setdefault(key, last))
    deploys = services().store.graph.deploys(trend[0].at, trend[-1].at, limit=20)
    st.plotly_chart(
        graph_figures.trend(trend, deploys, view.zone, chosen), key="graph_trend", config={"displayModeBar": False}
    )
    if last:
        slider, button = st.columns([5, 1], vertical_alignment="bottom")
        slider.select_slider(
            "Moment", range(len(trend)), key=key,
            format_func=lambda place: clock(trend[place].at, view.zone)[5:16] + (", now" if place == last else ""),
        )  # fmt: skip
        worst = min(range(len(trend)), key=lambda place: trend[place].health)
        button.button(
            "Worst", key="graph_worst", icon=":material/arrow_downward:", help="the moment with the lowest health",
            on_click=st.session_state.__setitem__, args=(key, worst),
        )  # fmt: skip
    return trend[chosen]


def headline(picture: Picture, trend: list[Point], view: View) -> None:
    """One number in words, the service that pulls it down, and the most likely cause with its reasons."""
    health, graph = picture.reading.system_health, picture.graph
    before = trend[0].health if len(trend) > 1 else None
    st.metric(
        "System health",
        f"{health:.2f} {SIGN[word(health)]} {word(health)}",
        None if before is None else f"{health - before:+.2f} since {clock(trend[0].at, view.zone)[5:16]}",
        help=f"in [0, 1], higher = better; errors of the {WINDOW} minutes before the moment",
    )
    pull = services().graph.pull(picture)
    if pull is not None:
        st.markdown(
            f"**{markdown(graph.names[pull.service])}** pulls it down: without its errors it would be {pull.without:.2f}."
        )
    causes = picture.reading.causes
    if picture.at is None:
        st.markdown("No logs are read: this is the graph alone. Ask below what a failure would do.")
    elif causes and picture.signals.counts.any():
        first = causes[0]
        reasons = "; ".join(markdown(reason) for reason in first.evidence[:3])
        lead = "Most likely cause" if word(health) != "healthy" else "Little is wrong. Most suspect"
        st.markdown(
            f"{lead}: **{markdown(graph.names[first.service])}** ({percent(first.score)})"
            + (f", because {reasons}." if reasons else ".")
        )
    else:
        st.markdown("Nobody logs an error: there is nothing to explain.")
    states = np.bincount(picture.reading.health.argmax(axis=1), minlength=len(HEALTH))
    st.caption(", ".join(f"{SIGN[state]} {n} {state}" for state, n in zip(HEALTH, states, strict=True) if n))


def choose(picture: Picture) -> int | None:
    """The service that is looked at, by keyboard, by link, or by a click into the drawing."""
    names = sorted(picture.graph.names)
    if st.session_state.get(SERVICE) not in (None, *names):
        del st.session_state[SERVICE]
    chosen = st.selectbox(
        "Service", names, index=None, key=SERVICE, bind="query-params", placeholder="click one in the drawing, or choose it here",
        format_func=lambda name: one_line(name, 80),
    )  # fmt: skip
    return picture.graph.names.index(chosen) if chosen in picture.graph.names else None


def drawing(picture: Picture, marks: Marks) -> None:
    """The graph; of a large one what is near the chosen service or the first suspect."""
    shown = _shown(picture, marks)
    st.plotly_chart(
        graph_figures.network(picture, shown, marks),
        key=CHART,
        on_select=_clicked,
        selection_mode="points",
        config={"scrollZoom": True, "displaylogo": False},
    )
    st.caption(_about(picture, shown))


def picked(event: Any) -> str | None:
    """The name that a click into the drawing chose, from Streamlit's selection; None where it chose no service."""
    for point in reversed(event["selection"]["points"] if event else []):
        data = point.get("customdata")
        if isinstance(data, list | tuple) and len(data) == 2:
            return str(data[1])
    return None


def detail(picture: Picture, service: int, view: View) -> None:
    """How a service is, its errors, whom it calls and who calls it, and services like it."""
    graph, reading = picture.graph, picture.reading
    name, state = graph.names[service], picture.state(service)
    with st.container(border=True, key="title-graph-service"):
        st.text(one_line(name, 80))
    st.markdown(
        f"{SIGN[state]} **{state}**, {percent(float(reading.health[service].max()))} sure; {graph.kinds[service]}"
    )
    calls = [graph.names[callee] for caller, callee in graph.edges.T if caller == service]
    callers = [graph.names[caller] for caller, callee in graph.edges.T if callee == service]
    for title, names in (("calls", calls), ("is called by", callers)):
        st.caption(f"{title}: " + (", ".join(markdown(each, 40) for each in names[:12]) or "nobody"))
    if picture.at is not None:
        st.caption(
            f"{count(picture.errors(service), 'error')} in the {WINDOW} minutes before {clock(picture.at, view.zone)}"
        )
        found = services().inbox.page(IssueFilter(services=(name,), since=view.since), limit=ERRORS, offset=0)
        for issue in found.issues:
            issue_link(issue.id, markdown(issue.title, 90))
        st.page_link(
            path("inbox"), label=f"All {count(found.total, 'issue')} in the Inbox", icon=":material/inbox:",
            query_params={"service": name},
        )  # fmt: skip
    alike = services().graph.alike(picture, service)
    if alike:
        st.markdown("**Services like this one**")
        st.dataframe(
            [
                {"Service": graph.names[other], "Alike": round(cosine, 2), "State": _state(picture, other)}
                for other, cosine in alike
            ],
            hide_index=True,
            key="graph_alike",
        )
        st.caption("By the reader's embeddings: cosine about the mean of all services, in [-1, 1].")


def suspects(picture: Picture) -> None:
    """The ranking of root causes with the evidence for each rank; a click chooses the service."""
    rows = cause_rows(picture)
    if not rows or not picture.signals.counts.any():
        st.caption("No errors, no suspects.")
        return
    for row in [row for row in rows[:SUSPECTS] if row["Score"] >= LEAST or row["Rank"] == 1]:
        st.button(
            f"{row['Rank']}. **{markdown(row['Service'], 60)}** {percent(row['Score'])}, {row['State']}",
            key=f"graph_suspect_{row['Rank']}", type="tertiary", on_click=_choose, args=(row["Service"],),
        )  # fmt: skip
        st.caption(markdown(row["Evidence"], 500) or "nothing speaks for it but the score")
    exports.download(rows, "root_causes")


def cause_rows(picture: Picture) -> list[dict[str, Any]]:
    """The list for the table and for export."""
    return [
        {
            "Rank": rank,
            "Service": picture.graph.names[cause.service],
            "Score": round(cause.score, 3),
            "State": _state(picture, cause.service),
            "Evidence": "; ".join(cause.evidence),
        }
        for rank, cause in enumerate(picture.reading.causes, start=1)
        if cause.score > 0
    ]


def _state(picture: Picture, service: int) -> str:
    state = picture.state(service)
    return f"{SIGN[state]} {state}"


def _shown(picture: Picture, marks: Marks) -> NDArray[np.bool_]:
    graph = picture.graph
    centre = next((place for place in (marks.chosen, *marks.broken, marks.suspect, 0) if place is not None), 0)
    large = len(graph) > MOST_DRAWN
    options = [1, 2, 3] if large else [0, 1, 2, 3]
    first = nearest(graph, centre, NEAR) if large else 0
    hops = st.segmented_control(
        "Draw", options, default=first, key=f"{HOPS}_{large}_{centre if large else ''}", label_visibility="collapsed",
        format_func=lambda n: "all services" if n == 0 else f"within {count(n, 'call')} of {one_line(graph.names[centre], 30)}",
    )  # fmt: skip
    if not hops:
        return np.ones(len(graph), dtype=bool) if not large else near(graph, centre, first)
    return near(graph, centre, hops)


def _about(picture: Picture, shown: NDArray[np.bool_]) -> str:
    graph = picture.graph
    guessed = sum(how in ("named in a log", "seen together") for how in graph.known_by)
    parts = [
        f"{int(shown.sum()):,} of {count(len(graph), 'service')}, callers above whom they call",
        "arrows show how trouble travels, against the calls; thicker = likelier; orange between services in trouble",
    ]
    if guessed:
        parts.append(f"dashed = guessed: {guessed:,} of {count(len(graph.known_by), 'call')}")
    return "; ".join(parts) + f". Reader: {markdown(picture.reading.model, 80)}."


def _clicked() -> None:
    name = picked(st.session_state.get(CHART))
    if name is not None:
        _choose(name)


def _choose(name: str) -> None:
    st.session_state[SERVICE] = name


def _show(place: Any, done: float) -> None:
    place.progress(min(done, 1.0), "Reading the graph at several moments")
