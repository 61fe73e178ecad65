"""Which policy orders the suggestions, what another one would have earned, and the button that lets it."""

import json

import streamlit as st

from app.bootstrap import services
from app.services.resolutions import Candidate
from components import state
from components.plain import ago, count, markdown, percent
from components.resolution_figures import LOOKS
from components.sidebar import View
from models.learn.off_policy import Estimate


def panel(view: View) -> None:
    resolutions = services().resolutions
    current = resolutions.current
    st.caption(
        f"**{LOOKS[current][2]}** orders the suggestions. In {percent(resolutions.explore)} of them another plausible action "
        "comes first, with the probability stored beside the answer."
    )
    others = [name for name in resolutions.available if name != current]
    name = st.segmented_control(
        "Candidate", others, default=others[-1], key="candidate", format_func=lambda one: LOOKS[one][2], required=True
    )
    judged = resolutions.candidate(name or others[-1])
    if judged.clicks:
        st.dataframe(estimates(judged), hide_index=True, key="estimates")
        st.caption(
            f"From {count(judged.clicks, 'answer')} to a first suggestion, each judged by what the candidate knew before it; "
            f"{percent(judged.support)} of its choices could have been shown. 95 % intervals."
        )
    st.markdown(f"{'It may be promoted' if judged.allowed else 'Not yet'}: {markdown(judged.why)}.")
    _button(judged)
    _history(view)


def estimates(judged: Candidate) -> list[dict[str, str]]:
    """The share accepted: as it ran, and as the candidate would have had it by each estimator."""
    named = {
        "IPS": judged.ips,
        "SNIPS": judged.snips,
        "doubly robust": judged.doubly_robust,
        "gain (doubly robust)": judged.gain,
    }
    measured = [{"what": "as it ran", "accepted": _share(judged.ran), "from": "", "to": ""}]
    return measured + [{"what": name, **_row(estimate)} for name, estimate in named.items()]


def _row(estimate: Estimate) -> dict[str, str]:
    return {"accepted": _share(estimate.value), "from": _share(estimate.low), "to": _share(estimate.high)}


def _share(value: float) -> str:
    return "" if value != value else f"{value:.3f}"  # noqa: PLR0124 - not a number differs from itself


def _button(judged: Candidate) -> None:
    newest = services().store.clicks.newest()
    key = state.request_key("promote", judged.policy, newest)

    def store(actor: str) -> str:
        why = services().resolutions.promote(judged.policy, actor=actor, key=key)
        return f"{LOOKS[judged.policy][2]} orders the suggestions now: {why}"

    back = judged.policy == services().resolutions.default
    st.button(
        "Go back to it" if back and not judged.allowed else "Promote",
        key="promote", icon=":material/publish:", disabled=not (judged.allowed or back), on_click=state.write, args=(store,),
        help="lets this policy order the suggestions; the reason is stored with your name",
    )  # fmt: skip


def _history(view: View) -> None:
    for entry in reversed(services().store.log.entries(kinds=("promote_policy",), limit=5)):
        reason = json.loads(entry.answer["reason"])["why"]
        policy = LOOKS.get(entry.answer["policy"], ("", "", entry.answer["policy"]))[2]
        st.caption(f"{ago(entry.at, view.now)}: {markdown(entry.actor, 40)} promoted {policy}, for {markdown(reason)}")
