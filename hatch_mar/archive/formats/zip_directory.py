"""A zip's central directory, which everything but TorchServe reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hatch_mar import zip_records as zips


@dataclass(frozen=True)
class CentralEntry:
    """What the central directory says about a member."""

    offset: int
    raw_name: bytes
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    """That of Unix; 0 if another system wrote the zip."""
    other_name: bytes | None = None
    """The one in an extra field (4.6.9) if it is not the entry's own."""


def find_directory(file: BinaryIO, total: int) -> int | None:
    """The offset of the central directory; None if none ends where it should.

    The last end record counts, whatever follows it: what is compared here is what lenient readers see.
    `weights/kinds/zip_index.py` is strict instead, since two readings of weights would be a fault.
    """

    def read(offset: int, size: int) -> bytes:
        file.seek(min(max(0, offset), total))
        return file.read(size)

    tail = read(total - zips.LONGEST_TAIL, zips.LONGEST_TAIL)
    position = next(zips.find_signature(tail, zips.END_SIGNATURE), None)
    record = None if position is None else zips.End.parse(tail, position)
    if position is None or record is None:
        return None
    end = total - len(tail) + position
    locator = zips.Zip64Locator.parse(read(end - zips.ZIP64_LOCATOR.size, zips.ZIP64_LOCATOR.size))
    if locator:
        end = locator.offset
        record = zips.End.parse_zip64(read(end, zips.ZIP64_END.size))
        if record is None:
            return None
    return record.offset if record.offset + record.size == end else None


def read_entries(file: BinaryIO, start: int) -> Iterator[CentralEntry]:
    """The entries of the central directory at `start`, up to the first bytes that are not one."""
    file.seek(start)
    while header := zips.CentralHeader.parse(file.read(zips.CENTRAL_HEADER.size)):
        name, extra = file.read(header.name_size), file.read(header.extra_size)
        file.seek(header.comment_size, 1)
        values = header.size, header.packed, header.offset
        widened = zips.read_zip64_values(extra, *values)
        size, packed, offset = (value if wide is None else wide for value, wide in zip(values, widened))
        has_mode = header.made_by >> 8 in (zips.UNIX, zips.MACOS)
        mode = header.external_attributes >> 16 if has_mode else 0
        other = zips.read_other_name(extra, name)
        yield CentralEntry(offset, name, header.method, header.crc, packed, size, mode, other)
