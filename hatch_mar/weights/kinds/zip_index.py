"""A zip's table of contents, read strictly: what two readers could see differently is a fault.

`zipfile` is the wrong reader here. It accepts a pickle with a zip behind it, shifts
offsets that torch's reader (miniz) takes as they are, and holds any number of entries.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct, error
from typing import NamedTuple

from hatch_mar.weights.view import View
from hatch_mar.weights.wording import quoted

SIGNATURE = b"PK\3\4"
"""torch takes a file for a zip if it begins so (torch/serialization.py, `_is_zipfile`)."""

MOST_ENTRIES = 200_000
LARGEST_DIRECTORY = 64 << 20

LOCAL = Struct("<4s5H3L2H")
"""APPNOTE 4.3.7"""
CENTRAL = Struct("<4s6H3L5H2L")
"""APPNOTE 4.3.12"""
END = Struct("<4s4H2LH")
"""APPNOTE 4.3.16"""
END64 = Struct("<4sQ2H2L4Q")
"""APPNOTE 4.3.14"""
LOCATOR64 = Struct("<4sLQL")
"""APPNOTE 4.3.15"""
LONGEST_COMMENT = 0xFFFF
UNSET16, UNSET32 = 0xFFFF, 0xFFFFFFFF
"""The value is in the ZIP64 record instead."""
ZIP64_FIELD = 1
ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Flags of the three ways to encrypt, all refused by miniz (APPNOTE 4.4.4)."""
PATCHED = 0x20
STORED, DEFLATED = 0, 8


class ZipFault(Exception):
    """A zip that cannot be read, or not in one way only."""

    def __init__(self, reason: str, cut: bool = False) -> None:
        super().__init__(reason)
        self.cut = cut
        """Its end is missing."""


class Entry(NamedTuple):
    name: str
    folded: str
    """The name as torch looks it up: without regard to the case of ASCII letters (miniz,
    `mz_zip_reader_locate_file`)."""
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    """Of the local header."""


class ZipIndex(NamedTuple):
    entries: tuple[Entry, ...]
    directory: int
    """The directory's offset."""
    after: int
    """Bytes behind the zip."""


def read_index(view: View) -> ZipIndex:
    """The entries, in the directory's order.

    Raises:
        ZipFault: the file is cut off, damaged or ambiguous.
    """
    end, after = find_end(view)
    try:
        count, size, offset, start = locate_directory(view, end)
        if offset + size != start:
            raise ZipFault("its directory is not where its end says, so parts are missing or were added")
    except ZipFault as fault:
        # What was found may be the end of a zip inside this one, whose own end is cut off.
        raise ZipFault("its end is missing", cut=True) if after else fault from None
    if count > MOST_ENTRIES or size > LARGEST_DIRECTORY:
        raise ZipFault(f"its directory is larger than {MOST_ENTRIES} entries or {LARGEST_DIRECTORY} bytes")
    entries = read_directory(view.read(offset, size), count)
    refuse_ambiguity(entries, offset)
    return ZipIndex(entries, offset, after)


def find_end(view: View) -> tuple[int, int]:
    """The offset of the end record, and how many bytes follow the zip.

    The last signature counts, as for miniz and for zipfile.
    """
    start = max(0, view.size - END.size - LONGEST_COMMENT)
    tail = view.read(start, view.size - start)
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - END.size + 4))
    if at < 0:
        raise ZipFault("its end is missing", cut=True)
    comment = END.unpack_from(tail, at)[-1]
    after = len(tail) - at - END.size - comment
    if after < 0:
        raise ZipFault("its end is missing", cut=True)
    return start + at, after


def locate_directory(view: View, end: int) -> tuple[int, int, int, int]:
    """Entries, bytes and offset of the directory, and the offset of what must follow it."""
    _, disk, start_disk, here, count, size, offset, _ = END.unpack(view.read(end, END.size))
    if disk not in (0, UNSET16) or start_disk not in (0, UNSET16) or here != count:
        raise ZipFault("it is a part of several")
    locator = view.read(end - LOCATOR64.size, LOCATOR64.size)
    if not locator.startswith(b"PK\6\7"):
        return count, size, offset, end
    _, disk, at, disks = LOCATOR64.unpack(locator)
    if disk or disks != 1:
        raise ZipFault("it is a part of several")
    record = view.read(at, END64.size)
    if len(record) < END64.size or not record.startswith(b"PK\6\6"):
        raise ZipFault("its ZIP64 end is missing")
    _, length, _, _, disk, start_disk, here64, count64, size64, offset64 = END64.unpack(record)
    if at + 12 + length != end - LOCATOR64.size or disk or start_disk or here64 != count64:
        raise ZipFault("its ZIP64 end is damaged")
    pairs = ((count, count64, UNSET16), (size, size64, UNSET32), (offset, offset64, UNSET32))
    if any(short not in (long, unset) for short, long, unset in pairs):
        raise ZipFault("its two ends contradict each other")
    return count64, size64, offset64, at


def read_directory(data: bytes, count: int) -> tuple[Entry, ...]:
    entries = []
    position = 0
    try:
        while position < len(data):
            fields = CENTRAL.unpack_from(data, position)
            if fields[0] != b"PK\1\2":
                raise ZipFault("its directory is damaged")
            _, _, _, flags, method, _, _, crc, packed, size, name, extra, comment, disk, _, _, offset = fields
            begin = position + CENTRAL.size
            raw = data[begin : begin + name]
            position = begin + name + extra + comment
            if position > len(data) or b"\0" in raw or disk not in (0, UNSET16):
                raise ZipFault("its directory is damaged")
            if UNSET32 in (size, packed, offset):
                field = data[begin + name : begin + name + extra]
                size, packed, offset = wide_sizes(field, size, packed, offset)
            text = raw.decode("utf-8", "surrogateescape")
            folded = raw.lower().decode("utf-8", "surrogateescape")
            entries.append(Entry(text, folded, flags, method, crc, packed, size, offset))
    except error:
        raise ZipFault("its directory is damaged") from None
    if len(entries) != count:
        raise ZipFault("its directory is damaged")
    return tuple(entries)


def wide_sizes(extra: bytes, *values: int) -> tuple[int, int, int]:
    """The sizes and the offset, each taken from the ZIP64 field if it is unset (APPNOTE 4.5.3)."""
    position = 0
    while position + 4 <= len(extra):
        tag = int.from_bytes(extra[position : position + 2], "little")
        length = int.from_bytes(extra[position + 2 : position + 4], "little")
        if tag == ZIP64_FIELD:
            field = extra[position + 4 : position + 4 + length]
            wide = iter([int.from_bytes(field[at : at + 8], "little") for at in range(0, len(field) - 7, 8)])
            try:
                size, packed, offset = (next(wide) if value == UNSET32 else value for value in values)
            except (RuntimeError, ValueError):
                break
            return size, packed, offset
        position += 4 + length
    raise ZipFault("its ZIP64 sizes are missing")


def refuse_ambiguity(entries: tuple[Entry, ...], directory: int) -> None:
    """Two entries of one name, or over the same bytes: readers choose differently."""
    names: set[str] = set()
    for entry in entries:
        if entry.folded in names:
            raise ZipFault(f"it holds {quoted(entry.name)} twice")
        names.add(entry.folded)
        if entry.flags & ENCRYPTED:
            raise ZipFault(f"its entry {quoted(entry.name)} is encrypted")
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < end:
            raise ZipFault(f"its entry {quoted(entry.name)} overlaps another")
        end = entry.offset + LOCAL.size + entry.packed
    if end > directory:
        raise ZipFault("its last entry overlaps the directory")


def unreachable(view: View, index: ZipIndex) -> Iterator[Entry]:
    """Entries whose bytes are not where the directory says: a download in parts can leave a hole of zeros."""
    ordered = sorted(index.entries, key=lambda entry: entry.offset)
    ends = [*(entry.offset for entry in ordered[1:]), index.directory]
    for entry, end in zip(ordered, ends):
        header = view.read(entry.offset, LOCAL.size)
        if len(header) < LOCAL.size or not header.startswith(SIGNATURE):
            yield entry
            continue
        *_, name, extra = LOCAL.unpack(header)
        if name != len(encoded(entry.name)) or entry.offset + LOCAL.size + name + extra + entry.packed > end:
            yield entry


def content(view: View, entry: Entry, most: int) -> bytes:
    """An entry's bytes. The CRC is not checked: torch does not look at it either.

    Raises:
        ZipFault: it has more than `most`, or cannot be read.
    """
    if entry.size > most:
        raise ZipFault(f"its entry {quoted(entry.name)} has more than the {most} bytes that are read")
    header = view.read(entry.offset, LOCAL.size)
    if len(header) < LOCAL.size or not header.startswith(SIGNATURE):
        raise ZipFault(f"its entry {quoted(entry.name)} is not where the directory says")
    *_, name, extra = LOCAL.unpack(header)
    begin = entry.offset + LOCAL.size
    if view.read(begin, name) != encoded(entry.name):
        raise ZipFault(f"its entry {quoted(entry.name)} has another name in its own header")
    data = view.read(begin + name + extra, min(entry.packed, most))
    if entry.method == DEFLATED:
        inflater = zlib.decompressobj(-15)
        try:
            data = inflater.decompress(data, entry.size + 1)
        except zlib.error:
            raise ZipFault(f"its entry {quoted(entry.name)} cannot be inflated") from None
    elif entry.method != STORED:
        raise ZipFault(f"its entry {quoted(entry.name)} is compressed in a way that torch cannot read")
    if len(data) != entry.size:
        raise ZipFault(f"its entry {quoted(entry.name)} has another size than the directory says")
    return data


def encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
