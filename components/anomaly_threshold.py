"""The threshold being tried: how the scores are spread, and which issues would alert no longer, or newly."""

import streamlit as st

from app.bootstrap import services
from app.services.anomaly import THRESHOLD
from components import anomaly_figures
from components.navigation import issue_link
from components.plain import count, markdown

LISTED = 14


def panel() -> None:
    """Moves nothing: what holds is moved by clicks, and this shows what a click would do."""
    anomaly = services().anomaly
    said = anomaly.scores()
    if not said:
        st.caption("Nothing is scored yet.")
        return
    names = sorted({issue.service for issue, _ in said})
    service = st.selectbox(
        "Service", ["", *(name for name in names if name)], format_func=lambda name: name or "all services", key="anomaly_service"
    )
    limit = anomaly.thresholds().get(service or "", THRESHOLD)
    chosen = st.slider("Alert from a score of", 0.5, 1.0, limit, 0.005, key="anomaly_threshold", format="%.3f")
    shown = [strangeness for issue, strangeness in said if not service or issue.service == service]
    st.plotly_chart(anomaly_figures.distribution(shown, limit, chosen), key="anomaly_scores")
    effect = anomaly.effect(chosen, service or None)
    if not effect.silenced and not effect.raised:
        st.caption("No issue would alert differently.")
    for issues, word in ((effect.silenced, "would no longer alert"), (effect.raised, "would newly alert")):
        if issues:
            with st.expander(f"{count(len(issues), 'issue')} {word}", expanded=True):
                for issue in issues[:LISTED]:
                    issue_link(issue.id, markdown(issue.title, 90))
                if len(issues) > LISTED:
                    st.caption(f"and {len(issues) - LISTED:,} more")


def moved() -> None:
    """Where clicks have moved the thresholds of services."""
    for service, limit in sorted(services().anomaly.thresholds().items()):
        st.caption(f"{markdown(service) or 'no service'}: alerts from {limit:.3f} (at first {THRESHOLD:.2f})")
