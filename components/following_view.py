"""What usually follows one issue, over the forecast of the whole store."""

import streamlit as st

from app.bootstrap import services
from app.domain import NotFound
from app.services.following import FEWEST, After, Follower
from components.navigation import issue_link
from components.plain import count, markdown, percent

_HALF_HOUR = "within the half hour after it"


def of_url() -> None:
    """For the issue that the URL names; nothing without one."""
    wanted = st.query_params.get("issue", "")
    if not wanted.isdigit():
        return
    try:
        issue = services().store.issues.get(int(wanted))
        with st.spinner("Looking for what followed it", show_time=True):
            after = services().following.after(issue.id)
    except NotFound:
        st.warning("This issue is no longer stored.", icon=":material/search_off:")
        return
    with st.container(border=True, key="following"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**After issue {issue.id}:** {markdown(issue.title, 110)}")
            issue_link(issue.id, "Back to the issue")
        _answer(after)


def _answer(after: After) -> None:
    if after.followers:
        st.markdown(f"What begins {_HALF_HOUR} more often than chance lets it:")
        for item in after.followers:
            _follower(item, after.occurrences)
        looked = count(after.occurrences, "occurrence")
        st.caption(f"By its newest {looked}. That one follows the other does not say that it causes it.")
        return
    if after.occurrences < FEWEST:
        st.markdown(f"It came {count(after.occurrences, 'time')} so far: too few to tell what usually follows.")
    else:
        looked = count(after.occurrences, "occurrence")
        st.markdown(f"Nothing followed its newest {looked} more often than it follows anything else.")
    if not after.last:
        st.caption(f"After the newest one nothing else began {_HALF_HOUR}.")
        return
    with st.expander(f"What came after the newest one ({len(after.last)})", expanded=after.occurrences < FEWEST):
        for item in after.last:
            issue_link(item.issue.id, f"{_minutes(item.minutes)} later: {markdown(item.issue.title, 110)}")


def _follower(item: Follower, occurrences: int) -> None:
    when = f"{item.times} of {occurrences} times, about {_minutes(item.minutes)} later"
    issue_link(item.issue.id, f"{when}: {markdown(item.issue.title, 110)}")
    st.caption(f"{percent(item.usual)} of other moments are followed by it")


def _minutes(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes >= 1 else f"{minutes * 60:.0f} s"
