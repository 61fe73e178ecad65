"""A JSON array on one long line, taken apart as it comes: every element is a line, and no more than two pieces are held."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from models.text.decode import MAX_LINE

_OPENS: Final = re.compile(r"\s{0,64}\[\s{0,64}(?=\{)").match
_BETWEEN: Final = re.compile(r"[\s,]*").match
_DECODER: Final = json.JSONDecoder()


def elements(lines: Iterable[str]) -> Iterator[str]:
    """The lines, with each long one that is an array of objects replaced by its elements.

    A long line comes in pieces of MAX_LINE characters (models/text/decode.py). What is left of an array that breaks off, is
    no JSON, or has an element longer than a piece, passes on as it is, in pieces.
    """
    pieces = iter(lines)
    for line in pieces:
        opening = _OPENS(line) if len(line) == MAX_LINE else None
        if opening is None:
            yield line
        else:
            yield from _taken_apart(line, opening.end(), pieces)


def _taken_apart(text: str, at: int, pieces: Iterator[str]) -> Iterator[str]:
    more = True
    while True:
        at = _BETWEEN(text, at).end()  # type: ignore[union-attr]  # matches the empty text too
        if text[at : at + 1] == "]":
            return
        try:
            _, end = _DECODER.raw_decode(text, at)
        except RecursionError:
            break
        except ValueError:  # not whole yet, or no JSON
            if not more or len(text) - at > MAX_LINE:
                break
            piece = next(pieces, "")
            more = len(piece) == MAX_LINE
            text, at = text[at:] + piece, 0
            continue
        yield text[at:end]
        at = end
    for start in range(at, len(text), MAX_LINE):
        yield text[start : start + MAX_LINE]
