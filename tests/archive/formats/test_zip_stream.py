"""The members of a zip, one after another."""

from __future__ import annotations

import zlib
from io import BytesIO
from struct import pack

import pytest

from hatch_mar.archive.formats.unpacking import Stopped
from hatch_mar.archive.formats.zip_stream import LocalEntry, members, read_descriptor
from hatch_mar.budget import Budget
from tests.checks.containers import DEFLATED, FILES, Entry, deflated, described, model, zipped

WIDE = 0xFFFFFFFF


def read(data: bytes, *, deep: bool = True) -> list[LocalEntry]:
    return [*members(BytesIO(data), len(data), Budget(), deep=deep)]


def sizes(*values: int) -> bytes:
    """The ZIP64 extra field (APPNOTE 4.5.3), after another one."""
    return pack("<2H2s", 0x5455, 2, b"..") + pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values)


class TestMembers:
    @pytest.mark.parametrize("deep", [False, True])
    @pytest.mark.parametrize("method", [0, DEFLATED])
    def test_headers(self, method: int, deep: bool) -> None:
        """Every member has what its header says."""
        found = read(model(method=method), deep=deep)

        assert [(entry.name, entry.size, entry.crc) for entry in found] == [
            (name, len(data), zlib.crc32(data)) for name, data in FILES.items()
        ]

    @pytest.mark.parametrize("deep", [False, True])
    def test_descriptors(self, deep: bool) -> None:
        """The sizes that come after a member's data are read."""
        [entry, after] = read(zipped(described("x", b"x" * 99), Entry("y")), deep=deep)

        assert (99, len(deflated(b"x" * 99)), zlib.crc32(b"x" * 99)) == (entry.size, entry.packed, entry.crc)
        assert after.name == "y"

    def test_descriptor_without_signature(self) -> None:
        """The descriptor's signature may be missing (APPNOTE 4.3.9.3)."""
        data = zipped(described("x", b"x"), Entry("y")).replace(b"PK\x07\x08", b"")

        assert [entry.name for entry in read(data)] == ["x", "y"]

    def test_end(self) -> None:
        """The file's position ends up after the members, at the central directory."""
        data = model()
        file = BytesIO(data)
        assert len([*members(file, len(data), Budget(), deep=False)]) == len(FILES)

        assert file.read(4) == b"PK\x01\x02"

    def test_zip64(self) -> None:
        """Sizes may be in the ZIP64 extra field, the unpacked one first."""
        data = deflated(b"x" * 99)
        entry = Entry("x", b"x" * 99, DEFLATED, 0, WIDE, WIDE, extra=sizes(99, len(data)))

        assert [(found.size, found.packed) for found in read(entry.local())] == [(99, len(data))]

    def test_zip64_of_one_size(self) -> None:
        """Java's reader ignores a ZIP64 extra field with only one size."""
        entry = Entry("x", b"x" * 99, DEFLATED, 0, WIDE, WIDE, extra=sizes(99))

        with pytest.raises(Stopped, match="has 4294967295 bytes"):
            read(entry.local())

    def test_broken_extra_field(self) -> None:
        """Java's reader ignores a field that claims to be longer than all of them."""
        entry = Entry("x", b"x", 0, 0, 1, WIDE, extra=pack("<2H9x", 1, 99))

        assert [found.packed for found in read(entry.local(), deep=False)] == [WIDE]

    def test_stored(self) -> None:
        """Java's reader goes by the unpacked size of a stored member."""
        assert [found.name for found in read(zipped(Entry("x", b"xx", packed=7), Entry("y")))] == ["x", "y"]


class TestDescriptor:
    @pytest.mark.parametrize("signature", [b"PK\x07\x08", b""])
    def test_large(self, signature: bytes) -> None:
        """After a member of more than 4 GiB the sizes have 64 bits."""
        entry = LocalEntry(0, b"x", "x", 8, DEFLATED, 7, 5 << 30, 6 << 30, 0)
        file = BytesIO(signature + pack("<I2Q", 7, 5 << 30, 6 << 30) + b"after")
        read_descriptor(file, entry)

        assert file.read() == b"after"

    def test_cut_off(self) -> None:
        """A file that ends inside a descriptor is cut off."""
        with pytest.raises(Stopped, match="The file ends after the data of member `x`"):
            read_descriptor(BytesIO(b"PK\x07\x08"), LocalEntry(0, b"x", "x", 8, DEFLATED, 0, 2, 0, 0))
