"""From lines to Events: the entry of the pipeline. The formats are in `formats`, the stack traces in `traces`."""

from collections.abc import Iterable, Iterator
from typing import Final

from models.records import Event
from models.text.array_lines import elements
from models.text.decode import lines_of
from models.text.formats import AUTO, NAMES
from models.text.formats.assembly import Assembler

#: The names that `format` may have besides "auto", in the order they are tried.
FORMATS: Final[tuple[str, ...]] = NAMES


def read_events(lines: Iterable[str], *, now: float, source_file: str = "", format: str = AUTO) -> Iterator[Event]:
    """The events of lines, in order; ValueError for an unknown `format`, nothing raised for any content.

    `now` (UTC seconds) only completes times without a year. Memory is bounded by one event.
    """
    if format != AUTO and format not in FORMATS:
        raise ValueError(f"unknown format {format!r}: choose one of {', '.join((AUTO, *FORMATS))}")
    return _events(lines, Assembler(format, now, source_file))


def parse_text(text: str, *, now: float) -> list[Event]:
    """The events of a whole text."""
    return list(read_events(elements(lines_of(text)), now=now))


def _events(lines: Iterable[str], assembler: Assembler) -> Iterator[Event]:
    done, feed = assembler.done, assembler.feed
    for line in lines:
        feed(line)
        if done:
            yield from done
            done.clear()
    assembler.finish()
    yield from done
