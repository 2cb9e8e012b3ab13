"""A directory to publish to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.archive import CHUNK
from hatch_mar.archive.filesystem.atomic import clear_abandoned, move, prefix_of, workspace
from hatch_mar.archive.filesystem.folder import Folder
from hatch_mar.archive.filesystem.locks import hold_lock
from hatch_mar.archive.filesystem.regular import open_input
from hatch_mar.archive.filesystem.walk import entries_below
from hatch_mar.archive.packager.mode import set_mode
from hatch_mar.archive.packager.obstacles import explain_write_errors, refuse_file_above
from hatch_mar.build.plan import WHEEL_MODE
from hatch_mar.errors import ReleaseError, explain_system_errors
from hatch_mar.release.publishing.storage import Advance, Taken

NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK}
"""Errors of file systems without hard links, such as exFAT and some network file systems."""


class Directory:
    """A directory, which is made if it does not exist.

    A file is copied to a temporary directory beside its place, and then gets its name in one step, by a
    hard link, which fails if the name is taken.
    """

    caution: str | None = None

    def __init__(self, path: Path) -> None:
        self.path = path

    def address(self, name: str) -> str:
        return str(self.path / name)

    def size(self, name: str) -> int | None:
        path = self.path / name
        refuse_file_above(path)
        with explain_system_errors(), suppress(FileNotFoundError):
            if path.is_dir():
                raise ReleaseError(f"Cannot publish `{path}`: a directory of that name exists; move it away")
            return path.stat().st_size
        if path.is_symlink():
            raise ReleaseError(f"Cannot publish `{path}`: it is a link to nothing; remove it")
        return None

    def read(self, name: str) -> Iterator[bytes]:
        with explain_system_errors(), open_input(self.path / name) as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def names(self, folder: str) -> list[str]:
        path = self.path / folder
        if not path.is_dir():
            return []
        with explain_system_errors():
            return [name for name, _ in entries_below(path)]

    def is_vouched_for(self, name: str, sidecar: str) -> bool:  # noqa: ARG002
        return False  # a disk is read fast

    def create(self, name: str, source: Path, advance: Advance) -> None:
        self.put(name, source, advance, link)

    def may_have_left(self, size: int) -> bool:
        return size == 0  # see `take_name`

    complete = create

    def replace(self, name: str, source: Path, advance: Advance) -> None:
        self.put(name, source, advance, move)

    def put(
        self, name: str, source: Path, advance: Advance, give_name: Callable[[Folder, Path], object]
    ) -> None:
        path = self.path / name
        with explain_write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with workspace(path) as folder:
                draft(folder, path.name, source, advance)
                give_name(folder, path)
                settle(path.parent)

    def remove(self, name: str) -> None:
        path = self.path / name
        with explain_write_errors(path):
            path.unlink(missing_ok=True)

    def clear(self, name: str) -> None:
        with explain_system_errors():
            clear_abandoned(self.path / name)


def draft(folder: Folder, name: str, source: Path, advance: Advance) -> None:
    """Copy a file to the folder and sync it to the disk. It gets the mode of a wheel."""
    with open_input(source) as file, folder.open(name, "xb") as copy:
        while chunk := file.read(CHUNK):
            copy.write(chunk)
            advance(len(chunk))
        copy.flush()
        os.fsync(copy.fileno())
    set_mode(folder.at(name), WHEEL_MODE, folder=folder.descriptor)


def link(folder: Folder, path: Path) -> None:
    """Give the draft its final name, in one step; in two on a file system without hard links.

    Raises:
        Taken: a file of that name exists.
    """
    try:
        os.link(folder.at(path.name), path, src_dir_fd=folder.descriptor)
        return
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
    with hold_lock(path.with_name(f"{prefix_of(path)}lock"), path.parent):
        take_name(path)
        move(folder, path)


def take_name(path: Path) -> None:
    """Make an empty file of this name, which the draft then replaces.

    If there is an empty file already, a publisher was killed between the two steps: the lock keeps out
    publishers that are still running.

    Raises:
        Taken: a file of that name exists.
    """
    try:
        path.open("xb").close()
    except FileExistsError:
        if path.stat().st_size:
            raise Taken from None


def settle(folder: Path) -> None:
    """Sync a new name to the disk, on systems that can open a folder for that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
