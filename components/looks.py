"""How severities and states look: by colour and by shape and word, so that colour is never needed."""

from typing import Final

import streamlit as st

SEVERITY_SHAPE: Final = {"critical": "◆", "high": "▲", "medium": "●", "low": "○"}
#: Okabe and Ito's colours: told apart with any colour vision, in light and dark.
SEVERITY_COLOUR: Final = {"critical": "#d55e00", "high": "#e69f00", "medium": "#0072b2", "low": "#8a8a8a"}
#: Streamlit's names of badge colours nearest to those.
SEVERITY_BADGE: Final = {"critical": "red", "high": "orange", "medium": "blue", "low": "gray"}
STATUS_SHAPE: Final = {"regressed": "↺", "open": "!", "acknowledged": "…", "resolved": "✓"}

#: Styles of containers by key: titles of errors are plain text (never Markdown), made large here; tight page top.
_STYLE: Final = """
<style>
.stMainBlockContainer {padding: 2.8rem 2rem 2rem 2rem;}
[data-testid="stHeader"] {height: 2.2rem; background: transparent; pointer-events: none;}
[data-testid="stHeader"] button {pointer-events: auto;}
[class*="st-key-title-"] p, [class*="st-key-title-"] [data-testid="stText"] {font-size: 1.25rem; font-weight: 600; line-height: 1.3;
  white-space: pre-wrap; overflow-wrap: anywhere; font-family: inherit; display: -webkit-box; -webkit-line-clamp: 3;
  -webkit-box-orient: vertical; overflow: hidden;}
[class*="st-key-advice-"] [data-testid="stText"] {font-size: 1.15rem; font-weight: 600; white-space: pre-wrap;
  overflow-wrap: anywhere; font-family: inherit;}
[data-testid="stText"] {overflow-wrap: anywhere; white-space: pre-wrap; font-family: inherit;}
[data-testid="stPageLink"] p {overflow: hidden; text-overflow: ellipsis;}
[data-testid="stCode"] pre {white-space: pre-wrap; overflow-wrap: anywhere;}
</style>
"""


def severity(name: str) -> str:
    """ "◆ critical" """
    return f"{SEVERITY_SHAPE[name]} {name}"


def status(name: str) -> str:
    return f"{STATUS_SHAPE[name]} {name}"


def style() -> None:
    """Once a page, before anything else. Holds no text from users."""
    st.html(_STYLE)
