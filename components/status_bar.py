"""Acknowledge, resolve, mute, assign: the state of an issue, by button and by key."""

import time

import streamlit as st

from app.bootstrap import services
from app.services.inbox import IssueDetail
from components import state
from components.advice import say
from components.plain import clock, markdown
from components.sidebar import View

_MUTE_HOURS = {"1 hour": 1, "8 hours": 8, "24 hours": 24, "7 days": 168}


def status_bar(detail: IssueDetail, view: View) -> None:
    issue = detail.issue
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if issue.status in ("open", "regressed"):
            st.button(
                "Acknowledge", shortcut="W", key="acknowledge", on_click=say(detail, "acknowledge", "Acknowledged")
            )
        if issue.status != "resolved":
            _resolve(detail)
        if issue.is_muted(view.now):
            until = (
                f" until {clock(issue.muted_until, view.zone)}"
                if issue.muted_until
                else f" below {issue.mute_per_hour} an hour"
            )
            st.button(f"Unmute (muted{until})", key="unmute", on_click=say(detail, "unmute", "Unmuted"))
        else:
            _mute(detail)
        _assign(detail)


def _resolve(detail: IssueDetail) -> None:
    with st.popover("Resolve", icon=":material/done_all:"), st.form(f"resolve_{detail.issue.id}", border=False):
        note = st.text_area(
            "What helped? The next person sees it as the note of this action.",
            max_chars=10_000,
            height=80,
            key="resolve_note",
        )
        if st.form_submit_button("Resolve", type="primary", shortcut="Ctrl+Enter"):
            say(detail, "resolve", "Resolved", {"note": note.strip()})()
            st.rerun()
    st.button(
        "Resolve now",
        shortcut="S",
        key="resolve_now",
        help="without a note",
        on_click=say(detail, "resolve", "Resolved", {"note": ""}),
    )


def _mute(detail: IssueDetail) -> None:
    with st.popover("Mute", icon=":material/notifications_off:"), st.form(f"mute_{detail.issue.id}", border=False):
        how = st.radio("Until", [*_MUTE_HOURS, "more than so many an hour"], key="mute_how")
        rate = st.number_input("events an hour", min_value=1, max_value=1_000_000, value=10, key="mute_rate")
        if st.form_submit_button("Mute"):
            answer: dict[str, object] = (
                {"until": time.time() + 3600 * _MUTE_HOURS[how]} if how in _MUTE_HOURS else {"per_hour": int(rate)}
            )
            say(detail, "mute", "Muted", answer)()
            st.rerun()


def _assign(detail: IssueDetail) -> None:
    label = f"Assigned: {markdown(detail.issue.assignee, 40)}" if detail.issue.assignee else "Assign"
    with st.popover(label, icon=":material/person:"), st.form(f"assign_{detail.issue.id}", border=False):
        name = st.text_input("To", value=detail.issue.assignee or state.actor(), max_chars=100, key="assign_to")
        if st.form_submit_button("Assign"):
            say(detail, "assign", f"Assigned to {name.strip() or 'nobody'}", {"to": name.strip()})()
            st.rerun()


def bulk_bar(issue_ids: list[int]) -> None:
    """One answer for several issues, all or none; each can be undone on its own."""
    answers: dict[str, tuple[str, dict[str, object]]] = {
        "Acknowledge": ("acknowledge", {}),
        "Resolve": ("resolve", {"note": ""}),
        "Reopen": ("reopen", {}),
        "Mute 24 hours": ("mute", {"until": time.time() + 86400}),
    }
    first, *others = issue_ids
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(issue_ids)} issues ticked**")
        for label, (kind, answer) in answers.items():
            st.button(label, key=f"bulk_{kind}", on_click=state.write, args=(_bulk(issue_ids, kind, answer),))
        st.button(
            "Merge into the first",
            key="bulk_merge",
            icon=":material/merge:",
            help=f"they are the same error: one issue, number {first}, with all events",
            on_click=state.write,
            args=(_bulk(others, "merge", {"into": first}),),
        )


def _bulk(issue_ids: list[int], kind: str, answer: dict[str, object]) -> object:
    entries = services().store.log.entries(limit=1)
    key = state.request_key("bulk", entries[-1].id if entries else 0, kind, *issue_ids)

    def store(actor: str) -> str:
        services().triage.say_of_many(kind, issue_ids, actor=actor, key=key, answer=answer)
        return f"{kind.capitalize()}: {len(issue_ids)} issues"

    return store
