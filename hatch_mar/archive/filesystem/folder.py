"""Folders of hatch-mar's own, in which other users may put what they like.

Such a folder is opened once, and its files are reached through what is open: whoever puts a link in the
folder's place, at whatever moment, leads nobody elsewhere.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from hatch_mar.archive.filesystem.regular import NO_LINKS, open_regular

HAS_DESCRIPTORS = os.open in os.supports_dir_fd
"""Whether a folder can be opened. On Windows it cannot; there, making a link takes a privilege."""

TO_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class Folder(NamedTuple):
    """An open folder. The names are those of files in it; no link is followed."""

    path: Path
    descriptor: int | None
    """None where folders cannot be opened, and the path is used."""

    def at(self, name: str) -> str:
        """The file as functions take it that get the descriptor, too."""
        return str(self.path / name) if self.descriptor is None else name

    def open(self, name: str, mode: str) -> BinaryIO:
        """
        Raises:
            OSError: the file cannot be opened, or is not a regular file.
        """

        def opener(path: str, flags: int) -> int:
            return open_regular(path, flags | NO_LINKS, folder=self.descriptor)

        return open(self.at(name), mode, opener=opener)  # type: ignore[return-value]

    def open_lock(self, name: str) -> BinaryIO:
        """A file for a lock, which is made if there is none. One of another user's need not be writable.

        Raises:
            OSError: the file cannot be opened, or is not a regular file.
        """
        with suppress(PermissionError):
            return self.open(name, "ab")
        with suppress(FileNotFoundError):
            return self.open(name, "rb")
        return self.open(name, "ab")  # or say that none can be made

    def read(self, name: str, most: int) -> bytes:
        """The first bytes of a file; none if it cannot be read, or is not a regular file."""
        with suppress(OSError), self.open(name, "rb") as file:
            return file.read(most)
        return b""

    def write(self, name: str, data: bytes) -> None:
        """Write a new file, in place of whatever has its name.

        Raises:
            OSError: it cannot be written, or is a directory.
        """
        self.remove(name)
        with self.open(name, "xb") as file:
            file.write(data)

    def replace(self, name: str, data: bytes) -> None:
        """Replace a file in one step. Its draft has one name, so the next one clears what this leaves.

        Raises:
            OSError: it cannot be written; the old file is as it was.
        """
        draft = name_draft(name)
        try:
            self.write(draft, data)
            os.replace(self.at(draft), self.at(name), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except OSError:
            self.remove(draft)
            raise

    def remove(self, name: str) -> None:
        """Remove a file, if there is one that can be removed."""
        with suppress(OSError):
            os.unlink(self.at(name), dir_fd=self.descriptor)

    def names(self) -> list[str]:
        return os.listdir(self.path if self.descriptor is None else self.descriptor)

    def has(self, name: str, file: BinaryIO) -> bool:
        """Whether the open file is the one that has this name."""
        with suppress(OSError):
            look = os.stat(self.at(name), dir_fd=self.descriptor, follow_symlinks=False)
            return os.path.samestat(os.fstat(file.fileno()), look)
        return False


def name_draft(name: str) -> str:
    return f"{name}.new"


@contextmanager
def open_folder(path: Path, root: Path, *, make: bool = False) -> Iterator[Folder]:
    """The folder `path`, for the time of the block; no folder below `root` that it is in may be a link.

    With `make`, what is missing below `root` is made, and what is empty at the end is removed.

    Raises:
        OSError: the folder cannot be opened or made, or there is a link.
    """
    with ExitStack() as stack:
        folder = enter(Folder(root, None), "", stack)
        for name in path.relative_to(root).parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(folder.at(name), dir_fd=folder.descriptor)
                stack.callback(remove_empty, folder, name)
            folder = enter(folder, name, stack)
        yield folder


def enter(folder: Folder, name: str, stack: ExitStack) -> Folder:
    """A folder in another one, which `stack` closes; without a name, the folder itself, by its path."""
    path = folder.path / name
    if not HAS_DESCRIPTORS:
        if name and (os.path.realpath(path) != str(path) or not path.is_dir()):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return Folder(path, None)
    flags = TO_FOLDER | NO_LINKS if name else TO_FOLDER
    descriptor = os.open(name or path, flags, dir_fd=folder.descriptor)
    stack.callback(os.close, descriptor)
    return Folder(path, descriptor)


def remove_empty(folder: Folder, name: str) -> None:
    with suppress(OSError):
        os.rmdir(folder.at(name), dir_fd=folder.descriptor)
