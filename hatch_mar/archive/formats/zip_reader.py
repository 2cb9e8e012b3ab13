"""The members of a `.mar` as TorchServe unpacks them: those of the stream, not those of the directory.

The central directory is read only to be compared, and for the members' modes, which the stream does not
have. TorchServe ignores those, and so no reader takes them for anything but a wish of whoever packed.
"""

from __future__ import annotations

import io
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from stat import S_ISLNK
from typing import BinaryIO, NamedTuple, cast

from hatch_mar import zip_records as zips
from hatch_mar.archive.archive import CHUNK, Member
from hatch_mar.archive.formats import zip_stream
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.archive.formats.inflation import Inflated, Part
from hatch_mar.archive.formats.limits import spend
from hatch_mar.archive.formats.packed_names import Names
from hatch_mar.archive.formats.unpacking import CUT_OFF, DAMAGED, EMPTY, SPECIAL_FILE, Stopped, explain_stop
from hatch_mar.archive.formats.zip_stream import LocalEntry
from hatch_mar.budget import UNPACKED_BYTES, Budget
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule
from hatch_mar.text import quote

DISAGREEMENT = Rule(
    code="MAR815",
    title="The zip's directory and its members disagree",
    consequence=(
        "TorchServe reads only the members: it does not find what only the directory lists, and unpacks"
        " what no other tool shows"
    ),
    fix=(
        "build the archive again; a zip that was edited in place, or that has other bytes in it, cannot be"
        " read as a stream"
    ),
)

METHODS = {zips.STORED: "stored", zips.DEFLATED: "deflated"}


class ZipSource(NamedTuple):
    """A member's bytes in an open zip."""

    file: BinaryIO
    budget: Budget
    start: int
    """Where its data begins."""
    method: int
    crc: int
    packed: int
    unpacked: int

    def size(self) -> int:
        return self.unpacked

    def chunks(self) -> Iterator[bytes]:
        crc = size = 0
        with explain_read_errors(self.file.name), self.open_unbuffered() as stream:
            while chunk := stream.read(CHUNK):
                crc, size = zlib.crc32(chunk, crc), size + len(chunk)
                yield chunk
            if (crc, size) != (self.crc, self.unpacked):
                with explain_stop(self.file.name):
                    raise Stopped(DAMAGED, f"The member at byte {self.start} has a wrong size or checksum")

    def open(self) -> BinaryIO:
        """The bytes as a stream. A stored member is the file itself, where seeking costs nothing."""
        return cast("BinaryIO", io.BufferedReader(self.open_unbuffered()))

    def open_unbuffered(self) -> Part:
        packed = Part(self.file, self.start, self.packed)
        if self.method == zips.STORED:
            return packed
        return Part(Inflated(cast("BinaryIO", packed), zips.RAW_WINDOW, self.spend), 0, self.unpacked)

    def spend(self, size: int) -> None:
        with explain_stop(self.file.name):
            spend(self.budget, UNPACKED_BYTES, size)


def read_zip(
    file: BinaryIO, total: int, names: Names, *, deep: bool = False
) -> tuple[list[Member], list[Finding]]:
    """The files in a zip of `total` bytes, and what TorchServe or another reader would trip over.

    Of most archives only the headers are read, unless `deep`, which also compares sizes and checksums.

    Raises:
        Stopped: TorchServe would fail, or find only some of the members.
    """
    place, budget = Place(file.name), names.budget
    index, members, findings = StreamIndex(), list[Member](), list[Finding]()
    for entry in zip_stream.members(file, total, budget, deep=deep):
        path = names.add(entry.name, entry.name)
        source = ZipSource(file, budget, entry.start, entry.method, entry.crc, entry.packed_size, entry.size)
        if entry.other_name is not None and len(findings) < MOST_FINDINGS:
            findings.append(other_name(place, entry.name, entry.other_name))
        index.add(entry)
        members.append(Member(path, source))
    if not names.count:
        raise Stopped(EMPTY, describe_content(file, total))
    end = find_end(file, total)
    findings += names.check(place)
    findings += islice(compare(file, end, index, members, place), MOST_FINDINGS)
    # a header and the directory may both say the same
    return [member for member in members if not member.name.endswith("/")], list(dict.fromkeys(findings))


def other_name(place: Place, name: str, other: bytes) -> Finding:
    shown = quote(other.decode("utf-8", "replace"))
    return DISAGREEMENT.at(
        place, f"Member {quote(name)} has another name in an extra field, {shown}, which TorchServe ignores"
    )


def describe_content(file: BinaryIO, total: int) -> str:
    file.seek(0)
    start = file.read(8)
    if not total:
        return "The file is empty"
    if start.startswith(zips.END_SIGNATURE):
        return "The zip has no members"
    return f"The file begins with {start!r}, not with the first member of a zip"


def find_end(file: BinaryIO, total: int) -> zips.End:
    def read(offset: int, size: int) -> bytes:
        file.seek(min(max(0, offset), total))
        return file.read(size)

    try:
        return zips.find_directory(read, total)
    except zips.ZipFault as fault:
        if fault.cut:
            text = "The file ends without a zip's directory, so members may be missing"
            raise Stopped(CUT_OFF, text) from None
        raise Stopped(DAMAGED, f"The zip is damaged: {fault}") from None


class StreamIndex:
    """The members of the stream in a few bytes each: their offsets, and digests of what they are."""

    def __init__(self) -> None:
        self.offsets, self.digests = array("Q"), array("q")
        self.listed = bytearray()
        """Which of them the directory lists."""

    def add(self, entry: LocalEntry) -> None:
        self.offsets.append(entry.offset)
        self.digests.append(digest_entry(entry))
        self.listed.append(0)

    def find(self, offset: int) -> int | None:
        position = bisect_left(self.offsets, offset)
        return position if position < len(self.offsets) and self.offsets[position] == offset else None


def digest_entry(entry: LocalEntry | zips.CentralHeader) -> int:
    return hash((entry.raw_name, entry.method, entry.crc, entry.packed, entry.size))


def compare(
    file: BinaryIO, end: zips.End, index: StreamIndex, members: list[Member], place: Place
) -> Iterator[Finding]:
    """Where the directory says something else than the stream. Members get the modes that it has."""
    count = 0
    file.seek(end.offset)
    while entry := zips.CentralHeader.read(file):
        count += 1
        name = quote(entry.raw_name.decode("utf-8", "replace"))
        number = index.find(entry.offset)
        if number is None:
            yield DISAGREEMENT.at(place, f"The directory lists {name}, which TorchServe does not reach")
            continue
        if index.listed[number]:
            yield DISAGREEMENT.at(place, f"The directory lists the member at byte {entry.offset} twice")
        index.listed[number] = 1
        if entry.mode & 0o100:
            members[number] = members[number]._replace(executable=True)
        if index.digests[number] != digest_entry(entry):
            yield DISAGREEMENT.at(place, f"The directory and the member disagree about {name}")
        other = zips.read_other_name(entry.extra, entry.raw_name)
        if other is not None:
            yield other_name(place, members[number].name, other)
        if S_ISLNK(entry.mode):
            yield SPECIAL_FILE.at(place, f"Member {name} is a link")
    if (number := index.listed.find(0)) >= 0:
        name = quote(members[number].name)
        yield DISAGREEMENT.at(place, f"TorchServe unpacks {name}, which the directory does not list")
    elif (count, file.tell()) != (end.entries, end.offset + end.size):
        said = f"{end.entries} members in {end.size} bytes"
        yield DISAGREEMENT.at(place, f"The directory has something else than the {said} that its end says")
