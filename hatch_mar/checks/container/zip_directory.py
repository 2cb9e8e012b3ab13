"""A zip's central directory, which TorchServe does not read and everything else does.

Section numbers are those of PKWARE's APPNOTE 6.3.10.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hatch_mar.archive.formats.mar import CENTRAL_HEADER, END, LIMIT_32, ZIP64_END, ZIP64_LOCATOR

LONGEST_TAIL = END.size + 0xFFFF
"""The end record and the longest comment behind it (4.3.16)."""
ZIP64 = 1  # 4.5.3


@dataclass(frozen=True)
class CentralEntry:
    """What the central directory says of a member (4.3.12)."""

    offset: int
    raw_name: bytes
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    """As Unix has it, and 0 where another system wrote it."""


def start_of_directory(file: BinaryIO, total: int) -> int | None:
    """The offset of the central directory; None if there is none that ends where it should."""
    file.seek(max(0, total - LONGEST_TAIL))
    tail = file.read(LONGEST_TAIL)
    position = tail.rfind(b"PK\x05\x06")
    if position < 0 or len(tail) < position + END.size:
        return None
    end = total - len(tail) + position
    *_, size, start, _ = END.unpack_from(tail, position)
    file.seek(max(0, end - ZIP64_LOCATOR.size))
    locator = file.read(ZIP64_LOCATOR.size)
    if locator.startswith(b"PK\x06\x07"):  # 4.3.15
        end = ZIP64_LOCATOR.unpack(locator)[2]
        file.seek(min(end, total))
        record = file.read(ZIP64_END.size)
        if len(record) < ZIP64_END.size or not record.startswith(b"PK\x06\x06"):
            return None
        *_, size, start = ZIP64_END.unpack(record)
    return start if start + size == end else None


def entries(file: BinaryIO, start: int) -> Iterator[CentralEntry]:
    """The entries of the central directory at `start`, as many as there are."""
    file.seek(start)
    while len(fixed := file.read(CENTRAL_HEADER.size)) == CENTRAL_HEADER.size:
        if not fixed.startswith(b"PK\x01\x02"):
            return
        found = CENTRAL_HEADER.unpack(fixed)
        _, made_by, _, _, method, _, _, crc, packed, size = found[:10]
        name_size, extra_size, comment_size, _, _, attributes, offset = found[10:]
        name, extra = file.read(name_size), file.read(extra_size)
        file.seek(comment_size, 1)
        size, packed, offset = widened(extra, size, packed, offset)
        mode = attributes >> 16 if made_by >> 8 in (3, 19) else 0  # 4.4.2: Unix, macOS
        yield CentralEntry(offset, name, method, crc, packed, size, mode)


def widened(extra: bytes, *values: int) -> tuple[int, ...]:
    """The values, those of 64 bits from the ZIP64 extra field, which has them in this order (4.5.3)."""
    position = 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == ZIP64:
            wide = iter(struct.unpack_from(f"<{min(size, len(extra) - position) // 8}Q", extra, position))
            return tuple(next(wide, value) if value == LIMIT_32 else value for value in values)
        position += size
    return values
