"""Which range is played: the sample, or any stored time; read once, with a bar that shows how far it is."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from app.bootstrap import services
from app.domain import InvalidInput
from app.services.replay import LONGEST, Film, Range
from components import replay_player
from components.plain import clock, count, moment
from components.sidebar import View

_NOTICE = "replay_range_notice"


def film(span: Range, *, anew: bool = False) -> Film:
    """All moments of the range; a bar while they are read for the first time."""
    place = st.empty()

    def show(done: float) -> None:
        place.progress(min(done, 1.0), f"Reading {len(span.moments)} moments of the log")

    found = services().replay.film(span, show, anew=anew)
    place.empty()
    return found


def chooser(view: View, played: Film | None = None) -> None:
    """Another range; and, where the log has changed since, the same range read anew."""
    refused = st.session_state.pop(_NOTICE, "")
    with st.expander("Play another range", icon=":material/date_range:", expanded=played is None or bool(refused)):
        if refused:
            st.text(refused)
        newest = services().replay.newest()
        shown = played.span if played is not None else newest
        if shown is None:
            return
        mark = f"{shown.since:.0f}_{shown.until:.0f}_{view.zone}"
        with st.form("replay_range", border=False):
            left, right = st.columns(2)
            since = left.datetime_input(
                f"From ({view.zone})", moment(shown.since, view.zone), key=f"replay_since_{mark}"
            )
            until = right.datetime_input(
                f"To ({view.zone})", moment(shown.until, view.zone), key=f"replay_until_{mark}"
            )
            given = st.form_submit_button("Play this range", icon=":material/movie:")
        if given and since is not None and until is not None:
            _take(_seconds(since, view.zone), _seconds(until, view.zone))
            st.rerun()
        with st.container(horizontal=True):
            sample = services().replay.sample()
            if sample is not None:
                st.button("The sample incident", key="replay_sample", on_click=replay_player.choose, args=(sample,))
            if newest is not None:
                st.button("The newest three hours", key="replay_newest", on_click=replay_player.choose, args=(newest,))
        st.caption(f"At most {LONGEST / 86_400:.0f} days. " + ("" if played is None else _about(played, view)))
    if played is not None and services().replay.changed(played):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Something was stored or corrected since this range was read.")
            if st.button("Read it anew", key="replay_anew", icon=":material/refresh:"):
                film(played.span, anew=True)
                st.rerun()


def _about(played: Film, view: View) -> str:
    span = played.span
    return (
        f"Now {clock(span.since, view.zone)[:16]} to {clock(span.until, view.zone)[:16]}, "
        f"a moment every {count(round(span.every / 60), 'minute')}."
    )


def _take(since: float, until: float) -> None:
    try:
        replay_player.choose(services().replay.span(since, until))
    except InvalidInput as error:
        st.session_state[_NOTICE] = str(error)


def _seconds(local: datetime, zone: str) -> float:
    return local.replace(tzinfo=ZoneInfo(zone)).timestamp()
