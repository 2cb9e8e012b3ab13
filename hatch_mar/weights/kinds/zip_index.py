"""The entries of a zip of weights, read strictly: what two readers could take differently is a fault."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import islice
from typing import NamedTuple
from weakref import WeakKeyDictionary

from hatch_mar import zip_records as zips
from hatch_mar.budget import RECORDS
from hatch_mar.text import quote
from hatch_mar.weights.view import Slice, View
from hatch_mar.zip_records import ZipFault

MOST_ENTRIES = 200_000
LARGEST_DIRECTORY = 64 << 20
MOST_ENDS = 16
"""End records that are looked at where a zip may be read in several ways."""
ENCRYPTIONS = zips.ENCRYPTED | zips.STRONGLY_ENCRYPTED | zips.MASKED
"""The flags of the three ways to encrypt, all refused by miniz."""


class IndexEntry(NamedTuple):
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int

    @property
    def name(self) -> str:
        return self.raw_name.decode("utf-8", "surrogateescape")

    @property
    def folded(self) -> str:
        """The name as torch looks it up, which ignores the case of ASCII letters (miniz,
        `mz_zip_reader_locate_file`)."""
        return self.raw_name.lower().decode("utf-8", "surrogateescape")


class ZipIndex(NamedTuple):
    entries: tuple[IndexEntry, ...]
    directory: int


known: WeakKeyDictionary[View, ZipIndex] = WeakKeyDictionary()
"""The indexes of files that are looked at: who looks into the records comes after who tells the kind."""


def read_index(view: View) -> ZipIndex:
    """The entries, in the directory's order.

    Raises:
        ZipFault: the file is cut off, damaged or ambiguous.
    """
    index = known.get(view)
    if index is None:
        index = known[view] = parse_index(view)
    return index


def parse_index(view: View) -> ZipIndex:
    directory = zips.find_directory(view.read, view.size)
    if directory.entries > MOST_ENTRIES or directory.size > LARGEST_DIRECTORY:
        raise ZipFault(f"its directory is larger than {MOST_ENTRIES} entries or {LARGEST_DIRECTORY} bytes")
    data = view.read(directory.offset, directory.size)
    view.budget.spend(RECORDS, min(directory.entries, len(data) // zips.CENTRAL_HEADER.size))
    entries = read_directory(data, directory.entries)
    refuse_ambiguity(entries, directory.offset)
    return ZipIndex(entries, directory.offset)


def read_directory(data: bytes, count: int) -> tuple[IndexEntry, ...]:
    file, entries = BytesIO(data), list[IndexEntry]()
    while header := zips.CentralHeader.read(file):
        is_whole = not header.is_cut and b"\0" not in header.raw_name and header.disk in (0, zips.LIMIT_16)
        if not is_whole or len(entries) == count:
            raise ZipFault("its directory is damaged")
        entries.append(entry_of(header))
    if file.tell() != len(data) or len(entries) != count:
        raise ZipFault("its directory is damaged")
    return tuple(entries)


def entry_of(header: zips.CentralHeader) -> IndexEntry:
    if header.lacks_sizes:
        raise ZipFault("its ZIP64 sizes are missing")
    raw_name = header.raw_name.partition(b"\0")[0]
    return IndexEntry(
        raw_name, header.flags, header.method, header.crc, header.packed, header.size, header.offset
    )


def refuse_ambiguity(entries: tuple[IndexEntry, ...], directory: int) -> None:
    """Raise ZipFault for two entries of one name or over the same bytes: readers choose differently."""
    names: set[str] = set()
    for entry in entries:
        if entry.folded in names:
            raise ZipFault(f"it has the entry {quote(entry.name)} twice")
        names.add(entry.folded)
        if entry.flags & ENCRYPTIONS:
            raise ZipFault(f"its entry {quote(entry.name)} is encrypted")
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < end:
            raise ZipFault(f"its entry {quote(entry.name)} overlaps another")
        end = entry.offset + zips.LOCAL_HEADER.size + entry.packed
    if end > directory:
        raise ZipFault("its last entry overlaps the directory")


def find_unreachable(view: View, index: ZipIndex) -> Iterator[IndexEntry]:
    """Entries whose bytes are not where the directory says, as when a download in parts leaves zeros."""
    ordered = sorted(index.entries, key=lambda entry: entry.offset)
    ends = [*(entry.offset for entry in ordered[1:]), index.directory]
    for entry, end in zip(ordered, ends):
        header = read_local_header(view, entry)
        if (
            header is None
            or header.name_size != len(entry.raw_name)
            or data_offset(entry, header) + entry.packed > end
        ):
            yield entry


def read_content(view: View, entry: IndexEntry, most: int) -> bytes:
    """An entry's bytes. Its CRC is not checked, since torch does not check it either.

    Raises:
        ZipFault: there are more than `most`, or they cannot be read.
    """
    if entry.size > most:
        raise ZipFault(f"its entry {quote(entry.name)} is larger than the {most} bytes that are read")
    header = read_local_header(view, entry)
    if header is None:
        raise ZipFault(f"its entry {quote(entry.name)} is not where the directory says")
    if view.read(entry.offset + zips.LOCAL_HEADER.size, header.name_size) != entry.raw_name:
        raise ZipFault(f"its entry {quote(entry.name)} has a different name in its own header")
    data = view.read(data_offset(entry, header), min(entry.packed, most))
    if entry.method == zips.DEFLATED:
        inflater = zlib.decompressobj(zips.RAW_WINDOW)
        try:
            data = inflater.decompress(data, entry.size + 1)
        except zlib.error:
            raise ZipFault(f"its entry {quote(entry.name)} cannot be inflated") from None
    elif entry.method != zips.STORED:
        raise ZipFault(f"its entry {quote(entry.name)} is compressed in a way that torch cannot read")
    if len(data) != entry.size:
        raise ZipFault(f"its entry {quote(entry.name)} does not have the size that the directory says")
    return data


def list_entries(view: View) -> Iterator[IndexEntry]:
    """The entries that any reader could find in a zip, ambiguous or damaged as it may be.

    Readers choose differently among several end records, and take a directory to be where its end record
    says, or to end where the end record begins.
    """
    start = max(0, view.size - zips.LONGEST_TAIL)
    tail = view.read(start, view.size - start)
    seen: set[int] = set()
    for position in islice(zips.find_signature(tail, zips.END_SIGNATURE), MOST_ENDS):
        end = zips.End.parse(tail, position)
        if end is None:
            continue
        before = view.read(start + position - zips.ZIP64_LOCATOR.size, zips.ZIP64_LOCATOR.size)
        locator = zips.Zip64Locator.parse(before)
        wide = locator and zips.End.parse_zip64(view.read(locator.offset, zips.ZIP64_END.size))
        for each, at in ((end, start + position), *([(wide, locator.offset)] if locator and wide else [])):
            for directory in {each.offset, at - each.size} - seen:
                seen.add(directory)
                for entry in list_directory(view.read(directory, min(each.size, LARGEST_DIRECTORY))):
                    view.budget.spend(RECORDS)
                    yield entry
                    # some take bytes before the zip for no part of it
                    if shift := directory - each.offset:
                        yield entry._replace(offset=entry.offset + shift)


def list_directory(data: bytes) -> Iterator[IndexEntry]:
    """The entries of a directory, up to the first bytes that are not one."""
    file = BytesIO(data)
    while header := zips.CentralHeader.read(file):
        with suppress(ZipFault):
            yield entry_of(header)


def open_leniently(view: View, entry: IndexEntry, most: int) -> View | None:
    """What a careless reader finds in an entry; None if that cannot be told.

    Of one that is deflated that is at most `most` bytes.
    """
    content = locate_content(view, entry)
    if content is None:
        return Slice(view, 0, 0)
    if entry.method == zips.STORED:
        return content
    if entry.method != zips.DEFLATED or entry.size > most:
        return None
    inflater = zlib.decompressobj(zips.RAW_WINDOW)
    with suppress(zlib.error):
        return view.unpacked(inflater.decompress(content.read(0, most), most))
    return None


def locate_content(view: View, entry: IndexEntry) -> View | None:
    """The bytes of an entry as they are packed; None if there is no entry where the directory says."""
    header = read_local_header(view, entry)
    if header is None:
        return None
    size = max(entry.size, entry.packed) if entry.method == zips.STORED else entry.packed
    return Slice(view, data_offset(entry, header), size)


def read_local_header(view: View, entry: IndexEntry) -> zips.LocalHeader | None:
    return zips.LocalHeader.parse(view.read(entry.offset, zips.LOCAL_HEADER.size))


def data_offset(entry: IndexEntry, header: zips.LocalHeader) -> int:
    return entry.offset + zips.LOCAL_HEADER.size + header.name_size + header.extra_size
