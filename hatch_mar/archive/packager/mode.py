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
    for each in list_tree(path):
        with suppress(OSError):
            wanted = passable if each.is_dir() or is_executable(each) else mode
            if not each.is_symlink() and stat.S_IMODE(each.stat().st_mode) != wanted:
                each.chmod(wanted)
                changed = True
    return changed


def list_tree(path: Path) -> list[Path]:
    """The path and everything below it, as far as that is there."""
    with suppress(OSError):  # another build may be replacing it
        if path.is_dir():
            return [path, *path.rglob("*")]
    return [path]
