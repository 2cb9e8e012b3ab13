"""Locks between processes, which the system releases however a process ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Keep whoever else wants the lock `path` waiting while the block runs.

    The lock is a file, which is made together with its folder; both are removed once nothing
    needs them. Where it cannot be made, or the file system has no locks, the block runs without it.
    """
    lock = wait_for_lock(path)
    try:
        yield
    finally:
        if lock:
            release_lock(lock, path)


def wait_for_lock(path: Path) -> BinaryIO | None:
    """The lock, as soon as nobody else holds it; None if it cannot be made."""
    while path.parent.parent.is_dir():
        try:
            with suppress(FileExistsError):
                path.parent.mkdir()
            lock = open(path, "ab")  # noqa: SIM115
        except FileNotFoundError:
            if path.is_symlink() or path.parent.is_symlink():  # to nowhere
                return None
            continue  # whoever held the lock has just removed the folder
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


def release_lock(lock: BinaryIO, path: Path) -> None:
    if os.name == "nt":  # which cannot remove an open file, nor one that somebody waits for
        lock.close()
    with closing(lock), suppress(OSError):
        path.unlink()
        path.parent.rmdir()


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
    """Whether the open file is the one that `path` leads to."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    return False
