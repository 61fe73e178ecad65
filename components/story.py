"""The story of one error on a card: what, how bad, seen before, next, do; each with evidence and milliseconds."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from app.bootstrap import services
from app.services.analysis import Analysis, title_of
from components import looks
from components.entities import named_text
from components.navigation import issue_link
from components.plain import ago, count, markdown
from components.sidebar import View
from components.stack import stack

#: Cosine from which what followed another error says something about this one.
ALIKE = 0.75


class Row(NamedTuple):
    """A line of the card: Markdown made safe, and issues to link to."""

    answer: str
    evidence: str
    links: list[tuple[int, str]]


def story_card(analysis: Analysis, view: View) -> None:
    examined, reading = analysis.examined, analysis.examined.reading
    spent = analysis.milliseconds
    sure = reading.confidence >= services().settings.not_sure_below
    with st.container(border=True, key="story"):
        with st.container(key="title-story"):
            st.text(title_of(analysis.event))
        _row(
            "What",
            f"**{reading.category}**{'' if sure else ' (not sure)'}, confidence {reading.confidence:.2f}",
            "nearest known errors: "
            + ", ".join(f"{markdown(name)} {similarity:.2f}" for name, similarity in reading.evidence),
            spent["embed and classify"],
        )
        _row(
            "How bad",
            f"**{looks.severity(analysis.judgement.severity)}**, stranger than {100 * examined.strangeness:.0f} % of what is known",
            markdown(analysis.judgement.why),
            spent["read"],
        )
        for name, row in (("Seen before", _seen(analysis, view)), ("Next", _next(analysis))):
            _row(name, row.answer, row.evidence, spent["compare"], row.links)
        best = analysis.suggestions[0]
        _row(
            "Do",
            f"**{markdown(best.sentence)}**",
            (best.past or "from known errors like it; nobody has answered yet")
            + (f"; last time: {markdown(best.note)}" if best.note else ""),
            spent["suggest"],
        )
        named_text(analysis.text, analysis.entities)
        stack(analysis.event)
        if analysis.event.time_note:
            st.caption(f"Time: {markdown(analysis.event.time_note)}.")


def _row(name: str, answer: str, evidence: str, milliseconds: float, links: Sequence[tuple[int, str]] = ()) -> None:
    label, text, time = st.columns([2, 11, 2], vertical_alignment="top")
    label.markdown(f":gray[{name}]")
    with text:
        st.markdown(f"{answer}  \n:gray[{evidence}]")
        for issue_id, title in links:
            issue_link(issue_id, title)
    time.markdown(f":gray[{milliseconds:.1f} ms]")


def _seen(analysis: Analysis, view: View) -> Row:
    if analysis.seen is not None:
        issue = analysis.seen
        worked = f"; did the fix work: {issue.worked}" if issue.worked else ""
        return Row(
            f"**yes**, {count(issue.count, 'time')}, last {ago(issue.last_seen, view.now)}, {issue.status}",
            f"the same signature{worked}",
            [(issue.id, f"Issue {issue.id}")],
        )
    if analysis.similar:
        near = analysis.similar[0]
        return Row(
            f"**not this one**; the most alike ({near.similarity:.2f}) is {near.issue.status}",
            markdown(near.reason),
            [(near.issue.id, markdown(near.issue.title, 110))],
        )
    return Row("**never**", "nothing stored resembles it", [])


def _next(analysis: Analysis) -> Row:
    """What came next after this error or its like, as counted in the store; no forecast is made of nothing."""
    alike = [item.issue for item in analysis.similar if item.similarity >= ALIKE]
    near = analysis.seen or (alike[0] if alike else None)
    if near is None:
        return Row("**unknown**", "no error like it is stored, so nothing is known to follow it", [])
    followers = services().store.issues.followers(near.id, minutes=30)
    if not followers:
        return Row("**nothing**", "no other urgent error came within 30 minutes after it", [])
    return Row(
        "**urgent errors came within 30 minutes after it**",
        "share of the hours with this error in which the other one followed; counted, not forecast",
        [(issue_id, f"{100 * share:.0f} % {markdown(title, 100)}") for issue_id, title, share in followers],
    )
