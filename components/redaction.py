"""What a person marks as a secret before an upload is stored: one click a word, or typed; shown at once."""

from collections import Counter

import streamlit as st

from components.plain import markdown, one_line
from models.text.redact import MARK_CHARACTERS, MARKS, redact
from models.text.suspicious import suspicious

_SHOWN_CHARACTERS = 20_000
_LABEL = 48


def redacted(text: str, place: str) -> str:
    """The text as it will be stored, with what was taken out and a fast way to take out more.

    `place` names the paste or the file: what is marked in one is not marked in another.
    """
    plain, _ = redact(text)
    offered = [word for word in suspicious(plain) if _fits(word)]
    typed = st.session_state.get(_typed(place), [])  # of a large file only the beginning is shown: it may stand further on
    options = list(dict.fromkeys((*typed, *offered)))
    st.session_state[_chosen(place)] = [word for word in st.session_state.get(_chosen(place), []) if word in options]
    shown, found = redact(text, marked(place))
    _say(found)
    _mark_more(place, options)
    for word in marked(place):
        if word not in plain:
            st.caption(f":orange[{markdown(word, _LABEL)} does not stand in the text that is shown.]")
    with st.expander("What will be stored", expanded=bool(marked(place))):
        long = len(shown) > 1_000 or shown.count("\n") > 8
        st.code(shown[:_SHOWN_CHARACTERS], language=None, wrap_lines=True, height=200 if long else "content")
        if len(shown) > _SHOWN_CHARACTERS:
            st.caption(f"The first {_SHOWN_CHARACTERS:,} of {len(shown):,} characters.")
    return shown


def marked(place: str) -> tuple[str, ...]:
    """The exact texts that are to be taken out of this paste or file, besides the known shapes."""
    return tuple(st.session_state.get(_chosen(place), ()))


def _say(found: Counter[str]) -> None:
    if found:
        kinds = ", ".join(f"{number} {kind.replace('-', ' ')}" for kind, number in found.most_common())
        st.warning(f"Taken out before anything is stored: {kinds}.", icon=":material/shield:")


def _mark_more(place: str, options: list[str]) -> None:
    """Words to click, and a field for any other text."""
    if options:
        labels = _labels(options)
        st.pills(
            "Also take out? A click takes a word out everywhere, another puts it back.",
            options,
            selection_mode="multi",
            format_func=lambda word: labels[word],
            key=_chosen(place),
        )
    with st.form(f"mark_{place}", border=False, clear_on_submit=True):
        field, button = st.columns([5, 1], vertical_alignment="bottom")
        field.text_input(
            "Another secret in it",
            key=f"mark_text_{place}",
            max_chars=MARK_CHARACTERS[1],
            placeholder="another secret in this text: type or paste it, it is taken out everywhere",
            label_visibility="collapsed",
            autocomplete="off",
        )
        button.form_submit_button("Take out", on_click=_take_out, args=(place,), width="stretch")
    problem = st.session_state.pop(f"mark_problem_{place}", "")
    if problem:
        st.caption(f":orange[{problem}]")


def _take_out(place: str) -> None:
    word = str(st.session_state.get(f"mark_text_{place}", "")).strip()
    if not word:
        return
    if not _fits(word):
        shortest, longest = MARK_CHARACTERS
        st.session_state[f"mark_problem_{place}"] = f"What is taken out is {shortest} to {longest} characters of one line."
        return
    typed, chosen = st.session_state.get(_typed(place), []), st.session_state.get(_chosen(place), [])
    if len(chosen) >= MARKS:
        st.session_state[f"mark_problem_{place}"] = f"At most {MARKS} texts can be taken out of one upload."
        return
    st.session_state[_typed(place)] = [*dict.fromkeys((*typed, word))]
    st.session_state[_chosen(place)] = [*dict.fromkeys((*chosen, word))]


def _labels(options: list[str]) -> dict[str, str]:
    """A short label a word, no two alike: Streamlit tells options apart by them."""
    labels: dict[str, str] = {}
    for word in options:
        label = markdown(one_line(word, _LABEL), _LABEL)
        labels[word] = f"{label} ({len(labels) + 1})" if label in labels.values() else label
    return labels


def _fits(word: str) -> bool:
    return MARK_CHARACTERS[0] <= len(word) <= MARK_CHARACTERS[1] and "\n" not in word


def _typed(place: str) -> str:
    return f"typed_marks_{place}"


def _chosen(place: str) -> str:
    return f"marks_{place}"
