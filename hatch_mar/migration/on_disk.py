"""The archives below some directories, to tell which ones a command wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (".mar", ".war", ".tar.gz")
OTHERS = ("node_modules", "site-packages")
"""Directories full of files that are nobody's archives, as hidden ones are."""

Looks = dict[Path, tuple[int, int, int]]
"""Archives, and what of them changes when they are written again."""


def find_archives(roots: Iterable[Path]) -> Looks:
    found: Looks = {}
    for root in roots:
        for directory, folders, files in os.walk(os.path.realpath(root)):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in OTHERS]
            names = [name for name in files if name.endswith(SUFFIXES)]
            if "MAR-INF" in folders:
                names.append("MAR-INF/MANIFEST.json")
            for name in names:
                file = Path(directory, name)
                if file.is_file():
                    stat = file.stat()
                    path = file if "/" not in name else Path(directory)
                    found[path] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def find_new(before: Looks, after: Looks) -> list[Path]:
    """The archives that were not there before, or not like this."""
    return sorted(path for path, look in after.items() if before.get(path) != look)
