"""Findings as a list, strangest first, and the card of the current one with its two keys: confirm and dismiss."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.bootstrap import services
from app.services.anomaly import CONFIRM, DISMISS, Finding
from components import looks, state
from components.anomaly_figures import LOOKS
from components.navigation import issue_link
from components.plain import ago, clock, count, markdown, moment, one_line
from components.sidebar import View
from models.analyse.anomaly import COMBINED

CURRENT = "finding"  # also the name in the URL
_NONCE = "anomaly_nonce"
ROW, VISIBLE = 35, 9
WORDS = {
    "isolation_forest": "Isolation Forest",
    "vae": "AnomalyVAE",
    "nearest_neighbour": "Nearest neighbour",
    COMBINED: "Together",
}


def name_of(finding: Finding) -> str:
    return f"{finding.issue.id}-{finding.kind}"


def current(findings: Sequence[Finding]) -> int:
    """The place of the finding that the URL names, else the first."""
    names = [name_of(finding) for finding in findings]
    wanted = st.query_params.get(CURRENT, "")
    return names.index(wanted) if wanted in names else 0


def draw(findings: Sequence[Finding], place: int, view: View) -> None:
    """The list with its mark; a click makes another one current."""
    event: Any = st.dataframe(
        _frame(findings, place, view),
        key=f"findings_{st.session_state.get(_NONCE, 0)}_{len(findings)}",
        hide_index=True,
        width="stretch",
        height=ROW * (min(len(findings), VISIBLE) + 1) + 3,
        column_config=_COLUMNS,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [place]}},
        row_height=ROW,
    )
    rows = event.selection.rows
    if rows and rows[0] != place and rows[0] < len(findings):
        st.query_params[CURRENT] = name_of(findings[rows[0]])
        st.rerun()


def card(findings: Sequence[Finding], place: int, view: View) -> None:
    """Why the current one is strange, what every detector says, and what a person says of it."""
    finding = findings[place]
    issue = finding.issue
    with st.container(border=True, key=f"advice-anomaly-{issue.id}"):
        st.caption(f"{LOOKS[finding.kind][2]}, {', '.join(finding.uses) or 'none of the usual kinds'}")
        st.text(one_line(issue.title, 200))
        st.markdown(f"**Why:** {markdown(finding.reason)}")
        st.caption(
            f"{looks.severity(issue.severity)}, {issue.category}, {markdown(issue.service) or 'no service'}, "
            f"{count(issue.count, 'event')}, last {ago(issue.last_seen, view.now)} ({clock(issue.last_seen, view.zone)})"
        )
        if finding.strangeness is not None:
            cells = st.columns(len(finding.strangeness.scores))
            for cell, (detector, score) in zip(cells, finding.strangeness.scores.items(), strict=True):
                cell.metric(WORDS.get(detector, detector), f"{score:.2f}", help="share of known errors that are less strange")
        _buttons(findings, place)
        issue_link(issue.id, f"Open issue {issue.id}")


def rows(findings: Sequence[Finding], zone: str) -> list[dict[str, Any]]:
    """The list for export."""
    return [
        {
            "issue": item.issue.id, "kind": item.kind, "score": item.score, "reason": item.reason, "title": item.issue.title,
            "service": item.issue.service, "uses": "; ".join(item.uses), "at": clock(item.at, zone), "time_zone": zone,
            **{name: item.strangeness.scores.get(name) if item.strangeness else None for name in WORDS},
        }
        for item in findings
    ]


def _buttons(findings: Sequence[Finding], place: int) -> None:
    finding, answered = findings[place], services().anomaly.answered().get(findings[place].issue.id)
    with st.container(horizontal=True):
        st.button("Confirm", shortcut="A", key="confirm", type="primary", icon=":material/check:", on_click=_say(finding, CONFIRM),
                  disabled=answered == CONFIRM, help="it is worth an alert: the service's threshold moves towards it")  # fmt: skip
        st.button("Dismiss", shortcut="X", key="dismiss", icon=":material/close:", on_click=_say(finding, DISMISS),
                  help="it is not: the service's threshold moves above it")  # fmt: skip
        st.button("Next", shortcut="J", key="next_finding", icon=":material/arrow_downward:", on_click=_go,
                  args=(findings[min(place + 1, len(findings) - 1)],), disabled=place + 1 >= len(findings))  # fmt: skip
        st.button("Back", shortcut="K", key="previous_finding", icon=":material/arrow_upward:", on_click=_go,
                  args=(findings[max(place - 1, 0)],), disabled=place == 0)  # fmt: skip


def undo_last() -> None:
    """Takes back the newest click of anyone on an anomaly; off while there is none."""
    last = services().anomaly.last_click()

    def store(actor: str) -> str:
        entry = services().anomaly.undo(actor=actor, key=state.request_key("undo-anomaly", _newest()))
        return f"Taken back: {'confirmed' if entry.kind == CONFIRM else 'dismissed'} issue {entry.issue_id}"

    st.button("Undo", shortcut="U", key="undo_anomaly", icon=":material/undo:", disabled=last is None, on_click=state.write,
              args=(store,), help=f"takes back the last answer, about issue {last.issue_id}" if last else None)  # fmt: skip


def _say(finding: Finding, kind: str) -> Callable[[], None]:
    said = finding.strangeness
    score = said.combined if said else finding.score
    key = state.request_key("anomaly", finding.issue.id, finding.kind, kind, _newest())
    shown = {"kind": finding.kind, "reason": finding.reason, "score": finding.score}

    def store(actor: str) -> str:
        parts = services()
        parts.triage.say(kind, finding.issue.id, actor=actor, key=key, answer={"score": score, "service": finding.issue.service},
                         shown=shown, model=parts.anomaly.version)  # fmt: skip
        limit = parts.anomaly.thresholds().get(finding.issue.service)
        word = "Confirmed" if kind == CONFIRM else "Dismissed"
        return f"{word}. Alerts of {finding.issue.service or 'events without a service'} begin at {limit or 0:.3f}"

    return lambda: state.write(store)


def _newest() -> int:
    entries = services().store.log.entries(limit=1)
    return (entries[-1].id or 0) if entries else 0


def _go(finding: Finding) -> None:
    st.query_params[CURRENT] = name_of(finding)
    st.session_state[_NONCE] = st.session_state.get(_NONCE, 0) + 1


def _frame(findings: Sequence[Finding], place: int, view: View) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Strange": item.score,
                "Kind": ("▸ " if number == place else "") + LOOKS[item.kind][2],
                "Why": one_line(item.reason, 160),
                "Error": one_line(item.issue.title, 140),
                "Service": item.issue.service,
                "Severity": looks.severity(item.issue.severity),
                "When": moment(item.at, view.zone),
            }
            for number, item in enumerate(findings)
        ]
    )


_COLUMNS: dict[str, Any] = {
    "Strange": st.column_config.NumberColumn(width=65, format="%.3f", help="in [0, 1], higher = stranger"),
    "Kind": st.column_config.TextColumn(width=85),
    "Why": st.column_config.TextColumn(width=420),
    "Error": st.column_config.TextColumn(width=360),
    "Service": st.column_config.TextColumn(width=100),
    "Severity": st.column_config.TextColumn(width=100),
    "When": st.column_config.DatetimeColumn(width=140, format="YYYY-MM-DD HH:mm"),
}
