"""The program's own log: lines or JSON on stderr, and the newest warnings kept for the System page.

What is pasted, uploaded or sent must not come to lie there: messages are redacted, and of an exception only its kind and its way
are written. A line names the request that it belongs to.
"""

import json
import logging
import time
import traceback
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

from models.text.redact import redact

#: Warnings and errors that are kept in memory.
KEPT: Final = 100
_LONGEST: Final = 2_000
#: Frames of an exception, and kinds of its causes.
_FRAMES: Final = 12
_CAUSES: Final = 5

#: The id of the request that is being answered, "" outside one.
request_id: ContextVar[str] = ContextVar("request_id", default="")


@dataclass(frozen=True, slots=True)
class Line:
    """`at` in UTC seconds; `text` of at most 2,000 characters."""

    at: float
    level: str
    logger: str
    text: str
    request: str


class Newest(logging.Handler):
    """Keeps the last KEPT records of level WARNING and above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: deque[Line] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(Line(record.created, record.levelname.lower(), record.name, _text(record), request_id.get()))

    def lines(self) -> list[Line]:
        """The newest first."""
        return list(reversed(self._lines))


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC, ISO 8601), level, logger, message, request, and what `extra={"fields": ...}` gives."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        found = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _text(record),
        }
        if request_id.get():
            found["request"] = request_id.get()
        return json.dumps(found | getattr(record, "fields", {}), ensure_ascii=False, default=str)


class Lines(logging.Formatter):
    """For people: time, level, message, and what `extra={"fields": ...}` gives."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        more = "".join(f" {name}={value}" for name, value in getattr(record, "fields", {}).items())
        request = f" request={request_id.get()}" if request_id.get() else ""
        return f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')}Z {record.levelname:<7} {_text(record)}{more}{request}"


#: What the System page shows of this process.
newest: Final = Newest()


def set_up(style: Literal["text", "json"], level: str) -> None:
    """For a process that serves: everything to stderr in one form. Streamlit's and uvicorn's own lines too."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if style == "json" else Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler, newest]
    root.setLevel(logging.WARNING)
    logging.getLogger("stacklens").setLevel(level.upper())
    for name in ("app", "components", "models", "pages"):
        logging.getLogger(name).setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _text(record: logging.LogRecord) -> str:
    """The message, redacted; of an exception its kinds and the places it went through, never its message: a parser's or a
    database's quotes what it was given. An OSError's own words come from the system and stay."""
    message, _ = redact(record.getMessage()[: 2 * _LONGEST])
    if record.exc_info and record.exc_info[1] is not None:
        message = f"{message}: {_kinds(record.exc_info[1])} {' < '.join(_frames(record.exc_info[2]))}"
    return message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"


def _kinds(error: BaseException | None) -> str:
    said: list[str] = []
    while error is not None and len(said) < _CAUSES:
        words = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        said.append(f"{type(error).__name__}{words}")
        error = error.__cause__ or error.__context__
    return " from ".join(said)


def _frames(trace: TracebackType | None) -> list[str]:
    """The innermost first."""
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in reversed(frames)]
