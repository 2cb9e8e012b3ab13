"""The members of a `.tar.gz`, one after another."""

from __future__ import annotations

import tarfile

import pytest

from hatch_mar.archive.formats.unpacking import CUT_OFF, DAMAGED, Stopped
from hatch_mar.finding import Rule
from tests.archive.formats.tars import block, read, records
from tests.checks.containers import FILES, header, special, tar

LONG = "long/" * 60 + "name"


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

    def test_long_name_without_end(self) -> None:
        """`tarfile` and GNU tar read a long name up to a null byte, TorchServe as many bytes as it has."""
        for padding in (b"", b"\0" * 506, b"lder\0"):
            data = header("x", b"L", 6) + block(b"m/fold" + padding) + header("m/x", b"0", 0)
            if not padding.strip(b"\0"):
                assert [entry.name for entry in read(data)] == ["m/fold"]
                continue
            with pytest.raises(Stopped, match="a long name goes on behind its end"):
                read(data)

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

    def test_empty_extended_header(self) -> None:
        """An extended header needs a member behind it, even if it says nothing."""
        with pytest.raises(Stopped, match="no member follows the last extended header"):
            read(header("m/x", b"0", 0) + header("x", b"x", 0))
