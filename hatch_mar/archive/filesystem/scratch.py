"""Directories for temporary files that may be as large as archives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hatch_mar.archive.filesystem.atomic import workspace


@contextmanager
def scratch_directory(purpose: str) -> Iterator[Path]:
    """A new directory that only this user can read, removed at the end.

    What a process leaves there that is killed, the next one of this purpose clears.

    Raises:
        OSError: it cannot be made.
    """
    with workspace(Path(tempfile.gettempdir(), f"hatch-mar-{purpose}")) as folder:
        place = folder.path / "files"
        place.mkdir(mode=0o700)
        yield place
