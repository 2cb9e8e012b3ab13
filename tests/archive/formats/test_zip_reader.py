from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar import budget
from hatch_mar.archive.formats import mar
from hatch_mar.archive.formats.inflation import Part
from hatch_mar.archive.formats.reader import open_container
from hatch_mar.archive.formats.zip_reader import DISAGREEMENT
from hatch_mar.budget import MEMBERS
from hatch_mar.errors import ReadError
from hatch_mar.zip_records import CENTRAL_HEADER, END, ZIP64_END, ZIP64_LOCATOR
from tests.archives import PACKING, archive_of, files, incompressible
from tests.budgets import enough_for
from tests.checks.containers import (
    DEFLATED,
    DESCRIPTOR,
    MANIFEST,
    Entry,
    bomb,
    deflated,
    described,
    model,
    write,
)
from tests.checks.unpacking import check_unpacking
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
        with open_container(path) as container:
            found = container.members

            assert [(m.name, m.executable) for m in found] == [("b/run", True), ("a", False), ("zoë", False)]
            assert [b"".join(m.source.chunks()) for m in found] == [b"b/run", b"a", "zoë".encode()]

    def test_twice(self, path: Path):
        """Of two entries of one name, each has its own bytes."""
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("a", b"1")
            with pytest.warns(UserWarning, match="Duplicate name"):
                file.writestr("a", b"22")
        with open_container(path) as container:
            assert [b"".join(member.source.chunks()) for member in container.members] == [b"1", b"22"]


class TestOpen:
    @given(st.binary(max_size=300), st.sampled_from(["store", "deflate"]), st.data())
    def test_seek(
        self, tmp_path_factory: pytest.TempPathFactory, data: bytes, compression: str, draw: st.DataObject
    ):
        """An entry can be read from any position."""
        path = tmp_path_factory.mktemp("seek") / "digits.mar"
        mar.write(archive_of({"a": b"before", "b": data, "c": b"after"}), path, PACKING)
        steps = draw.draw(st.lists(st.tuples(st.integers(0, 320), st.integers(0, 320)), max_size=5))
        with open_container(path) as container:
            source = next(member for member in container.members if member.name == "b").source
            assert len(data) == source.size()
            with source.open() as stream:
                for start, count in steps:
                    stream.seek(start)
                    assert data[start : start + count] == stream.read(count)
                assert len(data) == stream.seek(0, io.SEEK_END)

    def test_whence(self, path: Path):
        """Seeking goes from the start, from here and from the end."""
        path.write_bytes(b"..0123456789..")
        with open(path, "rb") as file, Part(file, 2, 10) as part:
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

        assert str(read_all(path)).startswith(f"{path}: MAR803 The member at byte ")

    def test_encrypted(self, path: Path):
        """An encrypted entry cannot be read."""
        mar.write(archive_of({"a": DATA}), path, PACKING)
        data = path.read_bytes()
        for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = data.rindex(signature) + place
            data = data[:at] + b"\x01" + data[at + 1 :]
        path.write_bytes(data)
        error = str(read_all(path))

        assert error.startswith(f"{path}: MAR811 Member `a` is encrypted")

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_methods_that_only_python_knows(self, method: int, path: Path):
        """Methods that TorchServe does not know are refused, since their readers take unbounded memory."""
        with zipfile.ZipFile(path, "w", method) as file:
            file.writestr("a", bytes(80 << 20))
        with bounded():
            error = str(read_all(path))

        assert error.startswith(f"{path}: MAR812 Member `a` is compressed with method ")

    def test_bomb(self, path: Path):
        """An entry that unpacks to more than its size is cut off there, and takes little memory."""
        mar.write(archive_of({"a": bytes(100 << 20)}), path, PACKING)
        data = path.read_bytes()
        size = struct.pack("<I", 100 << 20)
        path.write_bytes(data.replace(size, struct.pack("<I", 10)))
        with bounded():
            assert "MAR815" in str(read_all(path)) or "MAR803" in str(read_all(path))

    @pytest.mark.parametrize("name", [b"\xff\xfe", b"\x80"])
    def test_name(self, name: bytes, path: Path):
        """A name that is marked as UTF-8 and is not."""
        mar.write(archive_of({"é": b""}), path, PACKING)
        path.write_bytes(path.read_bytes().replace("é".encode(), (name * 2)[:2]))

        assert str(read_all(path)).startswith(f"{path}: MAR804 ")


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


MOST_MEMORY = 64 << 20
LIMIT_32 = 0xFFFFFFFF


def check(path: Path, *, deep: bool = True) -> list[str]:
    return [str(finding) for finding in check_unpacking(path, deep=deep)]


class TestDirectory:
    def test_other_name(self, tmp_path: Path) -> None:
        """What a member's header and the directory both say is one finding."""
        member = zipfile.ZipInfo("a.txt")
        member.extra = pack("<2HBL", 0x7075, 10, 1, zlib.crc32(b"a.txt")) + b"b.txt"
        path = tmp_path / "m.mar"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(member, b"")

        assert [text.split()[1] for text in check(path)] == ["MAR815"]

    def test_listed_twice(self, tmp_path: Path) -> None:
        """The directory lists each member once."""
        first = Entry("y", b"y")
        data = first.local() + first.central(0) * 2
        end = END.pack(b"PK\x05\x06", 0, 0, 2, 2, len(data) - len(first.local()), len(first.local()), 0)
        path = write(tmp_path / "m.mar", data + end)

        assert check(path) == [
            (f"{path}: MAR815 The directory lists the member at byte 0 twice; {DISAGREEMENT.fix}")
        ]

    @pytest.mark.parametrize(
        ("position", "value"), [(8, pack("<2H", 2, 2)), (12, pack("<2I", 0, len(model()) - 22))]
    )
    def test_end_record(self, position: int, value: bytes, tmp_path: Path) -> None:
        """Some readers go by the end record's count, and some by its size."""
        data = model()
        at = len(data) - END.size + position
        path = write(tmp_path / "m.mar", data[:at] + value + data[at + len(value) :])

        assert {text.split()[1] for text in check(path)} == {"MAR815"}


class TestDeep:
    def test_shallow(self, tmp_path: Path) -> None:
        """Without `deep` nothing is read of members whose header has their size."""
        path = write(tmp_path / "m.mar", model().replace(b"handle(", b"HANDLE("))

        assert check(path, deep=False) == []
        assert [text.split()[1] for text in check(path)] == ["MAR803"]

    def test_descriptors_are_read(self, tmp_path: Path) -> None:
        """A member whose size comes after its data is always read."""
        data = model(described("x", b"x" * 99)).replace(deflated(b"x" * 99), deflated(b"y" * 99))

        assert [text.split()[1] for text in check(write(tmp_path / "m.mar", data), deep=False)] == ["MAR803"]


def many(count: int) -> bytes:
    """A zip of a manifest and so many empty members."""
    first = Entry("MAR-INF/MANIFEST.json", MANIFEST)
    start, member = len(first.local()), Entry("").local()[:26] + pack("<2H", 12, 0)
    names = [b"%012d" % number for number in range(count)]
    local = first.local() + b"".join([member + name for name in names])
    size = len(member) + 12
    central = Entry("").central(0)[:28] + pack("<H12x", 12)
    directory = first.central(0) + b"".join(
        [central + pack("<I", start + size * number) + name for number, name in enumerate(names)]
    )
    end = ZIP64_END.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, *(count + 1,) * 2, len(directory), len(local))
    end += ZIP64_LOCATOR.pack(b"PK\x06\x07", 0, len(local) + len(directory), 1)
    end += END.pack(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return local + directory + end


def overlap() -> bytes:
    """A zip whose directory lists its one member a hundred thousand times."""
    fake = CENTRAL_HEADER.pack(b"PK\x01\x02", *(0,) * 14, 0, 7) * 100_000
    return Entry("x").local() + fake + END.pack(b"PK\x05\x06", 0, 0, 0, 0, len(fake), 31, 0)


def with_zip64_sizes(size: int) -> bytes:
    """A zip with a member of this size, by its ZIP64 extra field."""
    return model(Entry("x", b"", 0, 0, LIMIT_32, LIMIT_32, extra=pack("<2H2Q", 1, 16, size, size)))


HOSTILE: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "stored, 4 GiB": (
        "MAR802",
        lambda: model(Entry("x", bytes(10 << 20), size=LIMIT_32 - 1, packed=LIMIT_32 - 1)),
    ),
    "deflated, 4 GiB": (
        "MAR806",
        lambda: model(Entry("x", b"x", DEFLATED, size=LIMIT_32 - 1), bytes(10 << 20)),
    ),
    "16 EiB": ("MAR802", lambda: with_zip64_sizes(1 << 62)),
    "negative size": ("MAR815", lambda: with_zip64_sizes(1 << 63)),
    "long names": ("MAR806", lambda: b"".join(Entry(b"%065535d" % n).local() for n in range(600))),
    "bomb": (
        "MAR806",
        lambda: Entry("x", flags=DESCRIPTOR, method=DEFLATED).local()[:-2] + bomb(500),
    ),
    "entries that overlap": ("MAR815", overlap),
}
"""Files that claim much, with the code that is found."""


class TestBounds:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile(self, name: str, tmp_path: Path) -> None:
        """Whatever a file claims, it takes little memory and is read no further than a limit."""
        code, data = HOSTILE[name]
        path = write(tmp_path / "m.mar", data())

        with bounded(MOST_MEMORY):
            codes = [finding.code for finding in check_unpacking(path)]

        assert codes[-1] == code
        assert len(codes) <= 21

    def test_most_members(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The most members that are allowed are in order, and one more is not. Neither takes much memory."""
        most = 20_000
        monkeypatch.setattr(budget, "TIME_A_BYTE", 0)
        allowed, refused = write(tmp_path / "m.mar", many(most - 1)), write(tmp_path / "n.mar", many(most))

        with bounded(3 * MOST_MEMORY * most // 200_000):
            with open_container(allowed, enough_for(MEMBERS, most)) as container:
                assert container.findings == ()
            with (
                pytest.raises(ReadError, match="MAR131"),
                open_container(refused, enough_for(MEMBERS, most)),
            ):
                pass
