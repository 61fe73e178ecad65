"""One question after another, answered by keys: the text first, number keys for the category, a letter for the severity, Enter.

The answers are read in the order of the page, choices before Enter, so that keys pressed faster than the page repaints still
mean what they were pressed for. The buttons that store carry the question's id: a second Enter cannot answer the next one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st
from streamlit.errors import StreamlitAPIException

from app.bootstrap import services
from app.domain import StackLensError
from app.services.label_queue import LEASE, Question
from app.storage.labels import Item
from components import looks, state
from components.plain import count, markdown, one_line
from models.taxonomy import CATEGORIES, SEVERITIES

SEVERITY_KEYS: Final = {"critical": "W", "high": "H", "medium": "M", "low": "L"}
_SHOWN: Final = 6_000
_STATE: Final = "labelling"


@dataclass(slots=True)
class Desk:
    """What lies before one person in one tab. `stored` counts writes, so that every click has a key of its own."""

    questions: list[Question] = field(default_factory=list)
    until: float = 0.0
    severity: str = ""
    category: str = ""
    of: int = 0
    stored: int = 0
    said: str = ""
    problem: str = ""
    alike: tuple[Item, ...] = ()

    def turn_to(self, question: Question) -> None:
        """Chooses what the reader guesses, unless that is hidden."""
        if self.of == question.item.id:
            return
        self.of, self.problem = question.item.id, ""
        self.severity, self.category = ("", "") if question.hidden else question.guess[:2]
        self.alike = () if question.audit else tuple(services().label_queue.alike(question.item.id))


@st.fragment
def card(*, audit: bool) -> None:
    """The question and its keys, or why there is none."""
    desk = _desk(audit)
    question = _current(desk, audit)
    _done(audit)
    if desk.said:
        st.caption(desk.said)
    if question is None:
        _nothing(audit)
        _undo(desk, audit)
        return
    desk.turn_to(question)
    _text(question)
    _choices(desk, question)
    if desk.problem:
        st.warning(markdown(desk.problem))
    with st.container(horizontal=True, vertical_alignment="center"):
        _confirm(desk, question)
        _skip(desk, question)
        _undo(desk, audit)
        _keys()
    if desk.alike:
        _alike(desk, question)


def _done(audit: bool) -> None:
    """How far the labelling is; part of the fragment, so that every answer counts at once."""
    done = services().label_queue.progress(state.actor())
    if audit:
        share = done.audit_done / done.audit if done.audit else 0.0
        st.progress(share, f"{done.audit_done:,} of {done.audit:,} texts of the audit sample, a random 2 % of all")
        st.caption("The only source of accuracy over time: drawn at random, labelled blind, never taught to the reader.")
        return
    st.caption(
        f"{count(done.mine, 'text')} labelled by you, {done.all:,} by all of you, of {done.signatures:,}; "
        f"{done.held_by_others:,} before somebody else. Labels of the queue teach; they do not measure: it asks what is hard."
    )


def _desk(audit: bool) -> Desk:
    desks: dict[tuple[str, bool], Desk] = st.session_state.setdefault(_STATE, {})
    return desks.setdefault((state.actor(), audit), Desk())


def _current(desk: Desk, audit: bool) -> Question | None:
    if not desk.questions or time.time() > desk.until:
        desk.questions = services().label_queue.questions(state.actor(), audit=audit)
        desk.until = time.time() + 0.8 * LEASE
    return desk.questions[0] if desk.questions else None


def _text(question: Question) -> None:
    with st.container(border=True, key=f"question-{question.item.id}"):
        st.code(
            question.item.raw[:_SHOWN],
            language=None,
            wrap_lines=True,
            height=260 if question.item.raw.count("\n") > 9 else "content",
        )
        where = f" in {markdown(question.item.service)}" if question.item.service else ""
        st.caption(f"**{question.reason}**: {markdown(question.why)}. {count(question.item.count, 'event')}{where}.")
        if question.hidden:
            st.caption(":material/visibility_off: What the reader says is hidden: answer from the text.")
        else:
            severity, category, confidence = question.guess
            st.caption(
                f"The reader says **{category}**, **{severity}** (confidence {confidence:.2f}); Enter confirms it."
            )


def _choices(desk: Desk, question: Question) -> None:
    def choose(part: str, name: str) -> Callable[[], None]:
        return lambda: setattr(desk, part, name)

    for row in (CATEGORIES[:5], CATEGORIES[5:]):
        for cell, name in zip(st.columns(5), row, strict=True):
            number = str((CATEGORIES.index(name) + 1) % 10)
            cell.button(name, shortcut=number, key=f"category_{number}", width="stretch", on_click=choose("category", name),
                        type="primary" if desk.category == name else "secondary")  # fmt: skip
    for cell, name in zip(st.columns(4), SEVERITIES, strict=True):
        cell.button(looks.severity(name), shortcut=SEVERITY_KEYS[name], key=f"severity_{name}", width="stretch",
                    on_click=choose("severity", name), type="primary" if desk.severity == name else "secondary")  # fmt: skip


def _confirm(desk: Desk, question: Question) -> None:
    if st.button(
        "Confirm",
        shortcut="Enter",
        type="primary",
        icon=":material/check:",
        key=f"confirm_{question.item.id}_{desk.stored}",
    ):
        _store(desk, question)


def _store(desk: Desk, question: Question, alike: tuple[Item, ...] = ()) -> None:
    if not desk.category or not desk.severity:
        desk.problem = "Choose a category (1 to 0) and a severity (W H M L) first."
        _again()

    def write() -> str:
        key = state.request_key("label", question.item.id, desk.stored)
        services().label_queue.label(question, desk.severity, desk.category, actor=state.actor(), key=key,
                                     alike=[item.id for item in alike])  # fmt: skip
        others = f" and {count(len(alike), 'text')} like it" if alike else ""
        return f"Stored: {desk.category}, {desk.severity}{others}. U takes it back."

    gone = {question.item.id, *(item.id for item in alike)}
    _do(desk, write, lambda: [one for one in desk.questions if one.item.id not in gone])


def _skip(desk: Desk, question: Question) -> None:
    def write() -> str:
        key = state.request_key("skip", question.item.id, desk.stored)
        services().label_queue.skip(question, actor=state.actor(), key=key)
        return "Skipped: you are not asked this again."

    if st.button("Skip", shortcut="S", icon=":material/skip_next:", key=f"skip_{question.item.id}_{desk.stored}"):
        _do(desk, write, lambda: desk.questions[1:])


def _undo(desk: Desk, audit: bool) -> None:
    def write() -> str:
        said = services().label_queue.undo(actor=state.actor(), key=state.request_key("undo-label", desk.stored))
        back = services().label_queue.question(said.signature)
        if back.audit == audit:
            desk.questions = [back, *(one for one in desk.questions if one.item.id != back.item.id)]
        return f"Taken back: {said.category}, {said.severity}."

    if st.button("Undo", shortcut="U", icon=":material/undo:", key="undo_label"):
        _do(desk, write, lambda: desk.questions)


def _alike(desk: Desk, question: Question) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(f"Label these {len(desk.alike) + 1} alike", shortcut="B", icon=":material/select_all:",
                     key=f"alike_{question.item.id}_{desk.stored}"):  # fmt: skip
            _store(desk, question, desk.alike)
        with st.popover(f"{count(len(desk.alike), 'text')} like it"):
            for item in desk.alike:
                st.text(one_line(item.title, 160))


def _do(desk: Desk, write: Callable[[], str], left: Callable[[], list[Any]]) -> None:
    """Stores, and shows the next question; a refusal is shown and the question stays."""
    try:
        desk.said = write()
        desk.questions = left()
        desk.of, desk.problem = 0, ""
    except StackLensError as error:
        desk.problem = str(error)
    desk.stored += 1
    _again()


def _again() -> None:
    """Draws the card alone; the whole page where the click came with one of its own."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def _nothing(audit: bool) -> None:
    if audit:
        st.info(
            "Every text of the audit sample is labelled, or none is in it yet: two in a hundred are.",
            icon=":material/done_all:",
        )
    else:
        st.info(
            "Nothing is worth a question: everything is labelled, skipped by you, or with somebody else.",
            icon=":material/done_all:",
        )


def _keys() -> None:
    with st.popover("Keys", icon=":material/keyboard:"):
        names = "  \n".join(f"**{(place + 1) % 10}** {name}" for place, name in enumerate(CATEGORIES))
        letters = "  \n".join(f"**{key}** {name}" for name, key in SEVERITY_KEYS.items())
        st.markdown(f"{names}  \n{letters}  \n**Enter** confirm, **S** skip, **U** undo, **B** label all alike")
