"""The members of a zip as `java.util.zip.ZipInputStream` meets them, one after the other.

It reads local headers only and never looks at the central directory. Section numbers are
those of PKWARE's APPNOTE 6.3.10.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from hatch_mar.archive.formats.mar import DEFLATED, LIMIT_32, LOCAL_HEADER, STORED
from hatch_mar.archive.formats.tar_reader import most_unpacked
from hatch_mar.checks.container.stream import CUT_OFF, DAMAGED, NOT_UTF_8, Stopped, bomb, inflated
from hatch_mar.finding import Rule
from hatch_mar.torchserve.member_names import brief

ENCRYPTED_FLAG, DESCRIPTOR_FLAG = 1, 8  # 4.4.4
ZIP64 = 1  # 4.5.3
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"  # 4.3.9.3
CHUNK = 1 << 20

ENCRYPTED = Rule(
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
    left = most_unpacked(total)
    while entry := header(file):
        entry = member(file, total, entry, left, deep)
        left -= entry.size
        if left < 0:
            raise bomb()
        yield entry


def header(file: BinaryIO) -> LocalEntry | None:
    """The local header at the file's position; None if there is none, as Java's reader ends."""
    offset = file.tell()
    fixed = file.read(LOCAL_HEADER.size)
    if len(fixed) < LOCAL_HEADER.size or not fixed.startswith(b"PK\x03\x04"):
        file.seek(offset)
        return None
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = LOCAL_HEADER.unpack(fixed)
    raw_name, extra = file.read(name_size), file.read(extra_size)
    if len(raw_name) + len(extra) < name_size + extra_size:
        raise Stopped(CUT_OFF, f"The file ends in the header of a member at byte {offset}")
    try:
        name = raw_name.decode("utf-8")
    except UnicodeDecodeError:
        raise Stopped(NOT_UTF_8, f"The name of member {raw_name[:200]!r} is not UTF-8") from None
    if LIMIT_32 in (packed, size) and not flags & DESCRIPTOR_FLAG:
        packed, size = zip64_sizes(extra) or (packed, size)
    entry = LocalEntry(offset, raw_name, name, flags, method, crc, packed, size)
    refuse(entry)
    return entry


def zip64_sizes(extra: bytes) -> tuple[int, int] | None:
    """The sizes, packed and unpacked, of the ZIP64 extra field (4.5.3), in which Java wants both."""
    position = 0
    while position + 4 < len(extra):
        kind, size = struct.unpack_from("<2H", extra, position)
        position += 4
        if position + size > len(extra):
            return None
        if kind == ZIP64 and size >= 16:
            # signed in Java, where nothing is read of a member with a negative size
            unpacked, packed = struct.unpack_from("<2q", extra, position)
            return max(0, packed), max(0, unpacked)
        position += size
    return None


def refuse(entry: LocalEntry) -> None:
    """Raise Stopped where `ZipInputStream.readLOC` and `read` raise a ZipException."""
    if entry.flags & ENCRYPTED_FLAG:
        raise Stopped(ENCRYPTED, f"{entry.shown} is encrypted")
    if entry.method not in (STORED, DEFLATED):
        raise Stopped(METHOD, f"{entry.shown} is packed by method {entry.method}")
    if entry.flags & DESCRIPTOR_FLAG and entry.method == STORED:
        raise Stopped(STORED_DESCRIPTOR, f"{entry.shown} is stored, and its size stands behind it")


def member(file: BinaryIO, total: int, entry: LocalEntry, most: int, deep: bool) -> LocalEntry:
    """Pass by what a member holds, and learn its sizes where its header does not say them."""
    start = file.tell()
    hidden = bool(entry.flags & DESCRIPTOR_FLAG)
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
    data = file.read(24)
    signed = data.startswith(DESCRIPTOR_SIGNATURE)
    after = 4 if signed else 0
    large = max(entry.packed, entry.size) > LIMIT_32
    for layout, right in (("<3I", not large), ("<I2Q", large)):
        size = after + struct.calcsize(layout)
        if len(data) < size or struct.unpack_from(layout, data, after) != (
            entry.crc,
            entry.packed,
            entry.size,
        ):
            continue
        if not right:
            raise Stopped(LARGE_DESCRIPTOR, f"{entry.shown} has its size behind it, in 64 bits")
        file.seek(start + size)
        return
    if len(data) < 16:
        raise Stopped(CUT_OFF, f"The file ends behind member `{brief(entry.name)}`")
    raise Stopped(DAMAGED, f"{entry.shown} is damaged: its size or its checksum is another")
