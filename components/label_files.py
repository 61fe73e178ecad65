"""Labels as files, and how far they have come: learning curve, accuracy on the audit sample."""

from math import isnan

import streamlit as st

from app.bootstrap import services
from app.services.label_files import as_jsonl
from components import exports, state
from components.label_figures import accuracy
from components.plain import count, markdown, percent
from components.sidebar import View

_LARGEST = 20 * 1_000_000


def files() -> None:
    """Out as CSV or JSON Lines, in as either."""
    rows = services().label_files.rows()
    st.markdown(f"**{count(len(rows), 'label')}**, one a person and text")
    with st.container(horizontal=True):
        st.download_button("CSV", lambda: exports.as_csv(rows), "labels.csv", "text/csv", disabled=not rows, key="labels_csv",
                           icon=":material/download:", on_click="ignore")  # fmt: skip
        st.download_button("JSON Lines", lambda: as_jsonl(rows), "labels.jsonl", "application/jsonl", disabled=not rows,
                           key="labels_jsonl", icon=":material/download:", on_click="ignore")  # fmt: skip
    with st.form("labels_in", clear_on_submit=True):
        file = st.file_uploader("Labels", type=["jsonl", "csv"], key="labels_file",
                                help="columns: signature or text, severity, category, annotator")  # fmt: skip
        if st.form_submit_button("Import", icon=":material/upload:") and file is not None:
            if file.size > _LARGEST:
                st.error("A file of labels is at most 20 MB.")
            else:
                state.write(lambda actor: _import(file.name, file.getvalue(), actor))
                st.rerun()
    for reason in st.session_state.pop("labels_refused", ()):
        st.caption(f":material/block: {markdown(reason)}")


def progress(view: View) -> None:
    """What is labelled, what is left, and how right the reader is."""
    target = st.slider("Target accuracy", 0.5, 0.99, 0.9, 0.01, key="label_target", width=320)
    cells = st.columns(2)
    for cell, part in zip(cells, ("category", "severity"), strict=True):
        left = services().learning.labels_left(part, target)
        number = "?" if left.left is None else f"{left.left:,}"
        cell.metric(f"Labels left for {part}", number, help="median; the interval is 90 %")
        bounds = (
            ""
            if left.low is None
            else f" {left.low:,} to {'any number' if left.high is None else format(left.high, ',')};"
        )
        now = (
            ""
            if isnan(left.accuracy)
            else f" now {percent(left.accuracy)} on labelled texts that it had not seen;"
        )
        cell.caption(f"{bounds}{now} {markdown(left.why)}")
    st.caption(
        "Labels of the queue are biased by its selection: it asks what is hard, so these figures are lower than the accuracy "
        "in general. Only the audit sample, drawn at random and labelled blind, says how good the reader is:"
    )
    spans = {part: services().audit.accuracy_over_time(part) for part in ("category", "severity")}
    if not any(spans.values()):
        st.info("No text of the audit sample is labelled yet: see the tab Audit.", icon=":material/casino:")
        return
    st.plotly_chart(accuracy(spans, view.zone), key="audit_accuracy")


def _import(name: str, data: bytes, actor: str) -> str:
    found = services().label_files.read(name, data.decode("utf-8-sig", errors="replace"), actor=actor)
    st.session_state["labels_refused"] = found.reasons
    return f"{count(found.stored, 'label')} stored, {found.known} known already, {found.refused} refused"
