from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.formats import mar, zip_reader
from hatch_mar.archive.formats.reader import open_container
from hatch_mar.archive.formats.zip_reader import Part, zip_members
from hatch_mar.errors import ReadError
from tests.archives import PACKING, archive_of, files, incompressible
from tests.memory import bounded

DATA = incompressible(5000)
sparse = pytest.mark.skipif(os.name == "nt", reason="Windows would write the gap out")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.mar"


class TestMembers:
    def test_all(self, path: Path):
        """Every file is a member, in the order of the archive, with its mode."""
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("b/", b"")
            for name, mode in (("b/run", 0o755), ("a", 0o644), ("zoë", 0)):
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                file.writestr(info, name)
        with zipfile.ZipFile(path) as file:
            found = list(zip_members(file))

            assert [(m.name, m.executable) for m in found] == [("b/run", True), ("a", False), ("zoë", False)]
            assert [b"".join(m.source.chunks()) for m in found] == [b"b/run", b"a", "zoë".encode()]

    def test_twice(self, path: Path):
        """Of two entries of one name, each has its own bytes."""
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("a", b"1")
            with pytest.warns(UserWarning, match="Duplicate name"):
                file.writestr("a", b"22")
        with zipfile.ZipFile(path) as file:
            assert [b"".join(member.source.chunks()) for member in zip_members(file)] == [b"1", b"22"]


class TestElsewhere:
    def test_twice(self, path: Path):
        """Another process reads the same entry, even if two have its name."""
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("a", b"1")
            with pytest.warns(UserWarning, match="Duplicate name"):
                file.writestr("a", b"22")
        with zipfile.ZipFile(path) as file:
            found = pickle.loads(pickle.dumps([member.source for member in zip_members(file)]))

        assert [b"".join(source.chunks()) for source in found] == [b"1", b"22"]

    def test_replaced(self, path: Path):
        """Another process reads the file that is there now, not one that it read before."""
        for data in (b"old", b"new"):
            path.unlink(missing_ok=True)
            with zipfile.ZipFile(path, "w") as file:
                file.writestr("a", data)
            with zipfile.ZipFile(path) as file:
                [source] = pickle.loads(pickle.dumps([member.source for member in zip_members(file)]))

            assert data == b"".join(source.chunks())


class TestOpen:
    @given(st.binary(max_size=300), st.sampled_from(["store", "deflate"]), st.data())
    def test_seek(
        self, tmp_path_factory: pytest.TempPathFactory, data: bytes, compression: str, draw: st.DataObject
    ):
        """An entry can be read from any position."""
        path = tmp_path_factory.mktemp("seek") / "digits.mar"
        mar.write(archive_of({"a": b"before", "b": data, "c": b"after"}), path, PACKING)
        steps = draw.draw(st.lists(st.tuples(st.integers(0, 320), st.integers(0, 320)), max_size=5))
        with zipfile.ZipFile(path) as file:
            source = next(member for member in zip_members(file) if member.name == "b").source
            assert len(data) == source.size()
            with source.open() as stream:
                for start, count in steps:
                    stream.seek(start)
                    assert data[start : start + count] == stream.read(count)
                assert len(data) == stream.seek(0, io.SEEK_END)

    def test_whence(self, path: Path):
        """Seeking goes from the start, from here and from the end."""
        path.write_bytes(b"..0123456789..")
        with Part(io.FileIO(path), 2, 10) as part:
            assert part.seek(4) == 4
            assert part.read(1) == b"4"
            assert part.seek(2, io.SEEK_CUR) == 7
            assert part.read(10) == b"789"
            assert part.seek(-2, io.SEEK_END) == 8
            assert part.read() == b"89"
            assert part.seek(-20, io.SEEK_CUR) == 0
            assert part.read(0) == b""
            assert part.seek(30) == 30
            assert part.read(1) == b""
            assert part.readable()
            assert part.seekable()

    def test_closed(self, path: Path):
        """The file is closed with the entry."""
        path.write_bytes(b"1")
        file = io.FileIO(path)
        Part(file, 0, 1).close()

        assert file.closed


class TestDamage:
    """Damage is an error of one line that names the archive, whenever it is met."""

    @given(st.integers(0, 10**6), st.integers(0, 255), files)
    def test_any_byte(
        self, tmp_path_factory: pytest.TempPathFactory, place: int, value: int, members: dict[str, bytes]
    ):
        """Whichever byte is changed, nothing but that error is raised."""
        path = tmp_path_factory.mktemp("damage") / "digits.mar"
        mar.write(archive_of(members), path, PACKING)
        data = bytearray(path.read_bytes())
        data[place % len(data)] = value
        path.write_bytes(data)
        read_all(path)

    @given(st.integers(0, 10**6))
    def test_cut(self, tmp_path_factory: pytest.TempPathFactory, place: int):
        """Wherever it is cut off, nothing but that error is raised."""
        path = tmp_path_factory.mktemp("cut") / "digits.mar"
        mar.write(archive_of({"a": DATA, "b": b""}), path, PACKING)
        data = path.read_bytes()
        path.write_bytes(data[: place % len(data)])

        assert read_all(path) is not None

    def test_crc(self, path: Path):
        """Bytes that do not match the CRC are damage."""
        mar.write(archive_of({"a": DATA}), path, PACKING)
        path.write_bytes(path.read_bytes().replace(DATA, DATA[::-1]))

        assert str(read_all(path)) == f"Cannot read `{path}: a`: Bad CRC-32 for file 'a'"

    def test_encrypted(self, path: Path):
        """An encrypted entry cannot be read."""
        mar.write(archive_of({"a": DATA}), path, PACKING)
        data = path.read_bytes()
        for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = data.rindex(signature) + place
            data = data[:at] + b"\x01" + data[at + 1 :]
        path.write_bytes(data)
        error = str(read_all(path))

        assert error.startswith(f"Cannot read `{path}: a`: ")
        assert "encrypted" in error

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_methods_that_only_python_knows(self, method: int, path: Path):
        """Methods that TorchServe does not know are refused, since their readers take unbounded memory."""
        with zipfile.ZipFile(path, "w", method) as file:
            file.writestr("a", bytes(80 << 20))
        with bounded():
            error = str(read_all(path))

        assert error.startswith(f"Cannot read `{path}: a`: ")

    def test_bomb(self, path: Path):
        """An entry that unpacks to more than its size is cut off there, and takes little memory."""
        mar.write(archive_of({"a": bytes(100 << 20)}), path, PACKING)
        data = path.read_bytes()
        size = struct.pack("<I", 100 << 20)
        path.write_bytes(data.replace(size, struct.pack("<I", 10)))
        with bounded(), zipfile.ZipFile(path) as file:
            source = list(zip_members(file))[1].source
            with pytest.raises(ReadError):
                list(source.chunks())

    @pytest.mark.parametrize("name", [b"\xff\xfe", b"\x80"])
    def test_name(self, name: bytes, path: Path):
        """A name that is marked as UTF-8 and is not."""
        mar.write(archive_of({"é": b""}), path, PACKING)
        path.write_bytes(path.read_bytes().replace("é".encode(), (name * 2)[:2]))

        assert str(read_all(path)).startswith(f"Cannot read `{path}`: ")


def read_all(path: Path) -> ReadError | None:
    """The error of one line with which reading all of an archive ends, or None."""
    found = None
    try:
        with open_container(path) as container:
            for member in container.members:
                member.source.size()
                for _ in member.source.chunks():
                    pass
                with member.source.open() as stream:
                    stream.seek(1)
    except ReadError as error:
        found = error
    assert found is None or (len(found.faults) == 1 and "\n" not in str(found))
    return found


def end(size: int, start: int, comment: bytes = b"") -> bytes:
    return struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, size, start, len(comment)) + comment


def zip64_end(size: int, start: int, at: int) -> bytes:
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, start)
    return record + struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)


HUGE = 1 << 30


class TestHugeDirectory:
    """zipfile reads the whole central directory into memory, so its size is checked before."""

    @sparse
    @pytest.mark.parametrize(
        "tail",
        [
            end(HUGE, 0),
            end(HUGE, 0, b"comment"),
            zip64_end(HUGE, 0, HUGE) + end(0, 0),
            zip64_end(HUGE, 0, HUGE) + end(0xFFFFFFFF, 0xFFFFFFFF),
            end(HUGE, 0x06054B50),
            end(HUGE, 0, b"PK\x05\x06" + bytes(10)),
        ],
        ids=[
            "plain",
            "comment",
            "zip64",
            "zip64 marked",
            "disguised by its offset",
            "disguised by a comment",
        ],
    )
    def test_refused(self, tail: bytes, path: Path):
        """A directory of a gigabyte is refused, however its size is given or hidden."""
        with open(path, "wb") as file:
            file.seek(HUGE)
            file.write(tail)
        with bounded():
            assert str(read_all(path)).startswith(f"Cannot read `{path}`: ")

    @sparse
    def test_said(self, path: Path):
        """The error gives its size."""
        with open(path, "wb") as file:
            file.seek(HUGE)
            file.write(end(HUGE, 0))

        assert str(read_all(path)) == f"Cannot read `{path}`: its central directory has 1073741824 bytes"

    def test_of_many_members(self, path: Path):
        """The directory of 20,000 members is read."""
        entries = [mar.WrittenEntry(b"%050d" % number, 0, 0o644, 0, False) for number in range(20_000)]
        with open(path, "xb") as file:
            mar.write_central_directory(file, entries, 0, 33)
        with open_container(path) as container:
            assert len(container.members) == 20_000

    def test_memory(self, path: Path):
        """The largest directory that is read takes a bounded amount of memory."""
        header = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
        count = 10_000
        directory = (header + b"a") * count
        path.write_bytes(directory + end(len(directory), 0))
        with bounded((256 << 20) * len(directory) // zip_reader.LARGEST_DIRECTORY):
            read_all(path)
