"""A stack trace, folded: the program's own calls one by one, each run of the platform's calls as one line."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

import streamlit as st

from components.plain import count
from models.records import Event, Frame
from models.text.own_frames import are_own

#: Frames that are drawn at most, unfolded; what recursion makes beyond them says nothing new.
_SHOWN: Final = 200
#: Runs of the platform's calls up to this length are as short as the line that would fold them.
_SHORT: Final = 1


def stack(event: Event) -> None:
    """The trace of the event, innermost call first; nothing where it has none."""
    if event.trace is None or not event.frames:
        return
    frames = event.frames
    own = sum(are_own(frames))
    with st.expander(f"Stack: {count(len(frames), 'frame')}, {own} of the program itself", expanded=True):
        folds = len(folded(frames)) < len(frames)
        whole = folds and st.toggle("Every call", key="stack_unfolded", help="also the calls of the platform")
        chain = " ← ".join((event.exception_type, *event.trace.causes))
        st.code("\n".join([chain, *(unfolded(frames) if whole else folded(frames))]), language=None, wrap_lines=True)
        st.caption(
            "Innermost call first; ▸ marks the program's own code"
            + (", ⋯ calls that are folded." if folds and not whole else ".")
        )


def unfolded(frames: tuple[Frame, ...]) -> list[str]:
    """One line a frame, at most `_SHOWN`."""
    return _cut(_lines(frames, are_own(frames)), frames)


def folded(frames: tuple[Frame, ...]) -> list[str]:
    """The program's own frames one a line; between them one line for each run of calls of the platform.

    Where no frame is the program's own, there is nothing to fold around: every frame is shown.
    """
    own = are_own(frames)
    if not any(own):
        return unfolded(frames)
    lines: list[str] = []
    for ours, run in groupby(zip(frames[:_SHOWN], own, strict=False), itemgetter(1)):
        calls = [frame for frame, _ in run]
        if ours or len(calls) <= _SHORT:
            lines.extend(_lines(calls, [ours] * len(calls)))
        else:
            lines.append(f"⋯ {len(calls)} calls of {_homes(calls)}")
    return _cut(lines, frames)


def _lines(frames: Sequence[Frame], own: Sequence[bool]) -> list[str]:
    return [("▸ " if ours else "  ") + _line(frame) for frame, ours in zip(frames[:_SHOWN], own, strict=False)]


def _cut(lines: list[str], frames: Sequence[Frame]) -> list[str]:
    return [*lines, f"⋯ {len(frames) - _SHOWN} more"] if len(frames) > _SHOWN else lines


def _homes(frames: list[Frame]) -> str:
    """The libraries that the calls belong to, the first three by place."""
    homes = list(dict.fromkeys(_home(frame) for frame in frames))
    return ", ".join(homes[:3]) + (f" and {len(homes) - 3} more" if len(homes) > 3 else "")


def _home(frame: Frame) -> str:
    """The library of a frame: the folder below site-packages or node_modules, else the first parts of its module."""
    for shelf in ("site-packages/", "dist-packages/", "node_modules/"):
        _, found, rest = frame.file.partition(shelf)
        if found:
            return rest.split("/")[0]
    parts = frame.module.split(".")
    return ".".join(parts[: 2 if parts[0] in ("org", "com", "io") else 1]) or frame.file or "the platform"


def _line(frame: Frame) -> str:
    place = f"{frame.file}:{frame.line}" if frame.line else frame.file
    call = f"{frame.module}.{frame.function}" if frame.module else frame.function
    return f"{call or '(anonymous)'}  {place}".rstrip()
