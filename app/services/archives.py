"""From an upload's bytes to the texts in them: gzip, bzip2, xz, tar and zip, in one pass and constant memory.

Nothing is written to disk and no name is followed: a file's name is a label. Everything is read front to back, so
standard input works and a file that breaks off gives what came before.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.domain import InvalidInput
from app.services.containers import is_tar, read_tar, read_zip
from app.services.packed import CHUNK, Bytes, Codec, Damaged, codec_of, unpacked
from app.services.sources import binary_kind, storable
from models.text.decode import clean

#: Bytes of an archive read at once: so few that what was read is as good as what was unpacked.
_SIP: Final = 1 << 13
#: Unpacked bytes before the ratio is judged, and how far an archive is tried before anything of it is stored.
TRIED: Final = 64 << 20
MAX_MEMBERS: Final = 10_000
#: Archives within one another: logs.tar.gz is one, an app.log.1.gz in it the second.
_DEPTH: Final = 2
#: Bytes that are looked at to see what a text is.
_HEAD: Final = 1 << 13
_MAX_NAME: Final = 500
_SHOWN_NAME: Final = 120
#: Members that are named as damaged; the rest is counted together.
_MAX_NAMED: Final = 20

_LEFT_OUT: Final = "left out of the archive: "
_BROKEN_OFF: Final = "broken off"


@dataclass(frozen=True, slots=True)
class Member:
    """One text: the name that its events are stored under, and its bytes."""

    name: str
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Preview:
    """The first text of an upload: its name, and its first bytes. `packed` where it came out of an archive."""

    name: str
    head: bytes
    packed: bool


def preview(stream: BinaryIO, name: str, *, ceiling: int, size: int = _HEAD) -> Preview:
    """The first `size` bytes of the first text; unpacks no more than TRIED bytes to see whether it is a bomb.

    InvalidInput in words where the upload would be refused. `stream` is seekable and is left where it was.
    """
    start = stream.tell()
    problems: Counter[str] = Counter()
    source = Source(stream, name, problems=problems, ceiling=ceiling)
    first: Preview | None = None
    for member in source.members():
        head = _start(source, member, size if first is None else 0)
        if head and first is None:
            first = Preview(member.name, head, source.packed)
        if source.tried or (first and not source.packed):
            break
    stream.seek(start)
    if first is None and problems:
        said_so = " ".join(said(*problem) for problem in problems.items())
        raise InvalidInput(f"nothing in {name} can be read. {said_so}")
    return first or Preview(name, b"", source.packed)


def _start(source: "Source", member: Member, size: int) -> bytes:
    """The first `size` bytes of a member; of an archive the rest is unpacked too, as far as it is tried."""
    head = b""
    for chunk in member.chunks:
        head += chunk[: size - len(head)]
        if source.tried or (len(head) >= size and not source.packed):
            break
    return head


def said(reason: str, number: int) -> str:
    """A problem of an upload in a sentence: of the archive, or of lines that could not be read as their format."""
    if reason.startswith(_LEFT_OUT):
        return f"{number:,} {reason}."
    if reason.startswith(_BROKEN_OFF):
        return f"{reason[0].upper() + reason[1:] if number == 1 else f'{number:,} times {reason}'}; what came before is kept."
    return f"{number:,} times {reason}: kept as plain events."


class Source:
    """One upload: its texts one after another, and how much of it was read.

    `problems` is told what is left out or damaged. `ceiling` is the largest number of unpacked bytes.
    InvalidInput at once where it is no text and no archive, and at any moment where it turns out to be a bomb.
    """

    def __init__(
        self, stream: BinaryIO, name: str, *, problems: Counter[str], ceiling: int, size: int | None = None
    ) -> None:
        self._name = name
        self._problems = problems
        self._ceiling = ceiling
        self._size = size
        self._read = 0
        self._unpacked = 0
        self._ratio = 1
        self._kind = "unknown"
        self._members = 0
        self._damaged = 0
        self._last_damage: Damaged | None = None
        self._bytes, self._kind = self._opened(Bytes(self._packed(stream)))
        if self.packed and self._bytes.damage and not self._bytes.peek(1):
            raise InvalidInput(f"nothing in {name} can be read: {self._bytes.damage}")
        if self._kind not in ("", "tar", "zip"):
            within = "holds" if self._ratio > 1 else "is"
            raise InvalidInput(f"{name} {within} no text but {self._kind}: unpack it, or send the log itself")

    @property
    def packed(self) -> bool:
        """Whether it is an archive."""
        return self._ratio > 1 or bool(self._kind)

    @property
    def tried(self) -> bool:
        """Whether enough was unpacked to trust the rest."""
        return max(self._read, self._unpacked) > TRIED

    def share(self) -> float | None:
        """The part of the input, as it is packed, that was read: in [0, 1], None where its size is unknown."""
        return min(self._read / self._size, 1.0) if self._size else None

    def members(self) -> Iterator[Member]:
        """Every text; each must be read before the next is asked for (what is left of one is skipped)."""
        yield from self._texts(self._bytes, self._kind, self._name, depth=1)

    def _texts(self, data: Bytes, kind: str, name: str, *, depth: int) -> Iterator[Member]:
        if kind not in ("tar", "zip"):
            yield Member(name, self._guarded(data, name))
            return
        inner = read_tar(data) if kind == "tar" else read_zip(data, self._one)
        try:
            for label, part in inner:
                self._count()
                if isinstance(part, Bytes):
                    yield from self._member(part, f"{name}/{_label(label)}", depth=depth + 1)
                elif part:
                    self._left_out(part)
        except Damaged as damage:
            self._broken(name, damage)

    def _member(self, data: Bytes, name: str, *, depth: int) -> Iterator[Member]:
        """A member of a tar or zip, which may itself be packed; what is not asked for is skipped."""
        head = data.peek(_HEAD)
        if depth > _DEPTH and (codec_of(head) or _kind(head) in ("tar", "zip")):
            self._left_out("an archive in an archive in an archive")
        else:
            inner, kind = self._opened(data)
            if kind in ("", "tar", "zip"):
                yield from self._texts(inner, kind, name, depth=depth)
            else:
                self._left_out(f"no text but {kind}")
        try:
            data.skip()
        except Damaged as damage:
            self._broken(name, damage)

    def _opened(self, data: Bytes) -> tuple[Bytes, str]:
        """What is within gzip, bzip2 or xz, else the bytes themselves; and what they are ("" is text)."""
        codec = codec_of(data.peek(_HEAD))
        inner = Bytes(self._all(data, codec)) if codec else data
        return inner, _kind(inner.peek(_HEAD))

    def _guarded(self, data: Bytes, name: str) -> Iterator[bytes]:
        """The bytes up to where they are damaged."""
        try:
            yield from data.chunks()
        except Damaged as damage:
            self._broken(name, damage)

    def _left_out(self, why: str) -> None:
        self._problems[_LEFT_OUT + why] += 1

    def _broken(self, name: str, damage: Damaged) -> None:
        """Says it once: damage in a member is met again by the archive around it if that cannot go on."""
        if damage is self._last_damage:
            return
        self._last_damage = damage
        self._damaged += 1
        shown = name if len(name) <= _SHOWN_NAME else f"…{name[-_SHOWN_NAME:]}"
        where = f"in {shown} ({self._read / 1e6:,.1f} MB of the upload were read): {damage}"
        self._problems[f"{_BROKEN_OFF} {where if self._damaged <= _MAX_NAMED else 'in more places'}"] += 1

    def _count(self) -> None:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise InvalidInput(f"{self._name} holds more than {MAX_MEMBERS:,} files: send them in several archives")

    def _packed(self, stream: BinaryIO) -> Iterator[bytes]:
        while chunk := stream.read(_SIP if self.packed else CHUNK):
            self._read += len(chunk)
            yield chunk

    def _all(self, data: Bytes, codec: Codec) -> Iterator[bytes]:
        """Unpacked pieces of all streams that follow one another."""
        while True:
            yield from self._one(data, codec)
            data.skip_zeros()
            start = data.peek(len(codec.magic))
            if not start:
                return
            if start != codec.magic:
                raise Damaged(f"what follows its end is no {codec.name}")

    def _one(self, data: Bytes, codec: Codec) -> Iterator[bytes]:
        self._ratio = max(self._ratio, codec.ratio)
        for piece in unpacked(data, codec):
            self._measure(len(piece))
            yield piece

    def _measure(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > self._ceiling:
            raise InvalidInput(
                f"{self._name} unpacks to more than {self._ceiling / 1e6:,.0f} MB and was refused from there on: "
                "send it in parts, or raise STACKLENS_MAX_UNPACKED_MB"
            )
        if self._unpacked > TRIED and self._unpacked > self._ratio * self._read:
            raise InvalidInput(
                f"{self._name} is refused as a decompression bomb: {self._read / 1e6:,.1f} MB of it unpack to "
                f"{self._unpacked / 1e6:,.0f} MB and more, over {self._ratio} times as much; no log is that regular"
            )


def _kind(head: bytes) -> str:
    """ "tar", "zip", another kind of binary file, or "" for text."""
    return "tar" if is_tar(head) else binary_kind(head)


def _label(name: str) -> str:
    """A member's name as text: bounded, in one line, without what hides or reorders it."""
    shown = " ".join(clean(storable(name[: _MAX_NAME * 4])).split())
    return shown if len(shown) <= _MAX_NAME else f"…{shown[-_MAX_NAME:]}"
