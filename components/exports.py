"""Lists as files. A cell that a spreadsheet would run as a formula is made text (CWE-1236)."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Rows with the same keys as CSV; text cells that begin like a formula get a leading apostrophe."""
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _defused(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(list(rows), ensure_ascii=False, indent=1)


def download(rows: Sequence[dict[str, Any]], name: str) -> None:
    """Two buttons side by side; off while the list is empty."""
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            lambda: as_csv(rows),
            f"{name}.csv",
            "text/csv",
            disabled=not rows,
            key=f"csv_{name}",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "JSON",
            lambda: as_json(rows),
            f"{name}.json",
            "application/json",
            disabled=not rows,
            key=f"json_{name}",
            icon=":material/download:",
            on_click="ignore",
        )


def _defused(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
