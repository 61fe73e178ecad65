"""The forecast of the Cascades page: the sentence, what comes next, why, and how earlier ones came out."""

from typing import Final

import streamlit as st

from app.bootstrap import services
from app.services.cascade import Outlook
from app.services.cascade_answers import sentence
from app.storage.forecasts import FAILURE
from components import cascade_figures
from components.navigation import issue_link
from components.plain import clock, count, markdown, percent
from components.sidebar import View
from models.taxonomy import INCIDENTS

PASTED: Final = "cascade_pasted"
_TEXT: Final = "cascade_text"
BUCKETS: Final = 90
HOUR: Final = 3600.0
_OUTCOME: Final = {
    "right": "✓ right",
    "false alarm": "! false alarm",
    "missed": "✕ missed",
    "quiet": "○ quiet",
    "none": "– no forecast",
    "": "… too early",
}


def headline(outlook: Outlook, view: View) -> None:
    """The answer first, then what it rests on."""
    forecast = outlook.forecast
    with st.container(border=True):
        with st.container(key="title-cascade"):
            st.text(sentence(outlook))
        if forecast.forecastable:
            st.caption(markdown(forecast.reason, 400))
        else:
            st.caption("The figures below are its guess all the same: do not act on them alone.")
        for note in outlook.notes:
            st.caption(f":orange[{markdown(note)}]")
    errors = count(len(outlook.steps), "error")
    st.caption(f"From {errors} up to {clock(forecast.at, view.zone)} {view.zone}; {markdown(forecast.model)}")


def next_errors(outlook: Outlook) -> None:
    """The likeliest next errors; those that are stored are links."""
    st.markdown("**What comes next**")
    for item in outlook.next_errors:
        label = f"{percent(item.probability)} {markdown(item.title, 110)}"
        if item.issue is not None:
            issue_link(item.issue.id, label)
        else:
            st.markdown(label)
        if item.minutes is not None:
            st.caption(f"usually {_duration(item.minutes)} after another error")
    rest = 1 - sum(item.probability for item in outlook.next_errors)
    st.caption(f"{percent(max(rest, 0.0))} an error that these do not list.")


def incident(outlook: Outlook) -> None:
    """What the sequence is about, the likeliest first."""
    st.markdown("**What it is about**")
    ranked = sorted(zip(outlook.forecast.incident, INCIDENTS, strict=True), reverse=True)[:4]
    st.markdown("  \n".join(f"{percent(share)} {name.replace('_', ' ')}" for share, name in ranked))


def charts(outlook: Outlook) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**How soon**")
        st.plotly_chart(cascade_figures.risk(outlook.forecast), key="cascade_risk")
        incident(outlook)
    with right:
        shown = min(cascade_figures.STEPS, len(outlook.steps))
        st.markdown(f"**The {count(shown, 'error')} it looked at most**, the newest at the bottom")
        st.plotly_chart(cascade_figures.attention(outlook), key="cascade_attention")


def timeline(outlook: Outlook, view: View) -> None:
    """Errors by service in the hours before the forecast."""
    until = outlook.forecast.at
    since = until - 3 * HOUR if view.since is None or view.since >= until else max(until - 3 * HOUR, view.since)
    counts = services().store.forecasts.counts(since, until, BUCKETS)
    st.markdown("**Errors by service**")
    st.plotly_chart(
        cascade_figures.timeline(counts, since, until, buckets=BUCKETS, zone=view.zone, forecast=outlook.forecast),
        key="cascade_timeline",
    )
    expected = " Orange: when the failure is expected, and the interval that holds nine of ten."
    st.caption("Grey: the half hour ahead." + (expected if outlook.forecast.minutes is not None else ""))


def earlier(view: View) -> None:
    """How the forecasts that were shown came out, and what would have been forecast over the last hours."""
    record, rows = services().cascade.record()
    st.markdown("**How earlier forecasts came out**")
    cells = st.columns(5)
    for cell, (label, value, note) in zip(
        cells,
        (
            ("Right", record.right, "a failure was expected within 30 minutes, and one came"),
            ("False alarms", record.false_alarms, "a failure was expected, and none came"),
            ("Missed", record.missed, "a service failed that nothing had warned of"),
            ("Quiet", record.quiet, "nothing was expected, and nothing failed"),
            ("Too early", record.waiting, "less than 30 minutes of log have come since"),
        ),
        strict=True,
    ):
        cell.metric(label, value, help=note, border=True)
    said = [
        f"Of the newest {count(len(rows), 'forecast')}. A service fails with its {FAILURE}th critical or high error in one minute."
    ]
    if record.timed:
        said.append(f"The failure lay in the interval {record.covered} of {record.timed} times.")
    if record.naming:
        said.append(f"The service named was the first to fail {record.named} of {record.naming} times.")
    if record.next_known:
        said.append(f"The error that came next was listed {record.next_listed} of {record.next_known} times.")
    if record.abstained:
        said.append(f"{count(record.abstained, 'moment')} could not be forecast.")
    st.caption(" ".join(said))
    if record.reliability:
        st.markdown("**Do the probabilities hold?**")
        st.plotly_chart(cascade_figures.reliability(record.reliability), key="cascade_reliability")
    if rows:
        with st.expander(f"The newest {count(len(rows), 'forecast')}"):
            st.dataframe(
                [
                    {
                        "of": clock(row.at, view.zone),
                        "probability": round(row.probability, 3),
                        "expected": f"{row.median:.0f} min ({row.low:.0f} to {row.high:.0f})"
                        if row.median is not None
                        else "",
                        "service": row.service,
                        "outcome": _OUTCOME[row.outcome],
                        "failed": f"{row.failed_service} {clock(row.failed_at, view.zone)}" if row.failed_at else "",
                        "model": row.model,
                    }
                    for row in rows
                ],
                hide_index=True,
                height=240,
            )


def hindsight(until: float, view: View) -> None:
    """What would have been forecast at each moment of the last three hours of the log."""
    if st.button("What would it have said before?", key="cascade_hindsight", icon=":material/history:",
                 help="a forecast for every two minutes of the three hours before, each from the errors known then"):  # fmt: skip
        with st.spinner("Forecasting each moment anew", show_time=True):
            forecasts = services().cascade.course(until - 3 * HOUR, until, every=120.0)
        failures = services().cascade.failures(until - 3 * HOUR, until)
        st.plotly_chart(cascade_figures.course(forecasts, failures, view.zone), key="cascade_course")


def paste_box(*, opened: bool = False) -> None:
    """Any sequence of errors, nothing stored; the client's four steps with one click."""
    with st.expander(
        "Forecast from these", icon=":material/content_paste:", expanded=opened or PASTED in st.session_state
    ):
        st.text_area(
            "Errors in the order they came",
            key=_TEXT,
            height=140,
            max_chars=200_000,
            placeholder="one error a line, or JSON lines",
        )
        with st.container(horizontal=True):
            st.button("Forecast", key="cascade_forecast", type="primary", on_click=_take, icon=":material/timeline:")
            st.button("Example: refused, timeout, out of memory, crash", key="cascade_example", on_click=_example)
            if PASTED in st.session_state:
                st.button("Back to the store's errors", key="cascade_back", on_click=_back, icon=":material/undo:")


def _duration(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes >= 1 else f"{minutes * 60:.0f} s"


def _take() -> None:
    text = str(st.session_state.get(_TEXT, ""))
    if text.strip():
        st.session_state[PASTED] = text


def _example() -> None:
    st.session_state[_TEXT] = st.session_state[PASTED] = services().cascade.example()


def _back() -> None:
    st.session_state.pop(PASTED, None)
    st.session_state.pop(_TEXT, None)
