"""Archives: every kind to its texts in one pass, names as labels, damage and bombs in words, memory constant."""

import bz2
import contextlib
import gzip
import io
import lzma
import os
import tarfile
import tracemalloc
import zipfile
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import InvalidInput
from app.services import archives
from app.services.archives import Source, preview, said

A = b"2026-05-01 10:00:00 ERROR one\n" * 3000
B = b"".join(b"%d %s\n" % (n, os.urandom(8).hex().encode()) for n in range(5000))
CEILING = 1_000_000_000


class Pipe(io.BytesIO):
    """Standard input: what was read is gone."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation


def read(data, name="x", **more):
    """The texts by name, and the problems in words."""
    problems = Counter()
    source = Source(Pipe(data), name, problems=problems, ceiling=more.pop("ceiling", CEILING), **more)
    texts = {member.name: b"".join(member.chunks) for member in source.members()}
    return texts, [said(*problem) for problem in problems.items()]


def tar(*members, mode="w", format=tarfile.PAX_FORMAT):
    """A tar of (name, bytes) or (TarInfo, bytes)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode, format=format) as archive:
        for name, text in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return data.getvalue()


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return data.getvalue()


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, bz2.compress, lzma.compress, lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:])],
)
def test_a_packed_text_is_one_text_of_the_name_of_the_file(pack):
    assert read(pack(A + B), "orders.log.gz") == ({"orders.log.gz": A + B}, [])


def test_zeros_behind_gzip_streams_are_padding():
    assert read(gzip.compress(A) + bytes(100_000) + gzip.compress(B) + bytes(512)) == ({"x": A + B}, [])


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_is_its_files(mode, format):
    long = "a/" * 60 + "orders.log"
    texts, problems = read(tar(("var/log/a.log", A), (long, B), ("empty", b""), mode=mode, format=format), "l.tar")
    assert texts == {"l.tar/var/log/a.log": A, f"l.tar/{long}": B, "l.tar/empty": b""}
    assert problems == []


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_is_its_files(method):
    data = zipped(("a.log", A), ("folder/", b""), ("folder/ü.log", B), method=method)
    assert read(data, "l.zip") == ({"l.zip/a.log": A, "l.zip/folder/ü.log": B}, [])


def test_a_zip_written_to_a_pipe_is_read():
    class Out(io.RawIOBase):
        written = b""

        def writable(self):
            return True

        def write(self, data):
            self.written += bytes(data)
            return len(data)

    out = Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.log", A)
        with archive.open("b.log", "w", force_zip64=True) as member:
            member.write(B)
    assert read(out.written) == ({"x/a.log": A, "x/b.log": B}, [])


def test_stored_members_of_a_zip_are_read():
    assert read(zipped(("a.log", A), ("b.log", B), method=zipfile.ZIP_STORED)) == ({"x/a.log": A, "x/b.log": B}, [])


def test_one_archive_in_another_is_read_and_a_third_is_counted():
    deep = zipped(("c.log", A))
    data = tar(("a.log.gz", gzip.compress(A)), ("b.zip", zipped(("b.log", B), ("c.zip", deep))), mode="w:gz")
    texts, problems = read(data, "l.tgz")
    assert texts == {"l.tgz/a.log.gz": A, "l.tgz/b.zip/b.log": B}
    assert problems == ["1 left out of the archive: an archive in an archive in an archive."]


def test_binary_members_links_and_devices_are_left_out_and_counted():
    link, device, folder = tarfile.TarInfo("current"), tarfile.TarInfo("null"), tarfile.TarInfo("folder")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device.type, folder.type = tarfile.CHRTYPE, tarfile.DIRTYPE
    png = b"\x89PNG\r\n\x1a\n" + os.urandom(5000)
    texts, problems = read(tar((link, b""), ("a.png", png), (device, b""), (folder, b""), ("b.png", png), ("a.log", A)))
    assert texts == {"x/a.log": A}
    assert problems == ["2 left out of the archive: links and devices.", "2 left out of the archive: no text but PNG."]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\windows\\x.log", "a\n\x1b[31mb\u202e.log", "x" * 900]
)
def test_a_name_is_a_label_and_nothing_is_written(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for data in (tar((name, A)), zipped((name, A))):
        (label,), problems = read(data)
        assert len(label) < 510
        assert label.isprintable()
        assert problems == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: bz2.compress(data, 1), lzma.compress])
def test_a_text_that_breaks_off_is_kept_up_to_there(pack):
    data = B
    (text,), problems = (result := read(pack(data)[:-4000], "l.gz"))[0].values(), result[1]
    assert data.startswith(text) and len(text) > len(data) // 2
    assert problems == [
        f"Broken off in l.gz ({len(pack(data)[:-4000]) / 1e6:.1f} MB of the upload were read): it ends in the middle; "
        "what came before is kept."
    ]


@pytest.mark.parametrize(
    "make",
    [lambda: tar(("a", A), ("b", B), mode="w:gz"), lambda: tar(("a", A), ("b", B)), lambda: zipped(("a", A), ("b", B))],
)
def test_an_archive_that_breaks_off_keeps_its_members_up_to_there(make):
    data = make()
    texts, problems = read(data[: len(data) - len(B) // 5], "l.zip")
    assert texts["l.zip/a"] == A
    assert B.startswith(texts["l.zip/b"]) and texts["l.zip/b"]
    assert len(problems) == 1
    assert "in l.zip/b (" in problems[0]


def test_damage_in_one_member_leaves_the_others():
    broken = bytearray(gzip.compress(B))
    broken[-6] ^= 1
    texts, problems = read(tar(("a.gz", bytes(broken)), ("b.gz", gzip.compress(B)[:9]), ("c.gz", gzip.compress(A))))
    assert B.startswith(texts["x/a.gz"]) and len(texts["x/a.gz"]) > len(B) // 2
    assert texts["x/c.gz"] == A
    assert [problem.split(" (")[0] for problem in problems] == ["Broken off in x/a.gz", "Broken off in x/b.gz"]
    data = bytearray(zipped(("a.log", A), ("b.log", B), method=zipfile.ZIP_STORED))
    data[100] ^= 1
    texts, (problem,) = read(bytes(data))
    assert texts["x/b.log"] == B
    assert "x/a.log" in problem and "checksum" in problem


def test_what_follows_a_gzip_and_is_none_is_said():
    texts, (problem,) = read(gzip.compress(A) + b"garbage")
    assert texts == {"x": A}
    assert "what follows its end is no gzip" in problem


def test_an_encrypted_zip_is_refused_in_words():
    data = bytearray(zipped(("a.log", A)))
    data[6] |= 1
    assert read(bytes(data)) == ({}, ["1 left out of the archive: encrypted files."])
    with pytest.raises(InvalidInput, match=r"nothing in l\.zip can be read.*encrypted"):
        preview(io.BytesIO(bytes(data)), "l.zip", ceiling=CEILING)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x28\xb5\x2f\xfd" + os.urandom(99), "zstd"),
        (b"7z\xbc\xaf\x27\x1c" + os.urandom(99), "7z"),
        (gzip.compress(b"\x89PNG\r\n\x1a\n" + os.urandom(99)), "PNG"),
        (gzip.compress(gzip.compress(A)), "gzip"),
    ],
)
def test_what_is_not_read_is_named(data, kind):
    with pytest.raises(InvalidInput, match=f"x .* no text but {kind}: unpack it"):
        read(data)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lambda data: lzma.compress(data, preset=0)])
def test_a_bomb_is_refused_once_it_is_measured(pack, monkeypatch):
    monkeypatch.setattr(archives, "TRIED", 32 << 20)
    zeros = pack(bytes(40 << 20))
    honest = os.urandom(250).hex().encode()
    for data in (zeros, tar(("a.log", honest), ("b.gz", zeros)), zipped(("a.log", honest), ("b.gz", zeros))):
        with pytest.raises(InvalidInput, match="decompression bomb"):
            read(data)
        with pytest.raises(InvalidInput, match="decompression bomb"):
            preview(io.BytesIO(data), "x", ceiling=CEILING)


def test_the_most_regular_honest_log_is_no_bomb(monkeypatch):
    monkeypatch.setattr(archives, "TRIED", 1 << 20)
    text = b"".join(
        b"2026-05-01 10:%02d:%02d ERROR connection to orders-db:5432 refused, retrying\n" % (n // 6000, n // 100 % 60)
        for n in range(40_000)
    )
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        assert read(pack(text)) == ({"x": text}, [])


def test_the_ceiling_names_its_setting():
    with pytest.raises(InvalidInput, match=r"more than 0 MB.*STACKLENS_MAX_UNPACKED_MB"):
        read(gzip.compress(B), ceiling=10_000)


def test_too_many_members_are_refused(monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 20)
    assert len(read(tar(*((f"{n}", b"x") for n in range(20))))[0]) == 20
    with pytest.raises(InvalidInput, match="more than 20 files"):
        read(zipped(*((f"{n}", b"x") for n in range(21))))


def test_a_header_that_is_too_long_is_damage():
    info = tarfile.TarInfo("long")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    _, (problem,) = read(info.tobuf(tarfile.GNU_FORMAT) + b"x" * 9999)
    assert "a header is too long" in problem


def test_the_share_is_of_the_packed_bytes():
    data = gzip.compress(B * 9)
    source = Source(Pipe(data), "x", problems=Counter(), ceiling=CEILING, size=len(data))
    shares = [source.share() for member in source.members() for _ in member.chunks]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] == 1.0
    assert Source(Pipe(data), "x", problems=Counter(), ceiling=CEILING).share() is None


def test_the_preview_is_the_first_text_and_leaves_the_file_where_it_was():
    file = io.BytesIO(tar(("a.png", b"\x89PNG\r\n\x1a\n" + os.urandom(999)), ("a.log", A), ("b.log", B), mode="w:gz"))
    first = preview(file, "l.tgz", ceiling=CEILING, size=100)
    assert (first.name, first.head, first.packed) == ("l.tgz/a.log", A[:100], True)
    assert file.tell() == 0
    assert preview(io.BytesIO(A), "a.log", ceiling=CEILING, size=50).head == A[:50]
    assert preview(io.BytesIO(b""), "a.log", ceiling=CEILING).head == b""


@pytest.mark.parametrize(
    "make",
    [lambda data: gzip.compress(data, 1), lambda data: tar(("a", data), mode="w:gz"), lambda data: zipped(("a", data))],
)
def test_memory_is_constant(make):
    peaks = []
    for size in (3, 12):
        data = make(B * (size * 1_000_000 // len(B)))
        tracemalloc.start()
        source = Source(io.BytesIO(data), "x", problems=Counter(), ceiling=CEILING)
        assert sum(len(chunk) for member in source.members() for chunk in member.chunks) > 0.9e6 * size
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < max(peaks[0] * 1.2, 3_000_000)
    assert peaks[1] < 6_000_000


@given(st.sampled_from(["gz", "tar", "tgz", "zip", "bz2", "xz"]), st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
def test_no_damage_raises_anything_but_a_refusal(kind, draw):
    good = GOOD[kind]
    data = bytearray(good)
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(good) - 1))] = draw.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidInput):
        read(bytes(data[: draw.draw(st.integers(1, len(good)))]))


GOOD = {
    "gz": gzip.compress(B[:2000]),
    "bz2": bz2.compress(B[:2000]),
    "xz": lzma.compress(B[:2000]),
    "tar": tar(("a" * 200, B[:700]), ("b.gz", gzip.compress(B[:900]))),
    "tgz": tar(("a" * 200, B[:700]), ("b.gz", gzip.compress(B[:900])), mode="w:gz"),
    "zip": zipped(("a.log", B[:700]), ("b.gz", gzip.compress(B[:900]))),
}
