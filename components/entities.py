"""What a text names: the names marked in the text by colour and by a letter, and as chips that filter the Inbox.

The text is a stranger's: every piece of it goes through `plain.markdown`, so that nothing in it is read as markup.
"""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app.services.ner import facet
from components.navigation import path
from components.plain import markdown
from models.text.entities import Entity

#: Key of the filter in the Inbox's address: "FILE:pool.py".
PARAMETER: Final = "entity"
#: Label to its colour and to what a reader without colours goes by.
LOOKS: Final = {
    "FUNCTION": ("blue", "ƒ"),
    "FILE": ("green", "▤"),
    "VARIABLE": ("orange", "𝑥"),
    "CLASS": ("violet", "◆"),
    "EXCEPTION": ("red", "‼"),
    "LIBRARY": ("gray", "▣"),
    "SERVICE": ("yellow", "◉"),
    "HOST": ("gray", "⌂"),
    "ERROR_CODE": ("red", "№"),
    "LINE": ("gray", "↳"),
}
#: Characters and lines of the text that are drawn with marks.
_SHOWN: Final = 4_000
_LINES: Final = 60
_CHIPS: Final = 14


def named_text(text: str, entities: Sequence[Entity]) -> None:
    """The text with its names marked, the legend of what occurs, and a chip for each name; nothing where it names nothing."""
    if not entities:
        return
    st.markdown(marked(text, entities), width="stretch")
    present = dict.fromkeys(item.label for item in entities)
    st.caption("Named: " + ", ".join(f"{LOOKS[label][1]} {label.lower().replace('_', ' ')}" for label in present))
    _chips(text, entities)


def marked(text: str, entities: Sequence[Entity]) -> str:
    """Markdown of the text, line by line, each name on its colour behind its sign; what lies beyond `_SHOWN` is left out."""
    pieces: list[str] = []
    at = 0
    for item in entities:
        if item.end > _SHOWN:
            break
        pieces.append(_plain(text[at : item.start]))
        if pieces[-1].endswith(":"):
            pieces.append("\u2060")  # "::" before a colour is no directive, and its name would show
        colour, sign = LOOKS[item.label]
        pieces.append(f":{colour}-background[{sign}\u202f{markdown(text[item.start : item.end])}]")
        at = item.end
    rest = text[at:_SHOWN]
    lines = ("".join(pieces) + _plain(rest)).split("  \n")
    more = len(text) > _SHOWN or len(lines) > _LINES
    return "  \n".join([*lines[:_LINES], *(["…"] if more else [])])


def chips(text: str, entities: Sequence[Entity]) -> list[tuple[str, str]]:
    """(label, value) of the names to filter by, in order of place, each once; lines are no filter."""
    pairs = [(item.label, facet(item.label, text[item.start : item.end])) for item in entities if item.label != "LINE"]
    return [pair for pair in dict.fromkeys(pairs) if pair[1]][:_CHIPS]


def _chips(text: str, entities: Sequence[Entity]) -> None:
    with st.container(horizontal=True, gap="small"):
        for label, value in chips(text, entities):
            st.page_link(
                path("inbox"),
                label=f"{LOOKS[label][1]} {markdown(value, 60)}",
                query_params={PARAMETER: f"{label}:{value}"},
                help=f"issues that name this {label.lower().replace('_', ' ')}",
            )


def in_url() -> tuple[tuple[str, str], ...]:
    """The filter that the address asks for; what is none of ours is ignored."""
    label, colon, value = st.query_params.get(PARAMETER, "").partition(":")
    return ((label, value[:200]),) if colon and value and label in LOOKS else ()


def filter_note() -> None:
    """Says which name the list is narrowed to, with the way back."""
    for label, value in in_url():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Only issues that name {label.lower().replace('_', ' ')} **{markdown(value, 120)}**")
            st.button("Show all", key="entity_clear", on_click=_clear)


def _clear() -> None:
    st.query_params.pop(PARAMETER, None)


def _plain(text: str) -> str:
    """Text between names: line ends and blanks at its edges are kept, for `markdown` folds them."""
    lines = [_line(line) for line in text.split("\n")]
    return "  \n".join(lines)


def _line(line: str) -> str:
    before = " " if line[:1].isspace() else ""
    after = " " if line[-1:].isspace() and line.strip() else ""
    return before + markdown(line, _SHOWN) + after
