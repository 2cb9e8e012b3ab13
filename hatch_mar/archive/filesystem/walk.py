"""The files below a directory, in the order of their names."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from hatch_mar.names import name_from_disk

CACHES = frozenset(
    (
        "__pycache__",
        "__MACOSX",
        ".git",
        ".hg",
        ".svn",
        ".hatch",
        ".tox",
        ".nox",
        ".venv",
        ".pixi",
        ".ruff_cache",
        ".pytest_cache",
        ".mypy_cache",
        ".ipynb_checkpoints",
    )
)
"""Folders of tools and version control, which are never part of a model (hatchling's list and a few more)."""


DEEPEST = 100
"""Folders within each other. What is much deeper Python's own functions do not read or remove either."""


class LinkLoop(Exception):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


def files_below(
    directory: Path, *, caches: bool = False, prefix: str = "", above: tuple[str, ...] = ()
) -> Iterator[tuple[str, Path]]:
    """Every file below `directory`, after its name relative to it; `above` are the folders it is in.

    Links are followed. What tools leave behind is left out, unless `caches`.

    Raises:
        LinkLoop: a link leads back to a folder above it.
        OSError: a folder cannot be read, or is too deep.
    """
    above = above or (os.path.realpath(directory),)
    refuse_depth(directory, len(above))
    with os.scandir(directory) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        path, name = directory / entry.name, prefix + name_from_disk(entry.name)
        if not is_directory(entry):
            if caches or not is_cache_file(entry.name):
                yield name, path
        elif caches or entry.name not in CACHES:
            real = os.path.realpath(path) if entry.is_symlink() else os.path.join(above[-1], entry.name)
            if real in above:
                raise LinkLoop(path)
            yield from files_below(path, caches=caches, prefix=f"{name}/", above=(*above, real))


def entries_below(directory: Path, prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What is below a directory but directories, in the order of names; links are not followed.

    Raises:
        OSError: a folder cannot be read, or is too deep.
    """
    refuse_depth(directory, prefix.count("/"))
    with os.scandir(directory) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.is_dir(follow_symlinks=False):
            yield from entries_below(Path(entry.path), f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry


def refuse_depth(directory: Path, depth: int) -> None:
    if depth > DEEPEST:
        raise OSError(errno.ELOOP, "folders are nested too deeply", str(directory))


def is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def is_cache(path: str) -> bool:
    """Whether a path relative to the project is what tools leave behind, or is inside it."""
    *folders, name = path.replace(os.sep, "/").rstrip("/").split("/")
    return is_cache_file(name) or not CACHES.isdisjoint((*folders, name))


def is_cache_file(name: str) -> bool:
    return name.endswith((".pyc", ".pyo")) or name in (".DS_Store", ".git")


def is_executable(file: Path) -> bool:
    """Whether its owner may run it. On Windows, which has no such bit, never."""
    return os.name == "posix" and bool(file.stat().st_mode & 0o100)


def files_of(path: Path) -> list[Path]:
    """The file itself, or all files below a directory, sorted."""
    if not path.is_dir():
        return [path]
    return sorted(Path(entry.path) for _, entry in entries_below(path))
