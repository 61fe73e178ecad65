"""One answer for everything that is selected on the map, stored at once, and taken back at once."""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from app.bootstrap import services
from components import looks, map_selection, state
from components.navigation import issue_link
from components.plain import count, markdown
from models.taxonomy import CATEGORIES, SEVERITIES

#: Issues that one answer may be about: they are stored in one transaction, a millisecond each.
MOST: Final = 1_000
#: Issues of a selection that are listed.
_LISTED: Final = 10
_LAST: Final = "map_last_answer"
_MUTE_HOURS: Final = {"1 hour": 1, "8 hours": 8, "24 hours": 24, "7 days": 168}


def selection_panel(chosen: pd.DataFrame) -> None:
    """What is selected, the answers, and links to its issues."""
    ids = list(dict.fromkeys(chosen.issue.tolist()))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(chosen), 'error')} selected**, {count(len(ids), 'issue')}")
        st.button("Clear", key="map_clear", on_click=map_selection.clear)
    sizes = chosen.drop_duplicates("issue").severity.value_counts()
    st.caption(", ".join(f"{sizes[name]:,} {looks.severity(name)}" for name in SEVERITIES if name in sizes))
    if len(ids) > MOST:
        st.info(f"An answer is about at most {MOST:,} issues: select fewer.", icon=":material/select:")
    else:
        _answers(ids)
    for row in chosen.drop_duplicates("issue").head(_LISTED).itertuples():
        issue_link(int(row.issue), f"{looks.SEVERITY_SHAPE[str(row.severity)]} {markdown(str(row.text), 90)}")
    if len(ids) > _LISTED:
        st.caption(f"and {count(len(ids) - _LISTED, 'more issue')}")


def undo_button() -> None:
    """Takes the last answer back, for all its issues."""
    said, done = st.session_state.get(_LAST, ((), ""))
    if said:
        st.button(
            f"Undo: {done}",
            key="map_undo",
            icon=":material/undo:",
            on_click=_undo,
            args=(said, done),
        )


def _answers(ids: list[int]) -> None:
    with st.container(horizontal=True):
        with st.popover("Severity", help="correct the severity of all of them"):
            for name in SEVERITIES:
                _button(ids, looks.severity(name), "correct_severity", {"severity": name}, f"severity {name}")
        with st.popover("Category", help="correct the category of all of them"):
            for name in CATEGORIES:
                _button(ids, name, "correct_category", {"category": name}, f"category {name}")
        with st.popover("Assign", icon=":material/person:"), st.form("map_assign", border=False):
            name = st.text_input("To", value=state.actor(), max_chars=100, key="map_assign_to").strip()
            if st.form_submit_button("Assign"):
                _say(ids, "assign", {"to": name}, f"assigned to {name or 'nobody'}")()
                st.rerun()
        with st.popover("Mute", icon=":material/notifications_off:"):
            for label, hours in _MUTE_HOURS.items():
                until = float(round(time.time() / 60) * 60 + 3600 * hours)
                _button(ids, f"for {label}", "mute", {"until": until}, f"muted for {label}")
        with st.popover("Resolve", icon=":material/done_all:"), st.form("map_resolve", border=False):
            note = st.text_area("What helped?", max_chars=10_000, height=80, key="map_note").strip()
            if st.form_submit_button("Resolve", type="primary"):
                _say(ids, "resolve", {"note": note}, "resolved")()
                st.rerun()


def _button(ids: Sequence[int], label: str, kind: str, answer: dict[str, object], done: str) -> None:
    st.button(label, key=f"map_{kind}_{label}", width="stretch", on_click=_say(ids, kind, answer, done))


def _say(ids: Sequence[int], kind: str, answer: dict[str, object], done: str) -> Callable[[], None]:
    """A callback that stores the answer for all issues, and remembers what to take back."""
    key = _key(kind, ids, answer if kind != "mute" else {})

    def store(actor: str) -> str:
        entries = services().triage.say_of_many(kind, ids, actor=actor, key=key, answer=answer)
        said = f"{done}, {count(len(ids), 'issue')}"
        st.session_state[_LAST] = (tuple(zip(ids, entries, strict=True)), said)
        return said.capitalize()

    def answer_all() -> None:
        map_selection.keep()
        state.write(store)

    return answer_all


def _undo(said: Sequence[tuple[int, int]], done: str) -> None:
    key = _key("undo", [entry for _, entry in said], {})

    def store(actor: str) -> str:
        services().triage.take_back(said, actor=actor, key=key)
        st.session_state.pop(_LAST, None)
        return f"Taken back: {done}"

    map_selection.keep()
    state.write(store)


def _key(kind: str, ids: Sequence[int], answer: dict[str, object]) -> str:
    """Names the click; short however many issues it is about."""
    newest = services().store.log.entries(limit=1)
    digest = hashlib.blake2b(repr((list(ids), sorted(answer.items()))).encode(), digest_size=8).hexdigest()
    return state.request_key("map", kind, newest[-1].id if newest else 0, digest)
