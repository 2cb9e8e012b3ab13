"""Files that are not there because a tool that keeps large files elsewhere has yet to bring them."""

from __future__ import annotations

import os
from pathlib import Path

from hatch_mar.text import show_path

ANNEX = ".git/annex/objects/"


def advise_fetching(file: Path, root: Path) -> str | None:
    """What brings a file of the project at `root` that is missing; None if nothing says so.

    DVC keeps `X.dvc` in the place of the file or folder `X`; git-annex a link to where it would have it.
    """
    if os.path.islink(file) and ANNEX in os.readlink(file).replace("\\", "/"):
        return f"run `git annex get {show_path(file, root)}`"
    for path in (file, *file.parents):
        if path == root or not path.is_relative_to(root):
            return None
        described = path.with_name(f"{path.name}.dvc")
        if os.path.isfile(described):  # which a name that is too long is not
            return f"run `dvc pull {show_path(described, root)}`"
    return None
