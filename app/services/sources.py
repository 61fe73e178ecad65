"""What a source says about its events before a line is read: that it is no text, and which service wrote it."""

import re
from typing import Final

#: How files begin that are no text, and what to do with them.
_MAGIC: Final = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF-": "PDF",
    b"\x7fELF": "ELF",
    b"SQLite format 3\x00": "SQLite",
}
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
#: Share of control characters above which bytes are no text. A log may hold a few, and runs of NUL after a crash.
_CONTROLS: Final = 0.1
_CONTROL: Final = bytes(code for code in range(1, 32) if code not in b"\t\n\r\f\x08\x1b")

#: Ends of file names that say how a file was written or rotated, not by whom.
_ENDING: Final = re.compile(
    r"(?:\.(?:log|txt|out|err|json|jsonl|ndjson|csv|syslog|gz|bz2|xz|zst|old|bak|\d{1,8})|[-_.]\d{4}-?\d\d-?\d\d(?:[T_.-]?\d{0,6})?"
    r"|[-_.](?:stdout|stderr|error|errors|log|logs))$",
    re.IGNORECASE,
)
_SERVICE: Final = re.compile(r"[A-Za-z][\w.\-]{1,59}$")
#: File names that every service uses.
_GENERIC: Final = frozenset(
    (
        "app",
        "application",
        "server",
        "service",
        "client",
        "web",
        "main",
        "log",
        "logs",
        "logfile",
        "message",
        "messages",
        "syslog",
        "error",
        "errors",
        "access",
        "debug",
        "info",
        "warn",
        "warning",
        "audit",
        "trace",
        "system",
        "kern",
        "kernel",
        "daemon",
        "auth",
        "user",
        "default",
        "output",
        "out",
        "err",
        "stdin",
        "stdout",
        "stderr",
        "console",
        "nohup",
        "test",
        "tests",
        "sample",
        "data",
        "dump",
        "upload",
        "file",
        "all",
        "combined",
        "current",
        "journal",
        "events",
        "rest",
    )
)


def storable(text: str) -> str:
    """The text with halves of surrogate pairs replaced: neither a database nor a tokenizer takes them."""
    return text if text.isascii() else text.encode("utf-8", errors="replace").decode("utf-8")


def binary_kind(start: bytes) -> str:
    """What the first bytes of a file are if they are no text ("gzip", "binary"), else ""."""
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    if start.startswith(_WIDE) or not start:
        return ""
    text = start.replace(b"\0", b"")
    controls = len(text) - len(text.translate(None, _CONTROL))
    nuls = len(start) - len(text)
    mixed = nuls > len(start) // 4 and b"\0\0\0\0" not in start  # UTF-16 without a mark: every other byte
    return "binary" if controls > _CONTROLS * max(len(text), 1) or mixed else ""


def service_of_file(name: str) -> str:
    """The service that a file name names: "orders-db.2024-05-01.log.gz" is of orders-db, "app.log" of nobody known."""
    stem = re.split(r"[/\\]", name)[-1]
    while (shorter := _ENDING.sub("", stem)) and shorter != stem:
        stem = shorter
    return stem if _SERVICE.match(stem) and stem.lower() not in _GENERIC and not stem.startswith(".") else ""
