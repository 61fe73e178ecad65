"""From the reading of a text and the level it was logged at to what the Inbox shows.

The reader judges the text alone. The level is the author's own word about it: it may raise or
lower the reading by at most a step, and a quiet line that nothing speaks against is routine.
"""

from dataclasses import dataclass
from typing import Final

from models.taxonomy import LEVELS, SEVERITIES

#: A line logged at or below "notice" is believed unless the reading is at least this sure.
SURE: Final = 0.6

#: Below it a reading is hardly more than a guess: alone, it wakes nobody.
GUESS: Final = 0.13

_QUIET: Final = frozenset(("trace", "debug", "info", "notice"))
_UP_TO_WARNING: Final = _QUIET | {"warning"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """`routine` lines are kept and counted, but do not ask for attention. `why` is for people."""

    severity: str
    routine: bool
    why: str


def judge(severity: str, confidence: float, level: str, has_trace: bool = False) -> Judgement:  # noqa: PLR0911 - one case a line
    """The severity to show for a reading (`severity`, `confidence` in [0, 1]) logged at `level`.

    `level` is one of `taxonomy.LEVELS` or "" where the line states none; then the text decides.
    """
    urgent = severity in ("critical", "high")
    if level in _QUIET and not has_trace:
        if urgent and confidence >= SURE:
            return Judgement("medium", False, f"logged as {level}, but the text reads {severity}")
        return Judgement("low", True, f"logged as {level}")
    if not level and not has_trace and urgent and confidence < GUESS:
        return Judgement("medium", False, f"the text reads {severity}, but that is hardly more than a guess")
    if level in _UP_TO_WARNING and severity == "critical" and confidence < SURE:
        return Judgement("high", False, f"logged as {level}; the text reads critical, but not surely")
    if level == "error" and severity == "low":
        return Judgement("medium", False, "the text reads low, but it was logged as an error")
    if level == "critical" and not urgent:
        return Judgement("high", False, f"the text reads {severity}, but it was logged as critical")
    return Judgement(severity, False, "read from the text")


def louder(one: str, other: str) -> str:
    """The louder of two levels; "" is below every level."""
    return max(one, other, key=lambda level: LEVELS.index(level) if level else -1)


def rank(severity: str) -> int:
    """0 for the most urgent severity."""
    return SEVERITIES.index(severity)
