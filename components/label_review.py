"""Where people are apart, and labels that may be wrong: both settled by one more answer."""

from collections.abc import Callable
from math import isnan

import streamlit as st

from app.bootstrap import services
from app.services.label_queue import Dispute
from components import looks, state
from components.navigation import issue_link
from components.plain import clock, count, markdown, one_line
from components.sidebar import View
from models.learn.agreement import cohen, krippendorff
from models.taxonomy import CATEGORIES, SEVERITIES

_SUSPECTS = 30
_RAW = 4_000


def agreement() -> None:
    """How far people agree, for all of them and for each pair of two."""
    cells = st.columns(2)
    for cell, part, order in zip(cells, ("category", "severity"), ((), SEVERITIES), strict=True):
        pairs = services().label_queue.pairs(part)
        alpha = krippendorff(pairs, order)
        cell.metric(f"Agreement on {part}", "-" if isnan(alpha) else f"{alpha:.2f}",
                    help="Krippendorff's alpha: 1 = they always agree, 0 = as chance would; 0.67 is usable, 0.8 good")  # fmt: skip
        cell.caption(f"over {count(len(pairs), 'text')} with two answers or more" + _of_pairs(pairs))


def disputes(view: View) -> None:
    """One after another, the answers beside the text."""
    found = services().label_queue.disputes()
    st.markdown(f"**{count(len(found), 'dispute')}** to settle")
    if not found:
        st.info("People agree wherever two of them answered.", icon=":material/handshake:")
        return
    place = min(st.session_state.get("dispute", 0), len(found) - 1)
    _dispute(found[place], view)
    with st.container(horizontal=True):
        st.button("Next", shortcut="J", key="next_dispute", disabled=place + 1 >= len(found),
                  on_click=st.session_state.__setitem__, args=("dispute", place + 1))  # fmt: skip
        st.button("Back", shortcut="K", key="previous_dispute", disabled=place == 0,
                  on_click=st.session_state.__setitem__, args=("dispute", place - 1))  # fmt: skip


def suspects() -> None:
    """Labels that the others speak against; a click opens the issue, where the label can be corrected."""
    found = services().learning.suspects()
    st.markdown(f"**{count(len(found), 'label')}** that may be wrong, most suspicious first")
    st.caption(
        "Found by confident learning: the other labels and the shipped reader, without the label itself, say otherwise."
    )
    if not found:
        st.info("No label stands against the others.", icon=":material/verified:")
    items = services().store.labels.items([one.signature_id for one in found[:_SUSPECTS]])
    for one in found[:_SUSPECTS]:
        item = items.get(one.signature_id)
        if item is None:
            continue
        with st.container(border=True, key=f"suspect-{one.signature_id}-{one.part}"):
            st.text(one_line(item.title, 200))
            st.caption(f"labelled {one.part} **{one.label}**, seems **{one.better}** ({one.margin:.2f} apart)")
            with st.container(horizontal=True):
                said = services().learning.agreed()[one.signature_id]
                kept = (said.severity, said.category)
                mended = (one.better, kept[1]) if one.part == "severity" else (kept[0], one.better)
                if all(mended):
                    name = f"{one.signature_id}_{one.part}"
                    mend, keep = _settle(one.signature_id, *mended), _settle(one.signature_id, *kept)
                    st.button(f"Make it {one.better}", key=f"mend_{name}", on_click=state.write, args=(mend,))
                    st.button("It is right", key=f"keep_{name}", on_click=state.write, args=(keep,))
                issue_link(item.issue_id, f"Open issue {item.issue_id}")


def _dispute(dispute: Dispute, view: View) -> None:
    item = dispute.item
    st.code(item.raw[:_RAW], language=None, wrap_lines=True, height=220 if item.raw.count("\n") > 8 else "content")
    for answer in dispute.answers:
        said = ", ".join(word for word in (answer.category, answer.severity) if word)
        st.markdown(
            f"**{markdown(answer.actor, 60)}** {answer.kind.replace('_', ' ')}: {said} :gray[{clock(answer.at, view.zone)}]"
        )
    category = st.pills("Category", CATEGORIES, key=f"settle_category_{item.id}")
    severity = st.pills("Severity", SEVERITIES, key=f"settle_severity_{item.id}", format_func=looks.severity)
    st.button("Settle", shortcut="Enter", type="primary", icon=":material/gavel:", key=f"settle_{item.id}", on_click=state.write,
              args=(_settle(item.id, severity or "", category or ""),), disabled=not (category and severity))  # fmt: skip


def _settle(signature_id: int, severity: str, category: str) -> Callable[[str], str]:
    def store(actor: str) -> str:
        newest = services().store.labels.stamp()[0]
        key = state.request_key("adjudicate", signature_id, newest)
        services().label_queue.adjudicate(signature_id, severity, category, actor=actor, key=key)
        return f"Settled: {category}, {severity}"

    return store


def _of_pairs(pairs: dict[int, dict[str, str]]) -> str:
    """ "; Ada and Bob 0.71 (Cohen's kappa, 12 texts)" for the pair with the most texts in common."""
    both: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for said in pairs.values():
        people = sorted(said)
        for place, one in enumerate(people):
            for other in people[place + 1 :]:
                both.setdefault((one, other), []).append((said[one], said[other]))
    listed = sorted(both.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:3]
    return "".join(f"; {markdown(one, 40)} and {markdown(other, 40)} {cohen(answers):.2f} (Cohen's kappa, {len(answers)})"
                   for (one, other), answers in listed)  # fmt: skip
