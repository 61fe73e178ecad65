"""What a grammar finds, and how its patterns say where: named groups, the name of a group being the label."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from models.taxonomy import ENTITIES


class Entity(NamedTuple):
    """Characters `start` to `end` (exclusive) of the given text, and one of `taxonomy.ENTITIES`."""

    start: int
    end: int
    label: str


#: A pattern that needs a label twice numbers the groups: FILE, FILE2, FILE3.
LABEL_OF_GROUP: Final = {
    label + number: label for label in ENTITIES for number in ("", "2", "3", "4", "5", "6", "7", "8", "9")
}


def labelled_groups(pattern: re.Pattern[str]) -> tuple[tuple[int, str], ...]:
    """The groups that mark an entity, in order of place in the pattern."""
    return tuple(
        (number, LABEL_OF_GROUP[name]) for name, number in pattern.groupindex.items() if name in LABEL_OF_GROUP
    )


def of_match(match: re.Match[str], groups: tuple[tuple[int, str], ...]) -> Iterator[Entity]:
    for number, label in groups:
        start, end = match.span(number)
        if start < end:
            yield Entity(start, end, label)
