"""Reading an archive on disk, as the same `Archive` that a configuration gives.

Nothing is unpacked, and no code in the archive runs. Memory stays bounded whatever the file
claims: names and sizes are listed, and bytes are read in chunks.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.filesystem.regular import open_input
from hatch_mar.archive.filesystem.walk import LinkLoop, files_below
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.archive.formats.packed_names import Names
from hatch_mar.archive.formats.tar_reader import lies_in, read_first, read_tgz
from hatch_mar.archive.formats.unpacking import explain_stop
from hatch_mar.archive.formats.zip_reader import METHODS, ZipSource, read_zip
from hatch_mar.archive.manifest import MANIFEST_NAME, WORKFLOW_MANIFEST_NAME, Manifest
from hatch_mar.budget import Budget
from hatch_mar.errors import ReadError
from hatch_mar.finding import Finding
from hatch_mar.output import explain
from hatch_mar.text import count_of
from hatch_mar.torchserve import suffixes

LARGEST_MANIFEST = 1 << 20
"""Bytes. A manifest that a tool writes has a few hundred."""


@dataclass(frozen=True)
class Container:
    """All files of an archive on disk, with its manifest if it has one."""

    path: Path
    kind: str
    """`zip`, `tgz` or `directory`."""
    members: tuple[Member, ...]
    findings: tuple[Finding, ...] = ()
    """What TorchServe, or another reader, would trip over."""

    def storage(self, member: Member) -> tuple[str, int | None]:
        """How a member is stored, and the bytes that it takes; None if members share a stream."""
        if not isinstance(member.source, ZipSource):
            return self.kind, None
        return METHODS[member.source.method], member.source.packed

    def archive(self) -> Archive:
        """The files as an archive.

        Raises:
            ReadError: the manifest is missing or cannot be read.
        """
        name = manifest_name(self.path)
        return Archive(self.manifest(), tuple(member for member in self.members if member.name != name))

    def manifest(self) -> Manifest:
        """The last manifest, as TorchServe unpacks it.

        Raises:
            ReadError: it is missing or cannot be read.
        """
        name = manifest_name(self.path)
        manifests = [member for member in self.members if member.name == name]
        return parse_manifest(self.path, manifests[-1] if manifests else None)


@contextmanager
def read(path: str | PathLike[str], budget: Budget | None = None) -> Iterator[Archive]:
    """The archive at `path`, for a `with` statement. Its members can be read inside it.

    Args:
        path: a `.mar`, `.war`, `.tar.gz` or directory.
        budget: how much is read of a file that somebody else may have made to be expensive.

    Raises:
        ReadError: it is not an archive, or it is damaged.
    """
    with open_container(Path(path), budget) as container:
        yield container.archive()


@contextmanager
def open_container(path: Path, budget: Budget | None = None, *, deep: bool = False) -> Iterator[Container]:
    """The files at `path`, in the container that TorchServe takes it for, as TorchServe unpacks them.

    Only the name decides: a `.mar` is a zip, and any other file a `.tar.gz` (pytorch/serve,
    ModelArchive.java). Of a `.mar` only the headers are read, unless `deep`, which also compares
    the checksums.

    Raises:
        ReadError: TorchServe would fail on it, or lose some of its files.
    """
    with ExitStack() as stack:
        with explain_read_errors(path), explain_stop(path):
            container = read_container(path, stack, budget or Budget(), deep=deep)
        explain(f"Read `{path}` as a {container.kind} with {count_of(len(container.members), 'member')}")
        yield container


def read_container(path: Path, stack: ExitStack, budget: Budget, *, deep: bool) -> Container:
    if path.is_dir():
        return Container(path, "directory", tuple(directory_members(path)))
    file = stack.enter_context(open_input(path))
    total, names = path.stat().st_size, Names(manifest_name(path), budget)
    budget.grow(total)
    if path.suffix in suffixes.ZIPS:
        members, findings = read_zip(file, total, names, deep=deep)
        return Container(path, "zip", tuple(members), tuple(findings))
    members, findings = read_tgz(file, total, names)
    return Container(path, "tgz", tuple(members), tuple(findings))


def read_manifest(path: Path) -> Manifest:
    """The manifest of an archive that hatch-mar may have written: in a `.tar.gz` it comes before all files.

    What TorchServe takes for the manifest of any `.tar.gz` is known only after a pass over all of it.

    Raises:
        ReadError: the manifest is missing, comes later in a `.tar.gz`, or cannot be read.
    """
    if path.is_dir() or path.suffix in suffixes.ZIPS:
        with open_container(path) as container:
            return container.manifest()
    with explain_read_errors(path), explain_stop(path), open_input(path) as file:
        first = read_first(file, path.stat().st_size)
        return parse_manifest(path, first if first and first.name == manifest_name(path) else None)


def has_root(path: Path, root: str) -> bool:
    """Whether everything in a `.tar.gz` lies in this folder of the tar.

    Raises:
        ReadError: it is damaged.
    """
    with explain_read_errors(path), explain_stop(path), open_input(path) as file:
        return lies_in(file, path.stat().st_size, root)


def manifest_name(path: Path) -> str:
    """The name that TorchServe expects the manifest of an archive at `path` to have."""
    return WORKFLOW_MANIFEST_NAME if path.suffix == suffixes.WORKFLOW else MANIFEST_NAME


def parse_manifest(path: Path, member: Member | None) -> Manifest:
    if member is None:
        kind = "workflow" if manifest_name(path) == WORKFLOW_MANIFEST_NAME else "model"
        raise ReadError(f"Not a {kind} archive: `{path}` has no `{manifest_name(path)}`")
    try:
        return Manifest.from_json(read_member(member, LARGEST_MANIFEST), member.name)
    except ValueError as error:
        raise ReadError(f"Not a model archive: `{path}`: {error}") from None


def read_member(member: Member, most: int) -> bytes:
    """A small member's bytes."""
    data = member.read(most + 1)
    if len(data) > most:
        message = f"Archive member `{member.name}` is larger than the {most} bytes it may have"
        raise ReadError(message)
    return data


def directory_members(path: Path) -> Iterator[Member]:
    inside = list(path.iterdir())
    # TorchServe loads the only thing in it, if that is a directory (ModelArchive.java)
    root = inside[0] if len(inside) == 1 and inside[0].is_dir() else path
    try:
        for name, file in files_below(root, caches=True):
            mode = file.stat().st_mode
            if not stat.S_ISREG(mode):
                raise ReadError(f"Cannot read `{path}`: not a regular file: `{name}`")
            yield Member(name, FileSource(file), bool(mode & 0o100))
    except LinkLoop as loop:
        message = f"link leads back to its own folder: `{loop.path}`"
        raise ReadError(message) from None
