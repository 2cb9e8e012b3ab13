"""A file or folder as TorchServe finds it in a model store.

pytorch/serve, frontend/archive/…/ModelArchive.java: `.mar` is a zip, all other files are
`.tar.gz`, a folder is loaded where it stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.checks.archive_names import LONELY_MANIFEST
from hatch_mar.checks.container import tgz_container, zip_container
from hatch_mar.finding import Finding, Place, Rule

SKIPPED = Rule(
    code="MAR831",
    severity="warning",
    title="TorchServe passes the file by",
    consequence=(
        "`--models all` loads folders and files in `.mar`, `.model` and `.tar.gz`, and none that is"
        " hidden (ModelServer.java)"
    ),
    fix="rename it, or name it after `--models`",
)

ZIP_SUFFIXES = (".mar", ".war")
LOADED_SUFFIXES = (*ZIP_SUFFIXES, ".model", ".tar.gz")


def check_file(path: Path, *, deep: bool = False) -> Iterator[Finding]:
    """What keeps TorchServe from unpacking the archive at `path` whole.

    Of a `.mar` as much is read as tells its members; with `deep`, all of it, checksums included.

    Raises:
        ReadError: the disk does not give it.
    """
    with explain_read_errors(path):
        if path.is_dir():
            yield from check_directory(path)
            return
        if path.name.startswith(".") or not path.name.endswith(LOADED_SUFFIXES):
            yield SKIPPED.at(Place(str(path)), f"`--models all` passes `{path.name}` by")
        if path.name.endswith(ZIP_SUFFIXES):
            yield from zip_container.check(path, deep=deep)
        else:
            yield from tgz_container.check(path)


def check_directory(path: Path) -> Iterator[Finding]:
    """Of a folder with one child, which is a folder too, TorchServe loads that child."""
    with os.scandir(path) as children:
        only = next(children, None)
        if only is None or next(children, None) is not None or not only.is_dir():
            return
    folder = MANIFEST_NAME.partition("/")[0]
    if only.name == folder and not (path / folder / MANIFEST_NAME).is_file():
        yield LONELY_MANIFEST.at(Place(str(path)), f"`{path.name}` contains only the manifest")
