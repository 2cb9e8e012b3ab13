"""The members of a `.tar.gz`, one after another."""

from __future__ import annotations

import tarfile
from io import BytesIO

import pytest

from hatch_mar.archive.formats.tar_stream import SPARSE_MEMBER, FirstMember, TarEntry, members
from hatch_mar.archive.formats.unpacking import CUT_OFF, DAMAGED, Stopped
from hatch_mar.budget import Budget
from hatch_mar.finding import Rule
from tests.checks.containers import FILES, changed, gz, header, special, tar

LONG = "long/" * 60 + "name"


def read(*parts: bytes) -> list[TarEntry]:
    return [
        entry._replace(start=0, mode=0)
        for entry in members(FirstMember(BytesIO(gz(*parts)), 1 << 30, Budget()))
    ]


def block(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def records(*pairs: str) -> bytes:
    """A pax header of these `key=value`."""
    found = b""
    for pair in pairs:
        size = len(pair.encode()) + 2
        size += len(str(size + len(str(size))))
        found += f"{size} {pair}\n".encode()
    return found


class TestMembers:
    @pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_formats(self, form: int) -> None:
        """Names and sizes are read from every format of tar."""
        found = read(tar(FILES, form=form))

        assert [(entry.unpacked_name, entry.size) for entry in found] == [
            (name, len(data)) for name, data in FILES.items()
        ]

    @pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_long_names(self, form: int) -> None:
        """Names that do not fit into a header, or are not ASCII, are read."""
        found = read(tar({LONG: b"x", "modèle.txt": b"y", "link": special(b"2", LONG)}, form=form))

        assert [entry.name for entry in found] == [f"m/{LONG}", "m/modèle.txt", "m/link"]

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

    @pytest.mark.parametrize("key", ["size", "SCHILY.filetype", "GNU.sparse.name"])
    def test_decisive_for_all(self, key: str) -> None:
        """What a header says of all members decides nothing."""
        for pair in (f"{key}=1", "comment=none"):
            said = records(pair)
            data = header("g", b"g", len(said)) + block(said) + header("m/x", b"0", 0)
            if pair.startswith("comment"):
                assert [entry.name for entry in read(data)] == ["m/x"]
                continue
            with pytest.raises(Stopped, match=f"a header gives all members the same `{key}`"):
                read(data)

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

    def test_end(self) -> None:
        """The tar ends at two empty blocks, whatever follows them, or where the gzip ends."""
        member, other = header("m/x", b"0", 0), header("m/y", b"0", 0)

        assert len(read(member + bytes(1024) + other)) == 1
        assert len(read(member + bytes(512))) == 1
        assert len(read(member + bytes(100))) == 1
        assert len(read(member)) == 1
        assert len(read(member, other)) == 1

    @pytest.mark.parametrize(
        ("rest", "rule"),
        [(bytes(512) + header("m/y", b"0", 0), DAMAGED), (bytes(512) + b"rest", DAMAGED), (b"rest", CUT_OFF)],
        ids=["header behind an empty block", "bytes behind an empty block", "part of a header"],
    )
    def test_not_an_end(self, rest: bytes, rule: Rule) -> None:
        """A single empty block in front of other data does not end a tar, nor does a part of a header."""
        with pytest.raises(Stopped) as stopped:
            read(header("m/x", b"0", 0) + rest)

        assert stopped.value.rule == rule

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

    def test_empty_extended_header(self) -> None:
        """An extended header needs a member behind it, even if it says nothing."""
        with pytest.raises(Stopped, match="no member follows the last extended header"):
            read(header("m/x", b"0", 0) + header("x", b"x", 0))

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
