"""From a paste or a file to the store: preview, story card, progress with cancel, result."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pandas as pd
import streamlit as st

from app.bootstrap import services
from app.domain import InvalidInput, StackLensError
from app.services.archives import Preview, preview
from app.services.ingest import Progress
from app.storage.uploads import Upload
from components import build_failure, redaction, state, uploads
from components.navigation import path
from components.plain import clock, count, markdown, one_line
from components.sidebar import View
from components.story import story_card
from models.records import Event
from models.text.decode import iter_lines
from models.text.parse import parse_text

_PREVIEW_CHARACTERS = 200_000
_PREVIEW_ROWS = 8
#: Where what was marked in the paste is kept.
PASTE = "paste"
_JOBS = "intake_jobs"
#: Beginnings of files by the id of the upload, so many of the latest.
_FIRST_TEXTS = "intake_first_texts"
_KEPT_FIRST_TEXTS = 20


@dataclass
class _Job:
    """One ingestion in the background; the page polls it."""

    name: str
    progress: Progress | None = None
    upload: Upload | None = None
    error: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)


def pasted(text: str, view: View) -> None:
    """The preview of a paste and, for a single error, its story; redacted as it will be stored."""
    shown = redaction.redacted(text[:_PREVIEW_CHARACTERS], PASTE)
    events = _preview(shown, view)
    if len(events) == 1 and len(text) <= _PREVIEW_CHARACTERS:
        try:
            story_card(services().analysis.analyse(shown), view)
        except StackLensError as error:
            st.warning(markdown(str(error)))
    _store_button("store_text", _store_text(text, redaction.marked(PASTE)))


def uploaded(file: Any, view: View) -> None:
    """What is in a file: the first text of an archive; in words, where it would be refused."""
    st.markdown(f"**{markdown(file.name)}**, {file.size / 1e6:,.1f} MB")
    first = _first_text(file)
    if isinstance(first, str):
        st.error(markdown(first, 600))
        return
    if not first.head.strip():
        st.warning(f"{markdown(file.name)} is empty.")
        return
    if first.packed:
        st.caption(f"Packed. The beginning of {markdown(first.name)}:")
    _preview(redaction.redacted("\n".join(iter_lines([first.head])), file.file_id), view)
    _store_button(f"store_{file.file_id}", _store_file(file))


def _first_text(file: Any) -> Preview | str:
    """The beginning of the first text in a file, or why it is refused; unpacked once, not at every click."""
    kept: dict[str, Preview | str] = st.session_state.setdefault(_FIRST_TEXTS, {})
    if file.file_id not in kept:
        try:
            kept[file.file_id] = preview(
                BytesIO(file.getvalue()),
                file.name,
                ceiling=services().ingest.max_unpacked,
                size=_PREVIEW_CHARACTERS,
            )
        except InvalidInput as error:
            kept[file.file_id] = str(error)
        while len(kept) > _KEPT_FIRST_TEXTS:
            kept.pop(next(iter(kept)))
    return kept[file.file_id]


def _store_button(key: str, action: Callable[[str], str]) -> None:
    st.button("Store", type="primary", key=key, icon=":material/save:", on_click=state.write, args=(action,))


def last_results(view: View) -> None:
    """Jobs of this session, the newest first: running ones with progress and cancel, ended ones with their counts."""
    jobs: list[_Job] = st.session_state.get(_JOBS, [])
    if any(job.upload is None and not job.error for job in jobs):
        _running()
    for job in reversed(jobs):
        if job.upload is not None:
            _result(job.upload)
        elif job.error:
            st.error(f"{markdown(job.name)}: {markdown(job.error)}")


def _preview(text: str, view: View) -> list[Event]:
    """What was detected, live: the formats, the first events, and what could not be read."""
    events = parse_text(text, now=time.time())
    formats = pd.Series([event.format for event in events]).value_counts()
    said = ", ".join(f"{name} ({number})" for name, number in formats.items())
    st.markdown(
        f"Understood as {count(len(events), 'event')}: {markdown(said)}"
        + (
            f", {sum(bool(event.trace) for event in events)} with a stack trace"
            if any(event.trace for event in events)
            else ""
        )
    )
    bad = pd.Series([event.problem for event in events if event.problem]).value_counts()
    for reason, number in bad.items():
        st.caption(f"{number} times {markdown(str(reason))}: kept as plain events.")
    build_failure.why_it_failed(events)
    if len(events) > 1:
        st.dataframe([_preview_row(event, view) for event in events[:_PREVIEW_ROWS]], hide_index=True)
        if len(events) > _PREVIEW_ROWS:
            st.caption(f"The first {_PREVIEW_ROWS} of {len(events):,}.")
    return events


def _preview_row(event: Event, view: View) -> dict[str, str]:
    return {
        "time": clock(event.time, view.zone) if event.time is not None else "none: time of arrival",
        "level": event.level,
        "service": event.service,
        "format": event.format,
        "exception": event.exception_type,
        "message": one_line(event.message, 160),
        "assumed": event.time_note,
    }


def _store_text(text: str, extra: tuple[str, ...]) -> Any:
    def start(actor: str) -> str:
        return _start(
            "pasted text",
            lambda job: services().ingest.text(
                text,
                actor=actor,
                extra=extra,
                progress=lambda progress: _report(job, progress),
                cancelled=job.cancel.is_set,
            ),
        )

    return start


def _store_file(file: Any) -> Any:
    extra = redaction.marked(file.file_id)

    def start(actor: str) -> str:
        stream = BytesIO(file.getvalue())  # shares the bytes; each job reads from its own place
        return _start(
            file.name,
            lambda job: services().ingest.stream(
                stream,
                actor=actor,
                name=file.name,
                source="file",
                size=file.size,
                extra=extra,
                progress=lambda progress: _report(job, progress),
                cancelled=job.cancel.is_set,
            ),
        )

    return start


def _report(job: _Job, progress: Progress) -> None:
    job.progress = progress


def _start(name: str, work: Any) -> str:
    job = _Job(name)

    def run() -> None:
        try:
            job.upload = work(job)
        except (StackLensError, OSError, ValueError) as error:
            job.error = str(error)
        except Exception as error:  # the page must learn that the thread ended, whatever it was
            job.error = f"the upload failed ({type(error).__name__}); what was stored before it stays under this upload"
            raise

    threading.Thread(target=run, name="intake", daemon=True).start()
    st.session_state.setdefault(_JOBS, []).append(job)
    return f"Storing {one_line(name, 60)}"


@st.fragment(run_every=0.5)
def _running() -> None:
    running = [job for job in st.session_state.get(_JOBS, []) if job.upload is None and not job.error]
    if not running:
        st.rerun()
    for number, job in enumerate(running):
        bar, stop = st.columns([6, 1], vertical_alignment="bottom")
        at = job.progress
        words = (
            f"{at.lines:,} lines, {at.new_signatures:,} new signatures"
            if at
            else "reading; the first error also wakes the models"
        )
        bar.progress((at.done or 0.0) if at else 0.0, f"{markdown(job.name, 60)}: {words}")
        stop.button(
            "Cancel",
            key=f"cancel_{number}",
            on_click=job.cancel.set,
            help="what is stored already stays, and can be removed",
        )


def _result(upload: Upload) -> None:
    with st.container(border=True):
        word = {"done": "Stored", "cancelled": "Cancelled"}.get(upload.state, upload.state.capitalize())
        st.markdown(f"**{word}: {markdown(upload.name)}**. {uploads.counts(upload)}")
        uploads.problems(upload)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                path("inbox"),
                label="Open in the Inbox",
                icon=":material/inbox:",
                query_params={"upload": str(upload.id)},
            )
            uploads.remove_button(upload)
