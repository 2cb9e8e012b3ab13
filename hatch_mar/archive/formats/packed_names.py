"""The names of an archive's members, all of which unpacking needs to know at its end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hatch_mar.archive.formats.limits import BOMB, spend
from hatch_mar.archive.formats.unpacking import Stopped
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.budget import MEMBERS, Budget
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule
from hatch_mar.names import name_fault
from hatch_mar.text import quote
from hatch_mar.torchserve.member_names import files_that_are_folders, unpacked_path, unpacking_fault

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
    consequence="TorchServe keeps the last one; other tools may show the first",
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
MANIFEST_PLACE = Rule(
    code="MAR807",
    title="The manifest is not where TorchServe looks",
    consequence="TorchServe loads the archive as one without a manifest, and therefore without a handler",
    fix="pack `MAR-INF` at the root of a `.mar`, or into the one folder of a `.tar.gz`",
)

LARGEST_NAMES = 32 << 20
"""Bytes of all names together. More are an attack on the reader's memory, not a model."""


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
