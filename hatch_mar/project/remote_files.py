"""Whether the remote files that a build needs are there, with the digests that the project declares."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from hatch_mar.archive.archive import Archive, BytesSource, FileSource
from hatch_mar.archive.packager.unchanged import COARSE, fingerprint_file
from hatch_mar.errors import LayoutError
from hatch_mar.finding import Finding, Place, Rule, field
from hatch_mar.project.config.models import MAR, PYPROJECT, RemoteFile

MISSING = Rule(
    code="MAR036",
    severity="error",
    title="A remote file is missing",
    consequence="the archive would lack it",
    fix="run `hatch-mar fetch`",
)
DIFFERS = Rule(
    code="MAR037",
    severity="error",
    title="A remote file does not have the declared digest",
    consequence="the archive would not have the bytes that were reviewed",
    fix="run `hatch-mar fetch` to replace the file; or, if yours is right, upload it and run"
    " `hatch-mar fetch --lock` with its path",
)
PLACE = Place(PYPROJECT, None, (*MAR, "remote-files"))

KNOWN: dict[str, str] = {}
"""The digests of files, by the files' fingerprints."""


def list_placed(remote_files: Sequence[RemoteFile]) -> Iterator[tuple[Place, RemoteFile]]:
    """The files, each with the place of its table."""
    return ((PLACE.within(number), each) for number, each in enumerate(remote_files))


def advise_fetch(file: Path, root: Path, remote_files: Iterable[RemoteFile]) -> str | None:
    """The command that fetches a file of the project, or a folder's files; None if they are not remote."""
    wanted = {Path(os.path.normpath(file)), Path(os.path.realpath(file))}
    found = [each.path for each in remote_files if not wanted.isdisjoint(with_parents(root / each.path))]
    return f"run `{command_for(*found if len(found) == 1 else ())}`" if found else None


def command_for(*arguments: str) -> str:
    """The command as it is typed into a shell."""
    import shlex

    return shlex.join(["hatch-mar", "fetch", *arguments])


def with_parents(path: Path) -> tuple[Path, ...]:
    return (path, *path.parents)


def report_missing(place: Place, remote_file: RemoteFile) -> Finding:
    path = remote_file.path
    text = f"{field(place.key)}: file not found: `{path}`"
    return MISSING.at(place, text, f"run `{command_for(path)}`")


def refuse_differing(
    remote_files: Sequence[RemoteFile], archive: Archive, root: Path, advance: Callable[[int], object] = int
) -> None:
    """Refuse an archive whose remote files do not all have the declared digests.

    Reads each file, unless this process has read it before. `advance` is called with the number of bytes of
    each read.

    Raises:
        LayoutError: names every file with another digest.
    """
    if findings := [*find_differing(remote_files, archive, root, advance)]:
        raise LayoutError(*findings)


def find_differing(
    remote_files: Sequence[RemoteFile], archive: Archive, root: Path, advance: Callable[[int], object]
) -> Iterator[Finding]:
    for place, each in list_taken(remote_files, archive, root):
        yield from compare_digest(place, each, root, advance)


def list_taken(
    remote_files: Sequence[RemoteFile], archive: Archive, root: Path
) -> Iterator[tuple[Place, RemoteFile]]:
    """The remote files that are in an archive, each with the place of its table."""
    if not remote_files:
        return
    taken = {identify(each.source.path) for each in archive.members if isinstance(each.source, FileSource)}
    # a wheel's names may begin below a directory such as `src`
    wheel = {each.name for each in archive.members if not isinstance(each.source, (FileSource, BytesSource))}
    for place, each in list_placed(remote_files):
        if identify(root / each.path) in taken or not wheel.isdisjoint(ends_of(each.path)):
            yield place, each


def compare_digest(
    place: Place, remote_file: RemoteFile, root: Path, advance: Callable[[int], object] = int
) -> Iterator[Finding]:
    """A finding if the file is there, but with another digest than the declared one."""
    path, declared = remote_file.path, remote_file.sha256
    with suppress(FileNotFoundError):
        actual = digest_of(root / path, advance)
        if actual != declared:
            place = place.within("sha256")
            text = f"{field(place.key)} is `{declared}`, but `{path}` has `{actual}`"
            fix = (
                f"run `{command_for(path)}` to replace it; or, if your file is right, upload it and run"
                f" `{command_for('--lock', path)}`"
            )
            yield DIFFERS.at(place, text, fix)


def digest_of(file: Path, advance: Callable[[int], object] = int) -> str:
    """The SHA-256 of a file in hexadecimal. A process reads a file again only if it has changed.

    Raises:
        OSError: it cannot be read.
        PackError: it changed while it was read.
    """
    from hatch_mar.archive.digest import sha256

    looks = fingerprint_file(file)
    if looks in KNOWN:
        return KNOWN[looks]
    # if the file changed a moment ago, another change might leave its time as it is
    is_settled = time.time_ns() - file.stat().st_ctime_ns > COARSE
    digest = sha256(FileSource(file), advance).hex()
    if is_settled:
        KNOWN[looks] = digest
    return digest


def identify(path: Path) -> tuple[int, int] | None:
    """What two names of one file have in common; None if there is no file."""
    with suppress(OSError):
        stat = path.stat()
        return stat.st_dev, stat.st_ino
    return None


def ends_of(path: str) -> Iterator[str]:
    """A path relative to the project, and to each of the folders that it is in: `a/b/c`, `b/c`, `c`."""
    parts = PurePosixPath(path).parts
    return ("/".join(parts[start:]) for start in range(len(parts)))
