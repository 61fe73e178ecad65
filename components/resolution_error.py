"""One error on the Resolutions page: what every action is worth, which one is suggested, and why."""

from typing import Any

import streamlit as st

from app.bootstrap import services
from app.domain import NotFound
from app.services.inbox import IssueDetail
from components import resolution_figures
from components.navigation import issue_link
from components.plain import ago, markdown, one_line, percent
from components.sidebar import View
from models.taxonomy import ACTION_WORDS, ACTIONS

CURRENT = "issue"  # also the name in the URL
_CHOICES = 200


def choose() -> int | None:
    """The issue that the URL names, or that is chosen from the newest open ones; None where there is none."""
    from app.storage.issues import IssueFilter

    page = services().inbox.page(IssueFilter(), limit=_CHOICES)
    titles = {issue.id: issue.title for issue in page.issues}
    wanted = st.query_params.get(CURRENT, "")
    if wanted.isdecimal() and int(wanted) not in titles:
        titles = {int(wanted): "", **titles}
    if not titles:
        return None
    ids = list(titles)
    place = ids.index(int(wanted)) if wanted.isdecimal() else 0
    chosen = st.selectbox(
        "Error", ids, index=place, key="resolution_issue", format_func=lambda i: f"{i}: {one_line(titles[i], 120)}"
    )
    st.query_params[CURRENT] = str(chosen)
    return int(chosen)


def card(issue_id: int, view: View) -> None:
    """Words where the issue is gone."""
    try:
        detail = services().inbox.detail(issue_id)
    except NotFound as error:
        st.info(markdown(str(error)), icon=":material/search_off:")
        return
    state = services().resolutions.state_of(issue_id)
    if state is None:
        st.info("This error waits to be embedded anew; until then the corpus alone orders its suggestions.")
        return
    values = services().resolutions.values(state)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        order = [item.action for item in detail.suggestions]
        figure = resolution_figures.actions(
            values, order, [item.action for item in detail.suggestions if item.rejected]
        )
        st.plotly_chart(figure, key="resolution_actions")
        with st.expander("The values as numbers"):
            st.dataframe(rows(detail, values), hide_index=True)
    with right:
        _chosen(detail)
        _why(state, issue_id, view)


def rows(detail: IssueDetail, values: dict[str, Any]) -> list[dict[str, Any]]:
    """One a suggestion, in the order shown."""
    names = {"corpus": "corpus", "linear": "linear", "dqn": "DQN", "q": "Q value"}
    return [
        {
            "action": ACTION_WORDS[item.action],
            **{
                word: round(float(values[name][ACTIONS.index(item.action)]), 3)
                for name, word in names.items()
                if name in values
            },
            "rejected": item.rejected,
            "past": item.past,
        }
        for item in detail.suggestions
    ]


def _chosen(detail: IssueDetail) -> None:
    first = detail.suggestions[0]
    with st.container(border=True, key=f"advice-resolution-{detail.issue.id}"):
        st.caption(f"Suggested by {markdown(services().suggestions.version)}")
        st.text(first.sentence)
        best = max(first.chances, key=lambda action: first.chances[action], default=first.action)
        chance = first.chances.get(first.action, 1.0)
        if first.action == best:
            st.caption(f"The best by its estimate; shown first with probability {percent(chance)}.")
        else:
            words = ACTION_WORDS[best]
            st.caption(f"Tried instead of “{words}”, to learn whether it does as well: one of {1 / chance:.0f} times.")
        if detail.issue.accepted_action:
            st.caption(f"Accepted: {ACTION_WORDS[detail.issue.accepted_action]}.")
        issue_link(detail.issue.id, f"Answer it in the Inbox: issue {detail.issue.id}")


def _why(state: Any, issue_id: int, view: View) -> None:
    st.markdown("**The nearest errors with an accepted action**")
    near = services().resolutions.nearest_accepted(state, issue_id)
    issues = services().store.issues.by_id([other for other, _, _ in near])
    worked = services().resolutions.clicks()[1]
    if not near:
        st.caption("Nothing like it was accepted yet: the order comes from the corpus and what was learnt in general.")
    for other, cosine, click in near:
        if other in issues:
            issue_link(other, f"{cosine:.2f} {markdown(issues[other].title, 100)}")
            ending = worked.get(click.step.entry, "").replace("_", " ")
            st.caption(f"{ACTION_WORDS[click.action]}, {ago(click.at, view.now)}" + (f", {ending}" if ending else ""))
