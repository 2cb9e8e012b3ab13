"""The members of a zip as `java.util.zip.ZipInputStream` meets them, one after the other.

It reads local headers only and never looks at the central directory. Section numbers are
those of APPNOTE, as in `zip_records`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from hatch_mar.archive.formats.tar_reader import unpacked_limit
from hatch_mar.checks.container.stream import CUT_OFF, DAMAGED, NOT_UTF_8, Stopped, bomb, inflated
from hatch_mar.finding import Rule
from hatch_mar.torchserve.member_names import brief
from hatch_mar.zip_records import (
    DEFLATED,
    DESCRIPTOR,
    DESCRIPTOR_SIGNATURE,
    ENCRYPTED,
    HAS_DESCRIPTOR,
    LIMIT_32,
    LOCAL_HEADER,
    STORED,
    ZIP64,
    ZIP64_DESCRIPTOR,
    LocalHeader,
    extra_fields,
)

CHUNK = 1 << 20

ENCRYPTED_MEMBER = Rule(
    code="MAR811",
    severity="error",
    title="A member is encrypted",
    consequence="TorchServe stops with `encrypted ZIP entry not supported`",
    fix="build the archive without a password",
)
METHOD = Rule(
    code="MAR812",
    severity="error",
    title="A member is neither stored nor deflated",
    consequence="TorchServe stops with `invalid compression method`",
    fix="build the archive with a tool that deflates",
)
STORED_DESCRIPTOR = Rule(
    code="MAR813",
    severity="error",
    title="A stored member's size stands behind it",
    consequence="TorchServe stops with `only DEFLATED entries can have EXT descriptor`",
    fix="write the zip to a file that can be sought in, or deflate its members",
)
LARGE_DESCRIPTOR = Rule(
    code="MAR814",
    severity="error",
    title="A small member's size stands behind it in 64 bits",
    consequence=(
        "TorchServe stops with `invalid entry size` on Java 11 and 17, which its images have; Java"
        " 25 reads it"
    ),
    fix="write the zip to a file that can be sought in, or without forcing ZIP64",
)


@dataclass(frozen=True)
class LocalEntry:
    """A member: its local header (4.3.7), or what stands behind it instead (4.3.9)."""

    offset: int
    raw_name: bytes
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int

    @property
    def shown(self) -> str:
        return f"Member `{brief(self.name)}`"


def members(file: BinaryIO, total: int, *, deep: bool) -> Iterator[LocalEntry]:
    """The members of a zip of `total` bytes; the file is left where they end.

    What members hold is read only where nothing else says how long they are, unless `deep`.

    Raises:
        Stopped: Java's reader would fail, or a sane one go no further.
    """
    left = unpacked_limit(total)
    while entry := header(file):
        entry = member(file, total, entry, left, deep)
        left -= entry.size
        if left < 0:
            raise bomb()
        yield entry


def header(file: BinaryIO) -> LocalEntry | None:
    """The local header at the file's position; None if there is none, as Java's reader ends."""
    offset = file.tell()
    fields = LocalHeader.parse(file.read(LOCAL_HEADER.size))
    if fields is None:
        file.seek(offset)
        return None
    raw_name, extra = file.read(fields.name_size), file.read(fields.extra_size)
    if len(raw_name) + len(extra) < fields.name_size + fields.extra_size:
        raise Stopped(CUT_OFF, f"The file ends in the header of a member at byte {offset}")
    try:
        name = raw_name.decode("utf-8")
    except UnicodeDecodeError:
        raise Stopped(NOT_UTF_8, f"The name of member {raw_name[:200]!r} is not UTF-8") from None
    packed, size = fields.packed, fields.size
    if LIMIT_32 in (packed, size) and not fields.flags & HAS_DESCRIPTOR:
        packed, size = zip64_sizes(extra) or (packed, size)
    entry = LocalEntry(offset, raw_name, name, fields.flags, fields.method, fields.crc, packed, size)
    refuse(entry)
    return entry


def zip64_sizes(extra: bytes) -> tuple[int, int] | None:
    """The packed and the unpacked size from the ZIP64 extra field (4.5.3), of which Java requires both."""
    for tag, size, data in extra_fields(extra):
        if len(data) < size:
            return None
        if tag == ZIP64 and size >= 16:
            # signed in Java, which reads nothing of a member with a negative size
            unpacked, packed = struct.unpack_from("<2q", data)
            return max(0, packed), max(0, unpacked)
    return None


def refuse(entry: LocalEntry) -> None:
    """Raise Stopped where `ZipInputStream.readLOC` and `read` raise a ZipException."""
    if entry.flags & ENCRYPTED:
        raise Stopped(ENCRYPTED_MEMBER, f"{entry.shown} is encrypted")
    if entry.method not in (STORED, DEFLATED):
        raise Stopped(METHOD, f"{entry.shown} is packed by method {entry.method}")
    if entry.flags & HAS_DESCRIPTOR and entry.method == STORED:
        raise Stopped(STORED_DESCRIPTOR, f"{entry.shown} is stored, and its size stands behind it")


def member(file: BinaryIO, total: int, entry: LocalEntry, most: int, deep: bool) -> LocalEntry:
    """Pass by what a member holds, and learn its sizes where its header does not say them."""
    start = file.tell()
    hidden = bool(entry.flags & HAS_DESCRIPTOR)
    # Java's reader takes the unpacked size for that of a stored member
    packed = entry.size if entry.method == STORED else entry.packed
    if not hidden and start + packed > total:
        raise Stopped(CUT_OFF, f"{entry.shown} has {packed} bytes, of which {total - start} are there")
    if not hidden and not deep:
        file.seek(start + packed)
        return entry
    size = crc = 0
    pieces = stored(file, packed) if entry.method == STORED else inflated(file, -15, most, entry.shown)
    for piece in pieces:
        size += len(piece)
        crc = zlib.crc32(piece, crc)
    if hidden:
        found = replace(entry, crc=crc, packed=file.tell() - start, size=size)
        read_descriptor(file, found)
        return found
    if (entry.size, entry.crc, packed) != (size, crc, file.tell() - start):
        raise Stopped(DAMAGED, f"{entry.shown} is damaged: its size or its checksum is another")
    return entry


def stored(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(size, CHUNK))
        size -= len(piece)
        yield piece


def read_descriptor(file: BinaryIO, entry: LocalEntry) -> None:
    """Pass by the data descriptor (4.3.9), whose signature may be missing, as Java's reader does."""
    start = file.tell()
    data = file.read(len(DESCRIPTOR_SIGNATURE) + ZIP64_DESCRIPTOR.size)
    signed = data.startswith(DESCRIPTOR_SIGNATURE)
    after = len(DESCRIPTOR_SIGNATURE) if signed else 0
    large = max(entry.packed, entry.size) > LIMIT_32
    for layout, right in ((DESCRIPTOR, not large), (ZIP64_DESCRIPTOR, large)):
        size = after + layout.size
        if len(data) < size or layout.unpack_from(data, after) != (entry.crc, entry.packed, entry.size):
            continue
        if not right:
            raise Stopped(LARGE_DESCRIPTOR, f"{entry.shown} has its size behind it, in 64 bits")
        file.seek(start + size)
        return
    if len(data) < 16:
        raise Stopped(CUT_OFF, f"The file ends behind member `{brief(entry.name)}`")
    raise Stopped(DAMAGED, f"{entry.shown} is damaged: its size or its checksum is another")
