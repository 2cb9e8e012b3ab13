"""The permissions of an artifact, whatever the umask is."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.filesystem.walk import is_executable


def set_mode(path: Path, mode: int) -> bool:
    """Give an artifact's files this mode, and return whether any had another one.

    Those who may read a directory may also enter it, and run the executables in it. What cannot
    be given a mode, such as a file on a disk that has none or one of another user's, keeps its own,
    and so does what a link leads to.
    """
    if os.name != "posix" or path.is_symlink():
        return False
    passable = mode | (mode & 0o444) >> 2
    changed = False
    for each in [path, *path.rglob("*")] if path.is_dir() else [path]:
        with suppress(OSError):
            wanted = passable if each.is_dir() or is_executable(each) else mode
            if not each.is_symlink() and stat.S_IMODE(each.stat().st_mode) != wanted:
                each.chmod(wanted)
                changed = True
    return changed
