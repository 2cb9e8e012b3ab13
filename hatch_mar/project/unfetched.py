"""Files that are not there because a tool that keeps large files elsewhere has yet to bring them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.project.remote_files import advise_fetch
from hatch_mar.text import show_path

ANNEX = ".git/annex/objects/"
LOCK = "dvc.lock"
"""The outputs of DVC's stages; their paths are relative to it."""
LARGEST_LOCK = 1 << 20
"""Bytes of it that are read."""


def find_remedy(file: Path, root: Path, remote_files: Iterable[RemoteFile] = ()) -> str | None:
    """What brings a file of the project at `root` that is missing; None if nothing says so.

    `remote_files` have it. DVC keeps `X.dvc` in the place of the file or folder `X`, or names it in
    `dvc.lock` if a stage makes it; git-annex keeps a link to where it would have it.
    """
    if command := advise_fetch(file, root, remote_files):
        return command
    if os.path.islink(file) and ANNEX in os.readlink(file).replace("\\", "/"):
        return f"run `git annex get {show_path(file, root)}`"
    for path in (file, *file.parents):
        if path == root or not path.is_relative_to(root):
            return None
        if any(names(folder / LOCK, path.relative_to(folder)) for folder in folders_between(path, root)):
            return f"run `dvc pull {show_path(path, root)}`"
        described = path.with_name(f"{path.name}.dvc")
        if os.path.isfile(described):  # which a name that is too long is not
            return f"run `dvc pull {show_path(described, root)}`"
    return None


def folders_between(path: Path, root: Path) -> Iterator[Path]:
    """The folders that a path of the project is in."""
    return (folder for folder in path.parents if folder.is_relative_to(root))


def names(lock: Path, path: Path) -> bool:
    """Whether a lock has a path."""
    return path.as_posix() in list_locked(lock)


def list_locked(lock: Path) -> Iterator[str]:
    """The paths that a lock has, each on a line of its own as DVC writes it."""
    try:
        lines = read_bytes(lock, LARGEST_LOCK).decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        key, _, path = line.strip(" -").partition(": ")
        if key == "path":
            yield path
