"""The records of a zip, where PKWARE's APPNOTE 6.3.10 puts them. Section numbers are its own.

What a zip says is parsed here, once. What that means is for each reader to judge, since they
differ: Java's `ZipInputStream` reads the local headers as a stream, torch's reader (miniz) and
Python's `zipfile` go by the central directory. That is found strictly: what two readers could find in
two places is a fault.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any, BinaryIO

LOCAL_SIGNATURE = b"PK\x03\x04"
CENTRAL_SIGNATURE = b"PK\x01\x02"
END_SIGNATURE = b"PK\x05\x06"
ZIP64_END_SIGNATURE = b"PK\x06\x06"
ZIP64_LOCATOR_SIGNATURE = b"PK\x06\x07"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"

LOCAL_HEADER = Struct("<4s5H3I2H")  # 4.3.7
DESCRIPTOR, ZIP64_DESCRIPTOR = Struct("<3I"), Struct("<I2Q")  # 4.3.9, after the optional signature
CENTRAL_HEADER = Struct("<4s6H3I5H2I")  # 4.3.12
ZIP64_END = Struct("<4sQ2H2I4Q")  # 4.3.14
ZIP64_LOCATOR = Struct("<4sIQI")  # 4.3.15
END = Struct("<4s4H2IH")  # 4.3.16

LONGEST_TAIL = END.size + 0xFFFF
"""Bytes at the end of a zip that hold its end record, with the longest comment."""

ENCRYPTED, HAS_DESCRIPTOR, PATCHED, STRONGLY_ENCRYPTED, UTF8_NAME, MASKED = 1, 8, 0x20, 0x40, 0x800, 0x2000
"""Flags (4.4.4)."""
STORED, DEFLATED, BZIP2 = 0, 8, 12
"""Compression methods (4.4.5)."""
RAW_WINDOW = -15
"""zlib's value for the bare stream (RFC 1951) of a member that is deflated."""
UNIX, MACOS = 3, 19
"""Systems that put a file's mode into the external attributes (4.4.2)."""

LIMIT_16, LIMIT_32 = 0xFFFF, 0xFFFFFFFF
"""In a field of 16 or 32 bits: the value is in the ZIP64 extra field or end record (4.4.1.4)."""
ZIP64 = 1
"""The tag of the ZIP64 extra field (4.5.3)."""
UNICODE_PATH = 0x7075
"""The tag of Info-ZIP's extra field with another name (4.6.9)."""


# Plain classes, since named tuples of so many fields take most of a millisecond to import.


class LocalHeader:
    """The record before a member's data (4.3.7). Its name and its extra fields follow it."""

    flags: int
    method: int
    crc: int
    packed: int
    size: int
    name_size: int
    extra_size: int

    def __init__(self, *fields: Any) -> None:
        _, _, self.flags, self.method, _, _, self.crc, self.packed, self.size, *sizes = fields
        self.name_size, self.extra_size = sizes

    @classmethod
    def parse(cls, data: bytes) -> LocalHeader | None:
        """The header at the start of `data`, or None."""
        if len(data) < LOCAL_HEADER.size or not data.startswith(LOCAL_SIGNATURE):
            return None
        return cls(*LOCAL_HEADER.unpack_from(data))


class CentralHeader:
    """What the central directory says about a member (4.3.12)."""

    made_by: int
    """The system is in the high byte (`UNIX`)."""
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    disk: int
    external_attributes: int
    offset: int
    """Of the member's local header."""
    raw_name: bytes
    extra: bytes
    is_cut: bool
    """Whether the file ends before what should follow the header."""
    lacks_sizes: bool
    """Whether a number that should be in the ZIP64 extra field (4.5.3) is not there, but `LIMIT_32`."""

    def __init__(self, fields: tuple[Any, ...], file: BinaryIO) -> None:
        _, self.made_by, _, self.flags, self.method, _, _, self.crc, packed, size, *fields_behind = fields
        name_size, extra_size, comment_size, self.disk, _, self.external_attributes, offset = fields_behind
        end = name_size + extra_size
        behind = file.read(end + comment_size)
        self.raw_name, self.extra = behind[:name_size], behind[name_size:end]
        self.is_cut = len(behind) < end + comment_size
        wide = read_zip64_values(self.extra, size, packed, offset)
        self.lacks_sizes = None in wide
        self.size, self.packed, self.offset = (LIMIT_32 if value is None else value for value in wide)

    @classmethod
    def read(cls, file: BinaryIO) -> CentralHeader | None:
        """The header at the position of `file`, which ends up behind it; None if there is none."""
        data = file.read(CENTRAL_HEADER.size)
        if len(data) == CENTRAL_HEADER.size and data.startswith(CENTRAL_SIGNATURE):
            return cls(CENTRAL_HEADER.unpack(data), file)
        file.seek(-len(data), 1)
        return None

    @property
    def mode(self) -> int:
        """That of Unix; 0 if another system wrote the zip."""
        return self.external_attributes >> 16 if self.made_by >> 8 in (UNIX, MACOS) else 0


class End:
    """The last record of a zip (4.3.16), or that of ZIP64 before it (4.3.14)."""

    disk: int
    directory_disk: int
    entries_on_disk: int
    entries: int
    size: int
    """Bytes of the central directory."""
    offset: int
    """Of the central directory."""
    length: int
    """Bytes of the comment. In ZIP64, bytes of the record after its field for this number (4.3.14.1)."""

    def __init__(self, *fields: Any) -> None:
        self.disk, self.directory_disk, self.entries_on_disk, self.entries, *rest = fields
        self.size, self.offset, self.length = rest

    @classmethod
    def parse(cls, data: bytes, position: int) -> End | None:
        """The end record at a position of `data`, or None."""
        if len(data) - position < END.size or not data.startswith(END_SIGNATURE, position):
            return None
        return cls(*END.unpack_from(data, position)[1:])

    @classmethod
    def parse_zip64(cls, data: bytes, position: int = 0) -> End | None:
        """The ZIP64 end record at a position of `data`, or None."""
        if len(data) - position < ZIP64_END.size or not data.startswith(ZIP64_END_SIGNATURE, position):
            return None
        _, length, _, _, *fields = ZIP64_END.unpack_from(data, position)
        return cls(*fields, length)


class Zip64Locator:
    """The record before the end record that says where the ZIP64 end record is (4.3.15)."""

    def __init__(self, disk: int, offset: int, disks: int) -> None:
        self.disk, self.offset, self.disks = disk, offset, disks

    @classmethod
    def parse(cls, data: bytes) -> Zip64Locator | None:
        """The locator at the start of `data`, or None."""
        if len(data) < ZIP64_LOCATOR.size or not data.startswith(ZIP64_LOCATOR_SIGNATURE):
            return None
        return cls(*ZIP64_LOCATOR.unpack_from(data)[1:])


def find_signature(tail: bytes, signature: bytes) -> Iterator[int]:
    """The positions of a signature in the last bytes of a zip, the last one first."""
    position = len(tail)
    while (position := tail.rfind(signature, 0, position + len(signature) - 1)) >= 0:
        yield position


Read = Callable[[int, int], bytes]
"""The bytes of a file at an offset, up to so many: fewer at the end, none beyond it."""


class ZipFault(Exception):
    """A zip that cannot be read, or that can be read in two ways."""

    def __init__(self, reason: str, cut: bool = False) -> None:
        super().__init__(reason)
        self.cut = cut
        """Whether its end is missing."""


def find_directory(read: Read, size: int) -> End:
    """The end record that says where the directory of a file of `size` bytes is: ZIP64's if there is one.

    Raises:
        ZipFault: the file is cut off, damaged or ambiguous.
    """
    position, end = find_end(read, size)
    try:
        directory, start = choose_end(read, position, end)
        if directory.offset + directory.size != start:
            raise ZipFault("its directory is not where its end record says: bytes are missing or were added")
    except ZipFault as fault:
        # This may be the end of a zip inside this one, whose own end is cut off.
        after = size - position - END.size - end.length
        raise ZipFault("its end is missing", cut=True) if after else fault from None
    return directory


def find_end(read: Read, size: int) -> tuple[int, End]:
    """The end record and its offset. The last whole one counts, as for miniz."""
    start = max(0, size - LONGEST_TAIL)
    tail = read(start, size - start)
    ends = ((position, End.parse(tail, position)) for position in find_signature(tail, END_SIGNATURE))
    position, end = next(((position, end) for position, end in ends if end), (0, None))
    if end is None or len(tail) < position + END.size + end.length:
        raise ZipFault("its end is missing", cut=True)
    return start + position, end


def choose_end(read: Read, position: int, end: End) -> tuple[End, int]:
    """The end record that counts, ZIP64's if there is one, and its offset, where the directory must end."""
    if (
        end.disk not in (0, LIMIT_16)
        or end.directory_disk not in (0, LIMIT_16)
        or end.entries_on_disk != end.entries
    ):
        raise ZipFault("it is one part of a split zip")
    before = position - ZIP64_LOCATOR.size
    locator = Zip64Locator.parse(read(before, ZIP64_LOCATOR.size))
    if locator is None:
        return end, position
    if locator.disk or locator.disks != 1:
        raise ZipFault("it is one part of a split zip")
    wide = End.parse_zip64(read(locator.offset, ZIP64_END.size))
    if wide is None:
        raise ZipFault("its ZIP64 end record is missing")
    follows = locator.offset + 12 + wide.length == before
    if not follows or wide.disk or wide.directory_disk or wide.entries_on_disk != wide.entries:
        raise ZipFault("its ZIP64 end record is damaged")
    pairs = (
        (end.entries, wide.entries, LIMIT_16),
        (end.size, wide.size, LIMIT_32),
        (end.offset, wide.offset, LIMIT_32),
    )
    if any(short not in (long, limit) for short, long, limit in pairs):
        raise ZipFault("its two end records contradict each other")
    return wide, locator.offset


def extra_fields(extra: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each extra field (4.5.1): its tag, the size it claims, and its data.

    The data has fewer bytes than it claims only where `extra` ends first.
    """
    position = 0
    while position + 4 <= len(extra):
        tag, size = struct.unpack_from("<2H", extra, position)
        position += 4
        yield tag, size, extra[position : position + size]
        position += size


def read_zip64_values(extra: bytes, *values: int) -> list[int | None]:
    """Sizes and an offset of the central directory, with those of `LIMIT_32` from the ZIP64 extra field.

    The field has only these, in this order (4.5.3). A value that it lacks is None.
    """
    data = next((data for tag, _, data in extra_fields(extra) if tag == ZIP64), b"")
    wide = iter(struct.unpack_from(f"<{len(data) // 8}Q", data))
    return [next(wide, None) if value == LIMIT_32 else value for value in values]


def read_other_name(extra: bytes, name: bytes) -> bytes | None:
    """The name in Info-ZIP's extra field (4.6.9), if it is another than the header's.

    Python's `zipfile` takes it from 3.12 on, and Info-ZIP too if its checksum of the name is right, which
    does not matter here.
    """
    for tag, _, data in extra_fields(extra):
        if tag == UNICODE_PATH and data[5:] != name:
            return data[5:]
    return None
