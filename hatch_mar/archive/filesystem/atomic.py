"""Replacing files and directories in a single step, from a temporary directory next to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hatch_mar.archive.filesystem.folder import Folder, open_folder
from hatch_mar.archive.filesystem.locks import hold_lock, try_lock
from hatch_mar.archive.filesystem.short_names import shorten_name

LOCK, OLD = "lock", "old"


@contextmanager
def workspace(path: Path) -> Iterator[Folder]:
    """A new directory next to `path` for this build alone, removed at the end.

    A build that is killed leaves its workspace behind, and the next build of the same artifact
    clears it. A lock on a file inside says that a workspace is in use: the system releases it
    however the process ends. Its lock, and what is moved from and to it, stay in it even if somebody else
    puts a link in its place. A draft is written by its path, and so may go astray then, but never replaces
    a file; where a directory's sticky bit is set, nobody else can put anything in its place.

    Raises:
        OSError: the directory cannot be made.
    """
    clear_abandoned(path)
    place = path.with_name(f"{prefix_of(path)}{os.urandom(8).hex()}.part")
    with hold_lock(place / LOCK, path.parent) as folder:
        try:
            yield folder
        finally:
            if folder.names() != [LOCK]:
                remove_tree(place)


def prefix_of(path: Path) -> str:
    """How the names of an artifact's workspaces begin."""
    return f".{shorten_name(path.name)}."


def clear_abandoned(path: Path) -> None:
    """Remove the workspaces of builds that have ended."""
    for name in os.listdir(path.parent) if path.parent.is_dir() else ():
        if name.startswith(prefix_of(path)) and name.endswith(".part"):
            with suppress(OSError):
                clear_if_abandoned(path.with_name(name))


def clear_if_abandoned(place: Path) -> None:
    """Remove a workspace, unless another process holds its lock.

    Raises:
        OSError: it is not a directory, or its lock cannot be opened.
    """
    with open_folder(place, place.parent) as folder, folder.open_lock(LOCK) as lock:
        if not (try_lock(lock) and folder.has(LOCK, lock)):
            return
        if os.name == "nt":  # which cannot remove an open file
            lock.close()
        remove_tree(place)


def remove_tree(place: Path) -> None:
    import shutil

    with suppress(RecursionError):  # nobody but whoever planted them has folders so deep
        shutil.rmtree(place, ignore_errors=True)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file, or replace its bytes in a single step; its mode and a link to it stay.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    import shutil

    path = Path(os.path.realpath(path))
    with workspace(path) as folder:
        folder.write(path.name, data)
        with suppress(FileNotFoundError):
            shutil.copymode(path, folder.path / path.name)
        move(folder, path)


def move(folder: Folder, path: Path) -> None:
    """Move what has the name of `path` in the folder to `path`, in place of a file that is there."""
    os.replace(folder.at(path.name), path, src_dir_fd=folder.descriptor)


AT_FDCWD = -2 if sys.platform == "darwin" else -100
RENAME_EXCHANGE = 2
"""RENAME_SWAP on macOS."""


def exchange(folder: Folder, path: Path) -> None:
    """Move a directory, as `move` does, to where another is, which is then in the folder."""
    if swap(folder, path):
        return
    # this system cannot do both in one step: for a moment there is neither
    put_away(path, folder)
    try:
        move(folder, path)
    except BaseException:
        os.replace(folder.at(OLD), path, src_dir_fd=folder.descriptor)
        raise


def put_away(path: Path, folder: Folder) -> None:
    """Move what is at `path` to the folder."""
    os.replace(path, folder.at(OLD), dst_dir_fd=folder.descriptor)


def swap(folder: Folder, path: Path) -> bool:
    """Exchange two directories in one step; whether the system can: renameat2(2), renameatx_np(2)."""
    import ctypes

    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        rename = library.renameatx_np if sys.platform == "darwin" else library.renameat2
        one = AT_FDCWD if folder.descriptor is None else folder.descriptor
        names = os.fsencode(folder.at(path.name)), os.fsencode(path)
        return bool(rename(one, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0)
    return False
