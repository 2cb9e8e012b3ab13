"""A draft put in the place of what is there, in one step."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

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
