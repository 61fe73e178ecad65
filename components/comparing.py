"""Two errors beside each other: what their parts share, what differs, and what each part counts in how alike they are."""

import streamlit as st

from app.bootstrap import services
from app.services.analysis import Similar
from app.services.inbox import IssueDetail

_KEY = "compared_with"
#: What the parts of the score are called.
_NAMES = {"exception": "exception types", "message": "message", "frames": "calls", "meaning": "meaning (embedding)"}


def compare_button(detail: IssueDetail, item: Similar) -> None:
    st.button(
        "Compare",
        key=f"compare_{item.issue.id}",
        icon=":material/difference:",
        type="tertiary",
        help="what the two share and where they differ; again to close",
        on_click=_toggle,
        args=(detail.issue.id, item.signature_id),
    )


def comparison(detail: IssueDetail, item: Similar) -> None:
    """The difference view, where it was asked for."""
    if st.session_state.get(_KEY) != (detail.issue.id, item.signature_id):
        return
    lines, found = services().inbox.compare(detail.signature, item)
    with st.container(border=True, key=f"difference_{item.issue.id}"):
        st.code("\n".join(lines), language="diff", wrap_lines=True)
        shares = ", ".join(f"{_NAMES[part]} {share:.2f}" for part, share in found.shares)
        st.caption(
            f"The same error by {found.score:.2f} of 1, the sum of {shares}. “-” is this error, “+” is issue {item.issue.id}."
        )


def _toggle(issue_id: int, signature_id: int) -> None:
    chosen = (issue_id, signature_id)
    st.session_state[_KEY] = None if st.session_state.get(_KEY) == chosen else chosen
