"""From the bytes of a tar or a zip to its files, in the order in which they lie there.

A zip is read by the headers in front of its files, not by the directory at its end: so it need not be whole nor
seekable, and bytes that the directory lists twice are unpacked once. Only the directory marks a symbolic link: it is
read as one short text, its target.
"""

import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from app.services.packed import ENDS_EARLY, METHODS, Bytes, Codec, Damaged, within

#: Bytes of a header that only holds a long name.
_MAX_EXTENSION: Final = 1 << 20
_LOCAL, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
#: What may follow the last member of a zip: its directory.
_DIRECTORY: Final = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08")

#: What unpacks one stream, leaving what follows it.
_Unpack = Callable[[Bytes, Codec], Iterator[bytes]]
#: A member's name with its bytes, or with why it is left out ("" where there is nothing to say).
_Parts = Iterator[tuple[str, Bytes | str]]


def read_tar(data: Bytes) -> _Parts:
    block = tarfile.BLOCKSIZE
    long: dict[str, str] = {}
    while (head := data.peek(block)).strip(b"\0"):
        try:
            info = tarfile.TarInfo.frombuf(data.exactly(block), "utf-8", "replace")
        except tarfile.HeaderError as error:
            raise Damaged("a header is damaged") from error
        if info.type in _NAMING:
            long |= _long_name(data, info)
            continue
        name, size = long.get("path") or info.name, _size(info, long)
        sparse = info.type == tarfile.GNUTYPE_SPARSE or "sparse" in long
        long = {}
        body = Bytes(within(data, size if info.type not in _EMPTY else 0))
        if info.type in _REGULAR and not sparse:
            yield name, body
        else:
            yield name, "" if info.isdir() else "sparse files" if sparse else "links and devices"
        body.skip()
        Bytes(within(data, -size % block if info.type not in _EMPTY else 0)).skip()
    data.skip()
    if not head:
        raise Damaged(ENDS_EARLY)


_REGULAR: Final = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
#: Their headers name a size and nothing follows.
_EMPTY: Final = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
#: They speak of the member after them.
_NAMING: Final = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def _size(info: tarfile.TarInfo, long: dict[str, str]) -> int:
    size = long.get("size", "")
    found = int(size) if size.isascii() and size.isdigit() and len(size) < 20 else info.size
    if found < 0:
        raise Damaged("a header is damaged")
    return found


def _long_name(data: Bytes, info: tarfile.TarInfo) -> dict[str, str]:
    """What a header in front of a member says of it."""
    if not 0 <= info.size <= _MAX_EXTENSION:
        raise Damaged("a header is too long")
    body = data.exactly(info.size)
    data.exactly(-info.size % tarfile.BLOCKSIZE)
    if info.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": body.rstrip(b"\0").decode("utf-8", "replace")}
    if info.type not in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
        return {}
    return _of_records(body)


def _of_records(body: bytes) -> dict[str, str]:
    """ "path", "size" and "sparse" of an extended header: records such as "18 path=a/b.log" and a line's end."""
    found: dict[str, str] = {}
    at = 0
    while at < len(body):
        length, space, _ = body[at : at + 21].partition(b" ")
        end = at + int(length) if space and length.isdigit() else 0
        if end <= at:
            break
        key, _, value = body[at + len(length) + 1 : end].rstrip(b"\n").partition(b"=")
        if key in (b"path", b"size"):
            found[key.decode()] = value.decode("utf-8", "replace")
        elif key.startswith(b"GNU.sparse."):
            found["sparse"] = "yes"
        at = end
    return found


@dataclass(frozen=True, slots=True)
class _Local:
    """The header in front of a member of a zip; `packed` in bytes, None where only a `descriptor` behind it says so."""

    name: str
    method: int
    encrypted: bool
    descriptor: bool
    checksum: int
    packed: int | None


def read_zip(data: Bytes, unpack: _Unpack) -> _Parts:
    while (mark := data.peek(4)) == _LOCAL:
        member = _local(data)
        if member.packed is not None:
            body = Bytes(within(data, member.packed))
            yield member.name, _part(member, body, unpack)
            body.skip()
            if member.descriptor and data.peek(4) not in (_LOCAL, *_DIRECTORY):
                _descriptor(data)
        elif member.encrypted or member.method not in METHODS:
            why = "it is encrypted" if member.encrypted else "the size of a member is not known, nor where it ends"
            raise Damaged(f"{why}; nothing behind it can be read")
        else:
            text = Bytes(_checked(unpack(data, METHODS[member.method]), lambda: _descriptor(data)))
            yield member.name, text
            text.skip()
    if mark not in _DIRECTORY:
        raise data.damage or Damaged(ENDS_EARLY if len(mark) < 4 else "a header is damaged")
    data.skip()


def _part(member: _Local, body: Bytes, unpack: _Unpack) -> Bytes | str:
    if member.name.endswith("/"):
        return ""
    if member.encrypted:
        return "encrypted files"
    if member.method == 0:
        return Bytes(_checked(body.chunks(), lambda: member.checksum))
    codec = METHODS.get(member.method)
    if codec is None:
        return f"files that are packed in a way that is not read (method {member.method})"
    return Bytes(_checked(unpack(body, codec), lambda: member.checksum))


def _local(data: Bytes) -> _Local:
    fields = struct.unpack("<4sHHHHHIIIHH", data.exactly(30))
    _, _, flags, method, _, _, checksum, packed, _, name_size, extra_size = fields
    raw, extra = data.exactly(name_size), data.exactly(extra_size)
    name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
    if packed == 0xFFFFFFFF:
        packed = _zip64(extra)
    later = bool(flags & 8)
    known = not later or packed > 0 or name.endswith("/")
    return _Local(name, method, bool(flags & 1), later, -1 if later else checksum, packed if known else None)


def _zip64(extra: bytes) -> int:
    """The packed size where 32 bits do not hold it."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 1 and size >= 16:
            return int(struct.unpack("<Q", extra[12:20])[0])
        extra = extra[4 + size :]
    raise Damaged("a header is damaged")


def _descriptor(data: Bytes) -> int:
    """The checksum behind a member, whose sizes take 4 or 8 bytes: it is as long as lets a header follow."""
    start = 4 if data.peek(4) == _DESCRIPTOR else 0
    seen = data.peek(start + 24)
    end = next((end for end in (start + 12, start + 20) if seen[end : end + 4] in (_LOCAL, *_DIRECTORY)), None)
    if end is None:
        raise Damaged(ENDS_EARLY if len(seen) < start + 24 else "a header is damaged")
    return int(struct.unpack("<I", data.exactly(end)[start : start + 4])[0])


def _checked(chunks: Iterator[bytes], checksum: Callable[[], int]) -> Iterator[bytes]:
    """The chunks; Damaged at their end if they are not what was packed. -1 is a checksum that is not known."""
    found = 0
    for chunk in chunks:
        found = zlib.crc32(chunk, found)
        yield chunk
    expected = checksum()
    if expected not in (-1, found):
        raise Damaged("it does not match its checksum")


def is_tar(head: bytes) -> bool:
    if len(head) < tarfile.BLOCKSIZE or not head[0]:
        return False
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "replace")
    except tarfile.HeaderError:
        return False
    return True
