"""What to do about one issue: the suggestion with Accept and Reject, the other actions, and what became of it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.bootstrap import services
from app.domain import OUTCOMES
from app.services.inbox import IssueDetail
from app.services.suggestions import Suggestion
from components import state
from components.plain import ago, markdown
from components.sidebar import View
from models.taxonomy import ACTION_WORDS, ACTIONS

_NUMBER_KEYS = "1234567890"
_OUTCOME_KEYS = dict(zip(OUTCOMES, "YNE", strict=True))


def say(
    detail: IssueDetail,
    kind: str,
    done: str,
    answer: dict[str, object] | None = None,
    *,
    suggestion: Suggestion | None = None,
    rank: int = 0,
) -> Callable[[], None]:
    """A callback that stores one statement about the issue, with what was shown, and then says `done`."""
    newest = detail.activity[-1].id if detail.activity else 0
    key = state.request_key(detail.issue.id, newest, kind, *sorted((answer or {}).items()))
    shown, model = _shown(detail, kind, suggestion, rank)

    def store(actor: str) -> str:
        parts = services()
        parts.triage.say(
            kind,
            detail.issue.id,
            actor=actor,
            key=key,
            answer=answer,
            shown=shown,
            model=model,
            propensity=suggestion.chances.get(suggestion.action) if suggestion else None,
        )
        return done

    return lambda: state.write(store)


def _shown(
    detail: IssueDetail, kind: str, suggestion: Suggestion | None, rank: int
) -> tuple[dict[str, Any], str]:
    """What the person saw when they answered, and the version of what showed it."""
    if suggestion is not None:
        seen = {"action": suggestion.action, "sentence": suggestion.sentence, "rank": rank, "score": suggestion.score}
        if suggestion.chances:
            seen["chances"] = dict(suggestion.chances)
        return seen, services().suggestions.version
    if kind in ("correct_severity", "correct_category"):
        reading = detail.signature.reading
        issue = detail.issue
        seen = {"severity": issue.severity, "category": issue.category, "confidence": round(reading.confidence, 4)}
        return seen, reading.model
    return {}, ""


def advice(detail: IssueDetail, view: View) -> None:
    """The card with the suggestion; for an answered or resolved issue, what was answered and what is asked next."""
    issue = detail.issue
    with st.container(border=True, key=f"advice-{issue.id}"):
        if issue.status == "resolved":
            _resolved(detail, view)
            return
        best = next((item for item in detail.suggestions if not item.rejected), None)
        chosen = next((item for item in detail.suggestions if item.action == issue.accepted_action), None)
        if chosen is not None:
            _accepted(chosen, detail)
        elif best is None:
            st.markdown("**Every action was rejected.** Undo one, or write what did help when you resolve it.")
        else:
            _suggested(best, detail)
        if chosen is None:
            _others(detail)


def _suggested(best: Suggestion, detail: IssueDetail) -> None:
    place = detail.suggestions.index(best)
    st.caption("Suggested action" if not detail.issue.rejected_actions else "Next best action")
    st.text(best.sentence)
    _evidence(best)
    with st.container(horizontal=True):
        st.button(
            "Accept",
            type="primary",
            shortcut="A",
            key="accept",
            icon=":material/check:",
            on_click=say(
                detail, "accept", f"Accepted: {best.sentence}", {"action": best.action}, suggestion=best, rank=place
            ),
        )
        st.button(
            "Reject",
            shortcut="X",
            key="reject",
            icon=":material/close:",
            on_click=say(
                detail, "reject", f"Rejected: {best.sentence}", {"action": best.action}, suggestion=best, rank=place
            ),
        )
        undo_button(detail)
        _runbook(best, detail)


def _accepted(chosen: Suggestion, detail: IssueDetail) -> None:
    st.caption("Accepted action")
    st.text(chosen.sentence)
    _evidence(chosen)
    with st.container(horizontal=True):
        undo_button(detail)
        _runbook(chosen, detail)


def _evidence(item: Suggestion) -> None:
    st.caption(
        f"For this error and its like: {item.past}"
        if item.past
        else "From known errors like it; nobody has answered here yet"
    )
    if item.note:
        st.markdown(f"Last time: {markdown(item.note)}")


def _runbook(item: Suggestion, detail: IssueDetail) -> None:
    """The team's own page for this action on this service: opened, or set where there is none."""
    service = detail.event.service
    if item.runbook:
        st.link_button("Runbook", item.runbook, icon=":material/menu_book:")
    label = "Change the link" if item.runbook else "Set a runbook link"
    with st.popover(label, icon=":material/link:"), st.form(f"runbook_{item.action}", border=False):
        url = st.text_input("Address", value=item.runbook, max_chars=2_000, placeholder="https://…", key="runbook_url")
        wide = not service or st.checkbox(f"for any service, not only {markdown(service, 60)}", key="runbook_wide")
        if st.form_submit_button("Save"):
            _set_runbook(item.action, "" if wide else service, url.strip())
            st.rerun()


def _set_runbook(action: str, service: str, url: str) -> None:
    newest = services().store.log.entries(limit=1)
    key = state.request_key("runbook", action, service, url, newest[-1].id if newest else 0)

    def store(actor: str) -> str:
        services().triage.set_runbook(action, service, url, actor=actor, key=key)
        return "Runbook link stored" if url else "Runbook link removed"

    state.write(store)


def _others(detail: IssueDetail) -> None:
    """All ten actions with their fixed number keys; rejected ones say so."""
    ranked = {item.action: (place, item) for place, item in enumerate(detail.suggestions)}
    with st.container(horizontal=True, gap="small", key=f"actions-{detail.issue.id}"):
        for number, action in zip(_NUMBER_KEYS, ACTIONS, strict=True):
            place, item = ranked[action]
            st.button(
                ACTION_WORDS[action],
                key=f"action_{action}",
                shortcut=number,
                disabled=item.rejected,
                help=f"Accept this one instead: {markdown(item.sentence, 120)}"
                if not item.rejected
                else "rejected for this issue",
                on_click=say(
                    detail, "accept", f"Accepted: {item.sentence}", {"action": action}, suggestion=item, rank=place
                ),
            )


def _resolved(detail: IssueDetail, view: View) -> None:
    issue = detail.issue
    when = ago(issue.resolved_at, view.now) if issue.resolved_at else ""
    st.markdown(
        f"**Resolved** by {markdown(issue.resolved_by)} {when}"
        + (f": {markdown(issue.resolution_note)}" if issue.resolution_note else "")
    )
    if issue.worked:
        st.markdown(f"Did it fix it? **{issue.worked}**")
    else:
        st.markdown("Did it fix it? One key, if you know.")
    with st.container(horizontal=True):
        if not issue.worked:
            for outcome, key in _OUTCOME_KEYS.items():
                st.button(
                    outcome.capitalize(),
                    shortcut=key,
                    key=f"outcome_{key}",
                    on_click=say(detail, "outcome", f"Noted: {outcome}", {"worked": outcome}),
                )
        st.button("Reopen", shortcut="O", key="reopen", on_click=say(detail, "reopen", "Reopened"))
        undo_button(detail)


def undo_button(detail: IssueDetail) -> None:
    newest = detail.activity[-1].id if detail.activity else 0
    key = state.request_key(detail.issue.id, newest, "undo")

    def store(actor: str) -> str:
        entry = services().triage.undo(detail.issue.id, actor=actor, key=key)
        return f"Taken back: {entry.kind.replace('_', ' ')}"

    st.button(
        "Undo",
        shortcut="U",
        key="undo",
        icon=":material/undo:",
        disabled=not detail.activity,
        help="takes back the last answer about this issue",
        on_click=state.write,
        args=(store,),
    )
