"""Locks between processes, which the system releases however a process ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from hatch_mar.archive.filesystem.regular import open_lock


@contextmanager
def hold_lock(path: Path, root: Path) -> Iterator[None]:
    """Keep whoever else wants the lock `path` waiting while the block runs.

    The lock is a file, which is made together with the folders that it is in below `root`; all of
    them are removed once nothing needs them. Where it cannot be made, or the file system has no locks,
    the block runs without it; links below `root` are not followed.
    """
    lock = wait_for_lock(path, root)
    try:
        yield
    finally:
        if lock:
            release_lock(lock, path, root)


def wait_for_lock(path: Path, root: Path) -> BinaryIO | None:
    """The lock, as soon as nobody else holds it; None if it cannot be made."""
    while root.is_dir():
        try:
            make_folders(folders_of(path, root))
            lock = open_lock(path)
        except FileNotFoundError:
            continue  # whoever held the lock has just removed the folders
        except OSError:
            return None
        try:
            while (locked := try_lock(lock, wait=True)) is False:
                pass
        except BaseException:
            lock.close()
            raise
        if locked is None or is_file_at(lock, path):
            return lock
        lock.close()  # it was removed when it was released
    return None


def release_lock(lock: BinaryIO, path: Path, root: Path) -> None:
    if os.name == "nt":  # which cannot remove an open file, nor one that somebody waits for
        lock.close()
    with closing(lock), suppress(OSError):
        path.unlink()
        for folder in folders_of(path, root):
            folder.rmdir()


def make_folders(folders: list[Path]) -> None:
    """Make those of the folders that do not exist, the innermost of which comes first.

    Raises:
        OSError: one cannot be made, or is a link, which might lead to where others have their files.
    """
    for folder in reversed(folders):
        with suppress(FileExistsError):
            folder.mkdir()
        if folder.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def folders_of(path: Path, root: Path) -> list[Path]:
    """The folders that `path` is in below `root`, the innermost first."""
    return [folder for folder in path.parents if folder != root and folder.is_relative_to(root)]


def try_lock(file: BinaryIO, *, wait: bool = False) -> bool | None:
    """Lock the file, and return whether that worked; None if the file system has no locks.

    With `wait`, another's lock is waited for, on Windows for no more than ten seconds.
    """
    try:
        try:
            import fcntl
        except ImportError:
            import msvcrt

            way = msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK  # type: ignore[attr-defined,unused-ignore]
            msvcrt.locking(file.fileno(), way, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK) else None
    return True


def is_file_at(file: BinaryIO, path: Path) -> bool:
    """Whether the open file is the one that `path` names."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(file.fileno()), os.lstat(path))
    return False
