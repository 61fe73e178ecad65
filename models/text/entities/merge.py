"""How the grammar's and the recogniser's entities become one list: per label, decided on training data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from models.text.entities.entity import Entity

#: What the grammar finds of a label goes before the model's, fills what the model leaves free, or is dropped.
Rule = Literal["first", "fill", "drop"]
RULES: Final[tuple[Rule, ...]] = ("fill", "first", "drop")


@dataclass(frozen=True, slots=True)
class Merge:
    """`rules` holds labels whose rule is not `default`; of `without` nothing is taken from the model."""

    default: Rule = "first"
    rules: Mapping[str, Rule] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    def rule(self, label: str) -> Rule:
        return self.rules.get(label, self.default)

    def of(self, grammar: Sequence[Entity], model: Sequence[Entity]) -> list[Entity]:
        """In order of place, none over another."""
        kept = [item for item in grammar if self.rule(item.label) == "first"]
        _add(kept, [item for item in model if item.label not in self.without])
        _add(kept, [item for item in grammar if self.rule(item.label) == "fill"])
        return sorted(kept)


def _add(kept: list[Entity], more: Sequence[Entity]) -> None:
    """Those that lie over none of the kept ones; both lists are without overlap."""
    taken = {place for item in kept for place in range(item.start, item.end)}
    kept.extend(item for item in more if taken.isdisjoint(range(item.start, item.end)))


#: By the figures on the card: in prose the model adds to every label, in lines of a log it takes plain words for functions
#: and variables.
PROSE: Final = Merge()
LOGGED: Final = Merge(without=frozenset(("FUNCTION", "VARIABLE")))
_LOGGED: Final = re.compile(r"\n|\d\d:\d\d|[=\[{|]|\b(?:ERROR|WARN|WARNING|INFO|FATAL|DEBUG|CRITICAL)\b")


def merged(text: str, grammar: Sequence[Entity], model: Sequence[Entity]) -> list[Entity]:
    """Both, by the rule for what the text looks like: a sentence, or lines of a log.

    A text that points to lines of code says by its form what it names, so nothing is added to it.
    """
    if any(item.label == "LINE" for item in grammar):
        return list(grammar)
    return (LOGGED if _LOGGED.search(text) else PROSE).of(grammar, model)
