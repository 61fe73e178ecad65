"""The event that is being read: its lines so far, and those that may turn out to belong to it."""

from typing import Final

from models.records import Event
from models.text.formats.head import BAD_TIME, LONG_EVENT, Head
from models.text.formats.plain import front_level
from models.text.times import UNREADABLE, Stamp
from models.text.traces import read_lines
from models.text.traces.language import Language

#: The largest event: more than any real trace, little enough for any memory.
MAX_LINES: Final = 2_000
MAX_CHARACTERS: Final = 256 * 1024
#: Lines of an exception's message that may stand between its first line and its first frame.
MAX_PENDING: Final = 100
MAX_GAP: Final = 20


class Occurrence:
    """`raws` are the lines as they came, `texts` the same without prefix (the first from the body on).

    `gap` are blank lines; `pending` lines (number, line, text) belong to it only if a frame follows. Both come after
    `raws`, the gap first. `head` is what the line says, `shown` the same with what its
    collector's prefix adds. `stamp` is the time where it is not that of `shown`.
    `cause` is a pending exception without its prefix.
    `owner` says that indented lines below belong to it, `indent` how deep it stands itself.
    """

    __slots__ = (
        "cause", "gap", "head", "indent", "language", "number", "owner", "pending", "problem", "raws", "shown", "size",
        "stamp", "texts")

    def __init__(
        self, number: int, line: str, head: Head, *, indent: int = 0, shown: Head | None = None, stamp: Stamp | None = None
    ) -> None:
        self.number = number
        self.head = head
        self.shown = shown or head
        self.stamp = stamp or self.shown.stamp
        self.indent = indent
        self.owner = not head.complete and (head.prefixed or head.level != "")
        self.language: Language | None = None
        self.problem = head.problem
        self.raws = [line]
        self.texts = [head.message if head.body is None else head.body]
        self.gap: list[str] = []
        self.cause = ""
        self.pending: list[tuple[int, str, str]] = []
        self.size = len(line)

    @property
    def after_blank(self) -> bool:
        return not self.pending[-1][2] if self.pending else bool(self.gap)

    def last(self) -> str:
        """The last text that is not blank, pending ones included."""
        texts = [text for _, _, text in self.pending] or self.texts
        return next((text for text in reversed(texts) if text), "")

    def join(self, line: str, text: str) -> bool:
        """Takes a line in, with the blank and the pending lines before it; False where it would grow too large."""
        if len(self.raws) + len(self.pending) >= MAX_LINES or self.size + len(line) > MAX_CHARACTERS:
            self.problem = LONG_EVENT
            return False
        if self.gap:
            self.raws.extend(self.gap)
            self.texts.extend("" for _ in self.gap)
            self.gap.clear()
        if self.pending:
            self.raws.extend(raw for _, raw, _ in self.pending)
            self.texts.extend(held for _, _, held in self.pending)
            self.pending.clear()
        self.raws.append(line)
        self.texts.append(text)
        self.size += len(line)
        return True

    def hold(self, number: int, line: str, text: str) -> bool:
        """Keeps a line until a frame shows that it belongs here; False where too many wait."""
        if len(self.pending) >= MAX_PENDING or self.size + len(line) > MAX_CHARACTERS:
            return False
        self.pending.append((number, line, text))
        self.size += len(line)
        return True

    def blank(self, number: int, line: str) -> None:
        if self.pending:
            self.hold(number, line, "")
        elif len(self.gap) < MAX_GAP:
            self.gap.append(line)

    def event(self, source_file: str) -> Event:
        head, stamp = self.shown, self.stamp
        message, trace = head.message, head.trace
        if len(self.texts) > 1:
            message = "\n".join((message, *self.texts[1:]))
        if self.language is not None:
            lead, found = read_lines(self.language, self.texts)
            if found.frames or found.exception_type:
                # The trace is looked for in the body, which has the level word in front of the message.
                message, trace = lead if head.body is None else lead[front_level(lead)[1]:], found
        problem = self.problem or (BAD_TIME if stamp.note is UNREADABLE else "")
        raw = self.raws[0] if len(self.raws) == 1 else "\n".join(self.raws)
        return Event(raw, message.strip(), head.format, stamp.time, stamp.note, head.level, head.service, head.host,
                     head.logger, trace, source_file, self.number, problem)
