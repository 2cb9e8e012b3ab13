"""What can go wrong while TorchServe unpacks a zip or a tar.

TorchServe reads both as streams (pytorch/serve, frontend/archive/…/utils/ZipUtils.java), and so
do the modules that use this one: no further than TorchServe, and in bounded memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

from hatch_mar.archive.formats.inflation import read_deflated
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.budget import MEMBERS, UNPACKED_BYTES, Budget, Exhausted, Unit
from hatch_mar.errors import ReadError
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule
from hatch_mar.names import name_fault
from hatch_mar.text import quote
from hatch_mar.torchserve.member_names import files_that_are_folders, unpacked_path, unpacking_fault

EMPTY = Rule(
    code="MAR801",
    title="TorchServe finds no members in the file",
    consequence="it loads an archive without files, and reports nothing",
    fix="build the archive again, and copy the archive itself",
)
CUT_OFF = Rule(
    code="MAR802",
    title="The file is cut off",
    consequence="TorchServe stops with an `EOFException`, or loads only the members that are left",
    fix="copy or build it again, to its end",
)
DAMAGED = Rule(
    code="MAR803",
    title="The file is damaged",
    consequence=(
        "TorchServe stops unpacking with a `ZipException` or an `IOException`, or unpacks other files than"
        " were packed, or than other tools do"
    ),
    fix="copy or build it again",
)
NOT_UTF_8 = Rule(
    code="MAR804",
    title="A member's name is not UTF-8",
    consequence="TorchServe stops with `malformed input`, or unpacks it under another name",
    fix="build the archive with a tool that writes names in UTF-8",
)
SPECIAL_FILE = Rule(
    code="MAR805",
    title="A member is a link or another special file",
    consequence=(
        "TorchServe writes a regular file: for a link in a zip one that holds the target's name, for"
        " everything else an empty one"
    ),
    fix="pack the file that the link points to",
)
BOMB = Rule(
    code="MAR806",
    title="The archive unpacks to far more than its size",
    consequence="TorchServe unpacks until the disk is full; the rest of the file was not checked",
    fix="do not deploy it unless you made it",
)
MANIFEST_PLACE = Rule(
    code="MAR807",
    title="The manifest is not where TorchServe looks",
    consequence="TorchServe loads the archive as one without a manifest, and therefore without a handler",
    fix="pack `MAR-INF` at the root of a `.mar`, or into the one folder of a `.tar.gz`",
)

UNPACKABLE = Rule(
    code="MAR111",
    title="A member cannot be unpacked",
    consequence=(
        "TorchServe stops unpacking with an `IOException`, such as `Detected Zip Slip vulnerability`, or"
        " unpacks it to another place"
    ),
    fix="rename it",
)
DUPLICATE = Rule(
    code="MAR112",
    severity="warning",
    title="Two members have the same name",
    consequence="TorchServe keeps the last one, other tools may show the first",
    fix="keep one of them",
)
FILE_AND_FOLDER = Rule(
    code="MAR113",
    title="A member is both a file and a folder",
    consequence="TorchServe stops unpacking with an `IOException`",
    fix="rename the file or the folder",
)
MISPLACED = Rule(
    code="MAR114",
    severity="warning",
    title="A member's name is not a plain path",
    consequence="TorchServe, on Windows at least, unpacks it to another place than the name says",
    fix="name it by its path in the archive",
)

UNFINISHED = Rule(
    code="MAR131",
    title="The archive was not checked to its end",
    consequence="what was not looked at may have any fault, and may run any code",
    fix="pack less into it",
)

SMALL, MOST_TIMES = 64 << 20, 250
"""An archive is a bomb if it unpacks to more than `MOST_TIMES` its size and to more than `SMALL` bytes."""
LARGEST_NAMES = 32 << 20
"""Bytes of all names together. More are an attack on the reader's memory, not a model."""


class Stopped(Exception):
    """Unpacking cannot go on."""

    def __init__(self, rule: Rule, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.rule, self.message, self.fix = rule, message, fix

    def at(self, place: Place) -> Finding:
        return self.rule.at(place, self.message, self.fix)


@contextmanager
def explain_stop(file: object) -> Iterator[None]:
    """Raise the end of an unpacking as a ReadError that holds the finding about `file`."""
    try:
        yield
    except Stopped as stopped:
        raise ReadError(stopped.at(Place(str(file)))) from None


def spend(budget: Budget, unit: Unit, count: int = 1) -> None:
    """Take what reading so much costs.

    Raises:
        Stopped: the budget does not suffice.
    """
    try:
        budget.spend(unit, count)
    except Exhausted as reason:
        raise Stopped(UNFINISHED, f"The archive has {reason}") from None


def inflate(file: BinaryIO, window: int, most: int, label: str, budget: Budget) -> Iterator[bytes]:
    """The bytes of the deflate stream at the file's position, which ends up after the stream.

    `window` is that of `zlib.decompressobj`; messages begin with `label`.

    Raises:
        Stopped: the stream is damaged or cut off, or unpacks to more than `most` bytes or the budget allows.
    """
    size = 0
    try:
        for piece in read_deflated(file, window):
            size += len(piece)
            spend(budget, UNPACKED_BYTES, len(piece))
            if size > most:
                raise bomb_error()
            yield piece
    except zlib.error as error:
        raise Stopped(DAMAGED, f"{label} is damaged: {error}") from None
    except EOFError:
        raise Stopped(CUT_OFF, f"{label} is cut off") from None


def bomb_error() -> Stopped:
    return Stopped(BOMB, f"The members unpack to more than {MOST_TIMES} times the file's size")


def unpacked_limit(packed: int) -> int:
    """Bytes to which an archive of `packed` bytes may unpack before it counts as a bomb."""
    return max(SMALL, MOST_TIMES * packed)


class Names:
    """The names of the members so far. `archive_names` checks names that need no container."""

    def __init__(self, manifest: str = MANIFEST_NAME, budget: Budget | None = None) -> None:
        self.manifest = manifest
        self.budget = budget or Budget()
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.odd: list[str] = []
        """Names that are not the paths that they stand for."""
        self.climbing: list[str] = []
        """Those that TorchServe unpacks only if there are the folders that they go through."""
        self.manifests = self.count = self.size = 0
        self.misplaced: str | None = None
        """A manifest in the wrong place."""

    def add(self, name: str, full: str) -> str:
        """Add a member, by the name that it is unpacked to and the one that it has in the container.

        Returns the path that this name stands for.

        Raises:
            Stopped: there are too many members.
        """
        self.count += 1
        self.size += len(full)
        spend(self.budget, MEMBERS)
        if self.size > LARGEST_NAMES:
            raise Stopped(BOMB, f"The members' names have more than {LARGEST_NAMES} bytes")
        if full.endswith("/"):
            self.folders.add(name.rstrip("/"))
            return name
        path = unpacked_path(name)
        if path != name:
            others = self.climbing if unpacking_fault(name) else self.odd
            if len(others) < MOST_FINDINGS:
                others.append(name)
        self.files.add(path)
        if path == self.manifest:
            self.manifests += 1
        elif full == self.manifest or full.endswith(f"/{self.manifest}"):
            self.misplaced = full
        return path

    def check(self, place: Place) -> Iterator[Finding]:
        faults = ((name, unpacking_fault(f"{name}/file")) for name in sorted(self.folders))
        for name, fault in islice(((name, fault) for name, fault in faults if fault), MOST_FINDINGS):
            yield UNPACKABLE.at(place, f"Folder {quote(name)} {fault}")
        for name in self.climbing:
            yield UNPACKABLE.at(place, f"Member {quote(name)} {unpacking_fault(name)}")
        for name, _ in islice(files_that_are_folders(self.files, self.folder_paths()), MOST_FINDINGS):
            yield FILE_AND_FOLDER.at(place, f"Member {quote(name)} is both a file and a folder")
        for name in self.odd:
            yield MISPLACED.at(place, f"Member {quote(name)} {name_fault(name)}")
        if self.manifests > 1:
            yield DUPLICATE.at(place, f"Member `{self.manifest}` appears {self.manifests} times")
        if self.misplaced and not self.manifests:
            yield MANIFEST_PLACE.at(
                place,
                f"TorchServe looks for `{self.manifest}`, which is packed as {quote(self.misplaced)}",
            )

    def folder_paths(self) -> set[str]:
        """The paths of the folders, each with a slash at its end."""
        return {unpacked_path(f"{name}/file").removesuffix("file") for name in self.folders}
