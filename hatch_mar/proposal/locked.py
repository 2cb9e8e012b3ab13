"""Files that a repository lacks because DVC, whose stages make them, has yet to fetch them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath

from hatch_mar.project.unfetched import LOCK, list_locked
from hatch_mar.proposal.repository import Repository, ascend, folder_of, join


def find_locked(repository: Repository) -> Iterator[str]:
    """The paths in DVC's locks of what is not there, but not those of folders that others are in."""
    found = dict.fromkeys(find_all_locked(repository))
    folders = {folder for path in found for folder in ascend(folder_of(path))}
    yield from (path for path in found if path not in folders)


def find_all_locked(repository: Repository) -> Iterator[str]:
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
