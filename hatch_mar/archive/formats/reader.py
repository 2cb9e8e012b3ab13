"""Reading an archive on disk, as the same `Archive` that a configuration gives.

Nothing is unpacked, and no code in the archive runs. Memory stays bounded whatever the file
claims: names and sizes are listed, and bytes are read in chunks.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.filesystem.walk import LinkLoop, files_below
from hatch_mar.archive.formats.damage import explain_read_errors, refuse_special_file
from hatch_mar.archive.formats.tar_reader import BoundedGzip, TarSource, tar_members
from hatch_mar.archive.formats.zip_reader import ZipSource, refuse_huge_directory, zip_members
from hatch_mar.archive.manifest import MANIFEST_NAME, WORKFLOW_MANIFEST_NAME, Manifest
from hatch_mar.errors import ReadError
from hatch_mar.torchserve import suffixes

LARGEST_MANIFEST = 1 << 20
"""Bytes. A manifest that a tool writes has a few hundred."""
FARTHEST_MANIFEST = 16 << 20
"""Bytes of a tar within which its manifest is looked for alone. hatch-mar writes it first."""


@dataclass(frozen=True)
class Container:
    """All files of an archive on disk, with its manifest if it has one."""

    path: Path
    kind: str
    """`zip`, `tgz` or `directory`."""
    members: tuple[Member, ...]

    def storage(self, member: Member) -> tuple[str, int | None]:
        """How a member is stored, and the bytes that it takes; None if members share a stream."""
        if not isinstance(member.source, ZipSource):
            return self.kind, None
        return member.source.method, member.source.info.compress_size

    def archive(self) -> Archive:
        """The files as an archive.

        Raises:
            ReadError: the manifest is missing or cannot be read.
        """
        name = manifest_name(self.path)
        manifests = [member for member in self.members if member.name == name]
        manifest = parse_manifest(self.path, manifests[-1] if manifests else None)
        return Archive(manifest, tuple(member for member in self.members if member.name != name))


@contextmanager
def read(path: str | PathLike[str]) -> Iterator[Archive]:
    """The archive at `path`: a `.mar`, a `.tar.gz` or a directory. Members can be read while it is open.

    Raises:
        ReadError: it is not an archive, or it is damaged.
    """
    with open_container(Path(path)) as container:
        yield container.archive()


@contextmanager
def open_container(path: Path) -> Iterator[Container]:
    """The files at `path`, in the container that TorchServe takes it for.

    Only the name decides: a `.mar` is a zip, and any other file a `.tar.gz` (pytorch/serve,
    ModelArchive.java).

    Raises:
        ReadError: it is not that container, or it is damaged.
    """
    with ExitStack() as stack:
        with explain_read_errors(path):
            kind, members = open_members(path, stack)
            container = Container(path, kind, tuple(members))
        yield container


def read_manifest(path: Path) -> Manifest:
    """The manifest of an archive, without listing the other files of a `.tar.gz`, which takes a whole pass.

    Raises:
        ReadError: the manifest is missing, far from the beginning of a `.tar.gz`, or cannot be read.
    """
    with ExitStack() as stack, explain_read_errors(path):
        _, members = open_members(path, stack)
        return parse_manifest(path, find_manifest(members, manifest_name(path)))


def find_manifest(members: Iterator[Member], name: str) -> Member | None:
    for member in members:
        if member.name == name:
            return member
        source = member.source
        if isinstance(source, TarSource) and source.info.offset_data + source.size() > FARTHEST_MANIFEST:
            break
    return None


def manifest_name(path: Path) -> str:
    """The name that TorchServe expects the manifest of an archive at `path` to have."""
    return WORKFLOW_MANIFEST_NAME if path.suffix == suffixes.WORKFLOW else MANIFEST_NAME


def parse_manifest(path: Path, member: Member | None) -> Manifest:
    if member is None:
        raise ReadError(f"Not a model archive: `{path}` has no `{manifest_name(path)}`")
    try:
        return Manifest.from_json(read_member(member, LARGEST_MANIFEST), member.name)
    except ValueError as error:
        raise ReadError(f"Not a model archive: `{path}`: {error}") from None


def open_members(path: Path, stack: ExitStack) -> tuple[str, Iterator[Member]]:
    """What kind of container is at `path`, and its files, which are read as they are iterated over."""
    if path.is_dir():
        return "directory", directory_members(path)
    refuse_special_file(path)
    if path.suffix in suffixes.ZIPS:
        refuse_huge_directory(path)
        return "zip", zip_members(stack.enter_context(zipfile.ZipFile(path)))
    stream = stack.enter_context(BoundedGzip(stack.enter_context(open(path, "rb"))))  # noqa: SIM115
    tar = stack.enter_context(tarfile.open(path, "r:", fileobj=stream))  # noqa: SIM115
    return "tgz", tar_members(tar, stream, path.stat().st_size)


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
