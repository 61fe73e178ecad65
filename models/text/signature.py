"""From an event to its signature: what it shares with the events of its kind, and what the encoder sees of it.

An event without a stack trace is its normalised message. One with a trace is its exception types,
its normalised message and its innermost calls of the program's own code (models/text/own_frames.py),
without line numbers: they move with every release. A pure function, versioned with the normaliser.
"""

import hashlib
import re
from functools import lru_cache
from itertools import groupby, islice
from typing import Final

from models.records import Event, Frame, Signature, Trace
from models.text.decode import clean
from models.text.normalise import MASK, MAX_CHARACTERS, normalise
from models.text.normalise import VERSION as NORMALISER
from models.text.own_frames import own_frames

VERSION: Final = f"{NORMALISER}/signature-2"

#: Innermost calls that tell two traces apart.
FRAMES: Final = 5
#: Exceptions of a chain that do, the one that reached the top first.
TYPES: Final = 5
#: Characters that the encoder is given: 128 tokens are rarely more.
ENCODED: Final = 700

#: Numbers that compilers and proxies put into names: lambda$save$3, $Proxy88, Class$$EnhancerBySpring$$1a2b.
_GENERATED: Final = re.compile(r"\$\$[\w$]{1,80}|\$?\d{1,12}|@[0-9a-f]{4,16}")


def signature(event: Event) -> Signature:
    """The signature of an event."""
    if event.trace is None:
        return _of_message(normalise(event.message or _readable(event.raw)))
    return _of_parts(_trace_parts(event, event.trace))


def encoder_text(kind: Signature) -> str:
    """What the encoder sees: the parts in the order of what matters, without placeholders, at most ENCODED characters."""
    parts = dict(kind.parts)
    text = ": ".join(part for part in (parts.get("exception", ""), parts.get("message", "")) if part)
    if parts.get("frames"):
        text = f"{text} at {parts['frames']}"
    readable = " ".join(text.replace(MASK, " ").split())
    return readable[:ENCODED] or kind.text[:ENCODED]


@lru_cache(maxsize=8_192)
def _of_message(normalised: str) -> Signature:
    """Most events of a log share their normalised message with many others."""
    return _of_parts((("message", normalised),))


def _of_parts(parts: tuple[tuple[str, str], ...]) -> Signature:
    text = "\n".join(part for _, part in parts if part) or MASK
    return Signature(_key(text), text, VERSION, parts)


def _trace_parts(event: Event, trace: Trace) -> tuple[tuple[str, str], ...]:
    types = [kind for kind in dict.fromkeys((trace.exception_type, *trace.causes)) if kind]
    return (
        ("exception", " < ".join(types[:TYPES])),
        ("message", normalise(_readable(trace.message or event.message))),
        ("frames", " < ".join(_calls(trace.frames))),
    )


def _readable(text: str) -> str:
    """As much of a text as the normaliser looks at, without control characters."""
    return clean(text[:MAX_CHARACTERS])


def _calls(frames: tuple[Frame, ...]) -> list[str]:
    """The innermost calls of the program itself; a call that repeats itself, as in a recursion, counts once."""
    return [call for call, _ in islice(groupby(map(_call, own_frames(frames))), FRAMES)]


def _call(frame: Frame) -> str:
    place = frame.module.rsplit(".", 1)[-1] or re.split(r"[/\\]", frame.file)[-1]
    return _GENERATED.sub("", f"{place}.{frame.function}" if place else frame.function)


def _key(text: str) -> str:
    return hashlib.blake2b(f"{VERSION}\0{text}".encode(errors="replace"), digest_size=16).hexdigest()
