from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats import compression, mar
from hatch_mar.zip_records import DEFLATED, STORED
from tests.archives import (
    LARGE,
    MANIFEST_BYTES,
    PACKING,
    archive_of,
    files,
    incompressible,
    needs_zlib,
)

SMALL = archive_of(
    {"model.py": b"class Net: ...\n", "bin/run": b"#!/bin/sh\n", "names/zoë.json": b"{}\n", "empty": b""},
    executable=["bin/run"],
)

TEXT = b"0123456789abcdef" * 5000


@dataclass
class Entry:
    """What the reader of a stream knows about an entry: its local header, and the bytes after it."""

    version: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    name: bytes
    extra: bytes
    data: bytes


def entries(data: bytes) -> list[Entry]:
    """The entries as java.util.zip.ZipInputStream reads them, one after another (APPNOTE 4.3.7)."""
    found = []
    at = 0
    while data[at : at + 4] == b"PK\x03\x04":
        *head, packed, size, name_length, extra_length = struct.unpack_from("<5H3I2H", data, at + 4)
        at += 30
        name, extra = data[at : at + name_length], data[at + name_length :][:extra_length]
        at += name_length + extra_length
        if extra:
            kind, length, size, packed = struct.unpack("<2H2Q", extra)
            assert (kind, length) == (1, 16)
        found.append(Entry(*head, packed, size, name, extra, data[at : at + packed]))
        at += packed
    assert data[at : at + 4] == b"PK\x01\x02"
    return found


def content(entry: Entry) -> bytes:
    return zlib.decompress(entry.data, -zlib.MAX_WBITS) if entry.method == DEFLATED else entry.data


def written(path: Path, archive: Archive, **packing: object) -> bytes:
    mar.write(archive, path, PACKING._replace(**packing))
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.mar"


class TestReadBack:
    def test_members(self, path: Path):
        """Python's own reader finds the manifest first, then the members in order."""
        mar.write(SMALL, path, PACKING)
        with zipfile.ZipFile(path) as file:
            found = {name: file.read(name) for name in file.namelist()}

            assert file.testzip() is None
        assert found == {
            "MAR-INF/MANIFEST.json": MANIFEST_BYTES,
            "bin/run": b"#!/bin/sh\n",
            "empty": b"",
            "model.py": b"class Net: ...\n",
            "names/zoë.json": b"{}\n",
        }
        assert list(found) == ["MAR-INF/MANIFEST.json", "bin/run", "empty", "model.py", "names/zoë.json"]

    def test_nothing_but_the_manifest(self, path: Path):
        """An archive may have no members."""
        [entry] = entries(written(path, archive_of({})))

        assert entry.name == b"MAR-INF/MANIFEST.json"

    def test_existing(self, path: Path):
        """An existing file is not overwritten."""
        path.write_bytes(b"kept")
        with pytest.raises(FileExistsError):
            mar.write(SMALL, path, PACKING)

        assert path.read_bytes() == b"kept"

    @given(files, st.sampled_from(["auto", "store", "deflate"]))
    def test_any(self, tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes], compression: str):
        """Both kinds of readers get back any names and bytes."""
        path = tmp_path_factory.mktemp("any") / "digits.mar"
        data = written(path, archive_of(members), compression=compression)
        expected = {"MAR-INF/MANIFEST.json": MANIFEST_BYTES} | members
        with zipfile.ZipFile(path) as file:
            assert file.testzip() is None
            assert {info.orig_filename: file.read(info) for info in file.infolist()} == expected
        assert {entry.name.decode("utf-8"): content(entry) for entry in entries(data)} == expected


class TestLocalHeader:
    """TorchServe reads a stream, and so only the local headers."""

    @pytest.mark.parametrize("compression", ["store", "deflate"])
    def test_sizes_and_crc(self, compression: str, path: Path):
        """Sizes and CRC come before the data, and no data descriptor after it."""
        members = {"a.txt": TEXT, "b.bin": b"\x80", "empty": b""}
        for entry in entries(written(path, archive_of(members), compression=compression))[1:]:
            expected = members[entry.name.decode()]

            assert entry.flags & 8 == 0
            assert entry.size == len(expected)
            assert entry.crc == zlib.crc32(expected)
            assert content(entry) == expected

    def test_plain(self, path: Path):
        """A small member needs only version 2.0 of the format, and no extra field."""
        found = entries(written(path, SMALL))

        assert {entry.version for entry in found} == {20}
        assert {entry.extra for entry in found} == {b""}
        assert {entry.method for entry in found} == {STORED}

    def test_utf8_flag(self, path: Path):
        """A name is marked as UTF-8 only if it is not ASCII."""
        flags = {entry.name.decode("utf-8"): entry.flags for entry in entries(written(path, SMALL))}

        assert {name: 0 if name.isascii() else 0x800 for name in flags} == flags
        assert flags["names/zoë.json"] == 0x800

    def test_date(self, path: Path):
        """Every member has the date of the build, in the even seconds of MS-DOS."""
        found = entries(written(path, SMALL, instant=datetime(2021, 3, 4, 5, 6, 9, tzinfo=timezone.utc)))

        assert {(e.time, e.date) for e in found} == {(5 << 11 | 6 << 5 | 4, 41 << 9 | 3 << 5 | 4)}


class TestCentralDirectory:
    def test_modes(self, path: Path):
        """On every system, a member is written as a regular file of Unix, executable or not."""
        mar.write(SMALL, path, PACKING)
        with zipfile.ZipFile(path) as file:
            infos = file.infolist()

        assert {info.create_system for info in infos} == {3}
        assert {info.create_version for info in infos} | {info.extract_version for info in infos} == {20}
        assert {info.filename: info.external_attr >> 16 for info in infos} == {
            "MAR-INF/MANIFEST.json": 0o100644,
            "bin/run": 0o100755,
            "empty": 0o100644,
            "model.py": 0o100644,
            "names/zoë.json": 0o100644,
        }
        assert {info.external_attr & 0xFFFF for info in infos} == {0}

    def test_nothing_more(self, path: Path):
        """There are no comments, extra fields or internal attributes."""
        mar.write(SMALL, path, PACKING)
        with zipfile.ZipFile(path) as file:
            assert file.comment == b""
            assert {(i.comment, i.extra, i.internal_attr) for i in file.infolist()} == {(b"", b"", 0)}

    def test_agrees_with_local_headers(self, path: Path):
        """The directory and the local headers agree about every member."""
        local = entries(written(path, SMALL, compression="deflate"))
        with zipfile.ZipFile(path) as file:
            central = file.infolist()

        assert [(e.name.decode(), e.flags, e.method, e.crc, e.packed, e.size) for e in local] == [
            (i.filename, i.flag_bits, i.compress_type, i.CRC, i.compress_size, i.file_size) for i in central
        ]

    def test_end(self, path: Path):
        """The file ends with its end record, and has nothing before its first entry."""
        data = written(path, SMALL)
        signature, disk, start_disk, here, count, size, start, comment = struct.unpack("<4s4H2IH", data[-22:])

        assert (signature, disk, start_disk, here, count, comment) == (b"PK\x05\x06", 0, 0, 5, 5, 0)
        assert len(data) - 22 == start + size
        assert data.startswith(b"PK\x03\x04")


class TestCompression:
    def test_auto(self, path: Path):
        """Only a large member that becomes smaller is deflated."""
        large = b"0123456789abcdef" * (1 << 16)
        found = entries(written(path, archive_of({"large": large, "small": large[:-16]})))
        methods = {entry.name.decode(): entry.method for entry in found}

        assert methods == {"MAR-INF/MANIFEST.json": 0, "large": 8, "small": 0}

    def test_zip_store(self, path: Path):
        """`zip-store` deflates nothing, whatever the compression."""
        mar.write_stored(archive_of({"a": TEXT}), path, PACKING._replace(compression="deflate"))

        assert {entry.method for entry in entries(path.read_bytes())} == {STORED}

    def test_incompressible(self, path: Path):
        """A member that deflating makes larger is still read back."""
        data = incompressible(5000)
        [_, entry] = entries(written(path, archive_of({"a": data}), compression="deflate"))

        assert entry.packed > entry.size
        assert data == content(entry)


class TestZip64:
    @pytest.mark.parametrize("compression", ["store", "deflate"])
    def test_large_member(self, compression: str, path: Path, monkeypatch: pytest.MonkeyPatch):
        """Only a member that may need them has 64-bit sizes, in both headers."""
        monkeypatch.setattr(mar, "ZIP64_SIZE", 1000)
        data = written(path, archive_of({"large": TEXT, "small": b"1"}), compression=compression)
        manifest, large, small = entries(data)

        assert (manifest.version, large.version, small.version) == (20, 45, 20)
        assert len(TEXT) == large.size
        assert content(large) == TEXT
        assert struct.pack("<2I", 0xFFFFFFFF, 0xFFFFFFFF) == data[data.index(b"large") - 12 :][:8]
        with zipfile.ZipFile(path) as file:
            assert file.testzip() is None
            assert file.getinfo("large").extract_version == 45
            assert file.read("large") == TEXT

    @pytest.mark.skipif(os.name == "nt", reason="Windows would write the gap out")
    def test_beyond_4_gib(self, path: Path):
        """Members and a central directory beyond 4 GiB are found."""
        far = Member("far", BytesSource(TEXT))
        time, date = mar.dos_time(PACKING.instant)
        with open(path, "xb") as file:
            before = mar.write_member(file, Member("before", BytesSource(b"1")), PACKING, time, date)
            file.seek(5 << 30)
            after = mar.write_member(file, far, PACKING, time, date)
            mar.write_central_directory(file, [before, after], time, date)
        with zipfile.ZipFile(path) as zipped:
            assert [info.header_offset for info in zipped.infolist()] == [0, 5 << 30]
            assert zipped.read("far") == TEXT

    @pytest.mark.parametrize("count", [0xFFFE, 0xFFFF])
    def test_many_members(self, count: int, path: Path):
        """A directory of more members than 16 bits count is found."""
        entries = [mar.WrittenEntry(b"%05d" % number, 0, 0o644, 0, False) for number in range(count)]
        with open(path, "xb") as file:
            mar.write_central_directory(file, entries, 0, 33)
        with zipfile.ZipFile(path) as file:
            assert len(file.infolist()) == count
        assert (count >= 0xFFFF) == (b"PK\x06\x06" in path.read_bytes()[-200:])


class TestDate:
    @pytest.mark.parametrize(
        ("instant", "expected"),
        [
            (datetime(1970, 1, 1, tzinfo=timezone.utc), (1980, 1, 1, 0, 0, 0)),
            (datetime(1979, 12, 31, 23, 59, 59, tzinfo=timezone.utc), (1980, 1, 1, 0, 0, 0)),
            (datetime(2020, 2, 29, 23, 59, 59, tzinfo=timezone.utc), (2020, 2, 29, 23, 59, 58)),
            (datetime(2107, 12, 31, 23, 59, 59, tzinfo=timezone.utc), (2107, 12, 31, 23, 59, 58)),
            (datetime(2112, 8, 7, tzinfo=timezone.utc), (2107, 12, 31, 23, 59, 58)),
            (datetime(9999, 12, 31, tzinfo=timezone.utc), (2107, 12, 31, 23, 59, 58)),
            (datetime(2020, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), (2019, 12, 31, 23, 0, 0)),
        ],
    )
    def test_clamped(self, instant: datetime, expected: tuple[int, ...], path: Path):
        """A date that a zip cannot have becomes the nearest one that it can, in UTC."""
        mar.write(SMALL, path, PACKING._replace(instant=instant))
        with zipfile.ZipFile(path) as file:
            assert {info.date_time for info in file.infolist()} == {expected}


class TestDeterminism:
    @given(files.flatmap(lambda found: st.tuples(st.just(found), st.permutations(list(found)))))
    def test_order(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        made: tuple[dict[str, bytes], list[str]],
    ):
        """The bytes do not depend on the order in which members were gathered."""
        members, order = made
        folder = tmp_path_factory.mktemp("order")
        one = written(folder / "one", archive_of(members))
        other = written(folder / "other", archive_of({name: members[name] for name in order}))

        assert one == other

    def test_golden(self, path: Path):
        """The bytes are the same on every machine and with every Python."""
        digest = hashlib.sha256(written(path, SMALL)).hexdigest()

        assert digest == "89bfd743a99dc4b528e06d448c3c49f5154c1f7424fd7b531bc6fc27abba34a8"

    @needs_zlib
    def test_golden_deflated(self, path: Path):
        """Deflated, the bytes are the same wherever zlib is."""
        digest = hashlib.sha256(written(path, archive_of({"a": TEXT}), compression="deflate")).hexdigest()

        assert digest == "e1a9aaf2884f569e60d29f40abb0a40211b0725bbf65963cfc76dc8a11a8b708"

    @needs_zlib
    @pytest.mark.parametrize("cores", [1, 2, 8])
    def test_golden_of_many_blocks(self, cores: int, path: Path, monkeypatch: pytest.MonkeyPatch):
        """The bytes are the same however many cores deflate a large member."""
        monkeypatch.setattr(compression, "cores", lambda: cores)
        digest = hashlib.sha256(written(path, archive_of({"a": LARGE}))).hexdigest()

        assert digest == "bb2a5cd42f7fb46d7049eb55a85b408528ae6b693a34868caaed60c59464abb5"

    def test_golden_zip64(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """With 64-bit sizes the bytes are the same too, unlike those of Python's own writer."""
        monkeypatch.setattr(mar, "ZIP64_SIZE", 0)
        digest = hashlib.sha256(written(path, SMALL)).hexdigest()

        assert digest == "8bc55c586e2fbc0e5179397f6285d950f88ac70353f4fe8e3c23f976afa133c8"
