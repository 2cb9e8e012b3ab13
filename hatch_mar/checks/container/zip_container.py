"""A `.mar` on disk: TorchServe reads a stream of members, everything else the directory at its end."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from stat import S_ISLNK
from typing import BinaryIO

from hatch_mar.archive.manifest import MANIFEST_NAME, WORKFLOW_MANIFEST_NAME
from hatch_mar.checks.archive_names import MOST_FINDINGS
from hatch_mar.checks.container import zip_stream
from hatch_mar.checks.container.stream import CUT_OFF, EMPTY, SPECIAL_FILE, Names, Stopped
from hatch_mar.checks.container.zip_directory import CentralEntry, find_directory, read_entries
from hatch_mar.checks.container.zip_stream import LocalEntry, members
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.text import quote
from hatch_mar.torchserve import suffixes
from hatch_mar.zip_records import END_SIGNATURE

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


def check(path: Path, *, deep: bool = False) -> Iterator[Finding]:
    """What is wrong with the zip at `path`, every byte of which is read if `deep`."""
    place = Place(str(path))
    names = Names(WORKFLOW_MANIFEST_NAME if path.name.endswith(suffixes.WORKFLOW) else MANIFEST_NAME)
    stream = StreamIndex()
    with open(path, "rb") as file:
        total = path.stat().st_size
        try:
            for entry in members(file, total, deep=deep):
                names.add(entry.name, entry.name)
                stream.add(entry)
        except Stopped as stopped:
            yield stopped.at(place)
            return
        if not names.count:
            yield EMPTY.at(place, describe_content(file, total))
            return
        yield from names.check(place)
        yield from check_central_directory(file, total, stream, place)


def describe_content(file: BinaryIO, total: int) -> str:
    file.seek(0)
    start = file.read(8)
    if not total:
        return "The file is empty"
    if start.startswith(END_SIGNATURE):
        return "The zip has no members"
    return f"The file begins with {start!r}, not with the first member of a zip"


class StreamIndex:
    """The members of the stream in 16 bytes each: their offsets, and digests of what they are."""

    def __init__(self) -> None:
        self.offsets, self.digests = array("Q"), array("q")

    def add(self, entry: LocalEntry) -> None:
        self.offsets.append(entry.offset)
        self.digests.append(digest_entry(entry))

    def index(self, offset: int) -> int | None:
        position = bisect_left(self.offsets, offset)
        return position if position < len(self.offsets) and self.offsets[position] == offset else None


def digest_entry(entry: LocalEntry | CentralEntry) -> int:
    return hash((entry.raw_name, entry.method, entry.crc, entry.packed, entry.size))


def check_central_directory(
    file: BinaryIO, total: int, stream: StreamIndex, place: Place
) -> Iterator[Finding]:
    start = find_directory(file, total)
    if start is None:
        yield CUT_OFF.at(place, "The file ends without a zip's directory, so members may be missing")
        return
    listed = bytearray(len(stream.offsets))
    yield from islice(compare(file, start, stream, listed, place), MOST_FINDINGS)
    if len(listed) != sum(listed):
        file.seek(stream.offsets[listed.index(0)])
        entry = zip_stream.read_header(file)
        name = quote(entry.name) if entry else "a member"
        yield DISAGREEMENT.at(place, f"TorchServe unpacks {name}, which the directory does not list")


def compare(
    file: BinaryIO, start: int, stream: StreamIndex, listed: bytearray, place: Place
) -> Iterator[Finding]:
    for entry in read_entries(file, start):
        name = quote(entry.raw_name.decode("utf-8", "replace"))
        index = stream.index(entry.offset)
        if index is None:
            yield DISAGREEMENT.at(place, f"The directory lists {name}, which TorchServe does not reach")
            continue
        if listed[index]:
            yield DISAGREEMENT.at(place, f"The directory lists the member at byte {entry.offset} twice")
        listed[index] = 1
        if stream.digests[index] != digest_entry(entry):
            yield DISAGREEMENT.at(place, f"The directory and the member disagree about {name}")
        if S_ISLNK(entry.mode):
            yield SPECIAL_FILE.at(place, f"Member {name} is a link")
