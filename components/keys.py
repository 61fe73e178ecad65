"""Moving through the list with J and K, and the legend of all keys."""

import streamlit as st

from app.services.inbox import InboxPage
from components import issue_list


def move_keys(page: InboxPage, current: int | None) -> None:
    ids = [issue.id for issue in page.issues]
    place = ids.index(current) if current in ids else -1
    st.button(
        "Next",
        shortcut="J",
        key="next",
        icon=":material/arrow_downward:",
        disabled=place + 1 >= len(ids),
        on_click=issue_list.go_to,
        args=(ids[min(place + 1, len(ids) - 1)],),
    )
    st.button(
        "Back",
        shortcut="K",
        key="previous",
        icon=":material/arrow_upward:",
        disabled=place <= 0,
        on_click=issue_list.go_to,
        args=(ids[max(place - 1, 0)],),
    )
    with st.popover("Keys", icon=":material/keyboard:"):
        st.markdown(
            "**J K** next, previous  \n**A X** accept, reject the suggestion  \n**1-9, 0** accept this action instead  \n"
            "**U** undo  \n**W** acknowledge  \n**S** resolve now  \n**Y N E** worked: yes, no, something else  \n**O** reopen  \n"
            "While you type in a field, letters are text."
        )
