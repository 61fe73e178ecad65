"""What the map shows and in which colours: filters, the time up to which it is drawn, and the play button."""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from app.services.map import ErrorMap
from components.error_map import COLOURS
from components.plain import clock
from components.sidebar import View
from models.taxonomy import CATEGORIES, SEVERITIES

_STEP: Final = "map_step"
_NONCE: Final = "map_step_nonce"
_PLAYING: Final = "map_playing"
_STEPPED: Final = "map_stepped_at"
_STEPS: Final = 40
_EXTRAS: Final = {"muted": "muted too", "routine": "routine too"}
#: Seconds between two steps of the play, and between two looks at a fit that is under way.
_PACE: Final = 0.9
_PACE_OF_MANY: Final = 3.0
_FITTING_PACE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """`shown` (n,) of the points pass the filters; `until` in UTC seconds, None for now."""

    colour: str
    shown: NDArray[np.bool_]
    until: float | None


def pace(found: ErrorMap) -> float | None:
    """Seconds after which the map is drawn again by itself; None while nothing moves."""
    if st.session_state.get(_PLAYING):
        return _PACE if len(found.rows) <= 5_000 else _PACE_OF_MANY
    return None if found.fitting_since is None else _FITTING_PACE


def controls(found: ErrorMap, points: pd.DataFrame, view: View) -> Look:
    """Draws the controls in two rows and returns what they ask for."""
    colour_by, find, severity, category, service = st.columns([2, 3, 2, 2, 2])
    colour = colour_by.selectbox(
        "Colour by",
        COLOURS,
        key="map_colour",
        format_func=lambda name: f"colour by {name}",
        label_visibility="collapsed",
    )
    text = find.text_input(
        "Find",
        key="map_q",
        placeholder="words of the error",
        label_visibility="collapsed",
        icon=":material/search:",
        max_chars=200,
    )
    severities = severity.multiselect(
        "Severity", SEVERITIES, key="map_severity", placeholder="any severity", label_visibility="collapsed"
    )
    categories = category.multiselect(
        "Category", CATEGORIES, key="map_category", placeholder="any category", label_visibility="collapsed"
    )
    services = service.multiselect(
        "Service",
        sorted(set(points.service) - {""}),
        key="map_service",
        placeholder="any service",
        label_visibility="collapsed",
    )
    switches, slider = st.columns([2, 5], vertical_alignment="center")
    extras = switches.pills(
        "Show",
        list(_EXTRAS),
        selection_mode="multi",
        key="map_show",
        format_func=_EXTRAS.__getitem__,
        label_visibility="collapsed",
    )
    with slider:
        until = _time(points, view)
    shown = np.ones(len(points), dtype=bool)
    for column, wanted in (("severity", severities), ("category", categories), ("service", services)):
        if wanted:
            shown &= points[column].isin(wanted).to_numpy()
    if "routine" not in extras:
        shown &= ~points.routine.to_numpy(dtype=bool)
    if "muted" not in extras:
        shown &= np.array([not row.is_muted(view.now) for row in found.rows], dtype=bool)
    for word in (text or "").lower().split()[:16]:
        shown &= points.text.str.lower().str.contains(word, regex=False).to_numpy(dtype=bool)
    if view.since is not None:
        shown &= points["last seen"].to_numpy() >= view.since
    if until is not None:
        shown &= points["first seen"].to_numpy() <= until
    return Look(colour or COLOURS[0], shown, until)


def _time(points: pd.DataFrame, view: View) -> float | None:
    """The slider "up to this time" with its play button; nothing where everything came at once."""
    first, last = float(points["first seen"].min()), float(points["first seen"].max())
    if last - first < 1:
        return None
    width = (last - first) / _STEPS
    _advance()
    button, slider = st.columns([1, 6], vertical_alignment="center")
    playing = bool(st.session_state.get(_PLAYING))
    button.button(
        "Pause" if playing else "Play",
        key="map_play",
        icon=":material/pause:" if playing else ":material/play_arrow:",
        on_click=_pause if playing else _play,
        help="how the map filled over time",
    )
    step, key = _step(), f"map_step_{st.session_state.get(_NONCE, 0)}"
    slider.select_slider(
        "Up to",
        range(_STEPS + 1),
        value=step,
        key=key,
        format_func=lambda number: clock(first + number * width, view.zone) if number < _STEPS else "everything",
        label_visibility="collapsed",
        on_change=_slide,
        args=(key,),
    )
    return None if step == _STEPS else first + step * width


def _step() -> int:
    return int(st.session_state.get(_STEP, _STEPS))


def _go_to(step: int) -> None:
    """From outside the slider, which is drawn anew: its own value is what a person chose."""
    st.session_state[_STEP] = step
    st.session_state[_NONCE] = st.session_state.get(_NONCE, 0) + 1


def _slide(key: str) -> None:
    st.session_state[_STEP] = st.session_state[key]


def _play() -> None:
    st.session_state[_PLAYING] = True
    st.session_state[_STEPPED] = time.monotonic()
    if _step() >= _STEPS:
        _go_to(0)


def _pause() -> None:
    st.session_state[_PLAYING] = False


def _advance() -> None:
    """One step, if it is time for it: a click must not hurry the play."""
    if not st.session_state.get(_PLAYING) or time.monotonic() - st.session_state[_STEPPED] < _PACE / 2:
        return
    st.session_state[_STEPPED] = time.monotonic()
    _go_to(min(_step() + 1, _STEPS))
    if _step() == _STEPS:
        _pause()
