"""A file or directory as TorchServe finds it in a model store.

TorchServe takes a `.mar` for a zip and every other file for a `.tar.gz`, and loads a directory
where it is (pytorch/serve, frontend/archive/…/ModelArchive.java).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hatch_mar.archive.formats.damage import explain_read_errors, refuse_special_file
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.checks.archive_names import LONELY_MANIFEST
from hatch_mar.checks.container import tgz_container, zip_container
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.torchserve import suffixes

SKIPPED = Rule(
    code="MAR831",
    severity="warning",
    title="TorchServe skips the file",
    consequence=(
        "`--models all` loads directories and files named `.mar`, `.model` or `.tar.gz`, and nothing"
        " hidden (ModelServer.java)"
    ),
    fix="rename it, or name it after `--models`",
)


def check_unpacking(path: Path, *, deep: bool = False) -> Iterator[Finding]:
    """What keeps TorchServe from unpacking the whole archive at `path`.

    Of a `.mar` only the headers are read, unless `deep`, which also compares the checksums.

    Raises:
        ReadError: the disk does not give the file.
    """
    with explain_read_errors(path):
        if path.is_dir():
            yield from check_folder(path)
            return
        refuse_special_file(path)
        if path.name.startswith(".") or not path.name.endswith(suffixes.LOADED):
            yield SKIPPED.at(Place(str(path)), f"`--models all` skips `{path.name}`")
        if path.name.endswith(suffixes.ZIPS):
            yield from zip_container.check(path, deep=deep)
        else:
            yield from tgz_container.check(path)


def check_folder(path: Path) -> Iterator[Finding]:
    """A directory whose only content is another directory, which TorchServe loads instead."""
    with os.scandir(path) as children:
        only = next(children, None)
        if only is None or next(children, None) is not None or not only.is_dir():
            return
    folder = MANIFEST_NAME.partition("/")[0]
    if only.name == folder and not (path / folder / MANIFEST_NAME).is_file():
        yield LONELY_MANIFEST.at(Place(str(path)), f"`{path.name}` contains only the manifest")
