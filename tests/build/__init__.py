from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from typing import Any

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.manifest import Manifest
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.build.plan import Planned, plan_project
from tests.archives import PACKING, SomeProject, tree

LEAST = {"handler": "handler.py"}


def planned(root: Path, table: dict[str, Any], directory: str = "dist") -> list[Planned]:
    project = SomeProject(root, {"tool": {"mar": table}})
    return plan_project(project, root / directory)


def write_archive(path: Path, model: dict[str, Any]) -> None:
    """An archive in the format that the path's suffix stands for, with this as the manifest's `model`."""
    form = next(form for form in FORMATS.values() if path.name.endswith(form.suffix))
    pack_as(Archive(Manifest({"model": model}), ()), path, form, PACKING)


def names_in(path: Path) -> set[str]:
    if path.is_dir():
        return set(tree(path))
    if path.suffix == ".mar":
        with zipfile.ZipFile(path) as file:
            return set(file.namelist())
    with tarfile.open(path) as tar:
        return {name.partition("/")[2] for name in tar.getnames()}
