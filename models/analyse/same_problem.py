"""Are two signatures one problem? A score from their parts, a strict rule for joining them, and the reason in words.

The score is a weighted mean over the parts that either has (exception types, message, calls) and the cosine of their
embeddings; it orders what is shown as similar. Joining is stricter than any threshold on it, for a wrong join hides a problem
while a missed one costs a click: the parts must be equal but for one call or for names (a table, a field, a class) in the same
places of the same words. Words that say what went wrong (codes, exception types, services and hosts, plain words) are no names.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from models.records import Signature
from models.text.normalise import MASK

#: What each part counts in the score where both signatures have it.
WEIGHTS: Final = {"exception": 0.2, "message": 0.3, "frames": 0.3, "meaning": 0.2}
#: Cosine below which nothing is joined, however alike the words are.
MEANING: Final = 0.8
#: Calls that two traces must have before one of them may differ; words that a message must have per name that differs.
CALLS: Final = 4
WORDS_PER_NAME: Final = 5
#: Words of a message that are compared.
_WORDS: Final = 120

_SEPARATOR: Final = " < "
#: snake_case, dotted.names, camelCase or CamelCase, `quoted`, /a/path: what programs call things.
_NAME: Final = re.compile(
    r"[\"'`\[(]{0,2}(?:[a-z]\w{0,60}_\w{1,60}|[A-Za-z]\w{0,60}(?:[.$/]\w{1,60}){1,12}|/?\w{1,60}(?:/[\w.]{1,60}){1,12}"
    r"|[a-z]{1,40}[A-Z]\w{0,60}|[A-Z][a-z0-9]{1,40}[A-Z]\w{0,60}|(?<=[\"'`])\w{2,60})[\"'`\])]{0,2}[,.:;]?"
)
#: Names that say what went wrong, or where: another of these is another problem.
_TELLING: Final = re.compile(
    r"(?i)error|exception|fail|timeout|timed|denied|refused|oom|killed|fatal|warn|https?:|\.(?:com|net|org|io|local|svc|internal)\b"
    r"|[-.](?:db|api|svc|service)\b|:\d|^\W{0,2}(?-i:[A-Z0-9_]{3,})\W{0,2}$"
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`score` in [0, 1], higher = more alike; `shares` (part, its part of the score) sum to it. `joins`: they are one problem.

    `reason` says why they join, or what they share.
    """

    score: float
    joins: bool
    reason: str
    shares: tuple[tuple[str, float], ...]


def compare(one: Signature, other: Signature, cosine: float) -> Comparison:
    """Compares two signatures; `cosine` in [-1, 1] is that of their embeddings."""
    mine, theirs = dict(one.parts), dict(other.parts)
    alike = {
        "exception": _overlap(_split(mine.get("exception")), _split(theirs.get("exception"))),
        "message": _matched(_words(mine.get("message")), _words(theirs.get("message"))),
        "frames": _matched(_split(mine.get("frames")), _split(theirs.get("frames"))),
        "meaning": max(cosine, 0.0),
    }
    present = {part: WEIGHTS[part] for part in WEIGHTS if part == "meaning" or mine.get(part) or theirs.get(part)}
    total = sum(present.values())
    shares = tuple((part, weight * alike[part] / total) for part, weight in present.items())
    reason = "the same signature" if one.key == other.key else _joined(mine, theirs, cosine)
    return Comparison(sum(share for _, share in shares), bool(reason), reason or _shared(alike, mine), shares)


def difference(one: Signature, other: Signature) -> list[str]:
    """The parts of two signatures side by side, as lines of a unified diff: "  " both, "- " the one, "+ " the other."""
    mine, theirs = dict(one.parts), dict(other.parts)
    lines: list[str] = []
    for part in ("exception", "message", "frames"):
        if mine.get(part) or theirs.get(part):
            lines += [f"@@ {part}", *_aligned(_pieces(part, mine.get(part)), _pieces(part, theirs.get(part)))]
    return lines


def _aligned(one: Sequence[str], other: Sequence[str]) -> Iterator[str]:
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (f"  {piece}" for piece in one[a:b])
        else:
            yield from (f"- {piece}" for piece in one[a:b])
            yield from (f"+ {piece}" for piece in other[c:d])


def _pieces(part: str, text: str | None) -> list[str]:
    """A message is one piece, shown whole; types and calls are one each."""
    return [text] if text and part == "message" else _split(text)


def _joined(mine: dict[str, str], theirs: dict[str, str], cosine: float) -> str:
    """Why the two are one problem, "" where they are not."""
    if cosine < MEANING or mine.get("exception", "") != theirs.get("exception", ""):
        return ""
    calls, other_calls = _split(mine.get("frames")), _split(theirs.get("frames"))
    named = _other_names(_words(mine.get("message")), _words(theirs.get("message")))
    if named is None or (mine.get("message", "") != theirs.get("message", "") and not named):
        return ""
    if calls == other_calls:
        return f"same {'frames' if calls else 'template'}, other name: {_names(named)}" if named else ""
    if named or not calls or not other_calls:
        return ""
    return "same frames but one" if _one_apart(calls, other_calls) else ""


def _other_names(words: Sequence[str], others: Sequence[str]) -> tuple[tuple[str, str], ...] | None:
    """The names in which two messages differ, () for equal ones, None where they differ in anything else."""
    if words == others:
        return ()
    if len(words) != len(others):
        return None
    differ = tuple({pair: None for pair in zip(words, others, strict=True) if pair[0] != pair[1]})
    plain = [word for word in words if word != MASK and word.isalpha()]
    if len(plain) < WORDS_PER_NAME * len(differ) or not all(_is_name(word) for pair in differ for word in pair):
        return None
    return differ


def _is_name(word: str) -> bool:
    return bool(_NAME.fullmatch(word)) and not _TELLING.search(word)


def _names(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{one.strip(_AROUND)} and {other.strip(_AROUND)}" for one, other in pairs)


_AROUND: Final = "\"'`[](),.:;"


def _one_apart(calls: Sequence[str], others: Sequence[str]) -> bool:
    """Whether one call was put in, left out or replaced, and there are enough others."""
    shorter, longer = sorted((list(calls), list(others)), key=len)
    if len(shorter) < CALLS or len(longer) - len(shorter) > 1 or shorter[0] != longer[0]:
        return False
    same_front = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    return shorter[same_front + (len(shorter) == len(longer)):] == longer[same_front + 1:]


def _shared(alike: dict[str, float], mine: dict[str, str]) -> str:
    equal = [part for part in ("exception", "message", "frames") if mine.get(part) and alike[part] == 1.0]
    return "same " + " and ".join(equal) if equal else ""


def _matched(one: Sequence[str], other: Sequence[str]) -> float:
    """Ratcliff and Obershelp's ratio of two sequences, in [0, 1]."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio() if one and other else 0.0


def _overlap(one: Sequence[str], other: Sequence[str]) -> float:
    both = {*one, *other}
    return len({*one} & {*other}) / len(both) if both else 0.0


def _split(text: str | None) -> list[str]:
    return text.split(_SEPARATOR) if text else []


def _words(text: str | None) -> list[str]:
    return (text or "").split()[:_WORDS]
