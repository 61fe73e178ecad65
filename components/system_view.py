"""The System page: the sentence, the checks with what to do, sizes, versions, and the program's last warnings."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from app.logs import Line
from app.services.health import Check, Health
from components.plain import clock, markdown
from components.sidebar import View

_SIGN: Final = {"ok": "✓ well", "degraded": "! look at it", "down": "✕ down"}


def headline(found: Health) -> None:
    with st.container(border=True, key="title-system"):
        st.text(found.sentence)
        todo = next((check.todo for check in found.checks if check.state == found.state and check.todo), "")
        if todo:
            st.caption(f"What to do: {markdown(todo)}.")


def checks(found: Health) -> None:
    rows = [
        {"": _SIGN[check.state], "Part": check.name, "Found": check.said, "What to do": check.todo}
        for check in _worst_first(found)
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="system_checks")


def figures(sizes: Mapping[str, float], counts: Mapping[str, int]) -> None:
    st.markdown("**Sizes**")
    rows = {
        "Store": _bytes(sizes["store_bytes"]),
        "Free where it grows": _bytes(sizes["free_bytes"]),
        "This process runs for": _span(sizes["uptime_seconds"]),
        "Events": f"{counts['events']:,}",
        "Kinds of errors": f"{counts['signatures']:,}",
        "Issues": f"{counts['issues']:,}, {counts['issues_need_you']:,} need somebody",
    }
    st.dataframe(pd.DataFrame({"": list(rows), "Now": list(rows.values())}), hide_index=True, key="system_sizes")


def names(title: str, found: Mapping[str, str]) -> None:
    st.markdown(f"**{title}**")
    st.dataframe(pd.DataFrame({"": list(found), "Version": list(found.values())}), hide_index=True, key=f"system_{title}")


def last_errors(lines: Sequence[Line], view: View) -> None:
    st.markdown("**Last warnings and errors of this process**")
    if not lines:
        st.caption("None since it started.")
        return
    rows = [
        {"When": clock(line.at, view.zone), "Level": line.level, "From": line.logger, "What": line.text, "Request": line.request}
        for line in lines
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="system_errors")


def _worst_first(found: Health) -> list[Check]:
    return sorted(found.checks, key=lambda check: ("down", "degraded", "ok").index(check.state))


def _bytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _span(seconds: float) -> str:
    if seconds > 2 * 86_400:
        return f"{seconds / 86_400:.1f} days"
    return f"{seconds / 3600:.1f} hours" if seconds > 7200 else f"{seconds / 60:.0f} min"
