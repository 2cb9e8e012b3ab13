from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.formats import tar_stream, tgz
from hatch_mar.archive.formats.reader import open_container, read
from hatch_mar.budget import MEMBERS
from hatch_mar.errors import ReadError
from tests.archive.formats.test_zip_reader import read_all
from tests.archives import MANIFEST_BYTES, PACKING, archive_of, incompressible
from tests.budgets import enough_for
from tests.checks.containers import bomb, gz, tar, write
from tests.checks.containers import header as tar_header
from tests.checks.unpacking import check_unpacking
from tests.memory import bounded

DATA = incompressible(5000)
BLOCK = 512


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.tar.gz"


def header(name: str = "digits/a", size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info.tobuf(tarfile.GNU_FORMAT)


def pack_tar(path: Path, *pieces: bytes, zeros: int = 0, level: int = 1) -> None:
    """A `.tar.gz` of these pieces, followed by so many zeros."""
    with gzip.open(path, "wb", level) as file:
        for piece in pieces:
            file.write(piece)
        for _ in range(zeros >> 20):
            file.write(bytes(1 << 20))
        file.write(bytes(2 * BLOCK))


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def pax(**records: str) -> bytes:
    data = b""
    for key, value in records.items():
        body = f" {key}={value}\n".encode()
        length = len(body)
        while len(str(length)) + len(body) != length:
            length = len(str(length)) + len(body)
        data += str(length).encode() + body
    return header("pax", len(data), tarfile.XHDTYPE) + padded(data)


class TestMembers:
    def test_names(self, path: Path):
        """The first part of a name is cut off, as by TorchServe; a name of one part stays."""
        pack_tar(
            path,
            header("digits/a"),
            header("./b"),
            header("c"),
            header("x/y/z"),
            header("d", kind=tarfile.DIRTYPE),
        )
        with open_container(path) as container:
            assert [member.name for member in container.members] == ["a", "b", "c", "y/z"]

    def test_modes(self, path: Path):
        """An entry is executable if its owner may run it."""
        tgz.write(archive_of({"run": b"", "text": b""}, executable=["run"]), path, PACKING)
        with read(path) as found:
            assert [member.executable for member in found.members] == [True, False]

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
    def test_links(self, kind: bytes, path: Path):
        """A link or device has no bytes, since TorchServe makes an empty file of it."""
        pack_tar(path, header("digits/a", kind=kind, link="/etc/passwd"))
        with open_container(path) as container:
            [member] = container.members

            assert (member.name, member.source.size(), b"".join(member.source.chunks())) == ("a", 0, b"")
            assert member.source.open().read() == b""

    def test_twice(self, path: Path):
        """Of two entries of one name, each has its own bytes."""
        pack_tar(path, header(size=1), padded(b"1"), header(size=2), padded(b"22"))
        with open_container(path) as container:
            assert [b"".join(member.source.chunks()) for member in container.members] == [b"1", b"22"]

    @given(st.binary(max_size=300), st.data())
    def test_seek(self, tmp_path_factory: pytest.TempPathFactory, data: bytes, draw: st.DataObject):
        """An entry can be read from any position."""
        path = tmp_path_factory.mktemp("seek") / "digits.tar.gz"
        tgz.write(archive_of({"a": b"before", "b": data, "c": b"after"}), path, PACKING)
        steps = draw.draw(st.lists(st.tuples(st.integers(0, 320), st.integers(0, 320)), max_size=5))
        with read(path) as archive:
            source = archive.members[1].source
            assert len(data) == source.size()
            with source.open() as stream:
                for start, count in steps:
                    stream.seek(start)
                    assert data[start : start + count] == stream.read(count)


class TestDamage:
    @given(st.integers(0, 10**6), st.integers(0, 255))
    def test_any_byte(self, tmp_path_factory: pytest.TempPathFactory, place: int, value: int):
        """Whichever byte of the tar is changed, nothing but an error of one line is raised."""
        path = tmp_path_factory.mktemp("damage") / "digits.tar.gz"
        tgz.write(archive_of({"a": b"1" * 600, "é" * 120: b"2"}), path, PACKING)
        data = bytearray(gzip.decompress(path.read_bytes()))
        data[place % len(data)] = value
        path.write_bytes(gzip.compress(data, 1))
        read_all(path)

    @given(st.integers(0, 10**6), st.integers(0, 255))
    def test_any_byte_of_the_gzip(self, tmp_path_factory: pytest.TempPathFactory, place: int, value: int):
        """Whichever byte of the gzip is changed, the members are what was packed, or nothing is read."""
        path = tmp_path_factory.mktemp("damage") / "digits.tar.gz"
        tgz.write(archive_of({"a": DATA}), path, PACKING)
        data = bytearray(path.read_bytes())
        data[place % len(data)] = value
        path.write_bytes(data)
        if read_all(path) is None:
            with read(path) as found:
                assert [member.read(len(DATA) + 1) for member in found.members] == [DATA]

    @given(st.integers(0, 10**6))
    def test_cut(self, tmp_path_factory: pytest.TempPathFactory, place: int):
        """An archive that is cut off anywhere is damaged."""
        path = tmp_path_factory.mktemp("cut") / "digits.tar.gz"
        tgz.write(archive_of({"a": DATA}), path, PACKING)
        data = path.read_bytes()
        path.write_bytes(data[: place % len(data)])

        assert read_all(path) is not None

    def test_second_gzip(self, path: Path):
        """A second gzip is not read, since TorchServe does not read it either."""
        path.write_bytes(gzip.compress(header("digits/a")) + gzip.compress(header("digits/b")))
        with open_container(path) as container:
            assert [member.name for member in container.members] == ["a"]

    def test_zeros(self, path: Path):
        """Zeros without end behind the tar are a bomb."""
        pack_tar(path, header("digits/a"), zeros=100 << 20, level=9)
        with bounded():
            assert str(read_all(path)).startswith(f"{path}: MAR806 ")

    def test_no_gzip(self, path: Path):
        """The error says that a file is not a gzip."""
        path.write_bytes(b"PK\x03\x04")

        assert str(read_all(path)).startswith(f"{path}: MAR821 ")


def tar_of(form: int) -> bytes:
    """A tar with extended headers, a folder and a link; its last member has data."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as file:
        for name, kind, data in (
            ("digits", tarfile.DIRTYPE, b""),
            ("digits/link", tarfile.SYMTYPE, b""),
            ("digits/" + "long/" * 30 + "name", tarfile.REGTYPE, b"1" * 600),
            ("digits/zoë", tarfile.REGTYPE, b""),
            ("digits/weights", tarfile.REGTYPE, DATA),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            file.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


TARS = {form: tar_of(form) for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)}


def members_of(tar: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as file:
        return file.getmembers()


def headers_of(tar: bytes) -> list[int]:
    """Where a tar's headers are, those of extended headers too."""
    blocks = (block for info in members_of(tar) for block in range(info.offset, info.offset_data, BLOCK))
    return [block for block in blocks if tar[block + 257 :].startswith(b"ustar")]


def without_end(tar: bytes) -> bytes:
    return tar[: members_of(tar)[-1].offset_data + len(padded(DATA))]


def list_members(tar: bytes, directory: Path) -> list[tuple[str, int]] | None:
    """The members' names and sizes, or None if the archive is refused."""
    path = directory / "digits.tar.gz"
    path.write_bytes(gzip.compress(tar, 1))
    try:
        with open_container(path) as container:
            return [(member.name, member.source.size()) for member in container.members]
    except ReadError:
        return None


class TestEnd:
    """Either all members are listed, or none."""

    @pytest.mark.parametrize("form", TARS)
    @given(st.data(), st.integers(0, BLOCK - 1), st.integers(0, 255))
    def test_changed_header(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        form: int,
        data: st.DataObject,
        place: int,
        value: int,
    ):
        """Whichever byte of a header is changed, no member is missing from the list."""
        tar = bytearray(TARS[form])
        tar[data.draw(st.sampled_from(headers_of(TARS[form]))) + place] = value

        directory = tmp_path_factory.mktemp("changed")
        assert list_members(bytes(tar), directory) in (None, list_members(TARS[form], directory))

    @pytest.mark.parametrize("form", TARS)
    def test_empty_header(self, tmp_path: Path, form: int):
        """A header of nothing but zeros is not the end if data follows."""
        for block in headers_of(TARS[form]):
            tar = TARS[form][:block] + bytes(BLOCK) + TARS[form][block + BLOCK :]

            assert list_members(tar, tmp_path) is None

    @pytest.mark.parametrize("form", TARS)
    @given(st.data())
    def test_cut(self, tmp_path_factory: pytest.TempPathFactory, form: int, data: st.DataObject):
        """A tar that is cut off in a header, or in a member, is damaged."""
        tar = without_end(TARS[form])
        starts = {info.offset for info in members_of(tar)}
        place = data.draw(st.integers(1, len(tar) - 1).filter(lambda place: place not in starts))

        assert list_members(tar[:place], tmp_path_factory.mktemp("cut")) is None

    @pytest.mark.parametrize(
        "end",
        [b"", bytes(100), bytes(BLOCK), bytes(BLOCK + 100), bytes(2 * BLOCK), bytes(20 * BLOCK)],
        ids=len,
    )
    @pytest.mark.parametrize("form", TARS)
    def test_ends(self, tmp_path: Path, form: int, end: bytes):
        """A tar ends with the file or at blocks of zeros, however few."""
        whole = list_members(TARS[form], tmp_path)

        assert len(whole or []) == 4
        assert list_members(without_end(TARS[form]) + end, tmp_path) == whole

    def test_rest(self, tmp_path: Path):
        """Nobody reads what follows two blocks of zeros."""
        tar = header("digits/a") + bytes(2 * BLOCK)

        assert list_members(tar + b"rest", tmp_path) == [("a", 0)]
        assert list_members(tar + header("digits/b"), tmp_path) == [("a", 0)]

    @pytest.mark.parametrize("rest", [b"rest", header("digits/b")[:-1], bytes(BLOCK) + header("digits/b")])
    def test_message(self, path: Path, rest: bytes):
        """The error says where the tar is damaged."""
        path.write_bytes(gzip.compress(header("digits/a") + rest))

        assert str(read_all(path)).startswith(f"{path}: MAR80")

    def test_long_extended_header(self, path: Path):
        """An extended header that cannot be read is not the end, even if zeros are at its end."""
        data = b"99999999 path=x\n".ljust(3 << 20, b"\0")
        path.write_bytes(gzip.compress(header("digits/a") + header("x", len(data), tarfile.XHDTYPE) + data))

        assert str(read_all(path)).startswith(f"{path}: MAR8")


@pytest.fixture
def small_headers(monkeypatch: pytest.MonkeyPatch) -> int:
    """A small limit for extended headers, so that a test does not read megabytes of them."""
    most = tar_stream.LARGEST_HEADER // 16
    monkeypatch.setattr(tar_stream, "LARGEST_HEADER", most)
    return most


class TestBombs:
    """Memory stays bounded, whatever the file claims."""

    @pytest.mark.parametrize(
        "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
    )
    @pytest.mark.parametrize("size", [10 << 30, 1 << 30], ids=["10 GiB", "1 GiB"])
    def test_extended_header(self, size: int, kind: bytes, path: Path):
        """An extended header of gigabytes is refused, whether its data is there or not."""
        pack_tar(path, header("pax", size, kind), zeros=100 << 20)
        with bounded():
            assert str(read_all(path)).startswith(f"{path}: MAR8")

    def test_size(self, path: Path):
        """An entry to which a pax header gives a size far beyond the archive's is cut off."""
        pack_tar(path, pax(size=str(10 << 30)), header(), zeros=1 << 20)
        with bounded():
            assert str(read_all(path)).startswith(f"{path}: MAR802 ")

    def test_bomb(self, path: Path):
        """An entry that really has such a size is a bomb."""
        pack_tar(path, header(size=100 << 20), zeros=100 << 20, level=9)
        with bounded():
            assert str(read_all(path)).startswith(f"{path}: MAR806 ")

    @pytest.mark.parametrize("module", ["bz2", "lzma", "gzip"])
    def test_compressed_twice(self, module: str, path: Path):
        """A tar that is compressed twice is not read, as by TorchServe."""
        tgz.write(archive_of({"a": DATA}), path, PACKING)
        tar = gzip.decompress(path.read_bytes())
        path.write_bytes(gzip.compress(import_module(module).compress(tar)))

        assert str(read_all(path)).startswith(f"{path}: MAR8")

    def test_gzip_without_a_tar(self, path: Path):
        """A gzip of nothing but zeros takes little memory."""
        pack_tar(path, zeros=300 << 20)
        with bounded():
            read_all(path)

    def test_chain(self, path: Path, small_headers: int):
        """Consecutive extended headers do not add up in memory."""
        record = pax(path="digits/" + "a" * (small_headers // 2))
        pack_tar(path, *[record] * 300, header())
        with bounded(16 * small_headers):
            read_all(path)

    def test_negative_size(self, path: Path):
        """A header that leads back to itself is refused."""
        block = bytearray(header(size=0))
        block[124:136] = b"\xff" * 10 + struct.pack(">h", -BLOCK)
        block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:]) + 8 * 32)
        pack_tar(path, header("digits/first"), bytes(block))
        with bounded():
            assert read_all(path) is not None


class TestManifest:
    def test_gigabyte(self, path: Path):
        """A manifest of many megabytes is not read."""
        name = "digits/MAR-INF/MANIFEST.json"
        pack_tar(
            path,
            header(name, 64 << 20),
            b" " * (64 << 20),
            header("digits/b", 4 << 20),
            incompressible(4 << 20),
        )
        with bounded(), pytest.raises(ReadError) as error, read(path):
            pass

        expected = "Archive member `MAR-INF/MANIFEST.json` is larger than the 1048576 bytes it may have"
        assert str(error.value) == expected

    def test_read(self, path: Path):
        """A usual manifest is read."""
        pack_tar(path, header("digits/MAR-INF/MANIFEST.json", len(MANIFEST_BYTES)), padded(MANIFEST_BYTES))
        with read(path) as found:
            assert found.manifest.to_json() == MANIFEST_BYTES


MOST_MEMORY = 64 << 20


def check_codes(path: Path) -> list[str]:
    return [finding.code for finding in check_unpacking(path)]


class TestGzips:
    def test_damaged_second_gzip(self, tmp_path: Path) -> None:
        """A second gzip counts even if it is damaged."""
        assert check_codes(write(tmp_path / "m.tar.gz", gz(tar()) + gz(b"")[:12])) == ["MAR822"]

    def test_garbage_after_it(self, tmp_path: Path) -> None:
        """Nobody reads other bytes after the gzip."""
        assert check_codes(write(tmp_path / "m.tar.gz", gz(tar()) + b"\0" * 512)) == []


def headed(record: bytes) -> bytes:
    """An extended header of this record, and a member."""
    return (
        tar_header("x", b"x", len(record)) + record + bytes(-len(record) % 512) + tar_header("m/x", b"0", 1)
    )


HOSTILE: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "bomb": ("MAR806", lambda: gz(b"")[:10] + bomb(500)),
    "long name": ("MAR803", lambda: gz(tar_header("x", b"L", 1 << 30))),
    "extended header of 1 GiB": ("MAR803", lambda: gz(tar_header("x", b"x", 1 << 30))),
    "member of 8 GiB": ("MAR802", lambda: gz(tar_header("m/x", b"0", (8 << 30) - 1))),
    "huge size in an extended header": (
        "MAR803",
        lambda: gz(headed(b"30 size=99999999999999999999\n\0")),
    ),
}
"""Files that claim much, with the code that is found."""


class TestBounds:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile(self, name: str, tmp_path: Path) -> None:
        """Whatever a file claims, it takes little memory and is read no further than a limit."""
        code, data = HOSTILE[name]
        path = write(tmp_path / "m.tar.gz", data())

        with bounded(MOST_MEMORY):
            assert check_codes(path)[-1] == code

    def test_most_members(self, tmp_path: Path) -> None:
        """More members than are allowed are refused, and take little memory."""
        most = 20_000
        path = write(tmp_path / "m.tar.gz", gz(tar_header("m/", b"5", 0) * (most + 1)))

        with (
            bounded(3 * MOST_MEMORY * most // 200_000),
            pytest.raises(ReadError, match="MAR131 The archive has more members than a command reads"),
            open_container(path, enough_for(MEMBERS, most)),
        ):
            pass


class TestTwoNames:
    """What another reader takes for another file is an error, and what TorchServe takes is read."""

    @pytest.mark.parametrize(
        ("headers", "name"),
        [
            (pax(path="digits/a") + header("x", 9, tarfile.GNUTYPE_LONGNAME) + padded(b"digits/b\0"), "a"),
            (header("x", 9, tarfile.GNUTYPE_LONGNAME) + padded(b"digits/b\0") + pax(path="digits/a"), "b"),
            (pax(**{"GNU.sparse.name": "digits/b"}), "c"),
        ],
        ids=["pax first", "GNU first", "sparse name"],
    )
    def test_first(self, headers: bytes, name: str, path: Path):
        """The header that comes first counts."""
        pack_tar(path, headers, header("digits/c", 1), padded(b"1"))
        with open_container(path) as container:
            assert [member.name for member in container.members] == [name]
            assert [finding.code for finding in container.findings] == ["MAR824"]

    def test_same(self, path: Path):
        """Two headers that agree are nothing."""
        long = header("x", 9, tarfile.GNUTYPE_LONGNAME) + padded(b"digits/a\0")
        pack_tar(path, pax(path="digits/a"), long, header("digits/c"))
        with open_container(path) as container:
            assert container.findings == ()

    def test_unknown_kind(self, path: Path):
        """TorchServe unpacks a kind that it does not know as a file."""
        pack_tar(path, header("digits/a", 1, b"Z"), padded(b"1"))
        with open_container(path) as container:
            assert [member.read(9) for member in container.members] == [b"1"]
            assert [finding.code for finding in container.findings] == ["MAR805"]

    @pytest.mark.parametrize(
        "headers", [pax(**{"GNU.sparse.realsize": "9"}), pax(**{"SCHILY.filetype": "sparse"})]
    )
    def test_sparse(self, headers: bytes, path: Path):
        """A sparse member is refused."""
        pack_tar(path, headers, header("digits/a", 1), padded(b"1"))

        assert str(read_all(path)).startswith(f"{path}: MAR825 Member `digits/a` is sparse")
