"""`.mar`: a zip that TorchServe can read as a stream.

TorchServe unpacks with java.util.zip.ZipInputStream, which never reads the central
directory: sizes and CRC must be in each local header, and a stored member must not have a data
descriptor. Python's own writer gives different header bytes in different releases for members
of more than 1.9 GiB; these are the same everywhere. Section numbers are those of
APPNOTE, as in `zip_records`.
"""

from __future__ import annotations

import struct
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, NamedTuple

from hatch_mar import zip_records as zips
from hatch_mar.archive.archive import Archive, Member
from hatch_mar.archive.formats.compression import LAST_BLOCK, deflate, should_deflate
from hatch_mar.archive.formats.copy import copy, refuse_change, tally_chunks
from hatch_mar.archive.formats.crc import Tally
from hatch_mar.archive.formats.options import Packing

REGULAR_FILE = 0o100000
ZIP64_SIZE = 0xF0000000
"""Bytes from which a member's header has ZIP64 sizes, with room below for what deflating may add."""


class WrittenEntry(NamedTuple):
    """What a zip says about a member, in its local header and in the central directory."""

    name: bytes
    method: int
    mode: int
    offset: int
    zip64: bool
    crc: int = 0
    size: int = 0
    packed: int = 0

    @property
    def flags(self) -> int:
        return 0 if self.name.isascii() else zips.UTF8_NAME

    @property
    def version(self) -> int:
        return 45 if self.zip64 else 20


def write(archive: Archive, path: Path, packing: Packing) -> None:
    time, date = dos_time(packing.instant)
    with open(path, "xb") as file:
        entries = [write_member(file, member, packing, time, date) for member in archive.entries()]
        write_central_directory(file, entries, time, date)


def write_stored(archive: Archive, path: Path, packing: Packing) -> None:
    write(archive, path, packing._replace(compression="store"))


def write_member(file: BinaryIO, member: Member, packing: Packing, time: int, date: int) -> WrittenEntry:
    """Write a member, and then its local header again, with the sizes and the CRC that are known by then."""
    method = zips.DEFLATED if should_deflate(member, packing.compression) else zips.STORED
    size = member.source.size()
    entry = WrittenEntry(
        name=member.name.encode("utf-8"),
        method=method,
        mode=0o755 if member.executable else 0o644,
        offset=file.tell(),
        zip64=size >= ZIP64_SIZE,
    )
    file.write(local_header(entry, time, date))
    start = file.tell()
    tally = Tally()
    if method == zips.STORED:
        copy(member.source, file, tally, packing.report)
    else:
        for piece in deflate(tally_chunks(member.source.chunks(), tally, packing.report), size):
            file.write(piece)
        file.write(LAST_BLOCK)
    refuse_change(member, size, tally.size)
    end = file.tell()
    entry = entry._replace(crc=tally.crc, size=tally.size, packed=end - start)
    file.seek(entry.offset)
    file.write(local_header(entry, time, date))
    file.seek(end)
    return entry


def local_header(entry: WrittenEntry, time: int, date: int) -> bytes:
    """The record before a member (4.3.7), with sizes of 64 bits in the ZIP64 extra field (4.5.3)."""
    extra = struct.pack("<2H2Q", zips.ZIP64, 16, entry.size, entry.packed) if entry.zip64 else b""
    shared = shared_fields(entry, entry.version, time, date, extra)
    return zips.LOCAL_HEADER.pack(zips.LOCAL_SIGNATURE, *shared) + entry.name + extra


def central_header(entry: WrittenEntry, time: int, date: int) -> bytes:
    """The record in the directory (4.3.12). The ZIP64 extra field has what does not fit, in this order."""
    large = [entry.size, entry.packed] if entry.zip64 else []
    if entry.offset >= zips.LIMIT_32:
        large.append(entry.offset)
    extra = struct.pack(f"<2H{len(large)}Q", zips.ZIP64, 8 * len(large), *large) if large else b""
    version = 45 if large else entry.version
    shared = shared_fields(entry, version, time, date, extra)
    mode, offset = (REGULAR_FILE | entry.mode) << 16, min(entry.offset, zips.LIMIT_32)
    fixed = zips.CENTRAL_HEADER.pack(
        zips.CENTRAL_SIGNATURE, zips.UNIX << 8 | version, *shared, 0, 0, 0, mode, offset
    )
    return fixed + entry.name + extra


def shared_fields(entry: WrittenEntry, version: int, time: int, date: int, extra: bytes) -> tuple[int, ...]:
    """What both headers have, from the version needed to the length of the extra field."""
    packed, size = (zips.LIMIT_32, zips.LIMIT_32) if entry.zip64 else (entry.packed, entry.size)
    general = version, entry.flags, entry.method, time, date
    return *general, entry.crc, packed, size, len(entry.name), len(extra)


def write_central_directory(file: BinaryIO, entries: list[WrittenEntry], time: int, date: int) -> None:
    """Write the central directory and the end records (4.3.12 to 4.3.16)."""
    start = file.tell()
    directory = b"".join(central_header(entry, time, date) for entry in entries)
    count, size, end = len(entries), len(directory), start + len(directory)
    file.write(directory)
    if count >= zips.LIMIT_16 or start >= zips.LIMIT_32:
        length, made_by = zips.ZIP64_END.size - 12, zips.UNIX << 8 | 45
        sizes = count, count, size, start
        file.write(zips.ZIP64_END.pack(zips.ZIP64_END_SIGNATURE, length, made_by, 45, 0, 0, *sizes))
        file.write(zips.ZIP64_LOCATOR.pack(zips.ZIP64_LOCATOR_SIGNATURE, 0, end, 1))
    count, start = min(count, zips.LIMIT_16), min(start, zips.LIMIT_32)
    file.write(zips.END.pack(zips.END_SIGNATURE, 0, 0, count, count, size, start, 0))


def dos_time(instant: datetime) -> tuple[int, int]:
    """An instant as time and date of MS-DOS (4.4.6): in UTC, in even seconds, from 1980 to 2107."""
    earliest = datetime(1980, 1, 1, tzinfo=timezone.utc)
    latest = datetime(2107, 12, 31, 23, 59, 58, tzinfo=timezone.utc)
    moment = min(max(instant.astimezone(timezone.utc), earliest), latest)
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    date = (moment.year - 1980) << 9 | moment.month << 5 | moment.day
    return time, date
