"""Jobs outside the web process: asked for, watched, cancelled, begun anew."""

from collections.abc import Callable

import streamlit as st

from app.bootstrap import services
from app.jobs.queue import KINDS
from app.storage.jobs import Job
from components import state
from components.plain import ago, markdown
from components.sidebar import View

_ICONS = {"queued": "○", "running": "◐", "done": "●", "failed": "✕", "cancelled": "–"}
#: Seconds between two looks while a job is under way.
_LOOK = 2.0


def panel(view: View) -> None:
    st.caption(
        "One job at a time, in a process of its own that `stacklens serve` starts (or `stacklens worker`). Every 30 days the "
        "accuracy is checked, every 91 the reader is fitted anew; a loss of 5 points or a drift does so at once."
    )
    for check in services().health.look().checks:
        if check.name == "Worker" and check.state != "ok":
            st.warning(markdown(f"Worker: {check.said}. What to do: {check.todo}."), icon=":material/warning:")
    newest = services().jobs.newest(1)
    columns = st.columns(len(KINDS))
    for column, (kind, what) in zip(columns, KINDS.items(), strict=True):
        column.button(kind.capitalize(), key=f"job_{kind}", on_click=state.write, args=(_asked(kind),))
        column.caption(what)
    under_way = any(not job.over for job in newest)
    st.fragment(_list, run_every=_LOOK if under_way else None)(view)


def _asked(kind: str) -> Callable[[str], str]:
    return lambda actor: f"job {services().jobs.add(kind, actor=actor)} is queued"


def _list(view: View) -> None:
    jobs = services().jobs.newest()
    if not jobs:
        st.caption("No job yet.")
    for job in jobs:
        _job(job, view)


def _job(job: Job, view: View) -> None:
    with st.container(border=True):
        left, right = st.columns([5, 1])
        when = job.ended_at or job.started_at or job.queued_at
        again = f", try {job.tries}" if job.tries > 1 else ""
        left.markdown(
            f"{_ICONS[job.state]} **{job.kind}** {job.state}{again}, {ago(when, view.now)}, for {markdown(job.actor, 40)}"
        )
        if job.state == "running":
            left.progress(min(max(job.progress, 0.0), 1.0))
        if job.said:
            left.caption(markdown(job.said, 600))
        if not job.over:
            right.button(
                "Cancel", key=f"cancel_{job.id}", on_click=state.write, args=(_cancelled(job),), disabled=job.cancel
            )
        elif job.state in ("failed", "cancelled"):
            right.button("Again", key=f"again_{job.id}", on_click=state.write, args=(_again(job),))


def _cancelled(job: Job) -> Callable[[str], str]:
    return lambda actor: f"job {job.id} is {services().jobs.cancel(job.id)}"


def _again(job: Job) -> Callable[[str], str]:
    def begin(actor: str) -> str:
        services().jobs.again(job.id)
        return f"job {job.id} is queued again"

    return begin
