from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.archive import Archive, Member
from hatch_mar.archive.formats import compression, tgz
from hatch_mar.errors import PackError
from tests.archives import (
    LARGE,
    MANIFEST,
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


def written(path: Path, archive: Archive, **packing: object) -> bytes:
    tgz.write(archive, path, PACKING._replace(**packing))
    return path.read_bytes()


def entries(path: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(path, "r:gz") as file:
        return file.getmembers()


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path, "r:gz") as file:
        return {info.name: file.extractfile(info).read() for info in file}


def blocks(data: bytes) -> list[int]:
    """The lengths of the stored blocks (RFC 1951, 3.2.4) of a `.gz` that has nothing else."""
    found = []
    at = 10
    while data[at] == 0:
        length, complement = struct.unpack_from("<2H", data, at + 1)
        assert length ^ complement == 0xFFFF
        found.append(length)
        at += 5 + length
    assert data[at:-8] == b"\x03\x00"
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.tar.gz"


class TestReadBack:
    def test_members(self, path: Path):
        """Python's own reader finds the manifest first, then the members, all in one folder."""
        tgz.write(SMALL, path, PACKING)
        expected = {
            "digits/MAR-INF/MANIFEST.json": MANIFEST_BYTES,
            "digits/bin/run": b"#!/bin/sh\n",
            "digits/empty": b"",
            "digits/model.py": b"class Net: ...\n",
            "digits/names/zoë.json": b"{}\n",
        }

        assert contents(path) == expected
        assert list(contents(path)) == list(expected)

    def test_root_of_its_own(self, path: Path):
        """With `.` as the folder, TorchServe has a first part to cut off, and SageMaker nothing to miss."""
        tgz.write(archive_of({"model.py": b""}), path, PACKING._replace(root="."))

        assert [info.name for info in entries(path)] == ["./MAR-INF/MANIFEST.json", "./model.py"]

    def test_existing(self, path: Path):
        """An existing file is not overwritten."""
        path.write_bytes(b"kept")
        with pytest.raises(FileExistsError):
            tgz.write(SMALL, path, PACKING)

        assert path.read_bytes() == b"kept"

    @pytest.mark.parametrize(
        "name",
        ["a" * 99, "a" * 101, "a/" * 150 + "b", "a" * 300, "é" * 60, "\U0001f600" * 100, "ü/" * 80 + "x"],
        ids=lambda name: f"{name[:2]}{len(name)}",
    )
    def test_name(self, name: str, path: Path):
        """Long names and names in any script are read back."""
        tgz.write(archive_of({name: b"1"}), path, PACKING)

        assert contents(path)[f"digits/{name}"] == b"1"

    @given(files, st.sampled_from(["auto", "store", "deflate"]))
    def test_any(self, tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes], compression: str):
        """A reader gets back any names and bytes."""
        path = tmp_path_factory.mktemp("any") / "digits.tar.gz"
        tgz.write(archive_of(members), path, PACKING._replace(compression=compression))
        expected = {"MAR-INF/MANIFEST.json": MANIFEST_BYTES} | members

        assert contents(path) == {f"digits/{name}": data for name, data in expected.items()}


class TestEntries:
    def test_regular(self, path: Path):
        """There are only files, since TorchServe makes empty files of links, and creates folders itself."""
        tgz.write(SMALL, path, PACKING)

        assert all(info.isreg() for info in entries(path))

    def test_modes(self, path: Path):
        """A file is executable or not, whatever the umask."""
        tgz.write(SMALL, path, PACKING)

        assert [info.mode for info in entries(path)] == [0o644, 0o755, 0o644, 0o644, 0o644]

    def test_no_owner(self, path: Path):
        """Nothing says who built it."""
        tgz.write(SMALL, path, PACKING)

        assert {(i.uid, i.gid, i.uname, i.gname) for i in entries(path)} == {(0, 0, "", "")}

    @pytest.mark.parametrize(
        ("instant", "expected"),
        [
            (datetime(2020, 2, 2, tzinfo=timezone.utc), 1580601600),
            (datetime(1969, 12, 31, tzinfo=timezone.utc), 0),
            (datetime(2112, 8, 7, 8, tzinfo=timezone.utc), 4500000000),
            (datetime(9999, 12, 31, tzinfo=timezone.utc), 253402214400),
        ],
    )
    def test_date(self, instant: datetime, expected: int, path: Path):
        """Every member has the date of the build, but none before 1970."""
        tgz.write(SMALL, path, PACKING._replace(instant=instant))

        assert {info.mtime for info in entries(path)} == {expected}

    def test_size_that_has_changed(self, path: Path):
        """A file that grows after its header was written is an error, since what follows would be misread."""

        @dataclass(frozen=True)
        class Source:
            def size(self) -> int:
                return 3

            def chunks(self) -> Iterator[bytes]:
                yield b"12345"

        with pytest.raises(PackError):
            tgz.write(Archive(MANIFEST, (Member("a", Source()), Member("b", Source()))), path, PACKING)


class TestGzip:
    @pytest.mark.parametrize("compression", ["auto", "store", "deflate"])
    def test_one_member(self, compression: str, path: Path):
        """It is a single gzip member, since TorchServe reads only the first."""
        data = written(path, SMALL, compression=compression)
        reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        tar = reader.decompress(data)

        assert reader.eof
        assert reader.unused_data == b""
        assert len(tar) % 512 == 0
        assert bytes(1024) == tar[-1024:]

    def test_header(self, path: Path):
        """Its header has no name, time or system."""
        assert bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]) == written(path, SMALL)[:10]

    def test_trailer(self, path: Path):
        """It ends with the CRC and the size of the tar."""
        data = written(path, SMALL)
        tar = gzip.decompress(data)

        assert struct.pack("<2I", zlib.crc32(tar), len(tar)) == data[-8:]

    def test_stored(self, path: Path):
        """A stored member is stored byte for byte, whatever the version of zlib."""
        weights = incompressible(70_000)
        data = written(path, archive_of({"weights": weights}), compression="store")

        assert len(gzip.decompress(data)) == sum(blocks(data))
        assert max(blocks(data)) <= 0xFFFF

    def test_deflated(self, path: Path):
        """A deflated archive is smaller."""
        text = b"0123456789abcdef" * 5000

        assert len(written(path, archive_of({"text": text}), compression="deflate")) < 2000

    def test_mixed(self, path: Path):
        """Deflated and stored members follow each other in one stream."""
        text, weights = b"0123456789abcdef" * (1 << 16), incompressible(1 << 20)
        members = {"a": text, "b": weights, "c": text, "d": b"small"}
        data = written(path, archive_of(members))

        assert {f"digits/{name}": data for name, data in members.items()}.items() <= contents(path).items()
        assert len(weights) < len(data) < len(weights) + 50_000


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

    def test_golden_stored(self, path: Path):
        """Stored, the file's bytes depend on no library."""
        digest = hashlib.sha256(written(path, SMALL, compression="store")).hexdigest()

        assert digest == "db45d29d4e930e1bfbc523d3cfa7809d41de8ce6125628e2a8d8e969038e9de3"

    def test_golden(self, path: Path):
        """The tar is the same on every machine and with every Python, even with long names."""
        archive = archive_of({"a" * 150: b"1", "é" * 100: b"2"} | {"model.py": b"3"})
        digest = hashlib.sha256(gzip.decompress(written(path, archive))).hexdigest()

        assert digest == "dbb265763731c9761dd907ebc1c6a3b3f83b76921fef896b1e855b7fcd53365b"

    @needs_zlib
    def test_golden_deflated(self, path: Path):
        """Deflated, the file is the same wherever zlib is."""
        digest = hashlib.sha256(written(path, SMALL, compression="deflate")).hexdigest()

        assert digest == "b4f508a00e4f4d07eee19b5a590004bf03bfd026ba4c143dd7b914352a84857e"

    @needs_zlib
    @pytest.mark.parametrize("cores", [1, 2, 8])
    def test_golden_of_many_blocks(self, cores: int, path: Path, monkeypatch: pytest.MonkeyPatch):
        """The file is the same however many cores deflate a large member."""
        monkeypatch.setattr(compression, "cores", lambda: cores)
        digest = hashlib.sha256(written(path, archive_of({"a": LARGE}))).hexdigest()

        assert digest == "ef66a1189f75f36c655a153c476f38275519d711180d1bced788145f0bf02979"

    def test_golden_tar_is_read(self, path: Path):
        """The tar is a plain one, inside its gzip."""
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(written(path, SMALL))), mode="r:") as file:
            assert len(file.getnames()) == 5
