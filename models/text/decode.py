"""From bytes or text to lines, in constant memory whatever the input, and text made fit to show."""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

#: Characters of the longest line; what is longer comes in pieces of this length.
MAX_LINE: Final = 1 << 20
#: Bytes decoded at once, however large the chunks are that come in.
_SLICE: Final = 1 << 18

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNWANTED: Final = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)"  # OSC, DCS and the like: titles, links
    r"|\x1b[ -/]{0,8}[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    # Soft hyphen, zero-width, direction and tag characters hide or reorder text; a lone surrogate cannot be stored.
    r"|[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def iter_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a byte stream without their ends (\\n or \\r\\n).

    UTF-8 with or without BOM, UTF-16 and UTF-32 by their BOM; invalid bytes become U+FFFD. A line longer than
    MAX_LINE comes in pieces of that length: all but the last have exactly MAX_LINE characters, nothing is dropped.
    """
    yield from _split(_decoded(chunks))


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, lazily; ends and long lines as in `iter_lines`."""
    start, size = (1 if text.startswith("\ufeff") else 0), len(text)
    while start < size:
        end = text.find("\n", start)
        if end < 0:
            end = size
        if end - start > MAX_LINE:
            yield from _pieces(text, start, end)
        else:
            yield text[start:end].removesuffix("\r")
        start = end + 1


def clean(text: str) -> str:
    """The text without terminal escapes, control characters (except \\n and \\t) and invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    return _UNWANTED.sub("", text)


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    slices = (chunk[at : at + _SLICE] for chunk in chunks for at in range(0, len(chunk), _SLICE))
    front = b""
    for piece in slices:
        front += piece
        if len(front) >= 4:
            break
    decoder = codecs.getincrementaldecoder(_encoding(front))(errors="replace")
    yield decoder.decode(front)
    for piece in slices:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _encoding(front: bytes) -> str:
    return next((name for mark, name in _BOMS if front.startswith(mark)), "utf-8-sig")


def _split(texts: Iterable[str]) -> Iterator[str]:
    """Lines of a text that comes in parts; holds back at most one piece of MAX_LINE and a part."""
    rest = ""
    for text in texts:
        if "\n" not in text:
            rest += text
            while len(rest) > MAX_LINE:
                yield rest[:MAX_LINE]
                rest = rest[MAX_LINE:]
            continue
        lines = (rest + text).split("\n")
        rest = lines.pop()
        for line in lines:
            if len(line) > MAX_LINE:
                yield from _pieces(line, 0, len(line))
            else:
                yield line.removesuffix("\r")
    if rest:
        yield from _pieces(rest, 0, len(rest))


def _pieces(text: str, start: int, end: int) -> Iterator[str]:
    if end > start and text[end - 1] == "\r":
        end -= 1
    for at in range(start, max(end, start + 1), MAX_LINE):
        yield text[at : min(at + MAX_LINE, end)]
