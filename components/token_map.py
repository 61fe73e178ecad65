"""The words of an error by their weight: as marked text, as bars, and as matrices for experts.

The text is a stranger's: it reaches the page through `plain.markdown` and Plotly labels without markup only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from app.services.explaining import Explained
from components.plain import markdown, percent

Floats = NDArray[np.float32]

#: A map is believed if masking its first words lowers the class's probability this much more than masking by lot.
BELIEVED: Final = 0.02
#: Shares of a map's sum, heaviest words first, that are marked strongly and weakly.
STRONG: Final = 0.35
WEAK: Final = 0.7
#: Lines that hold less than this share of a map's sum are folded.
LINE: Final = 0.04
BARS: Final = 14


@dataclass(frozen=True, slots=True)
class Word:
    """Word pieces put together again: [start, end) in the text and its weight, >= 0."""

    start: int
    end: int
    weight: float


MAPS: Final[dict[str, tuple[str, Callable[[Explained], Floats], Callable[[Explained], float]]]] = {
    "Error attention": (
        "where the layer above the trunk looked",
        lambda item: item.explanation.error,
        lambda item: item.explanation.faithfulness.attention,
    ),
    "Trunk attention": (
        "where the last layer of the sentence encoder looked",
        lambda item: item.explanation.last,
        lambda item: item.explanation.faithfulness.trunk,
    ),
    "Gradient x input": (
        "which words the category would change with",
        lambda item: np.maximum(item.explanation.gradient, 0),
        lambda item: item.explanation.faithfulness.gradient,
    ),
}


def words(item: Explained, weights: Floats) -> list[Word]:
    """The pieces' weights added up over each run of letters and digits, in order."""
    found: list[Word] = []
    for token, weight in zip(item.explanation.tokens, weights.tolist(), strict=True):
        last = found[-1] if found else None
        joined = item.text[last.start : token.end] if last else " "
        if last is not None and last.end == token.start and joined.replace("_", "a").isalnum():
            found[-1] = Word(last.start, token.end, last.weight + weight)
        else:
            found.append(Word(token.start, token.end, float(weight)))
    return found


def grades(found: Sequence[Word]) -> list[int]:
    """2 for the heaviest words that hold STRONG of the sum together, 1 for those up to WEAK, else 0; one per word."""
    total = sum(word.weight for word in found) or 1.0
    marks, before = [0] * len(found), 0.0
    for place in sorted(range(len(found)), key=lambda place: -found[place].weight):
        marks[place] = 2 if before < STRONG * total else 1 if before < WEAK * total else 0
        before += found[place].weight
        if before >= WEAK * total:
            break
    return marks


def badge(item: Explained, name: str) -> None:
    """Whether the map can be believed, by the deletion test."""
    fall, lot = MAPS[name][2](item), item.explanation.faithfulness.lot
    if fall - lot >= BELIEVED:
        st.badge("faithful", icon=":material/verified:", color="green")
    else:
        st.badge("do not rely on it", icon=":material/warning:", color="orange")
    st.caption(
        f"Deletion test: without the words that this map ranks first, {item.explanation.category} loses {percent(fall)} of "
        f"probability on average; without as many words drawn by lot, {percent(lot)}."
    )


def text_map(item: Explained, weights: Floats, other: Explained | None = None) -> None:
    """The text line by line; heavy words bold on colour, light lines folded; what the other text lacks is underlined by ‸."""
    found = words(item, weights)
    marks = grades(found)
    theirs = {other.text[word.start : word.end].lower() for word in words(other, weights_of(other))} if other else None
    lines: list[str] = []
    folded, share = 0, 0.0
    total = sum(word.weight for word in found) or 1.0
    for start, end in _lines(item.text):
        inside = [(word, mark) for word, mark in zip(found, marks, strict=True) if start <= word.start < end]
        weight = sum(word.weight for word, _ in inside) / total
        if weight < LINE and len(item.text) > 200:
            folded, share = folded + 1, share + weight
            continue
        if folded:
            lines.append(_fold(folded, share))
            folded, share = 0, 0.0
        lines.append(_drawn(item.text, start, end, inside, theirs))
    if folded:
        lines.append(_fold(folded, share))
    st.markdown("  \n".join(lines))


def weights_of(item: Explained) -> Floats:
    return item.explanation.error


def _fold(lines: int, share: float) -> str:
    return f":gray[⋯ {lines} {'line' if lines == 1 else 'lines'} with {100 * share:.1f} % of the weight]"


def _lines(text: str) -> list[tuple[int, int]]:
    places, at = [], 0
    for line in text.split("\n"):
        places.append((at, at + len(line)))
        at += len(line) + 1
    return places


def _drawn(text: str, start: int, end: int, inside: list[tuple[Word, int]], theirs: set[str] | None) -> str:
    pieces, at = [], start
    for word, mark in inside:
        pieces.append(_plain(text[at : word.start]))
        shown = text[word.start : word.end]
        safe = markdown(shown)
        if theirs is not None and shown.lower() not in theirs:
            safe = f"‸{safe}"
        pieces.append((safe, f":orange-background[{safe}]", f":red-background[**{safe}**]")[mark])
        at = word.end
    pieces.append(_plain(text[at:end]))
    return "".join(pieces)


def _plain(text: str) -> str:
    """Text between words; `markdown` drops the spaces at its ends."""
    safe = markdown(text)
    return (" " if text[:1].isspace() else "") + safe + (" " if text[-1:].isspace() and safe else "")


def bars(item: Explained, weights: Floats) -> go.Figure:
    """The heaviest words with their share of the map."""
    found = sorted(words(item, weights), key=lambda word: -word.weight)[:BARS]
    total = float(weights.sum()) or 1.0
    names = [
        _label(item.text[word.start : word.end]) + "\u200b" * place for place, word in enumerate(found)
    ]  # distinct
    figure = go.Figure(
        go.Bar(
            x=[100 * word.weight / total for word in found],
            y=names,
            orientation="h",
            hovertemplate="%{x:.1f} % of the map<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", title=None)
    figure.update_xaxes(title="% of the map")
    figure.update_layout(height=40 + 22 * max(len(found), 3), margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=False)
    return figure


def matrix(values: Floats, labels: Sequence[str], across: Sequence[str], title: str) -> go.Figure:
    """(r, c) values as a heat map with row and column labels."""
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=[f"{number} {_label(name)}" for number, name in enumerate(across)],
            y=[f"{number} {_label(name)}" for number, name in enumerate(labels)],
            colorscale="Blues",
            hovertemplate="%{y} from %{x}: %{z:.3f}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(title=title, height=max(260, 60 + 15 * len(labels)), margin={"l": 8, "r": 8, "t": 40, "b": 8})
    return figure


def _label(text: str) -> str:
    """A word as Plotly shows it: its labels know a little HTML, so nothing of it is left."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")[:28]
