"""A zip's central directory."""

from __future__ import annotations

from io import BytesIO
from struct import pack

import pytest

from hatch_mar.archive.formats.zip_directory import find_directory, read_entries
from tests.archive.formats.test_zip_stream import WIDE, read, sizes
from tests.checks.containers import Entry, model, zipped


class TestDirectory:
    def test_entries(self) -> None:
        """The central directory lists the members with their offsets."""
        data = model()
        start = find_directory(BytesIO(data), len(data))

        assert start == data.index(b"PK\x01\x02")
        found = [*read_entries(BytesIO(data), start)]
        assert [(entry.offset, entry.raw_name) for entry in found] == [
            (entry.offset, entry.raw_name) for entry in read(data)
        ]

    @pytest.mark.parametrize("end", [22, 1])
    def test_cut_off(self, end: int) -> None:
        """Without a whole end record no directory is found."""
        assert find_directory(BytesIO(model()[:-end]), len(model()) - end) is None

    def test_elsewhere(self) -> None:
        """A directory that does not end at the end record is not found."""
        data = model() + b"."
        data = data[:-23] + b"." + data[-23:-1]

        assert find_directory(BytesIO(data), len(data)) is None

    def test_zip64_without_record(self) -> None:
        """A directory is not found if the ZIP64 locator leads nowhere (APPNOTE 4.3.15)."""
        data = pack("<4sIQI", b"PK\x06\x07", 0, 1 << 62, 1) + zipped()

        assert find_directory(BytesIO(data), len(data)) is None

    def test_values_of_64_bits(self) -> None:
        """What does not fit is in the ZIP64 extra field, in its order (APPNOTE 4.5.3)."""
        header = bytearray(Entry("x").central(0))
        header[20:28] = pack("<2I", 3, WIDE)
        header[42:46] = pack("<I", WIDE)
        extra = sizes(5 << 30, 6 << 30)
        header[30:32] = pack("<H", len(extra))

        [entry] = read_entries(BytesIO(bytes(header) + extra), 0)

        assert (entry.packed, entry.size, entry.offset) == (3, 5 << 30, 6 << 30)
