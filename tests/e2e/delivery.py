"""What a build of the project of `conftest.py` left behind."""

from __future__ import annotations

import json
import os
from pathlib import Path
from zipfile import ZipFile

from tests.e2e.conftest import MODELS, Project

MARS = tuple(f"{model}.mar" for model in MODELS)
NO_WEIGHTS = [
    f"Field `tool.mar.archives[{index}].serialized-file`: file not found: `weights/{model}.pt` [MAR021]"
    for index, model in enumerate(MODELS)
]


def listing(directory: Path) -> set[str]:
    """The names in a directory; not the `.gitignore` that uv puts there."""
    return {path.name for path in directory.iterdir()} - {".gitignore", ".hatch"}


def contents(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in listing(directory)}


def assert_delivered(
    project: Project, directory: Path, *beside: str, models: tuple[str, ...] = MODELS
) -> None:
    """`directory` holds `beside` and a whole copy of each archive, and no other place has one."""
    archives = {directory / f"{model}.mar" for model in models}
    assert listing(directory) == {*beside, *(archive.name for archive in archives)}
    assert project.archives() == archives
    for model in models:
        with ZipFile(directory / f"{model}.mar") as archive:
            assert archive.testzip() is None
            members = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(members.pop("MAR-INF/MANIFEST.json"))
        assert manifest["model"]["modelName"] == model
        assert members == {
            "handler.py": (project.root / "reader/handler.py").read_bytes(),
            f"{model}.pt": project.weights(model).read_bytes(),
        }


def lines_of(output: str, names: tuple[str, ...]) -> list[str]:
    """The lines that name one of these files, in order."""
    return [line.strip() for line in output.splitlines() if any(name in line for name in names)]


def in_dist(*names: str) -> list[str]:
    return [os.path.join("dist", name) for name in names]
