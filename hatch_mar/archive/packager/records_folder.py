"""Where records are kept: the folder `.hatch/hatch-mar` of the project that an artifact is in.

They are not next to the artifact, because that may be in a package, and most build backends ship every
file of a package. hatchling passes over `.hatch`. A `.gitignore` in the folder hides it from git, and
from the backends that ship what git does not ignore.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hatch_mar.archive.filesystem.locks import hold_lock
from hatch_mar.archive.filesystem.regular import open_own, write_new
from hatch_mar.archive.filesystem.short_names import shorten_name

FOLDER = Path(".hatch", "hatch-mar")
GITIGNORE, LOCK = ".gitignore", ".lock"
EVERYTHING = b"*\n"


def find_records(directory: Path) -> Path:
    """The folder with the records of the artifacts in `directory`, each directory having its own.

    It depends on nothing but where `directory` really is, so that all projects that build into it
    find the same records.
    """
    directory = Path(os.path.realpath(directory))
    root = find_root(directory)
    return root / FOLDER / encode(directory.relative_to(root).as_posix())


def is_linked(folder: Path) -> bool:
    """Whether a link in the project stands for a folder of records, or for one that it is in.

    It may lead to what another user may write and we must not, or the other way round.
    """
    return os.path.realpath(folder) != str(folder)


def find_root(directory: Path) -> Path:
    """The nearest directory with a `pyproject.toml`, going up from `directory`, or `directory` itself."""
    directory = Path(os.path.realpath(directory))
    above = (directory, *directory.parents)
    return next((each for each in above if os.path.isfile(each / "pyproject.toml")), directory)


def encode(path: str) -> str:
    """One name for a relative path, which no other path has, and which does not begin with a dot."""
    name = path.replace("%", "%25").replace("/", "%2F")
    return shorten_name(f"%2E{name[1:]}" if name.startswith(".") else name)


@contextmanager
def lock_folder(directory: Path) -> Iterator[None]:
    """Keep all others out of the folder while the block runs; it is removed if nothing is left in it."""
    root = find_root(directory)
    folder = root / FOLDER
    with hold_lock(folder / LOCK, root):
        hide(folder)
        try:
            yield
        finally:
            remove_gitignore_of_empty(folder)


def hide(folder: Path) -> None:
    file = folder / GITIGNORE
    with suppress(OSError):
        # what a killed build has not finished is written again
        if not is_linked(folder) and not hides_everything(file):
            write_new(file, EVERYTHING)


def hides_everything(file: Path) -> bool:
    with suppress(OSError), open_own(file) as stream:
        return stream.read(len(EVERYTHING) + 1) == EVERYTHING
    return False


def remove_gitignore_of_empty(folder: Path) -> None:
    with suppress(OSError):
        if not is_linked(folder) and {GITIGNORE, LOCK}.issuperset(os.listdir(folder)):
            (folder / GITIGNORE).unlink()
