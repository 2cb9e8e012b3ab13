"""Replacing files and directories in a single step, from a temporary directory next to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from hatch_mar.archive.filesystem.locks import is_file_at, try_lock
from hatch_mar.archive.filesystem.regular import open_lock, write_new
from hatch_mar.archive.filesystem.short_names import shorten_name

LOCK = "lock"


@contextmanager
def workspace(path: Path) -> Iterator[Path]:
    """A new directory next to `path` for this build alone, removed at the end.

    A build that is killed leaves its workspace behind, and the next build of the same artifact
    clears it. A lock on a file inside says that a workspace is in use: the system releases it
    however the process ends.

    Raises:
        OSError: the directory cannot be made.
    """
    clear_abandoned(path)
    place, lock = make_workspace(path)
    try:
        yield place
    finally:
        lock.close()
        remove_workspace(place)


def make_workspace(path: Path) -> tuple[Path, BinaryIO]:
    while True:  # another build may clear the directory before it is locked
        place = path.with_name(f"{prefix_of(path)}{os.urandom(8).hex()}.part")
        place.mkdir()
        try:
            lock = open_lock(place / LOCK)
        except FileNotFoundError:
            continue
        except OSError:
            remove_workspace(place)
            raise
        # where the file system has no locks, no other build can clear it either
        if try_lock(lock) is not False and is_file_at(lock, place / LOCK):
            return place, lock
        lock.close()


def prefix_of(path: Path) -> str:
    """How the names of an artifact's workspaces begin."""
    return f".{shorten_name(path.name)}."


def clear_abandoned(path: Path) -> None:
    """Remove the workspaces of builds that have ended."""
    for name in os.listdir(path.parent) if path.parent.is_dir() else ():
        place = path.with_name(name)
        if not (name.startswith(prefix_of(path)) and name.endswith(".part")):
            continue
        if place.is_symlink() or not place.is_dir():
            continue
        lock = lock_abandoned(place)
        if lock is None:
            continue
        if os.name == "nt":  # which cannot remove an open file
            lock.close()
        import shutil

        shutil.rmtree(place, ignore_errors=True)
        lock.close()


def lock_abandoned(place: Path) -> BinaryIO | None:
    """The lock of a workspace, which this process now holds; None if another process does."""
    try:
        lock = open_lock(place / LOCK)
    except OSError:
        return None
    if try_lock(lock) and is_file_at(lock, place / LOCK):
        return lock
    lock.close()
    return None


def remove_workspace(place: Path) -> None:
    with suppress(OSError):
        (place / LOCK).unlink(missing_ok=True)
        place.rmdir()
        return
    import shutil

    shutil.rmtree(place, ignore_errors=True)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file, or replace its bytes in a single step; its mode and a link to it stay.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    import shutil

    path = Path(os.path.realpath(path))
    with workspace(path) as place:
        draft = place / path.name
        write_new(draft, data)
        with suppress(FileNotFoundError):
            shutil.copymode(path, draft)
        os.replace(draft, path)


AT_FDCWD, RENAME_EXCHANGE, RENAME_SWAP = -100, 2, 2


def exchange(draft: Path, path: Path, old: Path) -> None:
    """Move the directory `draft` to where the directory `path` is, and the latter to `old` or `draft`."""
    if swap(draft, path):
        return
    # this system cannot do both in one step: for a moment there is neither
    os.rename(path, old)
    try:
        os.rename(draft, path)
    except BaseException:
        os.rename(old, path)
        raise


def swap(one: Path, other: Path) -> bool:
    """Exchange two directories in one step; whether the system can: renameat2(2), renamex_np(2)."""
    import ctypes

    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        names = os.fsencode(one), os.fsencode(other)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, RENAME_SWAP) == 0)
        return bool(library.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0)
    return False
