"""Finds the archives that a command wrote below some directories."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.filesystem.walk import DEEPEST
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.errors import ReadError
from hatch_mar.torchserve import suffixes

OTHERS = ("node_modules", "site-packages")
"""Directories that, like hidden ones, never contain the user's own archives."""

Looks = dict[Path, tuple[int, int, int]]
"""The paths of archives, each with values that change when it is written again."""


def find_archives(roots: Iterable[Path]) -> Looks:
    found: Looks = {}
    for root in roots:
        for directory, folders, files in os.walk(os.path.realpath(root)):
            if len(Path(directory).parts) > DEEPEST:
                folders.clear()
            folders[:] = [name for name in folders if not name.startswith(".") and name not in OTHERS]
            names = [name for name in files if name.endswith(suffixes.ARCHIVES)]
            for name in (*names, MANIFEST_NAME):
                with suppress(OSError):
                    stat = os.stat(os.path.join(directory, name))
                    path = Path(directory) if name == MANIFEST_NAME else Path(directory, name)
                    found[path] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def find_new(before: Looks, after: Looks) -> list[Path]:
    changed = (path for path, look in after.items() if before.get(path) != look)
    return sorted(path for path in changed if not path.name.endswith(suffixes.TGZ) or has_manifest(path))


def has_manifest(path: Path) -> bool:
    from hatch_mar.archive.formats.reader import open_container

    with suppress(ReadError), open_container(path) as container:
        return any(member.name.endswith(MANIFEST_NAME) for member in container.members)
    return False
