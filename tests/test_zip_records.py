"""The records of a zip, against what Python's own writer puts into one."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.zip_records import (
    CENTRAL_SIGNATURE,
    DEFLATED,
    END,
    END_SIGNATURE,
    LIMIT_32,
    LOCAL_HEADER,
    UNIX,
    UTF8_NAME,
    ZIP64,
    ZIP64_END,
    ZIP64_END_SIGNATURE,
    ZIP64_LOCATOR,
    ZIP64_LOCATOR_SIGNATURE,
    CentralHeader,
    End,
    LocalHeader,
    Zip64Locator,
    ZipFault,
    extra_fields,
    find_directory,
    find_signature,
    read_zip64_values,
)
from tests.checks.containers import Entry, model, zipped

DATA = b"def handle(data, context): ...\n" * 20


def write_zip(comment: bytes = b"") -> bytes:
    """A zip of one deflated member, as `zipfile` writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        info = zipfile.ZipInfo("modèle.py", (2020, 2, 2, 0, 0, 0))
        info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100755 << 16
        file.writestr(info, DATA)
        file.comment = comment
    return buffer.getvalue()


class TestHeaders:
    def test_local(self) -> None:
        header = LocalHeader.parse(write_zip())

        assert header is not None
        assert (header.method, header.flags) == (DEFLATED, UTF8_NAME)
        assert (header.crc, header.size) == (zlib.crc32(DATA), len(DATA))
        start = LOCAL_HEADER.size + header.name_size + header.extra_size
        assert zlib.decompress(write_zip()[start : start + header.packed], -15) == DATA

    def test_central(self) -> None:
        data = write_zip()
        file = io.BytesIO(data)
        file.seek(data.index(CENTRAL_SIGNATURE))
        header = CentralHeader.read(file)

        assert header is not None
        assert (header.method, header.flags) == (DEFLATED, UTF8_NAME)
        assert (header.crc, header.size, header.offset) == (zlib.crc32(DATA), len(DATA), 0)
        assert (header.made_by >> 8, header.mode) == (UNIX, 0o100755)
        assert (header.raw_name, header.extra) == ("modèle.py".encode(), b"")
        assert (header.is_cut, header.lacks_sizes) == (False, False)
        assert file.read(4) == END_SIGNATURE

    def test_wide(self) -> None:
        """What does not fit is in the ZIP64 extra field, in its order (4.5.3)."""
        data = bytearray(Entry("x").central(0))
        data[20:28], data[42:46] = pack("<2I", 3, LIMIT_32), pack("<I", LIMIT_32)
        data[30:32] = pack("<H", 20)
        extra = pack("<2H2Q", ZIP64, 16, 5 << 30, 6 << 30)
        header, cut = (CentralHeader.read(io.BytesIO(bytes(data) + extra[:size])) for size in (20, 10))

        assert header is not None
        assert cut is not None
        assert (header.packed, header.size, header.offset) == (3, 5 << 30, 6 << 30)
        assert (cut.packed, cut.size, cut.offset) == (3, LIMIT_32, LIMIT_32)
        assert [(each.is_cut, each.lacks_sizes) for each in (header, cut)] == [(False, False), (True, True)]

    @pytest.mark.parametrize("size", [0, 3, LOCAL_HEADER.size - 1])
    def test_cut_off(self, size: int) -> None:
        """A header that is cut off is not read."""
        data = write_zip()
        start = data.index(CENTRAL_SIGNATURE)
        file = io.BytesIO(data[start : start + size])

        assert LocalHeader.parse(data[:size]) is None
        assert CentralHeader.read(file) is None
        assert file.tell() == 0

    def test_signature(self) -> None:
        """A header with another signature is not read."""
        data = write_zip()

        assert LocalHeader.parse(data[data.index(CENTRAL_SIGNATURE) :]) is None
        assert CentralHeader.read(io.BytesIO(data)) is None


class TestEnd:
    def test_end(self) -> None:
        """The central directory that the end record names ends where the record begins."""
        data = write_zip(b"comment")
        directory, position = data.index(CENTRAL_SIGNATURE), data.index(END_SIGNATURE)
        end = End.parse(data, position)

        assert end is not None
        assert vars(end) == vars(End(0, 0, 1, 1, position - directory, directory, 7))
        assert position + END.size + end.length == len(data)

    def test_zip64(self) -> None:
        """The record that the ZIP64 locator leads to has the same fields, in 64 bits."""
        sizes = 70_000, 70_000, 5 << 32, 6 << 32
        record = ZIP64_END.pack(ZIP64_END_SIGNATURE, 44, 45, 45, 2, 3, *sizes)
        locator = ZIP64_LOCATOR.pack(ZIP64_LOCATOR_SIGNATURE, 2, 11 << 32, 4)

        assert vars(End.parse_zip64(b".." + record, 2)) == vars(End(2, 3, *sizes, 44))
        assert vars(Zip64Locator.parse(locator)) == vars(Zip64Locator(2, 11 << 32, 4))

    @pytest.mark.parametrize("missing", [1, 18])
    def test_cut_off(self, missing: int) -> None:
        data = write_zip()
        record = ZIP64_END.pack(ZIP64_END_SIGNATURE, *(0,) * 9)
        locator = ZIP64_LOCATOR.pack(ZIP64_LOCATOR_SIGNATURE, 0, 0, 1)

        assert End.parse(data[:-missing], data.index(END_SIGNATURE)) is None
        assert End.parse_zip64(record[:-missing]) is None
        assert Zip64Locator.parse(locator[:-missing]) is None

    def test_signature(self) -> None:
        """Each of the three has its own signature."""
        zeros = bytes(ZIP64_END.size)

        assert End.parse(ZIP64_END_SIGNATURE + zeros, 0) is None
        assert End.parse_zip64(END_SIGNATURE + zeros) is None
        assert Zip64Locator.parse(ZIP64_END_SIGNATURE + zeros) is None


def find(data: bytes) -> End:
    return find_directory(lambda offset, size: data[offset : offset + size], len(data))


def wide(data: bytes, *, twice: bool = False) -> bytes:
    """A zip with the end record of ZIP64, and with another one if `twice`, which no locator leads to."""
    at = data.rindex(END_SIGNATURE)
    end = End.parse(data, at)
    assert end
    fields = 44, 45, 45, 0, 0
    record = ZIP64_END.pack(ZIP64_END_SIGNATURE, *fields, end.entries, end.entries, end.size, end.offset)
    if twice:
        record += ZIP64_END.pack(ZIP64_END_SIGNATURE, *fields, 0, 0, 0, at)
    return data[:at] + record + pack("<4sIQI", ZIP64_LOCATOR_SIGNATURE, 0, at, 1) + data[at:]


class TestFindDirectory:
    @pytest.mark.parametrize("data", [model(), wide(model())], ids=["zip", "ZIP64"])
    def test_place(self, data: bytes) -> None:
        """It begins with its first entry and ends where an end record begins."""
        end = find(data)

        assert end.offset == data.index(b"PK\x01\x02")
        assert end.offset + end.size == len(model()) - END.size

    @pytest.mark.parametrize("missing", [22, 1])
    def test_cut_off(self, missing: int) -> None:
        """Without a whole end record no directory is found."""
        with pytest.raises(ZipFault, match="its end is missing") as fault:
            find(model()[:-missing])
        assert fault.value.cut

    def test_elsewhere(self) -> None:
        """Nothing lies between a directory and its end."""
        data = model()
        with pytest.raises(ZipFault, match="its directory is not where its end record says"):
            find(data[: -END.size] + b"." + data[-END.size :])

    def test_zip64_without_record(self) -> None:
        """The ZIP64 locator may lead nowhere (APPNOTE 4.3.15)."""
        with pytest.raises(ZipFault, match="its ZIP64 end record is missing"):
            find(pack("<4sIQI", ZIP64_LOCATOR_SIGNATURE, 0, 1 << 62, 1) + zipped())

    def test_two_zip64_records(self) -> None:
        """Some readers go where the locator leads, and others take the record in front of it."""
        with pytest.raises(ZipFault, match="its ZIP64 end record is damaged"):
            find(wide(model(), twice=True))


class TestFindSignature:
    @given(st.lists(st.sampled_from([END_SIGNATURE, b"PK", b"\x05", b"x"])).map(b"".join))
    def test_all(self, tail: bytes) -> None:
        """Every place of the signature, from the last to the first."""
        expected = [found.start() for found in re.finditer(re.escape(END_SIGNATURE), tail)]

        assert [*find_signature(tail, END_SIGNATURE)] == expected[::-1]


fields = st.lists(st.tuples(st.integers(2, 0xFFFF), st.binary(max_size=20)), max_size=4)


def pack_fields(fields: list[tuple[int, bytes]]) -> bytes:
    return b"".join(pack("<2H", tag, len(data)) + data for tag, data in fields)


class TestExtraFields:
    @given(fields)
    def test_all(self, fields: list[tuple[int, bytes]]) -> None:
        found = [*extra_fields(pack_fields(fields))]

        assert found == [(tag, len(data), data) for tag, data in fields]

    def test_cut_off(self) -> None:
        """A field that claims more than there is has what there is, and is the last."""
        assert [*extra_fields(pack("<2H", 7, 9) + b"abc")] == [(7, 9, b"abc")]
        assert [*extra_fields(b"abc")] == []


class TestWiden:
    @given(st.lists(st.integers(0, (1 << 64) - 1), min_size=3, max_size=3), fields, fields)
    def test_all(
        self, values: list[int], before: list[tuple[int, bytes]], after: list[tuple[int, bytes]]
    ) -> None:
        """What does not fit in 32 bits is in the ZIP64 field, and only that, in the header's order."""
        large = [value for value in values if value >= LIMIT_32]
        extra = pack_fields([*before, (ZIP64, pack(f"<{len(large)}Q", *large)), *after])

        assert read_zip64_values(extra, *(min(value, LIMIT_32) for value in values)) == values

    def test_missing(self) -> None:
        """A value that the ZIP64 field lacks is None, be the field short, cut off or not there."""
        short = pack_fields([(ZIP64, pack("<Q", 5 << 32))])

        assert read_zip64_values(short, LIMIT_32, 3, LIMIT_32) == [5 << 32, 3, None]
        assert read_zip64_values(short[:-1], LIMIT_32, 3, LIMIT_32) == [None, 3, None]
        assert read_zip64_values(b"", 1, LIMIT_32, 3) == [1, None, 3]

    def test_first_field(self) -> None:
        """Of two ZIP64 fields the first one counts."""
        extra = pack_fields([(ZIP64, pack("<Q", 1)), (ZIP64, pack("<Q", 2))])

        assert read_zip64_values(extra, LIMIT_32) == [1]
