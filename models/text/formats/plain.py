"""Plain lines: an optional timestamp of any common kind, an optional level word, and the text."""

import re
from typing import Final

from models.text.formats.head import DIGITS, Head, level_of
from models.text.times import DIGITS_FIRST, LETTERS_FIRST, NO_TIME, Times

#: PHP writes the name of the zone: "[04-Mar-2026 05:06:07 Europe/Berlin]".
_DIGITS: Final = re.compile(
    rf"[\[(<]?({DIGITS_FIRST})(?: [A-Z][a-z]{{1,20}}/[A-Za-z_]{{1,30}})?(?:[\])>:|,](?=[\s\[\-|:])|(?=[\s\]|\-]))", re.ASCII)
_LETTERS: Final = re.compile(rf"[\[(<]?({LETTERS_FIRST})(?:[\])>:|,](?=[\s\[\-|:])|(?=\s))", re.ASCII)
#: "[error] x", "ERROR: x", "error: x", "ERROR x", "| ERROR | x", "<Error> x"; groups: in brackets, bare, before ":".
_LEVEL: Final = re.compile(
    r"[\s\-|\]:]{0,8}(?:[\[<(]\s?([A-Za-z]{3,13})\s{0,8}[\]>)]:?|([A-Z]{3,13})(?=\s|\||\]|$)"
    r"|(?:PHP )?([A-Za-z]{3,13})(?: error)?\s?:(?=\s|$)\s{0,8})[ \t]?(?:[|\-][ \t])?"
)
#: Level words that are also common first words of a sentence; they count only in capitals or brackets.
_COMMON: Final = frozenset(("config", "log", "fine", "finer", "failed", "failure", "default", "alert"))
_OPENING: Final = frozenset("[(<")
_MARKS: Final = frozenset("[]<(-|:")


def read(line: str, times: Times) -> Head:
    """Always a Head: the last reader of all."""
    stamp, at = NO_TIME, 0
    first = line[:1]
    if first in DIGITS or (first in _OPENING and line[1:2] in DIGITS):
        found = _DIGITS.match(line)
    elif ":" in line[:32] and (first.isupper() or first in _OPENING):
        found = _LETTERS.match(line)
    else:
        found = None
    if found:
        stamp, at = times.read(found[1]), found.end()
    level, end = front_level(line, at)
    start = at + 1 if found and line[at : at + 1] == " " else at
    if not level:
        return Head(line[start:], stamp, prefixed=found is not None)
    return Head(line[end:], stamp, level, body=line[start:])


def front_level(line: str, at: int = 0) -> tuple[str, int]:
    """The level word at a place in a line and where the text after it starts; ("", at) where there is none."""
    found = _LEVEL.match(line, at)
    if found is None:
        return "", at
    bracketed, bare, before_colon = found.groups()
    word = bracketed or bare or before_colon
    if word in _COMMON or (not bracketed and word.lower() in _COMMON and not word.isupper()):
        return "", at
    level = level_of(word)
    return (level, found.end()) if level else ("", at)
