"""What headers say of a tar's members, which are read from a whole tar."""

from __future__ import annotations

import tarfile
from io import BytesIO

import pytest

from hatch_mar.archive.formats.tar_headers import SPARSE_MEMBER, TarEntry
from hatch_mar.archive.formats.tar_stream import FirstMember, members
from hatch_mar.archive.formats.unpacking import Stopped
from hatch_mar.budget import Budget
from tests.archive.formats.tars import block, read, records
from tests.checks.containers import changed, gz, header, tar


class TestHeaders:
    def test_prefix(self) -> None:
        """Names that are split into two fields are read."""
        assert [entry.name for entry in read(tar({"x" * 60: b""}, "m" * 90 + "/", tarfile.USTAR_FORMAT))] == [
            "m" * 90 + "/" + "x" * 60
        ]

    def test_folders(self) -> None:
        """A folder's name ends in a slash, which was enough before POSIX."""
        found = read(header("m", b"5", 0) + header("m/old/", b"\0", 0) + header("m/x", b"0", 0))

        assert found == [TarEntry("m/", b"5", 0), TarEntry("m/old/", b"5", 0), TarEntry("m/x", b"0", 0)]
        assert [entry.unpacked_name for entry in found] == ["", "old/", "x"]

    @pytest.mark.parametrize(
        "data",
        [
            header("m/x", b"5", 9),
            header("m/x/", b"\0", 9),
            header("m/x/", b"0", 0),
            header("m/x/", b"6", 0),
            header("", b"L", 4) + block(b"m/x\0") + header("m/y/", b"\0", 0),
            header("", b"L", 5) + block(b"m/x/\0") + header("m/y", b"\0", 0),
        ],
        ids=["size", "slash and size", "file", "pipe", "slash in one name", "slash in the other name"],
    )
    def test_half_a_folder(self, data: bytes) -> None:
        """Readers go on at different places behind a folder with data, or take it for a file."""
        with pytest.raises(Stopped, match=r"^The file is damaged: member `m/x/?` is not an empty folder$"):
            read(data + block(b"123456789"))

    def test_path_for_all(self) -> None:
        """A path may be that of all members, if they have no other."""
        said, own = records("path=m/z"), records("path=m/y")
        for_all, pax = header("x", b"g", len(said)) + block(said), header("x", b"x", len(own)) + block(own)
        member = header("m/x", b"0", 0)

        assert [entry.name for entry in read(member + for_all + member + member)] == ["m/x", "m/z", "m/z"]
        for headers in (for_all + pax, pax + for_all):
            with pytest.raises(Stopped, match="a name of its own and that of all members"):
                read(headers + member)

    def test_numbers_of_a_device(self) -> None:
        """`tarfile` ends at a member whose device has no numbers, even if it is none."""
        with pytest.raises(Stopped, match="its content is not a tar"):
            read(changed(header("m/x", b"0", 0), {329: b"x"}))

    def test_two_headers(self) -> None:
        """Of two pax headers GNU tar forgets the first."""
        said = records("size=3")
        pax = header("x", b"x", len(said)) + block(said)
        with pytest.raises(Stopped, match="a member has two extended headers of one kind"):
            read(pax + pax + header("m/x", b"0", 3) + block(b"abc"))

    def test_prefix_without_a_mark(self) -> None:
        """Not all look for a prefix in a header that is older than POSIX."""
        [found] = read(changed(header("x", b"0", 0), {257: bytes(8), 345: b"m"}))

        assert (found.name, found.other_name) == ("m/x", "x")

    def test_sparse(self) -> None:
        """GNU tar's sparse files are refused."""
        info = tarfile.TarInfo("m/x")
        info.size, info.type = 5, b"S"
        head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
        head[482] = 1
        head[148:156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 8 * 32)
        more = bytearray(512)
        more[504] = 1
        data = bytes(head) + bytes(more) + bytes(512) + block(b"12345") + header("m/y", b"0", 0)

        with pytest.raises(Stopped, match=r"^Member `m/x` is sparse$") as error:
            read(data)
        assert error.value.rule is SPARSE_MEMBER

    def test_times_of_gnu_tar(self) -> None:
        """GNU tar has times where POSIX has a name's prefix."""
        head = bytearray(tarfile.TarInfo("m/x").tobuf(tarfile.GNU_FORMAT))
        head[345:357] = b"14000000000\0"
        head[148:156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 8 * 32)

        assert [entry.name for entry in read(bytes(head))] == ["m/x"]

    def test_large_size(self) -> None:
        """A size may be written in base 256."""
        info = tarfile.TarInfo("m/x")
        info.size = 20 << 30
        entries = members(FirstMember(BytesIO(gz(info.tobuf(tarfile.GNU_FORMAT))), 1 << 30, Budget()))

        assert next(entries).size == 20 << 30

    def test_negative_size(self) -> None:
        """A negative size is damage."""
        head = bytearray(header("m/x", b"0", 0))
        head[124:136] = b"\xff" * 12
        head[148:156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 8 * 32)

        with pytest.raises(Stopped, match="does not match its checksum"):
            read(bytes(head))

    @pytest.mark.parametrize("key", ["GNU.sparse.map", "GNU.sparse.numbytes", "GNU.sparse.major"])
    def test_sparse_of_pax(self, key: str) -> None:
        """So are those of pax headers, of which commons-compress fails on some."""
        said = records(f"{key}=1")
        with pytest.raises(Stopped, match=r"^Member `m/x` is sparse$"):
            read(header("x", b"x", len(said)) + block(said) + header("m/x", b"0", 0))

    def test_numbers_of_gnu_tar(self) -> None:
        """GNU tar's numbers are read even if the first is empty, and in an extended header too."""
        for kind in (b"0", b"x"):
            with pytest.raises(Stopped, match="text where GNU tar has numbers"):
                read(changed(header("m/x", kind, 0), {257: b"ustar  \0", 386: b"1 2"}))

    def test_star(self) -> None:
        """Star's headers say so themselves, or a header for all does."""
        said = records("SCHILY.archtype=exustar")
        for_all = header("x", b"g", len(said)) + block(said)
        for data in (
            changed(header("m/x", b"0", 0), {476: b"x", 508: b"tar\0"}),
            for_all + changed(header("m/x", b"0", 0), {476: b"x"}),
        ):
            with pytest.raises(Stopped, match="text where star has numbers"):
                read(data)
        assert [entry.name for entry in read(for_all + header("m/x", b"0", 0))] == ["m/x"]

    def test_folder_without_a_slash(self) -> None:
        """TorchServe cuts off nothing of the only part of a name in a pax header."""
        said = records("path=w")
        [found] = read(header("x", b"x", len(said)) + block(said) + header("m/x", b"5", 0))

        assert found.unpacked_name == "w/"
