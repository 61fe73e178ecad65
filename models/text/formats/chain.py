"""Chooses the format of a line: the layout of the line before first, then those that can start like it."""

from models.text.formats import AUTO, PLAIN, READERS, plain
from models.text.formats.head import MARKED, NOT_THE_FORMAT, Head, Reader, has_level
from models.text.times import Times


class Chain:
    """Reads the heads of lines of one source. `format` is AUTO, PLAIN or the name of a Reader's format.

    `last` is the layout of the line before; what a line is read as depends on nothing else.
    """

    def __init__(self, format: str, times: Times) -> None:
        self._times = times
        self._readers = tuple(reader for reader in READERS if format in (AUTO, reader.format))
        self._by_first: dict[str, tuple[Reader, ...]] = {}
        self.last: Reader | None = None
        self._named = format not in (AUTO, PLAIN)

    def read(self, line: str) -> Head:
        """The head of a line that is not blank."""
        first = line[0]
        last = self.last
        if last is not None and first in last.first:
            head = last.read(line, self._times)
            if head is not None and not head.problem:
                return head
        problem = NOT_THE_FORMAT if self._named else ""
        leveled: bool | None = None
        front = line[:MARKED]
        for reader in self._starting_with(first):
            if reader.mark not in front:
                continue
            if reader.leveled:
                leveled = has_level(line) if leveled is None else leveled
                if not leveled:
                    continue
            head = reader.read(line, self._times)
            if head is None:
                continue
            if not head.problem:
                self.last = reader
                return head
            problem = head.problem
        head = plain.read(line, self._times)
        return head._replace(problem=problem) if problem else head

    def _starting_with(self, first: str) -> tuple[Reader, ...]:
        readers = self._by_first.get(first)
        if readers is None:
            readers = tuple(reader for reader in self._readers if first in reader.first)
            if len(self._by_first) < 1_000:
                self._by_first[first] = readers
        return readers
