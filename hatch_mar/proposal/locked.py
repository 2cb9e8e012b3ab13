"""Files that a repository lacks because DVC, whose stages make them, has yet to fetch them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath

from hatch_mar.project.unfetched import LOCK, list_locked
from hatch_mar.proposal.repository import Repository, folder_of, join


def find_locked(repository: Repository) -> Iterator[str]:
    """The paths in DVC's locks of what is not there."""
    for lock in repository.files:
        if PurePosixPath(lock).name == LOCK:
            paths = (
                posixpath.normpath(join(folder_of(lock), path))
                for path in list_locked(repository.root / lock)
            )
            yield from (path for path in paths if is_missing(repository, path))


def is_missing(repository: Repository, path: str) -> bool:
    """Whether a path in the repository leads nowhere."""
    return not path.startswith(("../", "/")) and not (repository.root / path).exists()
