"""What a page says when it failed: no traceback, but where to look. What failed is in the log, and on the System page."""

import streamlit as st

from app.domain import StackLensError
from components.navigation import path
from components.plain import markdown


def say(error: Exception) -> None:
    """Drawn where the page broke off; Streamlit's own line comes after it."""
    words = f" {markdown(str(error), 400)}." if isinstance(error, StackLensError) else ""
    st.error(
        f"This page failed.{words} What was stored is safe. Load it again; if it fails again, System says what is wrong.",
        icon=":material/error:",
    )
    st.page_link(path("system"), label="Open System", icon=":material/monitor_heart:")
