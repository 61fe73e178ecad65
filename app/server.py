"""One ASGI process: REST under /api/v1, its page under /docs, the dashboard on everything else."""

import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from app import logs
from app.api.application import build_api
from app.bootstrap import services
from app.jobs.child import WorkerProcess
from app.settings import ROOT, Settings

#: What Streamlit must be told before it starts; everything else is its default.
_STREAMLIT = {
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "none",
    "STREAMLIT_CLIENT_TOOLBAR_MODE": "viewer",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    "STREAMLIT_SERVER_HEADLESS": "true",
}


def build_app(settings: Settings) -> FastAPI:
    """The application; the sample incident is loaded behind the first page when the store is new."""
    for name, value in _STREAMLIT.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", str(settings.max_upload_mb))
    dashboard = st.App(ROOT / "app" / "main.py")

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[dict[str, Any]]:
        parts = services()
        if settings.sample:
            threading.Thread(target=_load_sample, name="sample", daemon=True).start()
        worker = WorkerProcess()
        if settings.worker:
            worker.start()
        async with dashboard.lifespan()(api) as state:
            yield state or {}
        if settings.worker:
            worker.stop()
        parts.close()

    api = build_api(settings, lifespan)
    api.add_route("/inbox", _first_page, include_in_schema=False)
    api.mount("/", dashboard)
    return api


async def _first_page(request: Request) -> RedirectResponse:
    """The Inbox is the page at /; its name as an address leads there too, with the issue or filter that it carries."""
    return RedirectResponse(request.url.replace(path="/"))


def _load_sample() -> None:
    try:
        services().sample.load_if_first()
    except Exception:
        logging.getLogger(__name__).exception("the sample incident could not be loaded; the store works without it")


def serve(settings: Settings) -> None:
    """Runs until stopped."""
    logs.set_up(settings.log_format, settings.log_level)
    uvicorn.run(
        build_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        ws_max_size=256 * 1024 * 1024,
    )
