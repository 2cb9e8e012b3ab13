"""The permissions of an artifact, whatever the umask is."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.filesystem.regular import ALWAYS, NO_LINKS


def set_mode(path: Path | str, mode: int, *, folder: int | None = None) -> bool:
    """Give an artifact's files this mode, and return whether any had another one.

    Those who may read a directory may also enter it, and run the executables in it. What cannot
    be given a mode, such as a file on a disk that has none or one of another user's, keeps its own,
    and so does what a link leads to. The path may be relative to an open folder.
    """
    if os.name != "posix":
        return False
    try:
        file = os.open(path, os.O_RDONLY | NO_LINKS | ALWAYS, dir_fd=folder)
    except OSError:  # a link, or another build is replacing it
        return False
    try:
        return set_mode_of_open(file, mode)
    finally:
        os.close(file)


def set_mode_of_open(file: int, mode: int) -> bool:
    now = os.fstat(file).st_mode
    is_folder = stat.S_ISDIR(now)
    wanted = mode | (mode & 0o444) >> 2 if is_folder or now & 0o100 else mode
    changed = False
    with suppress(OSError):
        if (is_folder or stat.S_ISREG(now)) and stat.S_IMODE(now) != wanted:
            os.fchmod(file, wanted)
            changed = True
    for name in os.listdir(file) if is_folder else ():
        changed |= set_mode(name, mode, folder=file)
    return changed
