from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from typing import Any

from hatch_mar.build.plan import Planned, plan_project
from tests.archives import SomeProject, tree

LEAST = {"handler": "handler.py"}


def planned(root: Path, table: dict[str, Any], directory: str = "dist") -> list[Planned]:
    project = SomeProject(root, {"tool": {"mar": table}})
    return plan_project(project, root / directory)


def names_in(path: Path) -> set[str]:
    if path.is_dir():
        return set(tree(path))
    if path.suffix == ".mar":
        with zipfile.ZipFile(path) as file:
            return set(file.namelist())
    with tarfile.open(path) as tar:
        return {name.partition("/")[2] for name in tar.getnames()}
