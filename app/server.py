"""One ASGI process: REST under /api/v1, its page under /docs, the dashboard on everything else."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import streamlit as st
import streamlit.logger
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from streamlit import config

from app import logs
from app.api.application import build_api
from app.bootstrap import services
from app.jobs.child import WorkerProcess
from app.settings import ROOT, Settings
from components import page_failed

#: What Streamlit must be told before it starts; everything else is its default. Told by its own function: of variables of the
#: environment only its own command line takes notice, and .streamlit/config.toml is found only from this checkout's folder.
_STREAMLIT: Final[dict[str, bool | str]] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "viewer",
    "logger.enableRich": False,  # which prints what failed past every log, values that were pasted included
    "runner.postScriptGC": False,
    "server.fileWatcherType": "none",
    "server.headless": True,
}


def build_app(settings: Settings) -> FastAPI:
    """The application; the sample incident is loaded behind the first page when the store is new."""
    for name, value in (_STREAMLIT | {"server.maxUploadSize": settings.max_upload_mb}).items():
        config.set_option(name, value)
    dashboard = st.App(ROOT / "app" / "main.py", on_script_error=page_failed.say)

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


def _streamlit_logs_with_us() -> None:
    """Streamlit gives each of its loggers a handler of its own and lets nothing through; here they pass to ours.

    Its messages of a failed page would otherwise print what was pasted. It sets every logger up by this one function.
    """

    def adopt(logger: logging.Logger) -> None:
        own = logger.__dict__.pop("streamlit_console_handler", None)
        if own is not None:
            logger.removeHandler(own)
        logger.propagate = logger.name != "uvicorn.access"  # its lines hold the query; app/api/observing.py has ours

    streamlit.logger.setup_formatter = adopt
    streamlit.logger.update_formatter()


def serve(settings: Settings) -> None:
    """Runs until stopped."""
    logs.set_up(settings.log_format, settings.log_level)
    _streamlit_logs_with_us()
    uvicorn.run(
        build_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,  # its loggers pass to ours
        log_level=settings.log_level,
        access_log=False,  # ours has the request's id, and not the query, which holds what people paste
        ws_max_size=256 * 1024 * 1024,
    )
