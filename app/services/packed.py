"""From packed bytes to unpacked ones, piece by piece: gzip, bzip2 and xz, damage told apart from an end."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

#: Bytes of a text read at once.
CHUNK: Final = 1 << 18
#: Bytes unpacked at once: what is lost of a damaged text in front of the damage.
PIECE: Final = 1 << 15
_XZ_MEMORY: Final = 128 << 20
ENDS_EARLY: Final = "it ends in the middle"


class Damaged(Exception):  # noqa: N818 - reads as what is the case
    """The bytes are not what they should be; the message says in what way."""


class _Decompressor(Protocol):
    """What bz2 and lzma offer."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Inflate:
    """zlib in the shape of the others."""

    def __init__(self, bits: int) -> None:
        self._zlib = zlib.decompressobj(bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = len(out) < max_length and not self._zlib.unconsumed_tail
        return out


@dataclass(frozen=True, slots=True)
class Codec:
    """`ratio` is the largest honest one, unpacked to packed bytes.

    Real logs reached 55 with gzip, 126 with bzip2 and 58 with xz; a retry that logs one line a hundred times a second
    270, 960 and 1,760. Zeros make 1,030 with gzip and 6,590 and more with the others.
    """

    name: str
    magic: bytes
    make: Callable[[], _Decompressor]
    ratio: int


def _xz() -> _Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


_CODECS: Final = (
    Codec("gzip", b"\x1f\x8b\x08", lambda: _Inflate(31), 500),
    Codec("bzip2", b"BZh", bz2.BZ2Decompressor, 3000),
    Codec("xz", b"\xfd7zXZ\x00", _xz, 3000),
)
#: How the members of a zip are packed, by the number of the method.
METHODS: Final = {
    8: Codec("deflate", b"", lambda: _Inflate(-15), 500),
    12: Codec("bzip2", b"", bz2.BZ2Decompressor, 3000),
    95: Codec("xz", b"", _xz, 3000),
}


class Bytes:
    """Bytes that come in chunks, read piece by piece. Damage counts once everything before it was read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""
        self.damage: Damaged | None = None

    def peek(self, size: int) -> bytes:
        """Up to `size` bytes, which stay."""
        if len(self._held) < size:
            parts = [self._held]
            missing = size - len(self._held)
            while missing > 0 and (chunk := self._next()):
                parts.append(chunk)
                missing -= len(chunk)
            self._held = b"".join(parts)
        return self._held[:size]

    def some(self, limit: int = PIECE) -> bytes:
        """What is at hand, at least a byte, at most `limit`; b"" at the end."""
        held = self._held or self._next()
        if not held and self.damage:
            raise self.damage
        self._held = held[limit:]
        return held[:limit]

    def exactly(self, size: int) -> bytes:
        """`size` bytes; Damaged if they end before."""
        got = self.peek(size)
        if len(got) < size:
            raise self.damage or Damaged(ENDS_EARLY)
        self._held = self._held[size:]
        return got

    def put_back(self, data: bytes) -> None:
        self._held = data + self._held

    def chunks(self) -> Iterator[bytes]:
        while chunk := self.some(CHUNK):
            yield chunk

    def skip(self) -> None:
        while self.some(PIECE):
            pass

    def skip_zeros(self) -> None:
        while (chunk := self.some()) and not (rest := chunk.lstrip(b"\0")):
            pass
        if chunk:
            self.put_back(rest)

    def _next(self) -> bytes:
        try:
            return next(self._chunks, b"")
        except Damaged as damage:
            self.damage = damage
            return b""


def within(data: Bytes, size: int) -> Iterator[bytes]:
    """The next `size` bytes; Damaged if they end before."""
    while size:
        chunk = data.some(min(size, PIECE))
        if not chunk:
            raise Damaged(ENDS_EARLY)
        size -= len(chunk)
        yield chunk


def codec_of(head: bytes) -> Codec | None:
    return next((codec for codec in _CODECS if head.startswith(codec.magic)), None)


def unpacked(data: Bytes, codec: Codec) -> Iterator[bytes]:
    """The pieces of one packed stream; what follows it stays."""
    packed = codec.make()
    while not packed.eof:
        given = data.some() if packed.needs_input else b""
        if packed.needs_input and not given:
            raise Damaged(ENDS_EARLY)
        try:
            piece = packed.decompress(given, PIECE)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, MemoryError) as error:
            raise Damaged("its bytes are damaged") from error
        if piece:
            yield piece
    data.put_back(packed.unused_data)
