"""The members of a zip as `java.util.zip.ZipInputStream` reads them, one after another.

It reads only the local headers, never the central directory. Section numbers are
those of APPNOTE, as in `zip_records`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from hatch_mar import zip_records as zips
from hatch_mar.archive.formats.limits import bomb_error, inflate, unpacked_limit
from hatch_mar.archive.formats.unpacking import CUT_OFF, DAMAGED, NOT_UTF_8, Stopped
from hatch_mar.budget import Budget
from hatch_mar.finding import Rule
from hatch_mar.text import quote

CHUNK = 1 << 20

ENCRYPTED_MEMBER = Rule(
    code="MAR811",
    title="A member is encrypted",
    consequence="TorchServe stops with `encrypted ZIP entry not supported`",
    fix="build the archive without a password",
)
METHOD = Rule(
    code="MAR812",
    title="A member is neither stored nor deflated",
    consequence="TorchServe stops with `invalid compression method`",
    fix="build the archive with a tool that deflates",
)
STORED_DESCRIPTOR = Rule(
    code="MAR813",
    title="The size of a stored member comes after its data",
    consequence="TorchServe stops with `only DEFLATED entries can have EXT descriptor`",
    fix="write the zip to a seekable file, or deflate its members",
)
LARGE_DESCRIPTOR = Rule(
    code="MAR814",
    title="The size of a small member comes after its data, in 64 bits",
    consequence=(
        "TorchServe stops with `invalid entry size` on Java 11 and 17, which its images have; Java"
        " 25 reads it"
    ),
    fix="write the zip to a seekable file, or without forcing ZIP64",
)


@dataclass(frozen=True)
class LocalEntry:
    """What a member's local header says (4.3.7), or its data descriptor instead (4.3.9)."""

    offset: int
    raw_name: bytes
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int
    """Where its data begins."""
    other_name: bytes | None = None
    """The one in an extra field (4.6.9) if it is not the member's own. Java knows nothing of that field."""

    @property
    def packed_size(self) -> int:
        """The bytes that its data takes. Java's reader goes by the unpacked size of a stored member."""
        return self.size if self.method == zips.STORED else self.packed

    @property
    def label(self) -> str:
        return f"Member {quote(self.name)}"


def members(file: BinaryIO, total: int, budget: Budget, *, deep: bool) -> Iterator[LocalEntry]:
    """The members of a zip of `total` bytes. The file's position ends up after the last one.

    A member's data is read only if nothing else says how long it is, unless `deep`.

    Raises:
        Stopped: Java's reader would fail, or a sensible one would stop.
    """
    left = unpacked_limit(total)
    while entry := read_header(file):
        entry = skip_data(file, total, entry, left, budget, deep=deep)
        left -= entry.size
        if left < 0:
            raise bomb_error()
        yield entry


def read_header(file: BinaryIO) -> LocalEntry | None:
    """The local header at the file's position; None if there is none, where Java's reader ends."""
    offset = file.tell()
    fields = zips.LocalHeader.parse(file.read(zips.LOCAL_HEADER.size))
    if fields is None:
        file.seek(offset)
        return None
    raw_name, extra = file.read(fields.name_size), file.read(fields.extra_size)
    if len(raw_name) + len(extra) < fields.name_size + fields.extra_size:
        raise Stopped(CUT_OFF, f"The file ends inside the header of the member at byte {offset}")
    try:
        name = raw_name.decode("utf-8")
    except UnicodeDecodeError:
        raise Stopped(NOT_UTF_8, f"The name of member {raw_name[:200]!r} is not UTF-8") from None
    packed, size = fields.packed, fields.size
    if zips.LIMIT_32 in (packed, size) and not fields.flags & zips.HAS_DESCRIPTOR:
        packed, size = zip64_sizes(extra) or (packed, size)
    entry = LocalEntry(
        offset,
        raw_name,
        name,
        fields.flags,
        fields.method,
        fields.crc,
        packed,
        size,
        file.tell(),
        zips.read_other_name(extra, raw_name),
    )
    refuse_unreadable(entry)
    return entry


def zip64_sizes(extra: bytes) -> tuple[int, int] | None:
    """The packed and the unpacked size from the ZIP64 extra field (4.5.3), of which Java requires both."""
    found = None
    for tag, size, data in zips.extra_fields(extra):
        if len(data) < size:
            break
        if tag == zips.ZIP64 and size >= 16:
            # signed in Java, which reads nothing of a member with a negative size, and takes the last field
            unpacked, packed = struct.unpack_from("<2q", data)
            found = max(0, packed), max(0, unpacked)
    return found


def refuse_unreadable(entry: LocalEntry) -> None:
    """Raise Stopped where `ZipInputStream.readLOC` and `read` raise a ZipException."""
    if entry.flags & zips.ENCRYPTED:
        raise Stopped(ENCRYPTED_MEMBER, f"{entry.label} is encrypted")
    if entry.method not in (zips.STORED, zips.DEFLATED):
        raise Stopped(METHOD, f"{entry.label} is compressed with method {entry.method}")
    if entry.flags & zips.HAS_DESCRIPTOR and entry.method == zips.STORED:
        raise Stopped(STORED_DESCRIPTOR, f"{entry.label} is stored, with its size after its data")


def skip_data(
    file: BinaryIO, total: int, entry: LocalEntry, most: int, budget: Budget, *, deep: bool
) -> LocalEntry:
    """Skip a member's data, and return the entry with its sizes if the header does not have them."""
    start = file.tell()
    has_descriptor = bool(entry.flags & zips.HAS_DESCRIPTOR)
    packed = entry.packed_size
    if not has_descriptor and start + packed > total:
        raise Stopped(
            CUT_OFF, f"{entry.label} has {packed} bytes, but the file ends after {total - start} of them"
        )
    if not has_descriptor and not deep:
        file.seek(start + packed)
        return entry
    size = crc = 0
    pieces = (
        read_stored(file, packed)
        if entry.method == zips.STORED
        else inflate(file, zips.RAW_WINDOW, most, entry.label, budget)
    )
    for piece in pieces:
        size += len(piece)
        crc = zlib.crc32(piece, crc)
    if has_descriptor:
        found = replace(entry, crc=crc, packed=file.tell() - start, size=size)
        read_descriptor(file, found)
        return found
    if (entry.size, entry.crc, packed) != (size, crc, file.tell() - start):
        raise Stopped(DAMAGED, f"{entry.label} is damaged: its size or its checksum is wrong")
    return entry


def read_stored(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(size, CHUNK))
        size -= len(piece)
        yield piece


def read_descriptor(file: BinaryIO, entry: LocalEntry) -> None:
    """Skip the data descriptor (4.3.9), whose signature may be missing, as Java's reader does."""
    start = file.tell()
    data = file.read(len(zips.DESCRIPTOR_SIGNATURE) + zips.ZIP64_DESCRIPTOR.size)
    signed = data.startswith(zips.DESCRIPTOR_SIGNATURE)
    after = len(zips.DESCRIPTOR_SIGNATURE) if signed else 0
    large = max(entry.packed, entry.size) > zips.LIMIT_32
    for layout, right in ((zips.DESCRIPTOR, not large), (zips.ZIP64_DESCRIPTOR, large)):
        size = after + layout.size
        if len(data) < size or layout.unpack_from(data, after) != (entry.crc, entry.packed, entry.size):
            continue
        if not right:
            raise Stopped(LARGE_DESCRIPTOR, f"{entry.label} has its size after its data, in 64 bits")
        file.seek(start + size)
        return
    if len(data) < 16:
        raise Stopped(CUT_OFF, f"The file ends after the data of member {quote(entry.name)}")
    raise Stopped(DAMAGED, f"{entry.label} is damaged: its size or its checksum is wrong")
