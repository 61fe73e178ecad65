"""Takes the lines of one source and makes events of them: unwraps, chooses the format, joins what belongs together."""

from typing import Final, NamedTuple

from models.records import Event
from models.text.decode import MAX_LINE, clean
from models.text.formats import AUTO, PLAIN, json_lines, table, windows
from models.text.formats.blocks import MAX_LINES, Block, JsonBlock, WindowsBlock
from models.text.formats.chain import Chain
from models.text.formats.head import BROKEN_JSON, LONG_LINE, Head, Reader
from models.text.formats.joining import continued, indented, may_go_on
from models.text.formats.occurrence import MAX_CHARACTERS, Occurrence
from models.text.formats.table import Rows
from models.text.formats.wrap import COMPOSE, WRAPPERS, Wrapped, unwrap
from models.text.front import Shape, Shapes, front_of
from models.text.times import Times
from models.text.traces import language_of, may_open

_INDENT: Final = frozenset(" \t")


class Known(NamedTuple):
    """How lines of one shape are read while the layout of the line before is `last`."""

    last: Reader | None
    head: Head


class Parked(NamedTuple):
    """What is being read of one container while the lines of others come in between."""

    wrapped: Wrapped
    open: Occurrence | None = None
    block: Block | None = None
    in_array: bool = False
    since: int = 0

    @property
    def first(self) -> int:
        """The number of its first line."""
        return self.block.lines[0][0] if self.block is not None else self.open.number if self.open is not None else self.since


#: Containers whose unfinished events wait while others write, and lines of others for which they do.
MAX_CONTAINERS, MAX_SILENCE = 32, 200


class Assembler:
    """`feed` takes the lines one by one; finished events collect in `done`. `format` as in `read_events`."""

    def __init__(self, format: str, now: float, source_file: str) -> None:
        self.done: list[Event] = []
        self._format = format
        self._times = Times(now)
        self._chain = Chain(format, self._times)
        self._inner = self._chain if format == AUTO else Chain(AUTO, self._times)
        self._source_file = source_file
        self._open: Occurrence | None = None
        self._number = 0
        self._in_long_line = False
        self._wraps = format == AUTO or format in WRAPPERS
        self._wrapped: Wrapped | None = None
        self._partial: list[tuple[int, str, str]] = []
        self._parked: dict[tuple[str, str, str], Parked] = {}
        self._late: list[Event] = []
        self._block: Block | None = None
        self._in_array = False
        self._rows: Rows | None = Rows(format) if format in (AUTO, table.NAME) else None
        self._shapes: Shapes[Known] = Shapes()

    def feed(self, line: str) -> None:
        self._number += 1
        if self._rows is not None:
            self._row(self._number, line)
        elif self._simple():
            self._look_up(self._number, line)
        else:
            self._take(self._number, line)
            if (self._parked or self._late) and self.done:
                self._in_order()

    def finish(self) -> None:
        if self._rows is not None:
            for number, line, head in self._rows.finish(self._times):
                self._add(number, line, head)
        self._flush()
        current, waited = self._wrapped, bool(self._parked or self._late)
        while self._parked:
            self._resume(self._parked.pop(next(iter(self._parked))))
            self._flush()
        self._wrapped = current
        if waited:
            self._in_order()

    def _flush(self) -> None:
        """Finishes what is being read of the current container or file."""
        self._flush_partial()
        while self._block is not None or self._open is not None:
            if self._block is not None:
                self._end_block(self._block)
            self._close()

    def _switch(self, before: Wrapped, wrapped: Wrapped) -> None:
        """Another container goes on where it was interrupted; a trace that is open in this one waits for its next line."""
        self._flush_partial()
        if self._unfinished():
            self._parked[before.source] = Parked(before, self._open, self._block, self._in_array, self._number)
        else:
            self._flush()
        next_one = self._parked.pop(wrapped.source, None) or Parked(wrapped)
        while self._parked:
            source, oldest = next(iter(self._parked.items()))
            if len(self._parked) <= MAX_CONTAINERS and self._number - oldest.since <= MAX_SILENCE:
                break
            self._resume(self._parked.pop(source))
            self._flush()
        self._resume(next_one)

    def _unfinished(self) -> bool:
        event = self._open
        trace = event is not None and bool(event.language or event.pending or may_open(event.last()))
        return trace or self._block is not None or self._in_array

    def _resume(self, parked: Parked) -> None:
        self._wrapped, self._open, self._block, self._in_array, _ = parked

    def _in_order(self) -> None:
        """Events wait for those of other containers that began before them."""
        self._late += self.done
        self._late.sort(key=lambda event: event.source_line)
        first = min((parked.first for parked in self._parked.values()), default=self._number + 1)
        first = min(first, self._open.number) if self._open is not None else first
        ready = sum(event.source_line < first for event in self._late)
        self.done[:], self._late = self._late[:ready], self._late[ready:]

    def _simple(self) -> bool:
        """Whether nothing but the event before and the layout bear on how a line is read."""
        return self._wrapped is None and self._block is None and not (self._in_array or self._in_long_line)

    def _look_up(self, number: int, line: str) -> None:
        """A line that differs from an earlier one in its time alone needs no reading: it begins an event as that did."""
        front, event = front_of(line), self._open
        if front is None or event is None or event.language is not None or event.pending:
            self._take(number, line)
            return
        shape, time = front
        known = self._shapes.get(shape)
        if known is not None and known.last is self._chain.last:
            stamp = self._times.read(time)
            if stamp.time is not None:
                self.done.append(event.event(self._source_file))
                self._open = Occurrence(number, line, known.head, stamp=stamp)
                return
        self._take(number, line)
        if self._open is not None and self._open.number == number and self._simple():
            self._learn(shape, time, self._open)

    def _learn(self, shape: Shape, time: str, event: Occurrence) -> None:
        """Remembers the line that `event` begins with if no event without a trace would take it in, whatever its time."""
        head, rest = event.head, shape[1]
        alone = event.shown is head and event.indent == 0 and head.prefixed and not (event.problem or event.language)
        said = head.message and head.message[0] not in _INDENT and language_of(head.message) is None and not may_go_on(head)
        apart = all(part in rest for part in (head.message, head.body or "", head.service, head.host, head.logger))
        if alone and said and apart and head.stamp.time is not None and head.stamp == self._times.read(time):
            self._shapes.remember(shape, Known(self._chain.last, head))

    def _row(self, number: int, line: str) -> None:
        """A line while the source may be, or is, a table."""
        rows = self._rows
        if rows is None or rows.take(number, line):
            for at, raw, head in rows.ready(self._times) if rows else ():
                self._add(at, raw, head)
            return
        self._rows = None
        for at, held in (*rows.held, (number, line)):
            self._take(at, held)

    def _add(self, number: int, line: str, head: Head) -> None:
        self.done.append(Occurrence(number, line, head).event(self._source_file))

    def _take(self, number: int, line: str) -> None:
        text = clean(line)
        if not text or text.isspace():
            self._blank(number, line)
        elif self._in_long_line or len(line) >= MAX_LINE:
            self._long(number, line, text)
        elif self._wraps:
            self._unwrap(number, line, text)
        else:
            self._whole(number, line, text)

    def _unwrap(self, number: int, line: str, text: str) -> None:
        before, wrapped = self._wrapped, unwrap(text, self._wrapped)
        if wrapped is not None and self._format not in (AUTO, wrapped.format):
            wrapped = None
        if (wrapped and wrapped.source) != (before and before.source):
            if wrapped and before and wrapped.format == before.format == COMPOSE:
                self._switch(before, wrapped)
            else:
                self.finish()  # another collector, or none
        self._wrapped = wrapped
        if wrapped is None:
            self._whole(number, line, text)
        elif wrapped.partial:
            self._partial.append((number, line, wrapped.text))
            if sum(len(part) for _, part, _ in self._partial) > MAX_CHARACTERS:
                self._flush_partial()
        elif self._partial:
            self._partial.append((number, line, wrapped.text))
            self._flush_partial()
        elif not wrapped.text or wrapped.text.isspace():
            self._blank(number, line)
        else:
            self._whole(number, line, wrapped.text)

    def _flush_partial(self) -> None:
        """The pieces that the container runtime made of one line are one line again."""
        if self._partial:
            parts, self._partial = self._partial, []
            text = "".join(text for _, _, text in parts)
            self._whole(parts[0][0], "\n".join(line for _, line, _ in parts), text if text.strip() else "-")

    def _whole(self, number: int, line: str, text: str) -> None:
        """A line without a collector's prefix, which may be part of a record over several lines."""
        if self._block is not None:
            if self._block.take(number, line, text):
                if self._block.done:
                    self._end_block(self._block)
                return
            self._end_block(self._block)
        if self._in_array:
            if text.strip() in ("]", ",", "],") and self._open is not None and self._open.join(line, ""):
                return
            self._in_array = text.lstrip()[0] == "{"
        block = self._opened(text)
        if block is None or not block.take(number, line, text):
            self._line(number, line, text)
            return
        self._close()
        self._block = block
        if block.done:
            self._end_block(block)

    def _opened(self, text: str) -> Block | None:
        if text[0] in "{[ \t" and self._format != PLAIN and (self._in_array or JsonBlock.opens(text.strip())):
            block = JsonBlock()
            block.in_array = self._in_array
            return block
        return WindowsBlock() if text[0] == "L" and windows.opens(text) and self._may_be(windows.NAME) else None

    def _may_be(self, format: str) -> bool:
        return self._format in (AUTO, format) or self._wrapped is not None

    def _end_block(self, block: Block) -> None:
        """The record of a block; lines that make none are read one by one."""
        self._block = None
        wanted = self._may_be(json_lines.NAME if isinstance(block, JsonBlock) else windows.NAME)
        head = block.head(self._times) if wanted else None
        if head is None:
            for number, line, text in block.lines:
                if text:
                    self._line(number, line, text, blocks=False)
                else:
                    self._blank(number, line)
            return
        while self._open is not None:
            self._close()
        self._in_array = isinstance(block, JsonBlock) and block.in_array
        number, line, _ = block.lines[0]
        self._begin(number, line, head, 0)
        if self._open is not None:
            self._open.raws.extend(line for _, line, _ in block.lines[1:])

    def _line(self, number: int, line: str, text: str, *, blocks: bool = True) -> None:
        event, depth = self._open, 0
        if text[0] in _INDENT:
            bare = text.lstrip()
            depth = len(text) - len(bare)
            if event is not None and depth > event.indent and indented(event, number, line, text[event.indent:]):
                return
            text = bare
        head = self._read(text)
        if event is not None:
            if not event.head.complete and continued(event, number, line, text, head):
                return
            waited = bool(event.pending)
            self._close()
            if waited:  # the lines that waited are events now, and this one may continue the last of them
                self._line(number, line, " " * depth + text, blocks=blocks)
                return
        if head.problem is BROKEN_JSON and blocks and JsonBlock.may_open(text):
            self._block = JsonBlock()
            self._block.take(number, line, text)
            return
        self._begin(number, line, head, depth)
        if not head.prefixed and self._open is not None:
            self._open.language = language = language_of(text)
            if language is not None and language.header_at(text) != 0:
                self._open.indent = 0  # below the frames, the exception stands further left

    def _read(self, text: str) -> Head:
        return (self._chain if self._wrapped is None else self._inner).read(text)

    def _dressed(self, head: Head) -> Head:
        """The head with what the collector's prefix says."""
        wrapped, stamp = self._wrapped, head.stamp
        if wrapped is None:
            return head
        if stamp.time is None and not stamp.note and wrapped.time:
            stamp = self._times.read(wrapped.time)
        return head._replace(stamp=stamp, service=head.service or wrapped.service, format=wrapped.format)

    def _begin(self, number: int, line: str, head: Head, depth: int) -> None:
        if head.more:
            for raw, record in head.more:
                self._add(number, raw, self._dressed(record))
        else:
            self._open = Occurrence(number, line, head, indent=depth, shown=self._dressed(head))

    def _blank(self, number: int, line: str) -> None:
        event = self._open
        if self._block is not None and len(self._block.lines) < MAX_LINES:
            self._block.lines.append((number, line, ""))
        elif not line or line.isspace():
            if event is not None:
                event.blank(number, line)
        elif event is not None and (event.hold(number, line, "") if event.pending else event.join(line, "")):
            return  # control characters or a collector's prefix: kept, but says nothing
        else:
            self.finish()
            self._open = Occurrence(number, line, Head("", prefixed=False))

    def _long(self, number: int, line: str, text: str) -> None:
        """A line that was cut: its first piece is read, the others are text."""
        self.finish()
        head = Head(text) if self._in_long_line else self._read(text)
        self._open = Occurrence(number, line, self._dressed(head)._replace(complete=True, problem=LONG_LINE))
        self._in_long_line = len(line) >= MAX_LINE

    def _close(self) -> None:
        """Finishes the event; lines that waited for a frame in vain are read again, as lines of their own."""
        event, self._open = self._open, None
        if event is not None:
            self.done.append(event.event(self._source_file))
            for number, line, text in event.pending:
                if text:
                    self._line(number, line, text, blocks=False)
                else:
                    self._blank(number, line)
