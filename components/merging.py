"""Which errors are one issue, corrected: the same, not the same, split off; and where the link of a merged one leads."""

import re
from collections.abc import Callable
from typing import Final

import streamlit as st

from app.bootstrap import services
from app.domain import InvalidInput
from app.services.analysis import Similar
from app.services.inbox import IssueDetail
from components import state
from components.advice import say
from components.comparing import compare_button
from components.plain import ago, count, markdown
from components.sidebar import View

#: Signatures of an issue that are listed.
_SHOWN: Final = 30
#: An issue in a pasted text: its link, or its number on its own.
_NAMED: Final = re.compile(r"[?&]issue=(\d{1,15})|(?<![\w.:/=-])#?(\d{1,15})(?![\w.:/=-])")


def same_buttons(detail: IssueDetail, item: Similar) -> None:
    """Beside a similar issue: it goes into the one that is looked at, or is never shown beside it again."""
    other = item.issue.id
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Same error",
            key=f"same_{other}",
            icon=":material/merge:",
            type="tertiary",
            help=f"its events become part of issue {detail.issue.id}, those to come too; Undo takes it back",
            on_click=state.write,
            args=(_say("merge", detail, item),),
        )
        st.button(
            "Not the same",
            key=f"not_same_{other}",
            icon=":material/call_split:",
            type="tertiary",
            help="the two are never shown as similar again",
            on_click=state.write,
            args=(_say("not_same", detail, item),),
        )
        compare_button(detail, item)


def members(detail: IssueDetail, view: View) -> None:
    """The signatures of an issue that has several, each to be split off."""
    if not detail.members:
        return
    with st.expander(f"Signatures of this issue ({len(detail.members)})", expanded=True):
        for member in detail.members[:_SHOWN]:
            about, button = st.columns([4, 1], vertical_alignment="center")
            about.markdown(
                f"{markdown(member.title, 160)}  \n"
                f":gray[{count(member.count, 'event')}, last {ago(member.last_seen, view.now)}]"
            )
            button.button(
                "Split off",
                key=f"split_{member.id}",
                help="it becomes an issue of its own again",
                on_click=say(detail, "split", "Split off: an issue of its own again", {"signature": member.id}),
            )


        if len(detail.members) > _SHOWN:
            st.caption(f"The first {_SHOWN} of {len(detail.members):,}.")


def merge_by_link(detail: IssueDetail) -> None:
    """Issues that are not in the similar list: their links or numbers, pasted; all become part of the one that is shown."""
    with st.form(f"merge_{detail.issue.id}", border=False, clear_on_submit=True):
        field, button = st.columns([5, 2], vertical_alignment="bottom")
        text = field.text_input(
            "The same as",
            max_chars=2_000,
            key="merge_text",
            label_visibility="collapsed",
            placeholder="the same as … links or numbers of issues",
            autocomplete="off",
        )
        if button.form_submit_button("Merge", icon=":material/merge:", width="stretch") and text.strip():
            state.write(_merge(detail, text))
            st.rerun()


def _merge(detail: IssueDetail, text: str) -> Callable[[str], str]:
    here = detail.issue.id
    named = [int(link or number) for link, number in _NAMED.findall(text)]
    others = [number for number in dict.fromkeys(named) if number != here]
    newest = detail.activity[-1].id if detail.activity else 0
    key = state.request_key(here, newest, "merge", *others)

    def store(actor: str) -> str:
        if not others:
            raise InvalidInput("paste the links or numbers of other issues, such as 12 or …?issue=12")
        services().triage.say_of_many("merge", others, actor=actor, key=key, answer={"into": here})
        return f"{count(len(others), 'issue')} became part of issue {here}"

    return store


def followed(issue_id: int | None) -> int | None:
    """The issue to show for a link: the one that the link's issue is part of by now, with a note that says so."""
    into = None if issue_id is None else services().inbox.leads_to(issue_id)
    if into is None:
        return issue_id
    st.info(f"Issue {issue_id} is part of issue {into} by now, which is shown here.", icon=":material/merge:")
    return into


def _say(kind: str, detail: IssueDetail, item: Similar) -> object:
    """Stores that the similar issue is, or is not, the one that is looked at, with why it was shown."""
    here, other = detail.issue.id, item.issue.id
    newest = detail.activity[-1].id if detail.activity else 0
    key = state.request_key(here, newest, kind, other)
    shown = {"similarity": item.similarity, "reason": item.reason}

    def store(actor: str) -> str:
        triage = services().triage
        if kind == "merge":
            triage.say(kind, other, actor=actor, key=key, answer={"into": here}, shown=shown)
            return f"Issue {other} is part of issue {here} now; Undo takes it back"
        triage.say(kind, here, actor=actor, key=key, answer={"issue": other}, shown=shown)
        return f"Not the same as issue {other}; Undo takes it back"

    return store
