"""Files that programs write in their memory (`mmap`, `numpy.memmap`), and whose times tell that late.

The kernel notes a write's time when a page of the file that is as on the disk is first written; further
writes to that page show only once it has been brought to the disk, and is written again.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hatch_mar.archive.filesystem.regular import open_input

UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EROFS, errno.EOPNOTSUPP)
"""What file systems say on which nothing can be written, or all is written at once."""


def settle(path: Path) -> bool:
    """Bring a file's bytes to the disk, so that from now on each write gives it another time.

    That holds on ext4, XFS and Btrfs. Files in memory (tmpfs) have no disk to be brought to, an overlay that
    is mounted `volatile` brings nothing there, Windows asks for the permission to write, and what other
    machines write to a network's file system is not known here.

    Returns:
        Whether that worked, as far as the file system can do it.
    """
    if os.name != "posix":
        return True
    synchronize = getattr(os, "fdatasync", os.fsync)
    try:
        with open_input(path) as file:
            synchronize(file.fileno())
    except OSError as error:
        return error.errno in UNSUPPORTED
    return True
