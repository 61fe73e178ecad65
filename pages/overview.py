"""Overview: how much came in, what it became, who needs you; and the handover of a shift."""

import streamlit as st

from app.bootstrap import services
from components import figures, handover, looks, state
from components.navigation import issue_link, path
from components.plain import ago, clock, count, markdown
from components.sample_banner import banner
from components.sidebar import view
from models.taxonomy import SEVERITIES

BUCKETS = 48

shared = view()
state.show_notice()
banner()
picture = services().overview.picture(since=shared.since)
if picture is None or not picture.totals.events:
    st.info(
        "Nothing is stored yet." if picture is None else "Nothing happened in this time range.",
        icon=":material/monitoring:",
    )
    st.page_link(path("submit"), label="Submit errors", icon=":material/add_notes:")
    st.stop()
totals = picture.totals
cells = st.columns(5)
for cell, (label, value, note) in zip(
    cells,
    (
        ("Lines read", totals.lines, "lines of the uploads whose events lie in this time range"),
        ("Signatures", totals.signatures, "distinct kinds of lines after normalisation"),
        ("Issues", totals.issues, "without routine lines"),
        ("Errors", totals.errors, "events logged as error or critical"),
        ("Need you", totals.need_you, "critical or high, open or come back, not muted"),
    ),
    strict=True,
):
    cell.metric(label, f"{value:,}", help=note, border=True)
st.caption(f"{clock(picture.since, shared.zone)} to {clock(picture.until, shared.zone)} {shared.zone}")
time_figure, table = st.columns([3, 2], gap="medium")
with time_figure:
    st.markdown("**Events over time**")
    st.plotly_chart(
        figures.over_time(picture.by_time, picture.since, picture.until, BUCKETS, shared.zone), key="over_time"
    )
    st.markdown("**By service**")
    st.plotly_chart(figures.by_service(picture.by_service), key="by_service")
with table:
    st.markdown("**Most urgent now**")
    for issue in picture.urgent:
        issue_link(issue.id, f"{looks.severity(issue.severity)} {markdown(issue.title, 100)}")
        st.caption(
            f"{markdown(issue.service) or 'no service'}, {count(issue.count, 'event')}, "
            f"last {ago(issue.last_seen, shared.now)}"
        )
    if not picture.urgent:
        st.caption("Nothing urgent is open.")
    st.markdown("**By severity**")
    values = {(cell.severity, cell.name): cell.n for cell in picture.by_severity}
    st.dataframe(
        [
            {
                "Severity": looks.severity(name),
                "Issues": values.get((name, "issues"), 0),
                "Events": values.get((name, "events"), 0),
            }
            for name in SEVERITIES
        ],
        hide_index=True,
    )
    handover.panel(shared)
