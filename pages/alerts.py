"""Alerts: was everybody told, where do messages go, and what is worth one?"""

import streamlit as st

from app.bootstrap import services
from components import alert_destinations, alert_outbox, alert_policy, state
from components.plain import count
from components.sample_banner import banner
from components.sidebar import view

shared = view()
state.show_notice()
banner()
alerts = services().alerts
rows, destinations = alerts.outbox(), alerts.destinations()

failed = sum(row.state == "failed" for row in rows)
waiting = sum(row.state == "waiting" for row in rows)
sent = sum(row.state == "sent" for row in rows)
with st.container(border=True, key="title-alerts"):
    if not destinations:
        st.text("Nobody is told: there is no destination yet.")
    elif failed:
        st.text(f"{count(failed, 'message')} could not be sent. {count(sent, 'message')} arrived, {waiting} waiting.")
    else:
        st.text(f"Everything was sent that was to be: {count(sent, 'message')} lately, {waiting} waiting.")

left, right = st.columns([3, 2], gap="medium")
with left:
    alert_outbox.outbox(rows, destinations, shared)
with right:
    alert_destinations.destinations(destinations)
    alert_policy.policy_form(alerts.policy())
