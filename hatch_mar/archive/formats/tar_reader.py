"""The members of a `.tar.gz` as TorchServe unpacks them, from the tar in its first gzip member."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, cast

from hatch_mar.archive.archive import CHUNK, Member
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.archive.formats.inflation import GZIP_WINDOW, Inflated, Part
from hatch_mar.archive.formats.limits import spend, unpacked_limit
from hatch_mar.archive.formats.packed_names import Names
from hatch_mar.archive.formats.tar_headers import SPECIAL_KINDS, TarEntry
from hatch_mar.archive.formats.tar_stream import FirstMember, members
from hatch_mar.archive.formats.unpacking import EMPTY, SPECIAL_FILE, Stopped, explain_stop
from hatch_mar.budget import FILES, UNPACKED_BYTES, Budget
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule
from hatch_mar.text import quote
from hatch_mar.torchserve.consumers import SAGEMAKER
from hatch_mar.torchserve.member_names import unpacked_path

NOT_GZIP = Rule(
    code="MAR821",
    title="The file is not a gzip",
    consequence=(
        "TorchServe takes every file that is not named `.mar` for a `.tar.gz`, and stops with"
        " `Input is not in the .gz format`"
    ),
    fix="build the archive again",
)
SEVERAL_GZIPS = Rule(
    code="MAR822",
    title="The file holds several gzips",
    consequence=(
        "TorchServe reads the first one and ignores the others without a message (`cat`, `bgzip` and some"
        " parallel gzips write such files)"
    ),
    fix="compress the whole tar into one gzip, as `gzip` does",
)
SEVERAL_ROOTS = Rule(
    code="MAR823",
    severity="warning",
    consumer=SAGEMAKER,
    title="The tar has several roots",
    consequence="SageMaker unpacks them side by side, and then loads an archive without a manifest",
    fix="pack everything into one folder, or into `.`",
)
TWO_NAMES = Rule(
    code="MAR824",
    title="A member of the tar has two names",
    consequence="TorchServe unpacks it under one of them, where another tool shows the other",
    fix="pack the files again, with one tool",
)

MOST_ROOTS = 3
"""How many are shown."""


class TarSource(NamedTuple):
    """A member's bytes in an open tar. A link has none, and TorchServe unpacks it as an empty file."""

    tar: Inflated
    file: BinaryIO
    start: int
    length: int

    def size(self) -> int:
        return self.length

    def chunks(self) -> Iterator[bytes]:
        with explain_read_errors(self.file.name), self.open() as stream:
            while chunk := stream.read(CHUNK):
                yield chunk

    def open(self) -> BinaryIO:
        self.file.tell()  # which raises an error if the archive is closed
        return cast("BinaryIO", io.BufferedReader(Part(self.tar, self.start, self.length)))


def read_tgz(file: BinaryIO, total: int, names: Names) -> tuple[list[Member], list[Finding]]:
    """The files in a `.tar.gz`, all of which is inflated, and what TorchServe or others would trip over.

    Raises:
        Stopped: TorchServe would fail, or find only some of the members.
    """
    place = Place(file.name)
    roots, found, findings = dict[str, None](), list[Member](), list[Finding]()
    stream = FirstMember(check_gzip(file), unpacked_limit(total), names.budget)
    tar = inflated_tar(file, total, names.budget)
    for entry in members(stream):
        path = names.add(entry.unpacked_name, entry.name)
        if len(roots) < MOST_ROOTS:
            roots[entry.root] = None
        if len(findings) < MOST_FINDINGS:
            findings += find_oddities(entry, place)
        if not entry.name.endswith("/"):
            found.append(member_of(entry, path, tar, file))
    while stream.take(CHUNK):  # to the end, where the checksum is compared
        pass
    if not names.count:
        raise Stopped(EMPTY, "The tar has no members")
    if len(roots) > 1 and names.manifests:
        shown = " and ".join(quote(root or ".") for root in roots)
        findings.append(SEVERAL_ROOTS.at(place, f"The tar has several roots, {shown}"))
    findings += names.check(place)
    if has_another_gzip(file, names.budget):
        text = "The file holds several gzips, of which TorchServe reads only the first"
        findings.append(SEVERAL_GZIPS.at(place, text))
    return found, findings


def find_oddities(entry: TarEntry, place: Place) -> Iterator[Finding]:
    name = quote(entry.name)
    if entry.special_kind:
        fix = None if entry.kind in SPECIAL_KINDS else "pack it as a regular file"
        yield SPECIAL_FILE.at(place, f"Member {name} is {entry.special_kind}", fix)
    if entry.other_name is not None:
        yield TWO_NAMES.at(place, f"Member {name} is named {quote(entry.other_name)} as well")


def read_first(file: BinaryIO, total: int) -> Member | None:
    """The first file in a `.tar.gz`; nothing behind it is read.

    Raises:
        Stopped: the tar is damaged before it.
    """
    budget = Budget()
    entries = members(FirstMember(check_gzip(file), unpacked_limit(total), budget))
    entry = next((entry for entry in entries if not entry.name.endswith("/")), None)
    if entry is None:
        return None
    return member_of(entry, unpacked_path(entry.unpacked_name), inflated_tar(file, total, budget), file)


def lies_in(file: BinaryIO, total: int, root: str) -> bool:
    """Whether every member of a `.tar.gz` lies in this folder of the tar, all of which is inflated.

    Raises:
        Stopped: the tar is damaged.
    """
    stream = FirstMember(check_gzip(file), unpacked_limit(total), Budget())
    return all(entry.root == root for entry in members(stream))


def inflated_tar(file: BinaryIO, total: int, budget: Budget) -> Inflated:
    def spend_unpacked(size: int) -> None:
        with explain_stop(file.name):
            spend(budget, UNPACKED_BYTES, size)

    return Inflated(cast("BinaryIO", Part(file, 0, total)), GZIP_WINDOW, spend_unpacked)


def member_of(entry: TarEntry, path: str, tar: Inflated, file: BinaryIO) -> Member:
    return Member(path, TarSource(tar, file, entry.start, entry.size), bool(entry.mode & 0o100))


def check_gzip(file: BinaryIO) -> BinaryIO:
    start = file.read(4)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return file
    like = ", like a zip" if start.startswith(b"PK") else ""
    fix = "give the file a name that ends in `.mar`" if like else None
    name = quote(file.name.rpartition("/")[2])
    text = f"TorchServe takes {name} for a `.tar.gz`, but it begins with {start!r}{like}"
    raise Stopped(NOT_GZIP, text, fix)


def has_another_gzip(file: BinaryIO, budget: Budget) -> bool:
    """Whether another gzip that is not empty follows at the file's position."""
    while file.read(2) == b"\x1f\x8b":
        file.seek(-2, 1)
        spend(budget, FILES)
        try:
            if FirstMember(file, 1 << 20, budget).read(1):
                return True
        except Stopped:
            return True
    return False
