"""A `.tar.gz` on disk: TorchServe reads its first gzip member, and in that a tar with one root folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hatch_mar.archive.formats.tar_reader import unpacked_limit
from hatch_mar.checks.container.stream import EMPTY, SPECIAL_FILE, Names, Stopped
from hatch_mar.checks.container.tar_stream import SPECIAL_KINDS, FirstMember, TarEntry, members
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.text import quote

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
    fix="pack it with `gzip`",
)
SEVERAL_ROOTS = Rule(
    code="MAR823",
    severity="warning",
    title="The tar has several roots",
    consequence="SageMaker unpacks them side by side, and then loads an archive without a manifest",
    fix="pack everything into one folder, or into `.`",
)


def check(path: Path) -> Iterator[Finding]:
    """What is wrong with the `.tar.gz` at `path`, all of which is unpacked in memory, in pieces."""
    place = Place(str(path))
    with open(path, "rb") as file:
        start = file.read(4)
        if not start.startswith(b"\x1f\x8b"):
            yield not_gzip(path, start)
            return
        file.seek(0)
        contents = TarContents()
        try:
            stream = FirstMember(file, unpacked_limit(path.stat().st_size))
            for entry in members(stream):
                contents.add(entry)
            while stream.take(1 << 20):  # to the end, where the checksum is compared
                pass
        except Stopped as stopped:
            yield from contents.check(place)
            yield stopped.at(place)
            return
        if has_another_gzip(file):
            text = "The file holds several gzips, of which TorchServe reads only the first"
            yield SEVERAL_GZIPS.at(place, text)
    if not contents.names.count:
        yield EMPTY.at(place, "The tar has no members")
        return
    yield from contents.check(place)
    yield from contents.names.check(place)


def not_gzip(path: Path, start: bytes) -> Finding:
    text = f"TorchServe takes `{path.name}` for a `.tar.gz`, but it begins with {start!r}"
    if start.startswith(b"PK"):
        fix = "give the file a name that ends in `.mar`"
        return NOT_GZIP.at(Place(str(path)), f"{text}, like a zip", fix)
    return NOT_GZIP.at(Place(str(path)), text)


def has_another_gzip(file: BinaryIO) -> bool:
    """Whether another gzip that is not empty follows at the file's position."""
    while file.read(2) == b"\x1f\x8b":
        file.seek(-2, 1)
        try:
            if FirstMember(file, 1 << 20).read(1):
                return True
        except Stopped:
            return True
    return False


class TarContents:
    """What is known about the tar's members so far."""

    def __init__(self) -> None:
        self.names = Names()
        self.roots: dict[str, None] = {}
        self.special_files: list[TarEntry] = []

    def add(self, entry: TarEntry) -> None:
        self.names.add(entry.unpacked_name, entry.name)
        root, slash, _ = entry.name.partition("/")
        if len(self.roots) < 3:
            self.roots[root if slash else ""] = None
        if entry.kind in SPECIAL_KINDS and len(self.special_files) < 20:
            self.special_files.append(entry)

    def check(self, place: Place) -> Iterator[Finding]:
        for entry in self.special_files:
            yield SPECIAL_FILE.at(place, f"Member {quote(entry.name)} is {SPECIAL_KINDS[entry.kind]}")
        if len(self.roots) > 1 and self.names.manifests:
            roots = " and ".join(f"{quote(root or '.')}" for root in self.roots)
            yield SEVERAL_ROOTS.at(place, f"The tar has several roots, {roots}")
