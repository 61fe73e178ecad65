"""Which alerts are wanted, how often, when not, and the link that opens a ticket."""

from datetime import time

import streamlit as st

from app.bootstrap import services
from app.services.alert_rules import RULES
from app.storage.alerts import Policy
from components import state

_HELP = {
    "new critical": "an issue that was never seen before and is critical",
    "new type": "any other issue that was never seen before and is no noise",
    "odd rate": "a known error suddenly frequent, or silent",
    "forecast": "a service is expected to fail within half an hour",
    "drift": "what comes in has changed, at most once a day",
    "regression": "a resolved error came back",
}


def policy_form(now: Policy) -> None:
    st.markdown("**Rules**")
    with st.form("alert_policy", border=False):
        for rule in RULES:
            st.checkbox(rule.capitalize(), value=rule in now.rules, key=f"rule_{rule}", help=_HELP[rule])
        st.number_input("Cooldown, in minutes", 0, 7 * 1440, round(now.cooldown / 60), key="alert_cooldown",
                        help="the same rule tells of the same issue once in this time")  # fmt: skip
        st.checkbox("Quiet hours", value=now.quiet_from is not None, key="alert_quiet",
                    help="what happens in them is sent when they end")  # fmt: skip
        left, middle, right = st.columns(3)
        left.time_input("From", _time(now.quiet_from, 22 * 60), key="alert_from")
        middle.time_input("Until", _time(now.quiet_until, 7 * 60), key="alert_until")
        right.text_input("Time zone", now.zone, key="alert_zone", placeholder="Europe/Berlin")
        st.text_input(
            "Ticket link",
            now.ticket,
            key="alert_ticket",
            max_chars=2_000,
            placeholder="https://tickets.example.org/new?summary={title}&body={url}&priority={severity}",
            help="shown on every issue; {title}, {url} and {severity} are filled in",
        )
        st.form_submit_button("Save", on_click=_save)


def _save() -> None:
    said = st.session_state
    quiet = bool(said["alert_quiet"])
    policy = Policy(
        rules=tuple(rule for rule in RULES if said[f"rule_{rule}"]),
        cooldown=60.0 * said["alert_cooldown"],
        quiet_from=_minutes(said["alert_from"]) if quiet else None,
        quiet_until=_minutes(said["alert_until"]) if quiet else None,
        zone=said["alert_zone"].strip(),
        ticket=said["alert_ticket"].strip(),
    )

    def action(_actor: str) -> str:
        services().alerts.set_policy(policy)
        return "Saved"

    state.write(action)


def _time(minute: int | None, otherwise: int) -> time:
    value = otherwise if minute is None else minute
    return time(value // 60, value % 60)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
