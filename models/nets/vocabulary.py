"""The technical vocabulary: 5,000 terms, and where a text uses them.

Terms are mined from our own templates, sentences that are no errors, and names of technologies. What
counts is in how many templates a term occurs, and how technical it is: written with digits, signs or
capitals inside (`x509`, `OOMKilled`, `ECONNREFUSED`), or unknown to the trunk's word pieces, which then
see only fragments of it. A term keeps the spelling in which it occurs most; matching ignores case, takes
the longest term at every place, and only whole words. Matches are in characters of the text as a person
sees it, and become tokens through the offsets that the fast tokenizer gives.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

TERMS: Final = 5_000
#: Characters of a term; longer "words" are paths and the like.
_LONGEST: Final = 48
_WORD: Final = re.compile(r"[A-Za-z0-9_]+(?:[.\-+:/][A-Za-z0-9_]+){0,4}")
#: Words too common to tell anything, also at the edges of a pair.
_PLAIN: Final = frozenset((
    "the", "and", "for", "with", "from", "that", "this", "was", "were", "has", "have", "had", "been", "are",
    "not", "you", "your", "its", "but", "our", "can", "will", "would", "could", "should", "after", "before",
    "into", "than", "then", "when", "while", "which", "who", "what", "where", "there", "here", "they", "them",
    "their", "his", "her", "she", "him", "all", "any", "some", "each", "every", "more", "most", "other", "such",
    "only", "own", "same", "too", "very", "just", "also", "did", "does", "doing", "being", "over", "under",
    "again", "once", "a", "an", "is", "it", "of", "on", "in", "to", "at", "by", "be", "or", "as", "if", "no",
    "so", "we", "he", "do", "my", "me", "up", "out", "off"
))
#: Same length in characters as the text, unlike `str.lower` (İ becomes two).
_LOWER: Final = str.maketrans({chr(65 + i): chr(97 + i) for i in range(26)})


class Vocabulary:
    """Terms and a matcher over all of them; a term's number is its place in the list."""

    def __init__(self, terms: Sequence[str]) -> None:
        self.terms = tuple(terms)
        self._matcher = ahocorasick_rs.AhoCorasick([_lower(term) for term in self.terms])

    def __len__(self) -> int:
        return len(self.terms)

    def spans(self, text: str) -> list[tuple[int, int, int]]:
        """(term number, start, end) in characters, in order, none over another: the longest at each place."""
        lower = _lower(text)
        found = [
            match for match in self._matcher.find_matches_as_indexes(lower, overlapping=True)
            if _whole(lower, match[1], match[2])
        ]
        kept: list[tuple[int, int, int]] = []
        for match in sorted(found, key=lambda match: (match[1], -match[2])):
            if not kept or match[1] >= kept[-1][2]:
                kept.append(match)
        return kept

    def of_tokens(self, text: str, offsets: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """(T,) for each token one more than the number of the term that it is a part of, 0 where it is of none."""
        numbers = np.zeros(len(offsets), dtype=np.int64)
        spans = self.spans(text)
        at = 0
        for token, (start, end) in enumerate(offsets):
            while at < len(spans) and spans[at][2] <= start:
                at += 1
            if at < len(spans) and end > start >= spans[at][1] and end <= spans[at][2]:
                numbers[token] = spans[at][0] + 1
        return numbers


def read_terms(file: Path) -> Vocabulary:
    """One term a line."""
    return Vocabulary([line for line in file.read_text(encoding="utf-8").split("\n") if line])


def mine(
    texts: Iterable[str], technologies: Iterable[str], pieces: Callable[[str], int], size: int = TERMS
) -> list[str]:
    """The `size` most useful terms of the texts, best first; every technology is among them.

    `texts`: one of each template. `pieces` says in how many word pieces the trunk splits a word.
    """
    count: Counter[str] = Counter()
    spelling: dict[str, Counter[str]] = {}
    for text in texts:
        found = {_lower(term): term for term in _candidates(text)}
        count.update(found.keys())
        for lower, term in found.items():
            spelling.setdefault(lower, Counter())[term] += 1
    worth = {term: number * _technical(_usual(spelling[term]), pieces) for term, number in count.items()}
    names = list(dict.fromkeys(_lower(name) for name in technologies if _lower(name) not in _PLAIN))
    ranked = [*names, *sorted(worth.keys() - set(names), key=lambda term: (-worth[term], term))]
    return [_usual(spelling[term]) if term in spelling else term for term in ranked[:size]]


def _candidates(text: str) -> Iterable[str]:
    """Words, and pairs of neighbours that only a blank parts."""
    last: re.Match[str] | None = None
    for match in _WORD.finditer(text):
        if _may_be(match.group()):
            yield match.group()
            if last and text[last.end() : match.start()] == " ":
                yield text[last.start() : match.end()]
            last = match
        else:
            last = None


def _may_be(word: str) -> bool:
    return 3 <= len(word) <= _LONGEST and not word.isdigit() and word.lower() not in _PLAIN


def _technical(term: str, pieces: Callable[[str], int]) -> float:
    """[1, 4]: how much a vector of its own can add; a pair counts by its harder word, a little less."""
    words = term.split(" ")
    marked = any(re.search(r"[0-9_.\-+:/]|[a-z][A-Z]|[A-Z]{2}", word) for word in words)
    broken = max(pieces(word) for word in words)
    return (1.0 + marked + min(broken - 1, 4) / 2) * (0.8 if len(words) > 1 else 1.0)


def _usual(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling))


def _lower(text: str) -> str:
    return text.translate(_LOWER)


def _whole(text: str, start: int, end: int) -> bool:
    """Whether the match starts and ends at the edge of a word."""
    before = start == 0 or not (_wordlike(text[start - 1]) and _wordlike(text[start]))
    return before and (end == len(text) or not (_wordlike(text[end]) and _wordlike(text[end - 1])))


def _wordlike(character: str) -> bool:
    return character.isalnum() or character == "_"
