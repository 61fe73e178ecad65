"""Everything about one issue, the answer first: what it is, what to do, then the evidence."""

import streamlit as st

from app.bootstrap import services
from app.domain import Entry
from app.services.analysis import Similar
from app.services.inbox import IssueDetail
from components import looks
from components.advice import advice, say
from components.comparing import comparison
from components.entities import named_text
from components.merging import members, merge_by_link, same_buttons
from components.navigation import issue_link, path
from components.plain import ago, clock, count, markdown, one_line
from components.purging import purge_button
from components.sidebar import View
from components.stack import stack
from components.status_bar import status_bar
from models.taxonomy import CATEGORIES, SEVERITIES

_RAW_SHOWN = 20_000


def issue_detail(detail: IssueDetail, view: View) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _heading(detail, view)
        advice(detail, view)
        status_bar(detail, view)
        _raw(detail)
    with right:
        _similar(detail, view)
        _activity(detail, view)
        _signature(detail)
        members(detail, view)
        stack(detail.event)
        _events(detail, view)


def _heading(detail: IssueDetail, view: View) -> None:
    issue, reading = detail.issue, detail.signature.reading
    with st.container(key=f"title-{issue.id}"):
        st.text(issue.title)
    sure = reading.confidence >= services().settings.not_sure_below
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _severity_menu(detail)
        _category_menu(detail)
        st.badge(
            "sure" if sure else "not sure",
            color="green" if sure else "yellow",
            help=f"confidence {reading.confidence:.2f} that severity and category are both right, by {markdown(reading.model)}",
        )
        st.badge(
            f"stranger than {100 * issue.strangeness:.0f} %", color="violet" if issue.strangeness >= 0.95 else "gray"
        )
        if issue.status == "regressed":
            st.badge("↺ came back after it was resolved", color="red")
    with st.container(horizontal=True, gap="small", key="issue_links"):
        st.page_link(
            path("attention"), label="Which words", icon=":material/highlight:", query_params={"issue": str(issue.id)}
        )
        st.page_link(
            path("error_map"), label="On the map", icon=":material/scatter_plot:", query_params={"issue": str(issue.id)}
        )
        st.page_link(
            path("resolutions"),
            label="Why this action",
            icon=":material/recommend:",
            query_params={"issue": str(issue.id)},
        )
        st.page_link(
            path("cascades"),
            label="What breaks next",
            icon=":material/timeline:",
            query_params={"issue": str(issue.id)},
        )
        ticket = services().alerts.ticket(issue)
        if ticket:
            st.page_link(ticket, label="Open a ticket", icon=":material/confirmation_number:")
    services_text = ", ".join(markdown(name) for name, _ in detail.services[:4]) or "no service named"
    st.caption(
        f"Issue {issue.id}, {looks.status(issue.status)}, {count(issue.count, 'event')} in {services_text}, first "
        f"{ago(issue.first_seen, view.now)} ({clock(issue.first_seen, view.zone)}), last {ago(issue.last_seen, view.now)} "
        f"({clock(issue.last_seen, view.zone)} {view.zone}). Severity: {markdown(detail.judgement.why)}."
    )


def _severity_menu(detail: IssueDetail) -> None:
    now = detail.issue.severity
    with st.popover(looks.severity(now), help="correct the severity"):
        for name in SEVERITIES:
            st.button(
                looks.severity(name),
                key=f"severity_{name}",
                disabled=name == now,
                width="stretch",
                on_click=say(detail, "correct_severity", f"Severity: {name}", {"severity": name}),
            )


def _category_menu(detail: IssueDetail) -> None:
    now = detail.issue.category
    with st.popover(now, help="correct the category"):
        for name in CATEGORIES:
            st.button(
                name,
                key=f"category_{name}",
                disabled=name == now,
                width="stretch",
                on_click=say(detail, "correct_category", f"Category: {name}", {"category": name}),
            )


def _raw(detail: IssueDetail) -> None:
    raw = detail.signature.raw
    named_text(raw, detail.entities)
    st.markdown("**The error as it came**")
    st.code(raw[:_RAW_SHOWN], language=None, wrap_lines=True, height=260 if raw.count("\n") > 10 else "content")
    if len(raw) > _RAW_SHOWN:
        st.caption(f"The first {_RAW_SHOWN:,} of {len(raw):,} characters.")
    if detail.event.time_note:
        st.caption(f"Time: {markdown(detail.event.time_note)}.")
    if detail.event.problem:
        st.caption(f"Could not be read as its format promised: {markdown(detail.event.problem)}.")
    purge_button(detail.issue.id)


def _signature(detail: IssueDetail) -> None:
    with st.expander("What events of this kind share", expanded=False):
        for name, part in detail.signature.signature.parts:
            if part:
                st.caption(name)
                st.code(part, language=None, wrap_lines=True)
        st.caption(
            f"Signature {detail.signature.signature.key} by {markdown(detail.signature.signature.version)}; "
            f"{count(detail.signatures, 'signature')} in this issue. Read with the help of: "
            + ", ".join(
                f"{markdown(name)} ({similarity:.2f})" for name, similarity in detail.signature.reading.evidence
            )
        )


def _similar(detail: IssueDetail, view: View) -> None:
    st.markdown("**Similar errors, and how they ended**")
    if not detail.similar:
        st.caption("Nothing stored resembles it.")
    for item in detail.similar:
        issue_link(
            item.issue.id,
            f"{item.similarity:.2f} {looks.SEVERITY_SHAPE[item.issue.severity]} {markdown(item.issue.title, 110)}",
        )
        st.caption(f"{markdown(item.reason)}; {_ending(item, view)}")
        same_buttons(detail, item)
        comparison(detail, item)
    merge_by_link(detail)


def _ending(item: Similar, view: View) -> str:
    issue = item.issue
    parts = [issue.status]
    if issue.accepted_action:
        parts.append(f"accepted: {issue.accepted_action.replace('_', ' ')}")
    if issue.worked:
        parts.append(f"it worked: {issue.worked}")
    if issue.resolution_note:
        parts.append(f"note: {markdown(issue.resolution_note, 120)}")
    return f"{', '.join(parts)}; last {ago(issue.last_seen, view.now)}"


def _activity(detail: IssueDetail, view: View) -> None:
    st.markdown("**Activity**")
    with st.form(f"comment_{detail.issue.id}", border=False, clear_on_submit=True):
        box, send = st.columns([5, 1], vertical_alignment="bottom")
        text = box.text_input(
            "Comment",
            max_chars=10_000,
            key="comment_text",
            label_visibility="collapsed",
            placeholder="a comment for the next shift",
        )
        if send.form_submit_button("Send") and text.strip():
            say(detail, "comment", "Comment stored", {"text": text.strip()})()
            st.rerun()
    for entry in reversed(detail.activity[-30:]):
        said = ", ".join(
            f"{key}: {one_line(str(value), 200)}" for key, value in _said(entry).items() if value not in ("", None)
        )
        st.markdown(
            f":gray[{ago(entry.at, view.now)}] {markdown(entry.actor, 40)} {_of(entry, detail)}"
            f"**{entry.kind.replace('_', ' ')}** {markdown(said)}"
        )
    if not detail.activity:
        st.caption("Nobody has answered yet.")


def _said(entry: Entry) -> dict[str, object]:
    """The answer, and of a merge why the two were held to be the same."""
    reason = entry.shown.get("reason", "") if entry.kind == "merge" else ""
    return entry.answer | {"because": reason}


def _of(entry: Entry, detail: IssueDetail) -> str:
    """Names the issue where it is another one: one that went into this one, or that it was split from."""
    return "" if entry.issue_id == detail.issue.id else f"of issue {entry.issue_id}: "


def _events(detail: IssueDetail, view: View) -> None:
    with st.expander(f"Latest events ({len(detail.latest)} of {detail.issue.count:,})"):
        st.dataframe(
            [
                {
                    "time": clock(event.time, view.zone),
                    "service": event.service,
                    "host": event.host,
                    "level": event.level,
                    "file": f"{event.source_file}:{event.source_line}" if event.source_file else "",
                    "text": one_line(event.raw, 300) or "(the text is no longer kept)",
                }
                for event in detail.latest
            ],
            hide_index=True,
            height=220,
        )
