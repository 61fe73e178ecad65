"""Plays a film: which moment is shown, how fast it goes, and the link that restores both. The cursor never moves while paused."""

from datetime import UTC, datetime
from time import monotonic
from typing import Final

import streamlit as st

from app.bootstrap import services
from app.domain import InvalidInput
from app.services.replay import Range
from components import replay_board
from components.replay_words import time_of
from components.sidebar import View

#: Seconds between two repaints while it plays.
EVERY: Final = 1.0
#: Minutes of the log in one second.
SPEEDS: Final = (1, 2, 5, 10, 20)
USUAL: Final = 5
#: In the session: the range, the moment (UTC seconds), the speed, and (clock, moment) from which it plays, None while paused.
SPAN: Final = "replay_span"
AT: Final = "replay_moment"
SPEED: Final = "replay_pace"
STARTED: Final = "replay_started"
_SLIDER: Final = "replay_slider"
_CHOICE: Final = "replay_speed_choice"


def reached(span: Range, started: tuple[float, float], now: float, speed: int) -> float:
    """The moment that play has reached at `now` (seconds of the same clock as `started`, which is (clock, moment))."""
    clock, at = started
    return span.moments[span.nearest(at + max(now - clock, 0.0) * speed * 60)]


def restore() -> Range | None:
    """The range that is played: of the session, else of the link, else the sample, else the newest hours; None: nothing is stored.

    InvalidInput where the link names a range in which nothing is stored.
    """
    known = st.session_state.get(SPAN)
    if isinstance(known, Range):
        return known
    link = st.query_params
    since, until, at = (_time(link.get(name, "")) for name in ("replay_since", "replay_until", "replay_at"))
    replay = services().replay
    if since is not None and until is not None:
        span: Range | None = replay.span(since, until)
    else:
        span = replay.sample() or replay.newest()
    if span is not None:
        speed = link.get("replay_speed", "")
        choose(span, at, int(speed) if speed in map(str, SPEEDS) else USUAL)
    return span


def choose(span: Range, at: float | None = None, speed: int | None = None) -> None:
    """Another range, paused at its beginning or at a moment."""
    st.session_state[SPAN] = span
    st.session_state[AT] = span.since if at is None else span.moments[span.nearest(at)]
    st.session_state[STARTED] = None
    if speed is not None:
        st.session_state[SPEED] = speed


def controls() -> None:
    """Play or pause, and the speed; outside the fragment, since they change how often it is drawn."""
    playing = st.session_state.get(STARTED) is not None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Pause" if playing else "Play",
            key="replay_play",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            type="primary",
            shortcut="K",
            on_click=_toggle,
        )
        st.session_state[_CHOICE] = st.session_state.get(SPEED, USUAL)
        st.segmented_control(
            "Speed", SPEEDS, key=_CHOICE, format_func=lambda speed: f"{speed} min/s", on_change=_speed,
            label_visibility="collapsed", help="minutes of the log in one second",
        )  # fmt: skip


def player(view: View) -> None:
    """Slider, steps and the board; while it plays, drawn again every second."""
    playing = st.session_state.get(STARTED) is not None
    st.fragment(run_every=EVERY if playing else None)(_moment)(view)


def _moment(view: View) -> None:
    span: Range = st.session_state[SPAN]
    started = st.session_state.get(STARTED)
    if started is not None:
        st.session_state[AT] = reached(span, started, monotonic(), st.session_state.get(SPEED, USUAL))
        if st.session_state[AT] >= span.moments[-1]:
            st.session_state[STARTED] = None
            st.rerun()
    else:
        _remember(span)
    last = len(span.moments) - 1
    place = span.nearest(st.session_state[AT])
    back, slider, on = st.columns([1, 12, 1], vertical_alignment="bottom")
    back.button("", key="replay_back", icon=":material/chevron_left:", shortcut="J", on_click=_step, args=(-1,), disabled=not place,
                help="one moment back", width="stretch")  # fmt: skip
    on.button("", key="replay_on", icon=":material/chevron_right:", shortcut="L", on_click=_step, args=(1,), disabled=place == last,
              help="one moment on", width="stretch")  # fmt: skip
    key = f"{_SLIDER}_{span.since:.0f}_{span.until:.0f}"
    st.session_state[key] = place
    slider.select_slider(
        "Moment", range(last + 1), key=key, on_change=_scrubbed, args=(key,), label_visibility="collapsed",
        format_func=lambda number: time_of(span.moments[number], view.zone),
    )  # fmt: skip
    replay_board.board(services().replay.film(span), st.session_state[AT], view)


def _remember(span: Range) -> None:
    """Writes the state into the link. Not while it plays: each moment would be a page of the browser's history."""
    wanted = {
        "replay_since": _said(span.since),
        "replay_until": _said(span.until),
        "replay_at": _said(st.session_state[AT]),
        "replay_speed": str(st.session_state.get(SPEED, USUAL)),
    }
    if any(st.query_params.get(name) != value for name, value in wanted.items()):
        st.query_params.update(wanted)


def _toggle() -> None:
    span: Range = st.session_state[SPAN]
    if st.session_state.get(STARTED) is not None:
        st.session_state[STARTED] = None
        return
    if st.session_state[AT] >= span.moments[-1]:
        st.session_state[AT] = span.since
    st.session_state[STARTED] = (monotonic(), st.session_state[AT])


def _go(at: float) -> None:
    st.session_state[AT] = at
    if st.session_state.get(STARTED) is not None:
        st.session_state[STARTED] = (monotonic(), at)


def _step(by: int) -> None:
    span: Range = st.session_state[SPAN]
    place = span.nearest(st.session_state[AT]) + by
    _go(span.moments[min(max(place, 0), len(span.moments) - 1)])


def _scrubbed(key: str) -> None:
    span: Range = st.session_state[SPAN]
    _go(span.moments[int(st.session_state[key])])


def _speed() -> None:
    chosen = st.session_state.get(_CHOICE)
    if chosen is not None:
        st.session_state[SPEED] = int(chosen)
    _go(st.session_state[AT])


def _said(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _time(text: str) -> float | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("the link names no time as 2026-05-01T10:00Z") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
