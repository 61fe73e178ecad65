"""What the newest labels did to the reader, with one click to take the last one back."""

import time
from typing import Final

import streamlit as st

from app.bootstrap import services
from app.domain import Entry
from app.services.active_learning import Learned
from app.storage.labels import TEACHING
from components import state
from components.plain import count

#: Seconds that the note stays.
_STAYS: Final = 900.0
_CLOSED: Final = "learned_closed"


def banner() -> None:
    """Nothing where nothing was learned lately; looks again every second while the reader is being taught."""
    pending = services().learning.pending
    _note_pending() if pending else _note()


@st.fragment(run_every=1.0)
def _note_pending() -> None:
    if services().learning.pending:
        st.caption(":material/sync: The reader learns from the last answer …")
    else:
        st.rerun()


def _note() -> None:
    change = services().learning.last_change()
    if change is None or time.time() - change.at > _STAYS or st.session_state.get(_CLOSED) == change.entry:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="learned"):
        st.markdown(f":material/school: {in_words(change)}")
        if change.labels:
            st.button(
                "Undo the last answer",
                icon=":material/undo:",
                key="undo_learned",
                on_click=state.write,
                args=(_take_back,),
            )
        st.button("Close", icon=":material/close:", key="close_learned", on_click=st.session_state.__setitem__,
                  args=(_CLOSED, change.entry))  # fmt: skip


def in_words(change: Learned) -> str:
    """ "Learned from 12 labels: this changed 37 other issues; 0.81 → 0.88 on your labels; nothing lost on the frozen set"."""
    changed = f"this changed {count(change.changed, 'other issue')}" if change.changed else "no other issue changed"
    worth = (
        ""
        if change.before is None or change.after is None
        else f"; {change.before:.2f} → {change.after:.2f} on your labels"
    )
    lost = count(change.lost, "template") + " lost" if change.lost else "nothing lost"
    start = f"Learned from {count(change.labels, 'label')}" if change.labels else "The last label is taken back"
    return f"{start}: {changed}{worth}; {lost} on the frozen set ({change.frozen:,} known errors)."


def _take_back(actor: str) -> str:
    said = [entry for entry in services().store.labels.said() if entry.kind in TEACHING]
    if not said:
        return "There is nothing to take back"
    last: Entry = said[-1]
    key = state.request_key("undo-learned", last.id)
    services().triage.take_back([(last.issue_id or 0, last.id or 0)], actor=actor, key=key)
    return f"Taken back: {', '.join(str(value) for value in last.answer.values())} of issue {last.issue_id}"
