"""Where records are kept: the folder `.hatch/hatch-mar` of the project that an artifact is in.

They are not next to the artifact, because that may be in a package, and most build backends ship every
file of a package. hatchling passes over `.hatch`. A `.gitignore` in the folder hides it from git, and
from the backends that ship what git does not ignore.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from hatch_mar.archive.filesystem.folder import Folder, open_folder
from hatch_mar.archive.filesystem.locks import hold_lock
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


def open_records(directory: Path, *, make: bool = False) -> AbstractContextManager[Folder]:
    """That folder, opened, or made as `open_folder` does."""
    return open_folder(find_records(directory), find_root(directory), make=make)


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
def lock_records(path: Path) -> Iterator[None]:
    """Keep other builds from the artifact at `path`, and its records, while the block runs.

    They are kept from all artifacts of the project. Where nothing can be recorded, they are kept from none.

    Raises:
        TimeoutError: somebody else has held the lock for a minute.
    """
    root = find_root(path.parent)
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(hold_lock(root / FOLDER / LOCK, root))
        except TimeoutError:
            raise
        except OSError:
            pass
        else:
            hide(folder)
            stack.callback(remove_gitignore_of_empty, folder)
        yield


def hide(folder: Folder) -> None:
    # what a killed build has not finished is written again
    if folder.read(GITIGNORE, len(EVERYTHING) + 1) != EVERYTHING:
        with suppress(OSError):
            folder.write(GITIGNORE, EVERYTHING)


def remove_gitignore_of_empty(folder: Folder) -> None:
    with suppress(OSError):
        if {GITIGNORE, LOCK}.issuperset(folder.names()):
            folder.remove(GITIGNORE)
