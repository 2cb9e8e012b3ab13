"""A private place beside an artifact's own, where it is written until it is whole."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

LOCK = "lock"


@contextmanager
def workspace(path: Path) -> Iterator[Path]:
    """A new directory beside `path` that no other build uses, and that goes when it is left.

    A build that is killed leaves its own behind; the next build of the same artifact
    clears it. What tells them from the living is the lock on a file inside, of which a
    process lets go in whatever way it ends.

    Raises:
        OSError: the directory cannot be made.
    """
    clear_abandoned(path)
    place, lock = made(path)
    try:
        yield place
    finally:
        lock.close()
        removed(place)


def made(path: Path) -> tuple[Path, BinaryIO]:
    """A new workspace and its lock; another one if it was cleared before it was locked."""
    while True:
        place = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
        place.mkdir()
        try:
            lock = open(place / LOCK, "ab")  # noqa: SIM115
        except FileNotFoundError:
            continue
        except OSError:
            removed(place)
            raise
        # where the file system knows no locks, nobody can clear it either
        if locked(lock) is not False and still_there(lock, place):
            return place, lock
        lock.close()


def clear_abandoned(path: Path) -> None:
    """Remove the workspaces of builds that are no more."""
    import glob

    for place in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        if place.is_symlink() or not place.is_dir():
            continue
        lock = held(place)
        if lock is None:
            continue
        if os.name == "nt":  # where an open file cannot be removed
            lock.close()
        import shutil

        shutil.rmtree(place, ignore_errors=True)
        lock.close()


def held(place: Path) -> BinaryIO | None:
    """The lock of a workspace that nobody else holds, or None."""
    try:
        lock = open(place / LOCK, "ab")  # noqa: SIM115
    except OSError:
        return None
    if locked(lock) and still_there(lock, place):
        return lock
    lock.close()
    return None


def still_there(lock: BinaryIO, place: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(lock.fileno()), os.stat(place / LOCK))
    return False


def locked(file: BinaryIO) -> bool | None:
    """Whether this process could lock the file, which another may hold; None where there are no locks."""
    try:
        try:
            import fcntl
        except ImportError:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK) else None
    return True


def removed(place: Path) -> None:
    """Remove a workspace, which seldom holds more than its lock by then."""
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
        draft.write_bytes(data)
        with suppress(FileNotFoundError):
            shutil.copymode(path, draft)
        os.replace(draft, path)


AT_FDCWD, RENAME_EXCHANGE, RENAME_SWAP = -100, 2, 2


def exchange(draft: Path, path: Path, old: Path) -> None:
    """Put the directory `draft` where the directory `path` is, and `path` at `old` or at `draft`."""
    if swapped(draft, path):
        return
    # no system call does both at once here: for a moment there is neither
    os.rename(path, old)
    try:
        os.rename(draft, path)
    except BaseException:
        os.rename(old, path)
        raise


def swapped(one: Path, other: Path) -> bool:
    """Exchange two directories atomically, where the system can: renameat2(2), renamex_np(2)."""
    import ctypes

    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        names = os.fsencode(one), os.fsencode(other)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, RENAME_SWAP) == 0)
        return bool(library.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0)
    return False
