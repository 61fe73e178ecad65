"""Where the graph is from: a topology that was given, an example, or a guess from the logs; and markers of releases."""

import time
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from app.bootstrap import services
from app.domain import InvalidInput
from app.services.service_graph import EXAMPLES, GUESSED, parsed
from components import state
from components.graph_what_if import SERVICES
from components.plain import clock, count, markdown, moment, one_line
from components.sidebar import View

EXAMPLE: Final = "graph_example"
TOPOLOGY: Final = "graph_topology"
FOUR: Final = "four services"
SHOP: Final = "sample shop"
#: Stands among the ids of topologies for the guess.
_GUESS: Final = 0
FORMATS: Final = (
    "CSV with the columns caller and callee; JSON with services and edges; Jaeger's dependencies as JSON; OpenTelemetry spans as "
    "OTLP JSON."
)


def bar(view: View) -> None:
    """One row: which topology, give one, mark a release, and the example."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _topologies(view)
        with st.popover("Give a topology", icon=":material/upload_file:"):
            _upload()
        with st.popover("Mark a release", icon=":material/rocket_launch:"):
            _release(view)
        example_button()


def example_button() -> None:
    st.button(
        "Four-service example", key="graph_show_example", icon=":material/school:", on_click=_show_example, args=(FOUR,),
        help="API, database, cache and queue, as the client draws them; nothing is stored",
    )  # fmt: skip


def example_note() -> None:
    """Over an example: what it is, what to try, and the way back."""
    with st.container(border=True):
        st.markdown(
            "**Example: four services.** The drawing it comes from and the matrix beside it disagree on cache → queue; the drawing "
            "is taken: trouble of the cache reaches the queue. Both calls to the cache count with 0.6, the client's “moderate”. No "
            "logs are read and nothing is stored."
        )
        with st.container(horizontal=True):
            for name, label in (("database", "Database fails"), ("cache", "Cache fails"), ("api", "API fails")):
                st.button(
                    label, key=f"graph_try_{name}", icon=":material/bolt:",
                    on_click=st.session_state.__setitem__, args=(SERVICES, [name]),
                )  # fmt: skip
            st.button("Back to my services", key="graph_back", icon=":material/arrow_back:", on_click=_leave_example)


def _topologies(view: View) -> None:
    given = {topology.id: topology for topology in services().graph.topologies()}
    used = services().graph.in_use()
    st.session_state[TOPOLOGY] = used if used in given else _GUESS

    def name(number: int) -> str:
        topology = given.get(number)
        return GUESSED if topology is None else f"{one_line(topology.name, 60)} ({clock(topology.at, view.zone)[:16]})"

    st.selectbox("Topology", [_GUESS, *given], key=TOPOLOGY, format_func=name, on_change=_use, width=320)
    if used is not None:
        st.button(
            "Guess it from my logs", key="graph_guess", icon=":material/auto_awesome:", on_click=state.write, args=(_guess,),
            help="from trace ids, names in messages and what fails together; doubtful calls are dashed",
        )  # fmt: skip
        st.button("Remove", key="graph_remove", icon=":material/delete:", on_click=state.write, args=(_remover(used),))


def _use() -> None:
    number = st.session_state[TOPOLOGY]
    if number == _GUESS:
        state.write(_guess)
        return

    def use(actor: str) -> str:
        services().graph.use(number)
        return "This topology is used from now on"

    state.write(use)


def _guess(actor: str) -> str:
    services().graph.use(None)
    return "The graph is guessed from the logs"


def _remover(number: int) -> object:
    def remove(actor: str) -> str:
        services().graph.remove(number)
        return "The topology is gone"

    return remove


def _upload() -> None:
    st.caption(FORMATS)
    file = st.file_uploader("Topology", ["csv", "json", "jsonl", "txt"], key="graph_file", label_visibility="collapsed")
    if file is not None:
        data = file.getvalue()
        try:
            graph = parsed(data)
        except InvalidInput as error:
            st.error(markdown(str(error)), icon=":material/error:")
        else:
            st.caption(f"{count(len(graph), 'service')}, {count(graph.edges.shape[1], 'call')}")
            st.button(
                "Use it", key="graph_use_file", type="primary", on_click=state.write, args=(_giver(data, file.name),)
            )
    if services().sample.loaded():
        shop = EXAMPLES[SHOP].read_bytes()
        st.button(
            "Use the sample shop's topology", key="graph_use_shop", icon=":material/storefront:", on_click=state.write,
            args=(_giver(shop, "sample shop (simulated)"),),
        )  # fmt: skip


def _giver(data: bytes, name: str) -> object:
    def give(actor: str) -> str:
        number = services().graph.give(data, name=name, actor=actor)
        return f"Topology {number} is used from now on"

    return give


def _release(view: View) -> None:
    known = services().store.graph.services()
    now = moment(time.time(), view.zone)
    with st.form("graph_release", border=False):
        service = st.selectbox("Service", known, index=None, accept_new_options=True, key="graph_release_service")
        version = st.text_input("Version", max_chars=200, key="graph_release_version")
        date = st.date_input("Day", now.date(), key="graph_release_day")
        at = st.time_input(f"Time, {view.zone}", now.time(), key="graph_release_time", step=60)
        if st.form_submit_button("Mark", type="primary") and service:
            when = datetime.combine(date, at, ZoneInfo(view.zone)).astimezone(UTC).timestamp()

            def mark(actor: str) -> str:
                services().graph.deploy(service, version, at=when, actor=actor)
                return f"Release of {service} is marked"

            state.write(mark)
            st.rerun()
    for deploy in services().store.graph.deploys(limit=5):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{clock(deploy.at, view.zone)[:16]} {markdown(deploy.service, 40)} {markdown(deploy.version, 40)}")
            st.button(
                "Take out", key=f"graph_release_out_{deploy.id}", type="tertiary", icon=":material/delete:",
                on_click=state.write, args=(_taker(deploy.id),), help="marked by mistake: it is no evidence any more",
            )  # fmt: skip


def _taker(deploy_id: int) -> object:
    def take_out(actor: str) -> str:
        services().graph.remove_deploy(deploy_id)
        return "The release marker is gone"

    return take_out


def _show_example(name: str) -> None:
    st.session_state[EXAMPLE] = name


def _leave_example() -> None:
    st.session_state.pop(EXAMPLE, None)
    st.session_state.pop(SERVICES, None)
