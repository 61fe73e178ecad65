"""The grammar as a whole: frames first, then every word that is more than letters, and words that name what follows.

Most words of a text are letters alone and need one look; the others (a mark or a digit in them, a capital inside) are
read by all patterns at once, in one alternation that is bounded to the word. Patterns are bounded, so that the time
grows with the length of the text and with nothing else.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from models.text.entities import codes, exceptions, libraries, lines, names, places, services
from models.text.entities.entity import Entity
from models.text.entities.frames import frames

#: Goes up with every change of what the grammar finds.
VERSION: Final = "grammar-1"
#: Characters of one word that are read: what is longer is data.
LONGEST: Final = 600

_WORD: Final = re.compile(r"[^\s\x00]+")
#: Numbers, times and ids: they name nothing, unless they are an address with three points in it.
_NUMBER: Final = re.compile(r"[\d:.,;+\-*%|=<>#^~TZ]*|[0-9a-f]{8,600}|[0-9a-f]{8}(?:-[0-9a-f]{4,12}){1,6}")


class _Alternation:
    """Patterns as one; the entity groups of each keep their label."""

    def __init__(self, patterns: Iterable[str]) -> None:
        numbered: list[str] = []
        count = 0
        for pattern in patterns:
            renamed, count = _renamed(pattern, count)
            numbered.append(renamed)
        # No name begins inside a word: one test for all of them.
        self.pattern = re.compile(rf"(?<!\w)(?:{'|'.join(numbered)})")
        self._siblings = _siblings(self.pattern, numbered)

    def take(self, match: re.Match[str], found: list[Entity]) -> None:
        for number, label in self._siblings[match.lastindex or 0]:
            start = match.start(number)
            if start >= 0:
                found.append(Entity(start, match.end(number), label))


def _siblings(whole: re.Pattern[str], parts: Iterable[str]) -> Mapping[int, tuple[tuple[int, str], ...]]:
    """Each group's number to all groups of its pattern, with their labels: of a match only these can be set."""
    siblings: dict[int, tuple[tuple[int, str], ...]] = {}
    for part in parts:
        names = re.findall(r"\(\?P<(\w+)>", part)
        group = tuple((whole.groupindex[name], name.rpartition("__")[0]) for name in names)
        siblings.update(dict.fromkeys((number for number, _ in group), group))
    return siblings


def _renamed(pattern: str, count: int) -> tuple[str, int]:
    """The pattern with its groups named LABEL__number, so that many patterns fit into one."""

    def rename(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"(?P<{match[1]}__{count}>"

    return re.sub(r"\(\?P<([A-Z_]+?)\d*>", rename, pattern), count


_IN_WORDS: Final = _Alternation(
    (
        *places.PATTERNS[:2],
        *libraries.PATTERNS,
        *exceptions.PATTERNS,
        *names.PATTERNS[:1],
        *places.PATTERNS[2:],
        *codes.PATTERNS,
        *names.PATTERNS[1:4],
        *services.PATTERNS,
        *names.PATTERNS[4:],
    )
)


def _phrases() -> dict[str, _Alternation]:
    patterns: dict[str, list[str]] = {}
    for module in (lines, codes, libraries, services, names):
        for word, pattern in module.PHRASES.items():
            patterns.setdefault(word, []).append(pattern)
    return {word: _Alternation(found) for word, found in patterns.items()}


_AFTER: Final = _phrases()
_STATUS: Final = _Alternation((codes.STATUS,))
_AFTER_ID: Final = _Alternation((names.AFTER_ID,))


def entities(text: str) -> list[Entity]:
    """Entities of a text in order of place, none over another; offsets are of the text as given."""
    found, covered = frames(text)
    for start, end in _gaps(covered, len(text)):
        _read(text, start, end, found)
    return _apart(found)


def _read(text: str, start: int, end: int, found: list[Entity]) -> None:
    """One pass over the words between two offsets."""
    for word in _WORD.finditer(text, start, end):
        letters = word.group()
        if letters.isalpha() and (letters.islower() or letters[1:].islower()):
            after = _AFTER.get(letters.lower())
        else:
            bare = letters.strip(".,:;!?\"'`()[]")
            after = _AFTER.get(bare.lower()) if len(bare) < 40 else None
            reads = not _is_plain(bare) or len(bare) + 2 < len(letters) or "(" in letters
            if reads and (not _NUMBER.fullmatch(bare) or letters.count(".") > 2):
                _word(text, word.start(), word.end(), found)
            if len(bare) == 3 and bare.isdecimal():
                after = _STATUS
            elif ":" in letters and letters[-1] == ":" and bare.lower() in ("spanid", "traceid", "span_id", "trace_id"):
                after = _AFTER_ID
        if after is not None:
            begin = word.start() + len(letters) - len(letters.lstrip(".,:;!?\"'`()["))
            match = after.pattern.match(text, begin, min(end, begin + LONGEST))
            if match:
                after.take(match, found)


def _is_plain(word: str) -> bool:
    """Letters without a capital inside, or capitals alone, which name nothing unless they are a code such as ENOENT."""
    return word.isalpha() and (
        word[1:].islower() or (word.isupper() and not (len(word) > 3 and word.startswith(("E", "SIG"))))
    )


def _word(text: str, start: int, end: int, found: list[Entity]) -> None:
    for match in _IN_WORDS.pattern.finditer(text, start, min(end, start + LONGEST)):
        _IN_WORDS.take(match, found)


def _gaps(covered: list[tuple[int, int]], size: int) -> Iterable[tuple[int, int]]:
    """What lies between the covered stretches."""
    at = 0
    for start, end in sorted(covered):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < size:
        yield at, size


def _apart(found: list[Entity]) -> list[Entity]:
    """In order of place; of those that overlap the earlier one, and of two that begin together the first found."""
    kept: list[Entity] = []
    at = 0
    for entity in sorted(found, key=lambda item: item.start):
        if entity.start >= at:
            kept.append(entity)
            at = entity.end
    return kept
