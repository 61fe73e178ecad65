"""Submit: did it understand my log?"""

import streamlit as st

from app.bootstrap import services
from components import intake, state
from components.sidebar import view

shared = view()
state.show_notice()
st.subheader("Submit errors", anchor=False)
text_tab, file_tab = st.tabs(["Paste", "Upload a file"])
with text_tab:
    text = st.text_area(
        "Log lines, a stack trace, JSON events",
        key="pasted",
        height=220,
        placeholder="Paste anything: one error, or a whole log. Ctrl+Enter shows what was understood.",
    )
    if text.strip():
        intake.pasted(text, shared)
    else:
        st.caption(
            "What is pasted is read as text: nothing in it is run or fetched. Nothing is stored before you press Store."
        )
with file_tab:
    limit = services().settings.max_upload_mb
    files = st.file_uploader(f"Up to {limit} MB a file", accept_multiple_files=True, key="files")
    for file in files or []:
        intake.uploaded(file, shared)
intake.last_results(shared)
