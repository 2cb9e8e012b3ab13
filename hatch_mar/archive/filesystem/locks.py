"""Locks between processes, which the system releases however a process ends."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from hatch_mar.archive.filesystem.folder import Folder, open_folder
from hatch_mar.output import log

PATIENCE, LONGEST = 1.0, 60.0
"""Seconds before a line says who is waited for, and before the wait is given up: no build holds a lock for
longer than it takes to move an archive into its place, but whoever may write in the folder can."""

BETWEEN_TRIES = 0.01

SLEEP: ContextVar[Callable[[float], object]] = ContextVar("SLEEP", default=time.sleep)
"""How this thread sleeps while it waits for a lock; may raise to end that."""
TELL: ContextVar[Callable[[str], object]] = ContextVar("TELL", default=log)
"""How this thread shows the line that says who is waited for."""


@contextmanager
def hold_lock(
    path: Path, root: Path, *, holder: str = "build", longest: float | None = None
) -> Iterator[Folder]:
    """Keep whoever else wants the lock `path` waiting while the block runs, which gets the lock's folder.

    The lock is a file, which is made together with the folders that it is in below `root`; all of
    them are removed once nothing needs them. Where the file system has no locks, the block runs without
    one. Links below `root` are not followed.

    Args:
        holder: what anybody else is who holds the lock, for the line that says who is waited for.
        longest: seconds before the wait is given up; a minute by default.

    Raises:
        TimeoutError: somebody else has held it for longer than that.
        OSError: the lock cannot be made.
    """
    with ExitStack() as stack:
        yield wait_for_lock(Wait(path, holder, longest), root, stack)


def wait_for_lock(wait: Wait, root: Path, stack: ExitStack) -> Folder:
    """The lock's folder, as soon as nobody else holds the lock, which `stack` releases."""
    path = wait.path
    while True:
        with ExitStack() as attempt:
            try:
                folder = attempt.enter_context(open_folder(path.parent, root, make=True))
                lock = attempt.enter_context(folder.open_lock(path.name))
            except FileNotFoundError:  # whoever held the lock has just removed the folders
                if not root.is_dir():
                    raise
                wait.go_on()
                continue
            while try_lock(lock) is False:
                wait.go_on()
            if folder.has(path.name, lock):  # or it was removed when it was released
                attempt.callback(release, lock, folder, path.name)
                stack.enter_context(attempt.pop_all())
                return folder
        wait.go_on()


def release(lock: BinaryIO, folder: Folder, name: str) -> None:
    if os.name == "nt":  # which cannot remove an open file
        lock.close()
    folder.remove(name)


class Wait:
    """A wait for a lock."""

    def __init__(self, path: Path, holder: str, longest: float | None) -> None:
        self.path = path
        self.holder = holder
        self.longest = LONGEST if longest is None else longest
        self.began = time.monotonic()
        self.told = False

    def go_on(self) -> None:
        """Sleep for a moment; after a while, say once who is waited for.

        Raises:
            TimeoutError: it has taken too long.
        """
        waited = time.monotonic() - self.began
        if waited > self.longest:
            held = f"another {self.holder} has held a lock for {self.longest:.0f} seconds"
            raise TimeoutError(
                errno.ETIMEDOUT, f"{held}; end that {self.holder}, or delete the lock", str(self.path)
            )
        if waited > PATIENCE and not self.told:
            TELL.get()(f"Waiting for another {self.holder}, which holds `{self.path}`")
            self.told = True
        SLEEP.get()(BETWEEN_TRIES)


def try_lock(file: BinaryIO) -> bool | None:
    """Lock the file, and return whether that worked; None if the file system has no locks."""
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
