"""From the events of a paste or a file to "Why it failed", where they are a build log: the most telling lines first."""

from collections.abc import Sequence

import streamlit as st

from components.plain import count, markdown
from models.analyse.failing_lines import is_build_log, rank
from models.records import Event

#: Lines of a reason that are shown, and characters of each.
_LINES = 6
_CHARACTERS = 300


def why_it_failed(events: Sequence[Event]) -> None:
    """Nothing where the text is no build log, or none of it speaks of a failure."""
    reasons = rank(events) if is_build_log(events) else []
    if not reasons:
        return
    with st.container(border=True, key="why-it-failed"):
        st.markdown("**Why it failed**: the most telling lines of this build log")
        for reason in reasons:
            _reason(reason.event)


def _reason(event: Event) -> None:
    lines = [line for line in event.raw.split("\n") if line.strip()]
    more = len(lines) - _LINES
    st.caption(f"line {event.source_line:,}" + (f", {count(more, 'more line')} below" if more > 0 else ""))
    st.markdown("  \n".join(markdown(line, _CHARACTERS) for line in lines[:_LINES]))
